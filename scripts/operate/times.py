"""Times and durations of the API <-> values and words."""

import re
from datetime import UTC, datetime

PART = re.compile(r"([0-9.]+)(h|ms|m|s|us|\u00b5s|ns)")
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "ns": 1e-9}


def moment(text: object) -> datetime | None:
    """
    Read a time of the API.

    Args:
        text: for example "2026-11-24T02:47:39Z"; anything that is no time is none.

    Returns:
        The time, with its zone.
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def seconds(text: object) -> float | None:
    """
    Read a duration as Go writes it.

    Args:
        text: for example "1m30.03s"; anything else is none.

    Returns:
        Seconds.

    Source:
        golang/go@go1.23.0:src/time/time.go (Duration.String)
    """
    parts = PART.findall(str(text))
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def stamp(time: datetime) -> str:
    """
    Write a time for people and for the API.

    Args:
        time: with its zone.

    Returns:
        For example "2026-11-24T02:47:39Z".
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def words(duration_s: float) -> str:
    """
    Write a duration for people, in its two largest units.

    Args:
        duration_s: in seconds.

    Returns:
        For example "3 h 12 min".
    """
    if duration_s < 60:
        return f"{max(duration_s, 0):.0f} s"
    minutes, days = int(duration_s // 60), int(duration_s // 86400)
    if days >= 2:
        return f"{days} d {minutes // 60 % 24} h"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
