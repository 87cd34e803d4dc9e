"""One backup that was asked for, step by step: what is seen of it -> what comes next."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from scripts.cluster import Object
from scripts.errors import BackupError, Conflict, MoverFailed, Unreachable
from scripts.operate import mover_log, trigger
from scripts.operate.apps import App
from scripts.operate.mover_log import Said
from scripts.operate.seen import failed
from scripts.operate.state import condition
from scripts.operate.times import seconds, words

CONTROLLER = "see whether VolSync's controller runs: `kubectl -n volsync-system get deployment volsync`"

PASSING = "Deleting object so it can be recreated"
"""
An error of VolSync that is none: what its Job is to do has changed.

Source: backube/volsync@v0.12.0:controllers/utils/reconcile.go
"""


class Phase(Enum):
    """How far it has got."""

    WAITING = "waiting"
    """For the end of a backup that somebody else began: a tag that is set during one starts no other."""
    TRIGGERED = "triggered"
    BEGUN = "begun"


class Step(Enum):
    """What comes next."""

    WAIT = "wait"
    TRIGGER = "trigger"


class EmptyVolume(MoverFailed):
    """There was nothing to save."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """
    One backup that was asked for.

    Args:
        app: that is backed up.

        tag: of its trigger.

        phase: how far it has got.

        since: when that phase began, in seconds of a clock that only goes forward.

        started: when it was begun with, in seconds of the same clock.

        dead: uids of the pods that had failed before the trigger.

        gives_back: whether the schedule is to be given back at its end.
    """

    app: App
    tag: str
    since: float
    started: float
    phase: Phase = Phase.WAITING
    dead: frozenset[str] = frozenset()
    gives_back: bool = False


@dataclass(frozen=True, kw_only=True)
class Patience:
    """
    How long is waited.

    Args:
        whole_s: for a backup with all that comes before it, in seconds.

        begin_s: for VolSync to begin, in seconds.
    """

    whole_s: float = 3600.0
    begin_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Died:
    """
    A mover failed.

    Args:
        pod: of it.
    """

    pod: Object


@dataclass(frozen=True, kw_only=True)
class Saved:
    """
    A backup that is proven.

    Args:
        said: by its mover; it names a snapshot.

        duration_s: in seconds; None where VolSync does not say.
    """

    said: Said
    duration_s: float | None


def look(
    attempt: Attempt, source: Object | None, pods: Iterable[Object], *, now: float, patience: Patience
) -> Phase | Step | Died | Saved:
    """
    Say what comes next.

    Args:
        attempt: so far.

        source: its ReplicationSource now; None where that is gone.

        pods: of its movers now, oldest first.

        now: seconds of the attempt's clock.

        patience: how long is waited.

    Returns:
        A new phase, a step, or how it ended.

    Raises:
        MoverFailed: where VolSync cannot do it, or did nothing and called it a success.

        Conflict: where somebody else set another trigger.

        Unreachable: where VolSync does not begin, or the time is over.

    Source:
        backube/volsync@v0.12.0:controllers/statemachine/machine.go (a manual sync is done when lastManualSync is its tag)
    """
    if source is None:
        raise MoverFailed(attempt.app.where, "was deleted meanwhile", "see who deleted it")
    status = source.get("status") or {}
    if status.get("lastManualSync") == attempt.tag:
        return _saved(attempt, status)
    _refuse(attempt, source)
    dead = [pod for pod in failed(pods) if pod["metadata"]["uid"] not in attempt.dead]
    if dead:
        return Died(pod=dead[-1])
    if now - attempt.started > patience.whole_s:
        raise Unreachable(
            attempt.app.where,
            f"its backup was not done within {words(patience.whole_s)}, last seen: {condition(source)[0] or 'no status'}",
            "run `invoke backup.status` to see what it waits for",
        )
    if attempt.phase is Phase.WAITING:
        return _waiting(attempt, source, now, patience)
    if attempt.phase is Phase.TRIGGERED:
        if status.get("lastSyncStartTime"):
            return Phase.BEGUN
        if now - attempt.since > patience.begin_s:
            raise Unreachable(attempt.app.where, f"VolSync did not begin within {words(patience.begin_s)}", CONTROLLER)
    return Step.WAIT


def failure(attempt: Attempt, pod: Object, log: str | None, exit_code: int | None) -> MoverFailed:
    """
    Name why a mover failed.

    Args:
        attempt: that it is of.

        pod: the mover's.

        log: what it wrote; None where that could not be read.

        exit_code: how it ended.

    Returns:
        The error to report.
    """
    why = mover_log.cause(log, exit_code)
    whose = "a backup that was in progress already" if attempt.phase is Phase.WAITING else "its backup"
    return MoverFailed(
        attempt.app.where,
        f"{whose} failed, and VolSync goes on trying: {why.found} (pod {pod['metadata']['name']})",
        why.next_step,
        log=tuple((log or "").splitlines()),
    )


def _waiting(attempt: Attempt, source: Object, now: float, patience: Patience) -> Phase | Step:
    status = source.get("status") or {}
    if trigger.manual(source) == attempt.tag:
        # the answer to setting it was lost
        return Phase.TRIGGERED
    is_idle = condition(source)[0] in {"WaitingForSchedule", "WaitingForManual"} and not status.get("lastSyncStartTime")
    if is_idle:
        return Step.TRIGGER
    if not status and now - attempt.since > patience.begin_s:
        raise Unreachable(attempt.app.where, f"VolSync did not look at it within {words(patience.begin_s)}", CONTROLLER)
    return Step.WAIT


def _refuse(attempt: Attempt, source: Object) -> None:
    where, spec = attempt.app.where, source["spec"]
    error: BackupError | None = None
    if "restic" not in spec:
        error = MoverFailed(where, "is not backed up with restic", "name another app")
    elif trigger.is_of_restore(trigger.manual(source)):
        error = MoverFailed(where, "is being restored", "let that end, or run `invoke backup.restore` with --resume")
    elif spec.get("paused"):
        error = MoverFailed(where, "is paused: its mover would never run", "remove spec.paused, or see who set it")
    elif not trigger.manual(source) and not trigger.schedule(source):
        error = MoverFailed(where, "has no trigger: it backs up all the time", "give it a schedule")
    elif condition(source)[0] == "Error" and PASSING not in condition(source)[1]:
        error = MoverFailed(where, f"VolSync cannot go on: {condition(source)[1]}", "mend what it names")
    elif attempt.phase is not Phase.WAITING and trigger.manual(source) != attempt.tag:
        found = trigger.manual(source) or "none"
        error = Conflict(
            where, f"somebody else set its trigger to {found} meanwhile", "see who did, and run this again"
        )
    if error is not None:
        raise error


def _saved(attempt: Attempt, status: Object) -> Saved:
    mover = status.get("latestMoverStatus") or {}
    said = mover_log.said(str(mover.get("logs", "")))
    if said.is_empty:
        raise EmptyVolume(
            attempt.app.where,
            "its volume is empty: nothing was saved, and VolSync calls it a success",
            "see whether the app lost its data, or sourcePVC names another volume",
        )
    if mover.get("result") != "Successful" or not said.snapshot:
        raise MoverFailed(
            attempt.app.where, "its mover did not say that it saved a snapshot", "run `invoke backup.snapshots`"
        )
    return Saved(said=said, duration_s=seconds(status.get("lastSyncDuration")))
