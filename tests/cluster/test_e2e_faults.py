"""cluster.e2e on a cluster that lies, lacks something, or is left: each ends the run at its own step, and nothing stays."""

import os
import signal
import threading
from dataclasses import replace

import pytest

from scripts.cluster.kinds import (
    CONFIG_MAP,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_SOURCE,
)
from scripts.cluster_e2e import platform as platforms
from scripts.cluster_e2e.app import RUN
from scripts.cluster_e2e.sync import Patience, Syncs
from scripts.e2e import dataset
from scripts.errors import Drift, Interrupted, MoverFailed, ProofFailed, Unreachable
from scripts.interrupts import signals_as_interrupts
from tests.cluster.doubles.volumes import Volumes
from tests.cluster.operator_double.names import owner
from tests.processes import eventually


@pytest.fixture
def failing(platform, prove):
    """Run, and give what it fails with and the titles of its steps by their status; nothing is left."""

    def run(expected, **changes):
        with pytest.raises(expected) as raised:
            prove(context="administrator", **changes)
        assert platform.cluster.list(NAMESPACE, labels=RUN) == ()
        titles = {}
        for step in prove.steps:
            titles.setdefault(step["status"], []).append(step["title"])
        return str(raised.value), titles

    return run


def test_a_namespace_that_is_there_is_refused_and_stays_as_it_is(platform, failing, namespace):
    platform.cluster.create(CONFIG_MAP, {"metadata": {"name": "theirs", "namespace": namespace}})
    told, titles = failing(Drift, namespace=namespace)

    assert "is there already, and this run did not make it" in told
    assert titles["failed"] == [f"make namespace {namespace}"]
    assert platform.cluster.find(CONFIG_MAP, "theirs", namespace) is not None
    assert "deletionTimestamp" not in platform.cluster.get(NAMESPACE, namespace)["metadata"]


def test_a_mover_that_saves_nothing_and_succeeds_is_found_out_where_parts_may_be_missing(
    platform, failing, monkeypatch
):
    # the Secret is then of the 1Password item
    for constant in ("CLUSTER_SECRET_STORE", "SERVICE_MONITOR"):
        monkeypatch.setattr(platforms, constant, replace(getattr(platforms, constant), plural="nothings"))
    monkeypatch.setenv("OP_CONNECT_HOST", platform.backend.connect.host)
    monkeypatch.setenv("OP_CONNECT_TOKEN", platform.backend.connect.token.reveal())
    platform.node.instant_movers = True
    told, titles = failing(MoverFailed, allow_missing="external-secrets,prometheus", prometheus="")

    assert "is done, and its repository has no new snapshot" in told
    assert titles["skipped"] == ["External Secrets reads 1Password", "Prometheus scrapes both and has the alerts"]
    assert titles["failed"] == ["back up"]
    assert "resolve the Secret from the 1Password item" in titles["passed"]


def test_a_byte_that_is_not_what_was_recorded_is_found(failing, monkeypatch):
    filled = Volumes._filled

    def lies(self, claim, name, class_name):
        is_new = not self.storage.volume(name).exists()
        done = filled(self, claim, name, class_name)
        if done and is_new and claim["metadata"]["name"].startswith("vs-prime-"):
            dataset.corrupt_one_byte(self.storage.volume(name))
        return done

    monkeypatch.setattr(Volumes, "_filled", lies)
    told, titles = failing(ProofFailed)

    assert f"1 differences, first {dataset.NONCE_FILE}: sha256" in told or f"{dataset.NONCE_FILE}: sha256" in told
    assert titles["failed"] == ["compare every file with the record, both ways"]
    assert "leave nothing behind" in titles["passed"]


def test_an_interrupt_leaves_nothing(platform, failing):
    def interrupt():
        eventually(lambda: platform.node.running("e2e-interrupted"))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with signals_as_interrupts():
        told, titles = failing(Interrupted, namespace="e2e-interrupted")
    thread.join()

    assert "SIGTERM" in told
    assert "leave nothing behind" in titles["passed"]
    assert platform.backend.objects("e2e-interrupted") == []


def test_what_a_sync_leaves_behind_is_named(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.stage.node.instant_movers = True
    source = app.make_source({"manual": "tag"})
    left = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "block",
    }
    metadata = {"name": "temporary", "namespace": app.namespace, "ownerReferences": [owner(source)]}
    app.stage.cluster.create(PERSISTENT_VOLUME_CLAIM, {"metadata": metadata, "spec": left})
    syncs = Syncs(app.stage.cluster, app.namespace, Patience(clean_s=3.0))

    with pytest.raises(ProofFailed, match=r"left something behind.*PersistentVolumeClaim temporary"):
        syncs.ended(REPLICATION_SOURCE, app.name, "tag")


def test_a_volsync_that_does_not_answer_is_told_in_time(app):
    app.stage.operator.stop()
    app.make_source({"manual": "tag"})

    with pytest.raises(Unreachable, match=r"VolSync did not begin within 1 s; see whether VolSync's controller runs"):
        Syncs(app.stage.cluster, app.namespace, Patience(begin_s=1.0)).ended(REPLICATION_SOURCE, app.name, "tag")
