"""--at, --snapshot, --previous -> exactly one snapshot, or a refusal."""

import re
from dataclasses import dataclass
from datetime import datetime

from scripts.errors import NotFound, SettingsError
from scripts.operate.repository import Stored
from scripts.operate.times import moment, stamp

ID = re.compile(r"[0-9a-f]{4,64}")
LIST = "see `invoke backup.snapshots`"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """
    Which snapshot is meant; the newest one where nothing is said.

    Args:
        at: the newest that is not later; None where it is not said.

        snapshot: the first hex digits of its id, 4 or more; "" where they are not said.

        previous: how many to go back from the newest; None where it is not said.
    """

    at: datetime | None = None
    snapshot: str = ""
    previous: int | None = None

    @property
    def is_made(self) -> bool:
        """Tell whether anything is said."""
        return self != Choice()


def read(*, at: str, snapshot: str, previous: str) -> Choice:
    """
    Read the three flags.

    Args:
        at: a time with its zone; "" where the flag is not given.

        snapshot: hex digits; "" where the flag is not given.

        previous: a whole number; "" where the flag is not given.

    Returns:
        What is meant.

    Raises:
        SettingsError: where more than one is given, or one cannot be read.
    """
    given = [flag for flag, text in (("--at", at), ("--snapshot", snapshot), ("--previous", previous)) if text]
    if len(given) > 1:
        raise SettingsError(" and ".join(given), "each name a snapshot", "give one of them")
    time = moment(at) if at else None
    if at and time is None:
        raise SettingsError(f"--at {at}", "is no time with a zone", "write it as in --at 2026-01-31T02:30:00Z")
    if snapshot and not ID.fullmatch(snapshot):
        raise SettingsError(f"--snapshot {snapshot}", "is no id of a snapshot", LIST)
    if previous and not previous.isdecimal():
        raise SettingsError(f"--previous {previous}", "is no whole number, 0 or more", LIST)
    return Choice(at=time, snapshot=snapshot, previous=int(previous) if previous else None)


def choose(choice: Choice, found: tuple[Stored, ...], *, where: str) -> Stored:
    """
    Choose the snapshot that is meant.

    Args:
        choice: what is meant.

        found: the snapshots that a restore can choose, newest first.

        where: the repository, for the message.

    Returns:
        The one.

    Raises:
        NotFound: where there is none.

        SettingsError: where there are several.
    """
    if not found:
        raise NotFound(where, "has no snapshot that a restore can choose", "see whether a backup was ever made")
    if choice.snapshot:
        return _by_id(choice.snapshot, found, where)
    if choice.at is not None:
        # the mover compares whole seconds
        latest = int(choice.at.timestamp())
        fits = tuple(each for each in found if int(each.time.timestamp()) <= latest)
        if not fits:
            raise NotFound(where, f"has no snapshot as old as {stamp(choice.at)}", LIST)
        return fits[0]
    index = choice.previous or 0
    if index >= len(found):
        raise NotFound(where, f"has {len(found)} snapshots, and none that is {index} before the newest", LIST)
    return found[index]


def _by_id(digits: str, found: tuple[Stored, ...], where: str) -> Stored:
    fits = tuple(each for each in found if each.id.startswith(digits))
    if len(fits) > 1:
        raise SettingsError(f"--snapshot {digits}", f"fits {len(fits)} snapshots", "give more digits of its id")
    if not fits:
        raise NotFound(
            where,
            f"has no snapshot {digits} that the mover would choose: of two in one second it sees the later one alone",
            LIST,
        )
    return fits[0]
