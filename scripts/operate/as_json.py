"""States, and how backups ended -> what a machine reads: one document, times UTC, durations seconds, what is not known null."""

import json
from datetime import datetime

from scripts.cluster import Object
from scripts.errors import BackupError, SettingsError
from scripts.operate.apps import App
from scripts.operate.backups import Ended
from scripts.operate.seen import Seen
from scripts.operate.state import State
from scripts.operate.times import stamp

VERSION = 1
"""Of the shape; a field that is added leaves it."""

FORMATS = ("text", "json")


def is_asked(format_name: str) -> bool:
    """
    Read --format.

    Args:
        format_name: "text" or "json".

    Returns:
        Whether it is JSON.

    Raises:
        SettingsError: where it is neither.
    """
    if format_name not in FORMATS:
        raise SettingsError("--format", f"{format_name!r} is no format", f"give one of {', '.join(FORMATS)}")
    return format_name == "json"


def written(context: str, fields: Object) -> str:
    """
    Write a document.

    Args:
        context: of the cluster.

        fields: what it tells.

    Returns:
        The document, which begins with its version.
    """
    return json.dumps({"version": VERSION, "context": context, **fields}, indent=2, ensure_ascii=False) + "\n"


def status(states: tuple[State, ...], seen: Seen, *, now: datetime, context: str) -> str:
    """
    Write states as JSON.

    Args:
        states: of the apps.

        seen: what they were worked out from.

        now: when.

        context: of the cluster.

    Returns:
        One document.
    """
    unreadable = {kind.resource: why for kind, why in seen.unreadable.items()}
    fields = {"time": stamp(now), "unreadable": unreadable, "apps": [_app(each, now) for each in states]}
    return written(context, fields)


def backups(ended: tuple[Ended, ...], *, left_behind: tuple[App, ...], context: str) -> str:
    """
    Write how backups ended as JSON.

    Args:
        ended: the backups.

        left_behind: apps whose schedule could not be given back.

        context: of the cluster.

    Returns:
        One document.
    """
    return written(context, {"apps": [backup(each, left_behind=left_behind) for each in ended]})


def backup(ended: Ended, *, left_behind: tuple[App, ...]) -> Object:
    """
    Write how one backup ended.

    Args:
        ended: the backup.

        left_behind: apps whose schedule could not be given back.

    Returns:
        Its part of a document.
    """
    saved = ended.saved
    return {
        "app": ended.app.name,
        "namespace": ended.app.namespace,
        "source": ended.app.source,
        "result": ended.kind.value,
        "snapshot": None if saved is None else saved.said.snapshot,
        "processed": None if saved is None else saved.said.processed or None,
        "duration_s": None if saved is None else saved.duration_s,
        "error": None if ended.error is None else _error(ended.error),
        "schedule_is_off": ended.app in left_behind,
    }


def _error(error: BackupError) -> Object:
    return {
        "where": error.where,
        "found": error.found,
        "next_step": error.next_step,
        "exit_code": error.exit_code,
    }


def _app(each: State, now: datetime) -> Object:
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
