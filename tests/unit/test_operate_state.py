"""The objects of an app -> how its backups are: what is fine, what needs a person and why, and what is not known."""

import copy
import dataclasses
from datetime import UTC, datetime

import pytest

from scripts.cluster.kinds import EVENT, JOB, PERSISTENT_VOLUME_CLAIM, POD, VOLUME_SNAPSHOT
from scripts.operate import seen, state
from scripts.operate.state import PROVEN_AT, PROVEN_SNAPSHOT, Health

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SAVED = "processed 3 files, 1.2 KiB in 0:00\nsnapshot 1a2b3c4d saved\nRestic completed in 2s"
LOCKED = (
    "unable to create lock in backend: repository is already locked exclusively by PID 7 on volsync-src-shop-abcde by"
    " (UID 65534, GID 65534)\nlock was created at 2026-11-25 11:40:00 (20m0s ago)"
)


def source(*, trigger=None, spec=None, metadata=None, **status):
    told = {
        "lastSyncTime": "2026-11-25T02:00:10Z",
        "lastSyncDuration": "10.5s",
        "nextSyncTime": "2026-11-26T02:00:00Z",
        "latestMoverStatus": {"result": "Successful", "logs": SAVED},
        "conditions": [{"type": "Synchronizing", "reason": "WaitingForSchedule", "message": "Waiting"}],
        **status,
    }
    return {
        "kind": "ReplicationSource",
        "metadata": {
            "name": "shop-backup",
            "namespace": "shop",
            "uid": "source",
            "creationTimestamp": "2026-11-01T00:00:00Z",
            **(metadata or {}),
        },
        "spec": {"trigger": trigger or {"schedule": "0 2 * * *"}, "restic": {}, **(spec or {})},
        "status": {name: value for name, value in told.items() if value is not None},
    }


def begun(at="2026-11-25T11:59:00Z", **status):
    return source(
        lastSyncStartTime=at,
        conditions=[{"type": "Synchronizing", "reason": "SyncInProgress", "message": "Synchronization in-progress"}],
        **status,
    )


def owned(kind, name, owner="source", made="2026-11-25T11:59:01Z", **rest):
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": name,
        "creationTimestamp": made,
        "ownerReferences": [{"uid": owner}],
    }
    return {"kind": kind.kind, "metadata": metadata, **rest}


def warning(about, message, reason="Failed"):
    return {
        "kind": EVENT.kind,
        "metadata": {"name": f"{about}.1"},
        "involvedObject": {"uid": about},
        "reason": reason,
        "message": message,
    }


JOB_OF_IT = owned(JOB, "job")


def pod(phase, name="pod", exit_code=None, waiting=None, made="2026-11-25T11:59:02Z"):
    ended = {} if exit_code is None else {"terminated": {"exitCode": exit_code}}
    state_of_it = ended or ({"waiting": waiting} if waiting else {})
    return owned(POD, name, "job", made, status={"phase": phase, "containerStatuses": [{"state": state_of_it}]})


def of(found, *others, unreadable=None, logs=None):
    gathered = seen.gathered((found,), others, unreadable)
    return state.state(found, dataclasses.replace(gathered, logs=logs or {}), NOW)


def empty(result="Successful"):
    return {"result": result, "logs": "=== Starting backup ===\nDirectory is empty skipping backup"}


# ----------------------------------------------------------------------------------------------------------- what is fine


def test_a_backup_that_saved_a_snapshot_and_is_not_due_is_fine():
    found = of(source())

    assert found.health is Health.FINE
    assert (found.last_success.hour, found.duration_s, found.next_run.day) == (2, 10.5, 26)
    assert (found.said.snapshot, found.said.processed) == ("1a2b3c4d", "3 files, 1.2 KiB")
    assert (found.reasons, found.unknown, found.proof) == ((), (), None)


@pytest.mark.parametrize(
    ("found", "others"),
    [
        pytest.param(begun(), (), id="it has just begun"),
        pytest.param(begun(), (JOB_OF_IT, pod("Running")), id="its mover runs"),
        pytest.param(begun(), (JOB_OF_IT, pod("Pending")), id="its mover is about to start"),
        pytest.param(begun(), (owned(VOLUME_SNAPSHOT, "snapshot"),), id="its snapshot is being made"),
        pytest.param(
            begun(), (owned(PERSISTENT_VOLUME_CLAIM, "cache", status={"phase": "Pending"}),), id="its cache is new"
        ),
        pytest.param(
            begun("2026-11-25T10:30:00Z", lastSyncDuration="1h0m0s"),
            (JOB_OF_IT, pod("Running")),
            id="it always takes that long",
        ),
    ],
)
def test_a_backup_that_goes_on_as_it_should_is_running(found, others):
    assert of(found, *others).health is Health.RUNNING


def test_a_restore_that_was_compared_is_told():
    annotations = {PROVEN_AT: "2026-11-20T00:00:00Z", PROVEN_SNAPSHOT: "1a2b3c4d"}
    proof = of(source(metadata={"annotations": annotations})).proof

    assert (proof.at.day, proof.snapshot) == (20, "1a2b3c4d")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-20"])
def test_a_proof_without_a_time_is_none(text):
    assert of(source(metadata={"annotations": {PROVEN_AT: text}})).proof is None


# ------------------------------------------------------------------------------------------------- what needs a person


IDLE = [
    pytest.param(
        source(latestMoverStatus=empty()), "its volume is empty", id="an empty volume that is called a success"
    ),
    pytest.param(
        source(latestMoverStatus={"result": "Successful", "logs": "Restic completed in 1s"}),
        "did not say that it saved a snapshot",
        id="a success that saved nothing",
    ),
    pytest.param(
        source(latestMoverStatus={"result": "Failed", "logs": "Timed out waiting for copy-trigger"}),
        "its last mover failed: it said: Timed out waiting",
        id="a failure before the mover",
    ),
    pytest.param(
        source(nextSyncTime="2026-11-25T11:00:00Z"),
        "was due at 2026-11-25T11:00:00Z",
        id="a backup that does not begin",
    ),
    pytest.param(
        source(trigger={"schedule": "0 2 * * *", "manual": "x"}, nextSyncTime=None),
        "its schedule is off for as long as the manual trigger x is set",
        id="a manual trigger that was left behind",
    ),
    pytest.param(
        source(trigger={"schedule": "0 2 * * *", "manual": "apps-restore-1"}, nextSyncTime=None),
        "its schedule is off for as long as the manual trigger apps-restore-1 is set",
        id="a restore that was cut short",
    ),
    pytest.param(source(spec={"paused": True}), "it is paused", id="paused"),
    pytest.param(
        source(lastSyncTime=None, nextSyncTime=None, latestMoverStatus=None, conditions=None),
        "it was never backed up",
        id="one that nobody looked at",
    ),
    pytest.param(
        source(
            lastSyncTime=None,
            conditions=[{"type": "Synchronizing", "reason": "Error", "message": 'Secret "x" not found'}],
        ),
        'VolSync cannot go on: Secret "x" not found',
        id="a Secret that is missing",
    ),
]


@pytest.mark.parametrize(("found", "reason"), IDLE)
def test_an_idle_app_that_needs_a_person_says_why(found, reason):
    told = of(found)

    assert told.health is Health.ATTENTION
    assert [reason in each.found for each in told.reasons] == [True]
    assert all(each.next_step for each in told.reasons)


def test_an_empty_volume_is_no_last_success():
    assert of(source(latestMoverStatus=empty())).last_success is None


def test_a_new_app_is_given_time_to_be_looked_at():
    new = source(
        lastSyncTime=None,
        latestMoverStatus=None,
        conditions=None,
        metadata={"creationTimestamp": "2026-11-25T11:59:00Z"},
    )

    assert of(new).health is Health.FINE
    assert of(new).last_success is None


FAILED = (JOB_OF_IT, pod("Failed", exit_code=1))
STUCK = [
    pytest.param(FAILED, {"pod": LOCKED}, "the repository is locked (unable to create lock", id="a lock"),
    pytest.param(
        FAILED,
        {"pod": "Fatal: wrong password or no key found"},
        "RESTIC_PASSWORD is not the one",
        id="a wrong password",
    ),
    pytest.param(
        FAILED,
        {"pod": "client.BucketExists: The request signature we calculated does not match the signature"},
        "AWS_SECRET_ACCESS_KEY is not the one",
        id="a wrong secret key",
    ),
    pytest.param(FAILED, {"pod": "dial tcp: connection refused"}, "MinIO is out of reach", id="no MinIO"),
    pytest.param(FAILED, {"pod": "=== Done ==="}, "exit code 1, it said nothing", id="a mover that says nothing"),
    pytest.param(
        (JOB_OF_IT, pod("Failed", exit_code=137)), {"pod": ""}, "the mover was killed", id="a mover that was killed"
    ),
    pytest.param(
        (JOB_OF_IT, pod("Failed", "a", 1), pod("Failed", "b", 1, made="2026-11-25T11:59:30Z"), pod("Running", "c")),
        {"b": "boom"},
        "2 attempts failed, the last one so: exit code 1, it said: boom",
        id="another attempt that runs",
    ),
    pytest.param(
        (owned(VOLUME_SNAPSHOT, "s", status={"readyToUse": False, "error": {"message": "no class"}}),),
        {},
        "VolumeSnapshot s is not ready (no class)",
        id="a snapshot that cannot be made",
    ),
    pytest.param(
        (owned(VOLUME_SNAPSHOT, "s", made="2026-11-25T11:00:00Z", status={"readyToUse": False}),),
        {},
        "VolumeSnapshot s is not ready",
        id="a snapshot of which nobody says anything",
    ),
    pytest.param(
        (owned(PERSISTENT_VOLUME_CLAIM, "cache", status={"phase": "Pending"}), warning("cache", "no such class")),
        {},
        "PersistentVolumeClaim cache is not bound (no such class)",
        id="a claim that is not bound",
    ),
    pytest.param(
        (JOB_OF_IT, warning("job", "violates PodSecurity", "FailedCreate")),
        {},
        "Job job may not make its pod (violates PodSecurity)",
        id="a pod that is refused",
    ),
    pytest.param(
        (JOB_OF_IT, pod("Pending", waiting={"reason": "ErrImagePull", "message": "no such image"})),
        {},
        "Pod pod does not start (ErrImagePull: no such image)",
        id="an image that is not there",
    ),
    pytest.param(
        (JOB_OF_IT, pod("Pending", made="2026-11-25T11:00:00Z"), warning("pod", "no node")),
        {},
        "Pod pod does not start (no node)",
        id="a pod that no node takes",
    ),
]


@pytest.mark.parametrize(("others", "logs", "reason"), STUCK)
def test_a_backup_that_is_stuck_says_why(others, logs, reason):
    told = of(begun(), *others, logs=logs)

    assert told.health is Health.ATTENTION
    assert told.running_since is not None
    assert [each.found for each in told.reasons if reason in each.found], told.reasons
    assert len(told.reasons) == 1


@pytest.mark.parametrize(
    ("at", "others", "reason"),
    [
        pytest.param("2026-11-25T11:00:00Z", (), "no mover has come in 1 h 0 min", id="nothing comes"),
        pytest.param(
            "2026-11-25T10:30:00Z",
            (JOB_OF_IT, pod("Running")),
            "running for 1 h 30 min, the last one took 10 s",
            id="long",
        ),
    ],
)
def test_a_backup_that_takes_too_long_needs_a_person(at, others, reason):
    (told,) = of(begun(at), *others).reasons

    assert reason in told.found


# --------------------------------------------------------------------------------------------------- what is not known


@pytest.mark.parametrize("kind", [POD, JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT], ids=lambda kind: kind.plural)
def test_a_backup_in_progress_is_not_fine_where_what_is_around_it_could_not_be_read(kind):
    told = of(begun(), unreadable={kind: "refused"})

    assert told.health is Health.UNKNOWN
    assert told.unknown == (f"whether it is stuck: {kind.plural} could not be read",)


def test_a_silence_is_no_reason_where_pods_could_not_be_read():
    assert of(begun("2026-11-25T11:00:00Z"), unreadable={POD: "refused"}).reasons == ()


def test_a_failure_whose_log_was_not_read_says_so():
    told = of(begun(), *FAILED)

    assert told.health is Health.ATTENTION
    assert told.unknown == ("why its mover failed: the log of pod pod was not read",)


def test_what_a_success_saved_is_not_known_after_a_failure_took_its_place():
    told = of(begun(latestMoverStatus={"result": "Failed", "logs": "x"}), JOB_OF_IT, pod("Running"))

    assert told.health is Health.UNKNOWN
    assert "whether the backup of 2026-11-25T02:00:10Z saved anything" in told.unknown[0]


def test_what_is_not_backed_up_with_restic_is_not_known():
    other = copy.deepcopy(source())
    other["spec"]["rclone"] = other["spec"].pop("restic")

    assert of(other).health is Health.UNKNOWN
