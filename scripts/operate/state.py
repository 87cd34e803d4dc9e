"""The objects of an app -> how its backups are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from scripts.cluster import Object
from scripts.operate import apps, mover_log, stuck, trigger
from scripts.operate.apps import App
from scripts.operate.mover_log import Said
from scripts.operate.seen import Seen
from scripts.operate.stuck import Reason
from scripts.operate.times import moment, seconds, stamp, words

PROVEN_AT = "apps-backup/restore-proven-at"
"""Annotation of a ReplicationSource: when a restore of it was last compared with an independent record, as in
"2026-11-24T02:47:39Z"."""

PROVEN_SNAPSHOT = "apps-backup/restore-proven-snapshot"
"""Annotation of a ReplicationSource: the id of the snapshot that was restored then."""

OVERDUE_S = 600.0
"""After the time that a backup was due at, in seconds."""

FIRST_LOOK_S = 300.0
"""Within which VolSync looks at a new ReplicationSource, in seconds."""

LONG_S = 3600.0
"""A backup runs for long after this time, in seconds, and after LONG_TIMES as long as the last one."""

LONG_TIMES = 4.0


class Health(Enum):
    """What a state comes to."""

    FINE = "fine"
    RUNNING = "running"
    """A backup goes on as it should."""
    ATTENTION = "attention"
    """A person is needed."""
    UNKNOWN = "unknown"
    """What could not be read might say otherwise."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """
    A restore that was compared.

    Args:
        at: when.

        snapshot: id of what was restored; "" where it was not written down.
    """

    at: datetime
    snapshot: str


@dataclass(frozen=True, kw_only=True)
class State:
    """
    How the backups of an app are.

    Args:
        app: the app.

        health: what all of it comes to.

        reasons: why a person is needed.

        unknown: what is not known.

        schedule: five fields of cron; "" for none.

        last_success: when a backup was last done; None for never, or where that one saved nothing.

        duration_s: of that one, in seconds; None where it is not known.

        next_run: when VolSync begins by itself; None for never, or while one runs.

        running_since: when the one that runs, or fails, began; None where none does.

        result: of the mover that ended last: "Successful", "Failed", or "" for none.

        said: what that one said.

        proof: the last restore that was compared; None for never.
    """

    app: App
    health: Health
    reasons: tuple[Reason, ...]
    unknown: tuple[str, ...]
    schedule: str
    last_success: datetime | None
    duration_s: float | None
    next_run: datetime | None
    running_since: datetime | None
    result: str
    said: Said
    proof: Proof | None


def states(seen: Seen, now: datetime) -> tuple[State, ...]:
    """
    Say how the backups of every app are.

    Args:
        seen: their objects.

        now: the time.

    Returns:
        One for each ReplicationSource, in their order.
    """
    return tuple(state(source, seen, now) for source in seen.sources)


def state(source: Object, seen: Seen, now: datetime) -> State:
    """
    Say how the backups of an app are.

    Args:
        source: its ReplicationSource.

        seen: the objects around it.

        now: the time.

    Returns:
        Its state.
    """
    status = source.get("status") or {}
    mover = status.get("latestMoverStatus") or {}
    result, said = str(mover.get("result", "")), mover_log.said(str(mover.get("logs", "")))
    begun, done = moment(status.get("lastSyncStartTime")), moment(status.get("lastSyncTime"))
    reasons: tuple[Reason, ...] = ()
    unknown: tuple[str, ...] = ("how its backups are: it is not backed up with restic",)
    if "restic" in source["spec"]:
        reasons = (*_always(source), *(_running(source, seen, now, begun) if begun else _idle(source, now)))
        unknown = tuple(_unknown(source, seen, result, said))
    return State(
        app=apps.of(source),
        health=_health(reasons, unknown, begun),
        reasons=reasons,
        unknown=unknown,
        schedule=trigger.schedule(source),
        last_success=None if said.is_empty else done,
        duration_s=seconds(status.get("lastSyncDuration")),
        next_run=None if begun else moment(status.get("nextSyncTime")),
        running_since=begun,
        result=result,
        said=said,
        proof=proof(source),
    )


def proof(source: Object) -> Proof | None:
    """
    Read when a restore was last compared.

    Args:
        source: a ReplicationSource.

    Returns:
        What its annotations say; None where they say nothing that can be read.
    """
    annotations = source["metadata"].get("annotations") or {}
    at = moment(annotations.get(PROVEN_AT))
    return None if at is None else Proof(at=at, snapshot=str(annotations.get(PROVEN_SNAPSHOT, "")))


def condition(source: Object) -> tuple[str, str]:
    """
    Read the condition of a ReplicationSource.

    Args:
        source: the object.

    Returns:
        Its reason and its message; "" where there is none yet.

    Source:
        backube/volsync@v0.12.0:api/v1alpha1/replicationsource_types.go (Synchronizing is the only type)
    """
    for each in (source.get("status") or {}).get("conditions") or ():
        if each.get("type") == "Synchronizing":
            return str(each.get("reason", "")), str(each.get("message", ""))
    return "", ""


def _health(reasons: tuple[Reason, ...], unknown: tuple[str, ...], begun: datetime | None) -> Health:
    if reasons:
        return Health.ATTENTION
    if unknown:
        return Health.UNKNOWN
    return Health.RUNNING if begun else Health.FINE


def _always(source: Object) -> Iterator[Reason]:
    reason, message = condition(source)
    if reason == "Error":
        yield Reason(found=f"VolSync cannot go on: {message}", next_step="mend what it names")
    if source["spec"].get("paused"):
        yield Reason(found="it is paused", next_step="remove spec.paused, or see who set it")
    manual = trigger.manual(source)
    if manual and trigger.schedule(source):
        yield Reason(
            found=f"its schedule is off for as long as the manual trigger {manual} is set",
            next_step=_takes_back(manual),
        )


def _takes_back(manual: str) -> str:
    if trigger.is_of_restore(manual):
        return "let its restore end, or run `invoke backup.restore` with --resume"
    return "run `invoke backup.now`" if trigger.is_ours(manual) else "remove spec.trigger.manual"


def _running(source: Object, seen: Seen, now: datetime, begun: datetime) -> Iterator[Reason]:
    if condition(source)[0] == "Error":
        # it has said itself why it does not go on
        return
    found = stuck.reasons(source, seen, now, begun=begun)
    yield from found
    last_s = seconds((source.get("status") or {}).get("lastSyncDuration")) or 0.0
    runs_s = (now - begun).total_seconds()
    if not found and runs_s > max(LONG_S, LONG_TIMES * last_s):
        than = f", the last one took {words(last_s)}" if last_s else ""
        yield Reason(found=f"it has been running for {words(runs_s)}{than}", next_step="read its mover's log")


def _idle(source: Object, now: datetime) -> Iterator[Reason]:
    status = source.get("status") or {}
    mover = status.get("latestMoverStatus") or {}
    said = mover_log.said(str(mover.get("logs", "")))
    done, due = moment(status.get("lastSyncTime")), moment(status.get("nextSyncTime"))
    if done is None:
        made = moment(source["metadata"].get("creationTimestamp"))
        if made and (now - made).total_seconds() > FIRST_LOOK_S and condition(source)[0] != "Error":
            yield Reason(found="it was never backed up", next_step="see whether VolSync's controller runs")
        return
    if said.is_empty:
        yield Reason(
            found="its volume is empty: the last backup saved nothing and called it a success",
            next_step="see whether the app lost its data, or sourcePVC names another volume",
        )
    elif mover.get("result") != "Successful":
        why = mover_log.cause(str(mover.get("logs", "")), None)
        yield Reason(found=f"its last mover failed: {why.found}", next_step=why.next_step)
    elif not said.snapshot:
        yield Reason(
            found="its last mover did not say that it saved a snapshot", next_step="run `invoke backup.snapshots`"
        )
    if due and now > due + timedelta(seconds=OVERDUE_S):
        yield Reason(
            found=f"a backup was due at {stamp(due)} and has not begun",
            next_step="see whether VolSync's controller runs",
        )


def _unknown(source: Object, seen: Seen, result: str, said: Said) -> Iterator[str]:
    status = source.get("status") or {}
    if not status.get("lastSyncStartTime"):
        return
    yield from stuck.unknown(source, seen)
    if status.get("lastSyncTime") and result == "Failed" and not said.is_empty:
        yield f"whether the backup of {status['lastSyncTime']} saved anything: the status tells of the failure since"
