"""The operator's double against the facts about VolSync 0.12.0, sections 0, 3, 3.2 and 4.1: what is made, kept, and restored."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from scripts.cluster import connect
from scripts.cluster.kinds import (
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    VOLUME_SNAPSHOT,
)
from scripts.process import wait_until
from tests.cluster import apps
from tests.cluster.apps import STORAGE, App, condition, idle, reason
from tests.processes import eventually

CLEANUP = "volsync.backube/cleanup"


def next_second():
    """The mover tells snapshots apart by whole seconds."""
    now = int(datetime.now(UTC).timestamp())
    wait_until(lambda: int(datetime.now(UTC).timestamp()) > now, timeout_s=5, every_s=0.05, what="the next second")


@dataclass(frozen=True)
class History:
    """
    An app with three backups, of the contents 1, 2 and 3.

    Args:
        app: that it is of.

        changes: what was seen of the first one, pairs of a kind and a change.

        second: when the second one ended.
    """

    app: App
    changes: list
    second: str


@pytest.fixture(scope="module")
def history(whole_stage):
    apps.classes(whole_stage)
    with connect("administrator") as administrator, apps.namespace(administrator) as namespace:
        app = App(stage=whole_stage, namespace=namespace)
        folder = app.make_claim(files={"a": "1"})
        app.make_secret()
        with whole_stage.hub.recording(namespace) as changes:
            app.make_source()
            app.source()
        ends = []
        for content in ("2", "3"):
            next_second()
            (folder / "a").write_text(content)
            ends.append(app.back_up(content)["status"]["lastSyncTime"])
        yield History(app, list(changes), ends[0])


@pytest.fixture
def backed_up(history, on_stage):  # noqa: ARG001 - the stage is whole again after each test
    """The app; each test makes destinations of names of their own."""
    return history.app


def seen(history, kind, name):
    return [
        change.object
        for of, change in history.changes
        if of is kind and change.object["metadata"]["name"] == name and change.type != "deleted"
    ]


def logs(found):
    return found["status"]["latestMoverStatus"]["logs"]


def restored(app, name, **restic):
    app.make_destination(name=name, **restic)
    return app.destination(name=name)


def populated(app, claim, destination):
    asks_for(app, claim, destination)
    return app.bound(claim)


def asks_for(app, claim, destination):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "dataSourceRef": {"apiGroup": "volsync.backube", "kind": "ReplicationDestination", "name": destination},
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": STORAGE,
    }
    document = {"metadata": {"name": claim, "namespace": app.namespace}, "spec": spec}
    app.stage.cluster.create(PERSISTENT_VOLUME_CLAIM, document)


@pytest.mark.parametrize(
    ("kind", "name", "marked"),
    [
        pytest.param(JOB, "volsync-src-app", True, id="Job"),
        pytest.param(VOLUME_SNAPSHOT, "volsync-app-src", True, id="VolumeSnapshot"),
        pytest.param(PERSISTENT_VOLUME_CLAIM, "volsync-app-src", True, id="temporary claim"),
        pytest.param(PERSISTENT_VOLUME_CLAIM, "volsync-app-cache", False, id="cache"),
        pytest.param(SERVICE_ACCOUNT, "volsync-src-app", False, id="ServiceAccount"),
        pytest.param(ROLE, "volsync-src-app", False, id="Role"),
        pytest.param(ROLE_BINDING, "volsync-src-app", False, id="RoleBinding"),
    ],
)
def test_what_a_backup_makes_is_marked_for_clean_up_where_it_does_not_stay(backed_up, history, kind, name, marked):
    made = seen(history, kind, name)[0]["metadata"]

    assert made["labels"]["app.kubernetes.io/created-by"] == "volsync"
    assert (CLEANUP in made["labels"]) is marked
    assert made["ownerReferences"][0]["kind"] == "ReplicationSource"
    assert (backed_up.stage.cluster.find(kind, name, backed_up.namespace) is None) is marked


def test_the_pods_are_named_after_the_job_and_go_with_it(backed_up, history):
    pods = [change.object for kind, change in history.changes if kind is POD]

    assert {pod["metadata"]["name"].rpartition("-")[0] for pod in pods} == {"volsync-src-app"}
    assert all(pod["metadata"]["labels"]["app.kubernetes.io/created-by"] == "volsync" for pod in pods)
    assert {pod["spec"]["containers"][0]["name"] for pod in pods} == {"restic"}
    assert backed_up.pods() == []


def test_making_a_snapshot_and_a_claim_is_told_by_events(backed_up):
    assert {"VolumeSnapshotCreated", "PersistentVolumeClaimCreated"} <= set(backed_up.events("app"))
    assert backed_up.events("app")["VolumeSnapshotCreated"]["reportingComponent"] == "volsync-controller"


def test_the_second_backup_uses_the_first_as_its_parent(backed_up):
    found = backed_up.source()

    assert "using parent snapshot" in logs(found)
    assert "lastPruned" not in (found["status"].get("restic") or {})


def test_a_destination_without_previous_restores_the_newest_snapshot(backed_up):
    found = restored(backed_up, "newest")

    assert logs(found).startswith("restoring snapshot ")
    assert (populated(backed_up, "newest-data", "newest") / "a").read_text() == "3"


def test_the_populator_tells_when_it_began_and_ended_and_leaves_no_claim(backed_up):
    restored(backed_up, "populated")
    populated(backed_up, "populated-data", "populated")
    eventually(lambda: "VolSyncPopulatorFinished" in backed_up.events("populated-data"))
    claims = backed_up.stage.cluster.list(PERSISTENT_VOLUME_CLAIM, backed_up.namespace)

    assert "VolSyncPopulatorPVCCreated" in backed_up.events("populated-data")
    eventually(
        lambda: (
            not [
                c
                for c in backed_up.stage.cluster.list(PERSISTENT_VOLUME_CLAIM, backed_up.namespace)
                if c["metadata"]["name"].startswith("vs-prime-")
            ]
        )
    )
    assert claims


def test_the_image_is_named_after_the_claim_and_the_time_and_stays(backed_up):
    image = restored(backed_up, "image")["status"]["latestImage"]

    assert image["apiGroup"] == "snapshot.storage.k8s.io"
    assert image["kind"] == "VolumeSnapshot"
    prefix, _, time = image["name"].rpartition("-")
    assert prefix == "volsync-image-dest"
    assert len(time) == 14
    assert backed_up.stage.cluster.get(VOLUME_SNAPSHOT, image["name"], backed_up.namespace)


def test_a_newer_image_takes_the_place_of_the_one_before(backed_up):
    before = restored(backed_up, "twice")["status"]["latestImage"]["name"]
    next_second()
    change = {"spec": {"trigger": {"manual": "again"}}}
    backed_up.stage.cluster.patch(REPLICATION_DESTINATION, "twice", backed_up.namespace, change)
    found = backed_up.destination(
        lambda found: idle(found) and found["status"]["lastManualSync"] == "again", name="twice"
    )

    assert found["status"]["latestImage"]["name"] != before
    eventually(lambda: backed_up.stage.cluster.find(VOLUME_SNAPSHOT, before, backed_up.namespace) is None)


def test_an_image_that_is_not_to_be_deleted_is_let_go(backed_up):
    before = restored(backed_up, "let-go")["status"]["latestImage"]["name"]
    label = {"metadata": {"labels": {"volsync.backube/do-not-delete": "yes"}}}
    backed_up.stage.cluster.patch(VOLUME_SNAPSHOT, before, backed_up.namespace, label)
    next_second()
    change = {"spec": {"trigger": {"manual": "again"}}}
    backed_up.stage.cluster.patch(REPLICATION_DESTINATION, "let-go", backed_up.namespace, change)
    backed_up.destination(lambda found: idle(found) and found["status"]["lastManualSync"] == "again", name="let-go")
    kept = backed_up.stage.cluster.get(VOLUME_SNAPSHOT, before, backed_up.namespace)["metadata"]

    assert not kept.get("ownerReferences")
    assert CLEANUP not in kept["labels"]


@pytest.mark.parametrize("cleaned", [True, False], ids=["cleaned up", "kept"])
def test_the_claims_of_a_destination_stay_unless_it_cleans_up(backed_up, cleaned):
    name = "cleaned" if cleaned else "kept"
    restored(backed_up, name, cleanupTempPVC=cleaned, cleanupCachePVC=cleaned)

    def there():
        found = backed_up.stage.cluster.list(PERSISTENT_VOLUME_CLAIM, backed_up.namespace)
        return {f"volsync-{name}-dest", f"volsync-{name}-cache"} & {each["metadata"]["name"] for each in found}

    eventually(lambda: bool(there()) is not cleaned)


def test_previous_counts_back_from_the_newest(backed_up):
    restored(backed_up, "previous", previous=2)

    assert (populated(backed_up, "previous-data", "previous") / "a").read_text() == "1"


def test_restore_as_of_takes_the_newest_that_is_not_newer(backed_up, history):
    restored(backed_up, "as-of", restoreAsOf=history.second)

    assert (populated(backed_up, "as-of-data", "as-of") / "a").read_text() == "2"


@pytest.mark.parametrize(
    "restic",
    [
        pytest.param({"previous": 3}, id="previous past the oldest"),
        pytest.param({"restoreAsOf": "2020-01-01T00:00:00Z"}, id="as of a time before the first"),
    ],
)
def test_no_match_restores_nothing_and_is_a_success(backed_up, restic):
    name = f"nothing-{'-'.join(restic).lower()}"
    found = restored(backed_up, name, **restic)

    assert found["status"]["latestMoverStatus"]["result"] == "Successful"
    assert "No eligible snapshots found" in logs(found)
    assert "No data will be restored" in logs(found)
    assert list(populated(backed_up, f"{name}-data", name).iterdir()) == []


def test_a_restore_creates_a_repository_that_is_missing(backed_up):
    path = f"{backed_up.namespace}/elsewhere"
    backed_up.make_secret("elsewhere", RESTIC_REPOSITORY=backed_up.stage.backend.repository(path))
    found = restored(backed_up, "elsewhere", repository="elsewhere")

    assert found["status"]["latestMoverStatus"]["result"] == "Successful"
    assert "Initialize Dir" in logs(found)
    assert any(name.endswith("/config") for name in backed_up.stage.backend.objects(path))


def test_a_direct_restore_fills_the_users_claim_and_names_it_as_its_image(backed_up):
    folder = backed_up.make_claim("direct-data", files={"more": "kept"})
    found = restored(
        backed_up, "direct", copyMethod="Direct", destinationPVC="direct-data", capacity=None, accessModes=None
    )

    assert found["status"]["latestImage"] == {"apiGroup": "", "kind": "PersistentVolumeClaim", "name": "direct-data"}
    assert (folder / "a").read_text() == "3"
    assert (folder / "more").read_text() == "kept"


def test_file_deletion_removes_what_the_snapshot_does_not_have(backed_up):
    folder = backed_up.make_claim("deleted-data", files={"more": "goes"})
    restored(
        backed_up, "deleted", copyMethod="Direct", destinationPVC="deleted-data", enableFileDeletion=True, capacity=None
    )

    assert sorted(path.name for path in folder.iterdir()) == ["a"]


@pytest.mark.parametrize(
    ("restic", "message"),
    [
        pytest.param({"destinationPVC": "nosuch"}, 'PersistentVolumeClaim "nosuch" not found', id="no such claim"),
        pytest.param({"capacity": None}, "capacity must be provided", id="no capacity"),
        pytest.param({"accessModes": None}, "accessModes must be provided when destinationPVC is not", id="no modes"),
        pytest.param({"copyMethod": "Clone"}, "unsupported copyMethod: Clone", id="a clone, after the restore"),
    ],
)
def test_a_destination_that_cannot_be_filled_is_an_error(backed_up, restic, message):
    name = f"wrong-{'-'.join(restic).lower()}-{len(message)}"
    backed_up.make_destination(name=name, **restic)
    found = backed_up.destination(lambda found: reason(found) == "Error", name=name)

    assert condition(found)["message"].startswith(message)


def test_source_and_destination_of_one_name_fight_over_the_cache(backed_up):
    backed_up.make_destination(name="app")
    found = backed_up.destination(lambda found: reason(found) == "Error", name="app")

    assert "is already owned by another ReplicationSource controller app" in condition(found)["message"]


def test_a_claim_waits_for_its_destination_and_for_its_image(backed_up):
    asks_for(backed_up, "waits", "later")
    eventually(lambda: "VolSyncPopulatorReplicationDestinationMissing" in backed_up.events("waits"))
    backed_up.make_destination(name="later")
    eventually(lambda: "VolSyncPopulatorReplicationDestinationNoLatestImage" in backed_up.events("waits"))

    assert (backed_up.bound("waits") / "a").read_text() == "3"


def test_a_claim_is_not_filled_from_a_destination_that_is_direct(backed_up):
    backed_up.make_claim("target")
    restored(backed_up, "no-image", copyMethod="Direct", destinationPVC="target", capacity=None)
    asks_for(backed_up, "never", "no-image")

    eventually(lambda: "VolSyncPopulatorError" in backed_up.events("never"))


def test_an_empty_source_is_a_success_that_saves_nothing(app):
    app.make_claim()
    app.make_secret()
    app.make_source()
    found = app.source()

    assert logs(found).startswith("Directory is empty skipping backup")
    assert found["status"]["latestMoverStatus"]["result"] == "Successful"
    assert app.stage.backend.objects(app.namespace) == []


def test_deleting_a_source_removes_everything_that_it_owns(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    app.source()
    app.stage.cluster.delete(REPLICATION_SOURCE, "app", app.namespace)

    def left():
        claims = {each["metadata"]["name"] for each in app.stage.cluster.list(PERSISTENT_VOLUME_CLAIM, app.namespace)}
        return claims - {"data"} or app.stage.cluster.list(SERVICE_ACCOUNT, app.namespace)

    eventually(lambda: not left())


def test_unlock_is_done_once_and_forgotten_when_it_is_emptied(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(unlock="now")

    assert app.source()["status"]["restic"]["lastUnlocked"] == "now"

    app.stage.cluster.patch(REPLICATION_SOURCE, "app", app.namespace, {"spec": {"restic": {"unlock": None}}})
    app.source(lambda found: "lastUnlocked" not in (found["status"].get("restic") or {}))


def test_a_prune_that_was_done_is_recorded(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(pruneIntervalDays=0)

    assert app.source()["status"]["restic"]["lastPruned"]
