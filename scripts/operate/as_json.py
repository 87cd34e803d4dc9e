"""States -> what a machine reads."""

import json
from datetime import datetime
from typing import Any

from scripts.operate.seen import Seen
from scripts.operate.state import State
from scripts.operate.times import stamp

VERSION = 1
"""Of the shape; a field that is added leaves it."""


def status(states: tuple[State, ...], seen: Seen, *, now: datetime, context: str) -> str:
    """
    Write states as JSON.

    Args:
        states: of the apps.

        seen: what they were worked out from.

        now: when.

        context: of the cluster.

    Returns:
        One document; times are UTC, durations seconds, and what is not known is null.
    """
    document = {
        "version": VERSION,
        "context": context,
        "time": stamp(now),
        "unreadable": {kind.resource: why for kind, why in seen.unreadable.items()},
        "apps": [_app(each, now) for each in states],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _app(each: State, now: datetime) -> dict[str, Any]:
    return {
        "app": each.app.name,
        "namespace": each.app.namespace,
        "source": each.app.source,
        "health": each.health.value,
        "reasons": [{"found": reason.found, "next_step": reason.next_step} for reason in each.reasons],
        "unknown": list(each.unknown),
        "schedule": each.schedule or None,
        "last_success": _time(each.last_success),
        "age_s": None if each.last_success is None else round((now - each.last_success).total_seconds()),
        "duration_s": each.duration_s,
        "next_run": _time(each.next_run),
        "running_since": _time(each.running_since),
        "result": each.result or None,
        "saved_snapshot": each.said.snapshot or None,
        "processed": each.said.processed or None,
        # a request for each app would tell: backup.snapshots
        "repository": None,
        "restore_proven_at": None if each.proof is None else stamp(each.proof.at),
        "restore_proven_snapshot": None if each.proof is None else each.proof.snapshot or None,
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else stamp(time)
