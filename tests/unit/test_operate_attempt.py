"""One backup that was asked for: what is seen of it -> what comes next."""

import pytest

from scripts.errors import Conflict, MoverFailed, Unreachable
from scripts.operate import attempt, mover_log
from scripts.operate.apps import App
from scripts.operate.attempt import Attempt, Died, Patience, Phase, Saved, Step

TAG = "apps-backup-1"
APP = App(namespace="shop", source="shop-backup")
SAVED = "processed 3 files, 1.2 KiB in 0:00\nsnapshot 1a2b3c4d saved"


def source(reason="WaitingForSchedule", *, manual="", spec=None, message="", **status):
    conditions = [{"type": "Synchronizing", "reason": reason, "message": message}] if reason else []
    trigger = {"schedule": "0 2 * * *", **({"manual": manual} if manual else {})}
    told = {"lastSyncTime": "2026-11-25T02:00:00Z", "conditions": conditions} if reason else {}
    return {"spec": {"trigger": trigger, "restic": {}, **(spec or {})}, "status": {**told, **status}}


def done(logs, result="Successful"):
    return source(
        "CleaningUp",
        manual=TAG,
        lastManualSync=TAG,
        lastSyncDuration="10s",
        latestMoverStatus={"result": result, "logs": logs},
    )


def pod(uid="new", phase="Failed"):
    return {"metadata": {"name": uid, "uid": uid}, "status": {"phase": phase}}


def look(found, *pods, phase=Phase.WAITING, now=10.0, dead=()):
    held = Attempt(app=APP, tag=TAG, since=0.0, started=0.0, phase=phase, dead=frozenset(dead))
    return attempt.look(held, found, pods, now=now, patience=Patience(whole_s=100, begin_s=20))


RUNS = {"lastSyncStartTime": "2026-11-25T12:00:00Z"}


@pytest.mark.parametrize(
    ("found", "phase", "following"),
    [
        pytest.param(source(), Phase.WAITING, Step.TRIGGER, id="it is idle"),
        pytest.param(source("WaitingForManual"), Phase.WAITING, Step.TRIGGER, id="it is idle without a schedule"),
        pytest.param(source("SyncInProgress", **RUNS), Phase.WAITING, Step.WAIT, id="another backup is in progress"),
        pytest.param(source("CleaningUp"), Phase.WAITING, Step.WAIT, id="another backup is being cleaned up"),
        pytest.param(source(**RUNS), Phase.WAITING, Step.WAIT, id="another one begins"),
        pytest.param(source(""), Phase.WAITING, Step.WAIT, id="VolSync has not looked at it"),
        pytest.param(source(manual=TAG), Phase.WAITING, Phase.TRIGGERED, id="the answer to the trigger was lost"),
        pytest.param(source(manual=TAG), Phase.TRIGGERED, Step.WAIT, id="VolSync has not begun"),
        pytest.param(source("SyncInProgress", manual=TAG, **RUNS), Phase.TRIGGERED, Phase.BEGUN, id="it has begun"),
        pytest.param(source("SyncInProgress", manual=TAG, **RUNS), Phase.BEGUN, Step.WAIT, id="it runs"),
        pytest.param(
            source("Error", manual=TAG, message=f"unable to update object. {attempt.PASSING}", **RUNS),
            Phase.BEGUN,
            Step.WAIT,
            id="its Job is made anew",
        ),
    ],
)
def test_what_comes_next(found, phase, following):
    assert look(found, phase=phase) is following


def test_a_run_with_the_tag_that_saved_a_snapshot_is_the_proof():
    found = look(done(SAVED), phase=Phase.BEGUN)

    assert isinstance(found, Saved)
    assert (found.said.snapshot, found.duration_s) == ("1a2b3c4d", 10.0)


def test_a_run_that_was_so_fast_that_nobody_saw_it_begin_is_the_proof_too():
    assert isinstance(look(done(SAVED), phase=Phase.TRIGGERED), Saved)


@pytest.mark.parametrize(
    ("found", "phase", "now", "error", "said"),
    [
        pytest.param(None, Phase.BEGUN, 10, MoverFailed, "was deleted meanwhile", id="deleted"),
        pytest.param(
            done("Directory is empty skipping backup"), Phase.BEGUN, 10, MoverFailed, "volume is empty", id="empty"
        ),
        pytest.param(done("Restic completed"), Phase.BEGUN, 10, MoverFailed, "did not say", id="nothing saved"),
        pytest.param(done(SAVED, "Failed"), Phase.BEGUN, 10, MoverFailed, "did not say", id="failed"),
        pytest.param(source(spec={"paused": True}), Phase.WAITING, 10, MoverFailed, "is paused", id="paused"),
        pytest.param(
            source(spec={"trigger": {"manual": "apps-restore-1", "schedule": "0 2 * * *"}}),
            Phase.WAITING,
            10,
            MoverFailed,
            "is being restored; let that end, or run `invoke backup.restore` with --resume",
            id="held by a restore",
        ),
        pytest.param(
            source(spec={"trigger": {}}), Phase.WAITING, 10, MoverFailed, "has no trigger", id="without any trigger"
        ),
        pytest.param(
            source("Error", message="no Secret"), Phase.WAITING, 10, MoverFailed, "cannot go on: no Secret", id="Error"
        ),
        pytest.param(source(manual="b"), Phase.TRIGGERED, 10, Conflict, "its trigger to b", id="another tag"),
        pytest.param(source(), Phase.BEGUN, 10, Conflict, "its trigger to none", id="a tag that was taken back"),
        pytest.param(
            source(manual=TAG), Phase.TRIGGERED, 21, Unreachable, "did not begin within 20 s", id="no VolSync"
        ),
        pytest.param(
            source(""), Phase.WAITING, 21, Unreachable, "did not look at it within 20 s", id="no VolSync ever"
        ),
        pytest.param(
            source("SyncInProgress", manual=TAG, **RUNS),
            Phase.BEGUN,
            101,
            Unreachable,
            "not done within 1 min, last seen: SyncInProgress",
            id="too long",
        ),
    ],
)
def test_what_ends_it(found, phase, now, error, said):
    with pytest.raises(error, match=said) as raised:
        look(found, phase=phase, now=now)

    assert raised.value.next_step


def test_a_mover_that_failed_is_told_and_one_that_had_failed_before_is_not():
    found = source("SyncInProgress", manual=TAG, **RUNS)

    assert look(found, pod("old"), pod("new"), phase=Phase.BEGUN, dead=["old"]) == Died(pod=pod("new"))
    assert look(found, pod("old"), pod("new", "Running"), phase=Phase.BEGUN, dead=["old"]) is Step.WAIT


def test_a_failure_keeps_what_the_mover_said():
    held = Attempt(app=APP, tag=TAG, since=0.0, started=0.0, phase=Phase.BEGUN)
    error = attempt.failure(held, pod(), "one\nFatal: wrong password or no key found", 3)

    assert "its backup failed, and VolSync goes on trying: RESTIC_PASSWORD is not the one" in error.found
    assert error.log == ("one", "Fatal: wrong password or no key found")


@pytest.mark.parametrize(
    ("log", "code", "found"),
    [
        pytest.param(None, 1, "exit code 1, its log was not read", id="no log"),
        pytest.param("", None, "it said nothing", id="nothing"),
        pytest.param("=== Starting backup ===\na\nb\nc", 1, "exit code 1, it said: b / c", id="words of its own"),
        pytest.param("x" * 1000, 1, f"exit code 1, it said: {'x' * 300} …", id="very long words"),
        pytest.param("a", 11, "the repository is locked; exit code 11", id="a code that says it"),
    ],
)
def test_a_cause_is_told_as_far_as_it_is_known(log, code, found):
    assert mover_log.cause(log, code).found == found
