"""cluster.doctor on a cluster: what it says of one that is well, of one that is not, and of what it may not see."""

import json

import pytest

from scripts.cluster import Limits
from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    NAMESPACE,
    REPLICATION_SOURCE,
    SECRET,
)
from scripts.errors import CouldNotRun, FindingsFound
from scripts.operate import doctor
from scripts.operate.examined import APPLIED_BY
from scripts.operate.state import PROVEN_AT
from tests.cluster import roles
from tests.cluster.apps import kustomization
from tests.cluster.test_stage import IMAGE
from tests.processes import eventually

DAILY = {"schedule": "0 2 * * *"}
CHECKS = 14


def controller(name):
    sleeps = {"name": "main", "image": IMAGE, "command": ["python3", "-c", "import time; time.sleep(6000)"]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [sleeps]}}
    return {
        "metadata": {"name": name, "namespace": doctor.NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }


@pytest.fixture(scope="module")
def controllers(whole_stage):
    """Both controllers, as far as their Deployments are looked at."""
    cluster = whole_stage.cluster
    _without_namespace(cluster)  # which the tests of the end-to-end proof leave
    cluster.create(NAMESPACE, {"metadata": {"name": doctor.NAMESPACE}})
    for name in ("volsync", "snapshot-controller"):
        cluster.create(DEPLOYMENT, controller(name))
    for name in ("volsync", "snapshot-controller"):
        cluster.wait(
            DEPLOYMENT,
            name,
            doctor.NAMESPACE,
            lambda found: found and (found.get("status") or {}).get("availableReplicas"),
            timeout_s=60,
            what="a pod",
        )
    yield
    _without_namespace(cluster)


def _without_namespace(cluster):
    cluster.delete(NAMESPACE, doctor.NAMESPACE)
    eventually(lambda: cluster.find(NAMESPACE, doctor.NAMESPACE) is None)


@pytest.fixture
def well(app, controllers):  # noqa: ARG001 - they have to run
    """An app that lacks nothing: with credentials of 1Password, backed up, applied by Flux, with a restore that was compared."""
    app.make_claim(files={"a": "1"})
    app.stage.cluster.create(CLUSTER_SECRET_STORE, {"metadata": {"name": app.namespace}, "spec": {}})
    app.make_external_secret(store=app.namespace)
    app.make_source(DAILY)
    done = app.source()["status"]["lastSyncTime"]
    labels = dict(zip(APPLIED_BY, (app.namespace, "apps"), strict=True))
    change = {"metadata": {"labels": labels, "annotations": {PROVEN_AT: done}}}
    app.stage.cluster.patch(REPLICATION_SOURCE, "app", app.namespace, change)
    app.stage.cluster.create(KUSTOMIZATION, kustomization(app.namespace, "apps"))
    app.wait(KUSTOMIZATION, "apps", lambda found: found.get("status"), "its status")
    yield app
    app.stage.cluster.delete(CLUSTER_SECRET_STORE, app.namespace)


@pytest.fixture
def told(capsys):
    """Runs the task, and gives what it printed and what it ended with."""

    def run(app, context="administrator", **rest):
        error = None
        try:
            doctor.run(context=context, app=f"{app.namespace}/app", all_apps=False, **rest)
        except (FindingsFound, CouldNotRun) as raised:
            error = raised
        out = capsys.readouterr().out
        return json.loads(out) if "format_name" in rest else out.splitlines(), error

    return run


def with_verdict(lines, verdict):
    return [line for line in lines if line.startswith(verdict)]


def test_a_cluster_that_is_well_passes_every_check_and_is_not_well_without_a_proof_of_late(well, told):
    lines, error = told(well)

    assert error is None, lines
    assert with_verdict(lines, "passed") == lines
    assert len(lines) == CHECKS

    for at, said in ((None, "no restore of it was ever proven"), ("2020-01-01T00:00:00Z", "a restore of it was last")):
        change = {"metadata": {"annotations": {PROVEN_AT: at}}}
        well.stage.cluster.patch(REPLICATION_SOURCE, "app", well.namespace, change)
        lines, error = told(well)

        assert isinstance(error, CouldNotRun)
        assert with_verdict(lines, "unknown") == ["unknown  latest backups restorable"]
        assert said in lines[-1]


def test_each_fault_is_told_where_it_belongs(well, told):
    cluster, namespace = well.stage.cluster, well.namespace
    cluster.patch(DEPLOYMENT, "volsync", doctor.NAMESPACE, {"spec": {"replicas": 0}}, subresource="scale")
    cluster.patch(KUSTOMIZATION, "apps", namespace, {"spec": {"suspend": True}})
    cluster.delete(CLUSTER_SECRET_STORE, namespace)
    template = {"data": {"A": "{{ .A }}"}}
    missing = {"target": {"name": "restic", "template": template}, "dataFrom": [{"extract": {"key": "no-such-item"}}]}
    cluster.create(EXTERNAL_SECRET, {"metadata": {"name": "app", "namespace": namespace}, "spec": missing})
    well.wait(EXTERNAL_SECRET, "app", lambda found: found.get("status"), "its status")
    well.change_source(
        paused=True, restic={"volumeSnapshotClassName": "no-such-class", "cacheStorageClassName": "no-such-storage"}
    )
    # pragma: allowlist nextline secret - it is made up, and wrong on purpose
    cluster.patch(SECRET, "restic", namespace, {"stringData": {"RESTIC_PASSWORD": "not-the-one"}})
    eventually(lambda: not cluster.get(DEPLOYMENT, "volsync", doctor.NAMESPACE)["status"].get("availableReplicas"))
    try:
        lines, error = told(well)
    finally:
        cluster.patch(DEPLOYMENT, "volsync", doctor.NAMESPACE, {"spec": {"replicas": 1}}, subresource="scale")

    assert isinstance(error, FindingsFound)
    assert [line.removeprefix("FAILED   ") for line in with_verdict(lines, "FAILED")] == [
        "VolSync's controller available",
        "VolumeSnapshotClasses there",
        "StorageClasses there",
        "Kustomizations of the apps ready",
        "ClusterSecretStores ready",
        "ExternalSecrets ready",
        "backups made",
        "repositories readable",
    ]
    text = "\n".join(lines)
    for found in (
        "no pod of Deployment volsync-system/volsync is available; see its pods",
        f"VolumeSnapshotClass no-such-class, which {namespace}/app names, is not there; install",
        "StorageClass no-such-storage, which",
        f"Kustomization {namespace}/apps is suspended; run `flux resume kustomization apps`",
        f"ClusterSecretStore {namespace} is not ready: it is not there; see the 1Password Connect server",
        f"ExternalSecret {namespace}/app is not ready: ",
        f"{namespace}/app: it is paused; ",
        "RESTIC_PASSWORD is not the one that the repository was made with",
        f"unknown: {namespace}/app: its repository was not read",
    ):
        assert found in text
    assert "not-the-one" not in text.replace("is not the one", "")


def test_a_snapshot_that_somebody_deleted_is_told(well, told):
    for name in well.stage.backend.objects(well.namespace):
        if "/snapshots/" in name:
            well.stage.backend.s3().remove_object(bucket_name=well.stage.backend.settings.bucket, object_name=name)
    lines, error = told(well)

    assert isinstance(error, FindingsFound)
    assert with_verdict(lines, "FAILED") == ["FAILED   snapshots of the last backups there"]

    document, error = told(well, format_name="json")

    assert isinstance(error, FindingsFound)
    (failed,) = [each for each in document["checks"] if each["verdict"] == "failed"]
    assert failed["title"] == "snapshots of the last backups there"
    assert [sorted(each) for each in failed["reasons"]] == [["found", "next_step"]]


def test_an_api_that_is_away_holds_everything_else_up(well, told):
    well.stage.gate.shut()
    lines, error = told(well, "administrator-gate", limits=Limits(total_s=0.5))

    assert isinstance(error, FindingsFound)
    assert lines[0] == "FAILED   API reachable"
    assert "    cluster administrator-gate: does not answer" in lines[1]
    assert with_verdict(lines, "held up") == lines[2:]
    assert len(lines) == CHECKS + 1


def test_an_app_that_is_not_there_holds_what_is_asked_of_it_up(app, told):
    lines, error = told(app)

    assert isinstance(error, FindingsFound)
    assert any("is not there; see its name in `kubectl get replicationsource" in line for line in lines)
    assert len(with_verdict(lines, "held up")) == CHECKS - 4


# ------------------------------------------------------------------------------------------------------------- the roles


def test_the_documented_roles_are_enough_and_without_any_right_something_is_not_known(well, told):
    names = ("backup-status", "backup-snapshots", "cluster-doctor")
    documents = {name: roles.read(name) for name in names}
    with roles.bound(well.stage.cluster, *documents.values()):
        lines, error = told(well, "person")
    assert error is None, lines

    for name in ("backup-snapshots", "cluster-doctor"):
        for resource, verb in roles.rights(name):
            if resource in {"configmaps", "replicationsources"}:
                # of a customCA, and of backup.snapshots alone
                continue
            less = {**documents, name: roles.without(documents[name], resource, verb)}
            with roles.bound(well.stage.cluster, *less.values()):
                lines, error = told(well, "person")

            assert isinstance(error, CouldNotRun), (resource, lines)
            assert any(f"refuses to {verb} {resource}" in line for line in lines), (resource, lines)
