"""The API server, MinIO and the doubles: one of each for the whole suite; each test has a namespace of its own."""

import json
import os
from pathlib import Path

import pytest

from scripts import cluster as clusters
from scripts.cluster_e2e import run as e2e
from scripts.cluster_e2e.sync import Patience
from scripts.render import render
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import api_server, apps, backend, definitions, gate, platform_objects, restores, stage
from tests.cluster.apps import App

LOST_BY_PYTHON = "ignore:unclosed <ssl.SSLSocket:ResourceWarning"
"""
A connection that is reset between its making and its handshake: ssl.SSLSocket raises without closing what it took over.

Source: python/cpython@v3.11.7:Lib/ssl.py (SSLSocket._create)
"""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings(LOST_BY_PYTHON))


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    """A Kubernetes API; KUBECONFIG names it, and no context of it is the right one by itself."""
    with api_server.running(tmp_path_factory.mktemp("api")) as server:
        file = api_server.write(server.kubeconfig(), server.folder / "kubeconfig")
        before = os.environ.get("KUBECONFIG")
        os.environ["KUBECONFIG"] = str(file)
        try:
            with clusters.connect("administrator") as administrator:
                definitions.install(administrator)
            yield server
        finally:
            if before is None:
                del os.environ["KUBECONFIG"]
            else:
                os.environ["KUBECONFIG"] = before


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    """A MinIO that is set up, and the 1Password item with its credentials."""
    with backend.running(tmp_path_factory.mktemp("minio")) as running:
        yield running


@pytest.fixture(scope="session")
def whole_stage(api, minio, tmp_path_factory):
    with stage.playing(api, minio, tmp_path_factory.mktemp("stage") / "files") as playing:
        yield playing


@pytest.fixture
def cluster(api):  # noqa: ARG001 - it has to run
    """The cluster as an administrator sees it."""
    with clusters.connect("administrator") as connected:
        yield connected


@pytest.fixture
def door(api):
    """A gate in front of the API, and the context "administrator-gate" that leads through it."""
    with gate.before(api.port) as opened:
        file = api.folder / "kubeconfig"
        before = file.read_text()
        api_server.write(api.kubeconfig(ports={"gate": opened.port}), file)
        yield opened
        file.write_text(before)


@pytest.fixture
def on_stage(whole_stage):
    """The stage, whole again after each test; a double that crashed fails the test that it crashed in."""
    whole_stage.hub.crashes.clear()
    yield whole_stage
    whole_stage.backend.gate.open()
    whole_stage.gate.open()
    if not whole_stage.api.process_ids:
        whole_stage.api.start()
    if not whole_stage.operator.alive:
        whole_stage.operator.start()
    whole_stage.node.missing_images.clear()
    whole_stage.node.instant_movers = False
    whole_stage.snapshots.never_ready.clear()
    whole_stage.flux.failing.clear()
    for faults in (whole_stage.prometheus.down, whole_stage.prometheus.unloaded, whole_stage.prometheus.missing):
        faults.clear()
    crashes = "\n".join(whole_stage.hub.crashes)
    assert not crashes, crashes


@pytest.fixture
def namespace(api):  # noqa: ARG001 - it has to run
    """The name of a namespace of the test's own."""
    with clusters.connect("administrator") as administrator, apps.namespace(administrator) as name:
        yield name


@pytest.fixture
def app(on_stage, namespace):
    """An app of the test's own, of which nothing is there yet."""
    apps.classes(on_stage)
    return App(stage=on_stage, namespace=namespace)


@pytest.fixture(scope="session")
def tree():
    """Every object that the tree renders."""
    return render(REPOSITORY_ROOT).resources


@pytest.fixture
def platform(on_stage, tree):
    """The stage with what the tree's platform is on a cluster, ready."""
    platform_objects.install(on_stage.cluster, tree, on_stage.backend.settings)
    return on_stage


@pytest.fixture
def prove(platform, tmp_path):
    """Run cluster.e2e; afterwards `steps` has those of its report."""

    def run(context="person", **changes):
        usual = {
            "context": context,
            "size": "64KiB",
            "files": 8,
            "evidence_folder": str(tmp_path),
            "prometheus": platform.prometheus.url,
            "timeout_s": 300,
            "patience": Patience(whole_s=300.0, begin_s=60.0, stuck_s=1.0, clean_s=120.0),
            "settings": {"VOLSYNC_ENDPOINT": platform.backend.url},
        }
        try:
            e2e.run(**usual | changes)
        finally:
            reports = sorted(tmp_path.rglob("report.json"), key=lambda file: file.stat().st_mtime_ns)
            run.steps = json.loads(reports[-1].read_text())["steps"] if reports else []

    return run


@pytest.fixture(scope="module")
def whole_shop(whole_stage):
    """An app with two snapshots, that restores are made of: one for the tests of a file."""
    with restores.shop(whole_stage) as made:
        yield made


@pytest.fixture
def shop(whole_shop, on_stage):  # noqa: ARG001 - it mends the stage
    """That app, changed since its snapshots; at the end it is as it was before."""
    whole_shop.change()
    yield whole_shop
    whole_shop.assert_as_before()
