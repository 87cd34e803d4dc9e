"""The manual trigger of a ReplicationSource: how it is set, and how its schedule is given back."""

import secrets
from datetime import datetime

from scripts.cluster import Object

TAG_PREFIX = "apps-backup-"
"""Of the tags that this project sets, so that one that it could not take back is known."""

RESTORE_PREFIX = "apps-restore-"
"""Of the tags that keep a source from backing up while its volume is restored."""


def tag(now: datetime, prefix: str = TAG_PREFIX) -> str:
    """
    Make a tag that no run had before.

    Args:
        now: the time, for whoever reads it.

        prefix: what it is for.

    Returns:
        For example "apps-backup-20261125T101500Z-1a2b3c4d".
    """
    return f"{prefix}{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def manual(source: Object) -> str:
    """
    Read the tag that is set.

    Args:
        source: a ReplicationSource.

    Returns:
        The tag; "" for none.
    """
    return str((source["spec"].get("trigger") or {}).get("manual") or "")


def schedule(source: Object) -> str:
    """
    Read the schedule.

    Args:
        source: a ReplicationSource.

    Returns:
        Five fields of cron; "" for none.
    """
    return str((source["spec"].get("trigger") or {}).get("schedule") or "")


def is_ours(text: str) -> bool:
    """
    Tell whether this project set a tag.

    Args:
        text: the tag.

    Returns:
        True where it did.
    """
    return text.startswith(TAG_PREFIX)


def is_of_restore(text: str) -> bool:
    """
    Tell whether a restore set a tag.

    Args:
        text: the tag.

    Returns:
        True where one did.
    """
    return text.startswith(RESTORE_PREFIX)


def changed(source: Object, text: str | None) -> Object:
    """
    Make the change that sets a tag, unless somebody else changes the object first.

    Args:
        source: as it was read.

        text: the tag; None gives the schedule back.

    Returns:
        A merge patch.
    """
    version = source["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version}, "spec": {"trigger": {"manual": text}}}
