"""cluster.e2e: the whole proof passes with the documented role, and leaves nothing behind."""

import json

import pytest

from scripts.cluster.connection import Connection
from scripts.cluster.kinds import NAMESPACE
from scripts.cluster_e2e import run as e2e
from scripts.cluster_e2e.app import RUN
from scripts.cluster_e2e.sync import Patience
from scripts.render import render
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import platform_objects, roles

PATIENCE = Patience(whole_s=300.0, begin_s=60.0, stuck_s=1.0, clean_s=120.0)


@pytest.fixture(scope="session")
def tree():
    return render(REPOSITORY_ROOT).resources


@pytest.fixture
def platform(on_stage, tree):
    platform_objects.install(on_stage.cluster, tree, on_stage.backend.settings)
    return on_stage


@pytest.fixture
def prove(platform, tmp_path):
    def run(context="person", **changes):
        usual = {
            "context": context,
            "size": "64KiB",
            "files": 8,
            "evidence_folder": str(tmp_path),
            "prometheus": platform.prometheus.url,
            "timeout_s": 300,
            "patience": PATIENCE,
            "settings": {"VOLSYNC_ENDPOINT": platform.backend.url},
        }
        try:
            e2e.run(**usual | changes)
        finally:
            reports = sorted(tmp_path.rglob("report.json"), key=lambda file: file.stat().st_mtime_ns)
            run.steps = json.loads(reports[-1].read_text())["steps"] if reports else []

    return run


def namespaces(stage):
    return stage.cluster.list(NAMESPACE, labels=RUN)


@pytest.fixture
def asked(monkeypatch):
    """Each resource and verb that "person" asks for."""
    found = set()
    send = Connection.send

    def noted(self, request, **rest):
        if self.context == "person" and request.call.kind is not None:
            resource, _, subresource = request.call.resource.partition("/")
            plural = resource.partition(".")[0]
            found.add((f"{plural}/{subresource}" if subresource else plural, request.call.verb))
        return send(self, request, **rest)

    monkeypatch.setattr(Connection, "send", noted)
    return found


def test_the_whole_proof_passes_with_the_documented_role_and_leaves_nothing(platform, prove, asked):
    with roles.bound(platform.cluster, roles.read("cluster-e2e")):
        prove(namespace="e2e-whole")

    assert {step["status"] for step in prove.steps} == {"passed"}
    assert namespaces(platform) == ()
    assert platform.backend.objects("e2e-whole") == []
    rights = set(roles.rights("cluster-e2e"))
    applied = {(resource, "create") for resource, verb in asked if verb == "patch"}
    asked.discard(("selfsubjectaccessreviews", "create"))
    assert rights - asked - applied == {("pods/proxy", "get")}
    assert asked <= rights
