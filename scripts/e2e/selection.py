"""The two choices that VolSync's mover makes among snapshots: which one a restore takes, and which ones a backup keeps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scripts.e2e.system import Snapshot

RETAIN_OPTIONS = ("hourly", "daily", "weekly", "monthly", "yearly", "within", "last")
"""In the order in which the mover is given them."""


def forget_options(retain: Mapping[str, Any]) -> tuple[str, ...]:
    """
    The flags that a ReplicationSource's retention comes to.

    Args:
        retain: spec.restic.retain; empty where it is absent.

    Returns:
        Flags of `restic forget`; without any retention, VolSync keeps just the newest snapshot.

    Source:
        backube/volsync@v0.12.0:controllers/mover/restic/mover.go (generateForgetOptions).
    """
    flags = tuple(word for name in RETAIN_OPTIONS if name in retain for word in (f"--keep-{name}", str(retain[name])))
    return flags or ("--keep-last", "1")


def select(eligible: tuple[Snapshot, ...], *, previous: int, restore_as_of: datetime | None) -> Snapshot | None:
    """
    Choose a snapshot as the mover does.

    Args:
        eligible: oldest first.

        previous: how many to go back from the newest one that is not too new.

        restore_as_of: the latest time, inclusive and compared by whole seconds.

    Returns:
        The snapshot, None where there is none that far back.

    Source:
        backube/volsync@v0.12.0:mover-restic/entry.sh (select_restic_snapshot_to_restore): the table's times have whole
        seconds, and of two snapshots in one second the later one is taken for both.
    """
    by_second = {int(snapshot.time.timestamp()): snapshot for snapshot in eligible}
    latest = None if restore_as_of is None else int(restore_as_of.timestamp())
    newest_first = [
        by_second[second] for second in sorted(by_second, reverse=True) if latest is None or second <= latest
    ]
    return newest_first[previous] if 0 <= previous < len(newest_first) else None
