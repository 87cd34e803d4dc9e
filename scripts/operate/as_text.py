"""States -> what a person reads."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from scripts.operate.seen import Seen
from scripts.operate.state import Health, State
from scripts.operate.times import stamp, words

NAMES = {
    Health.FINE: "fine",
    Health.RUNNING: "running",
    Health.ATTENTION: "needs a person",
    Health.UNKNOWN: "unknown",
}


def status(states: tuple[State, ...], seen: Seen, *, now: datetime, context: str) -> tuple[str, ...]:
    """
    Write states app by app, why a person is needed below its app, and the sum.

    Args:
        states: of the apps.

        seen: what they were worked out from.

        now: when.

        context: of the cluster.

    Returns:
        Lines.
    """
    width = max(len(each.app.name) for each in states)
    lines = [line for each in states for line in _app(each, now, width)]
    lines += [f"unknown: {kind.plural} ({why})" for kind, why in seen.unreadable.items()]
    lines.append("unknown: snapshots and bytes of each repository (`invoke backup.snapshots` asks one of them)")
    counts = Counter(each.health for each in states)
    sums = ", ".join(f"{counts[each]} {NAMES[each]}" for each in Health)
    return (*lines, f"{len(states)} apps on {context} at {stamp(now)}: {sums}")


def _app(each: State, now: datetime, width: int) -> Iterator[str]:
    parts = [_last(each, now), _next(each, now), _proven(each, now)]
    yield f"{each.app.name:<{width}}  {NAMES[each.health]}: {'; '.join(filter(None, parts))}"
    yield from (f"    {reason.found}; {reason.next_step}" for reason in each.reasons)
    yield from (f"    unknown {text}" for text in each.unknown)


def _last(each: State, now: datetime) -> str:
    if each.last_success is None:
        return "no backup"
    took = "" if each.duration_s is None else f" in {words(each.duration_s)}"
    saved = f", snapshot {each.said.snapshot}" if each.said.snapshot else ""
    size = f" of {each.said.processed}" if each.said.snapshot and each.said.processed else ""
    return f"backed up {words((now - each.last_success).total_seconds())} ago{took}{saved}{size}"


def _next(each: State, now: datetime) -> str:
    if each.running_since is not None:
        return f"in progress since {stamp(each.running_since)}"
    if each.next_run is None:
        return "no schedule" if not each.schedule else "no next run"
    away_s = (each.next_run - now).total_seconds()
    return f"next in {words(away_s)}" if away_s >= 0 else f"due for {words(-away_s)}"


def _proven(each: State, now: datetime) -> str:
    if each.proof is None:
        return "no restore proven"
    return f"restore proven {words((now - each.proof.at).total_seconds())} ago"
