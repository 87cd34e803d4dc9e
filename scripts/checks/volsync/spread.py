"""ReplicationSources -> schedules that pile up, and the minute that each should have."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, fault, field
from scripts.checks.volsync.cron import Refused, Schedule, parse
from scripts.document import mapping
from scripts.model import Resource

FROM = 10
"""ReplicationSources from which on it matters when each starts."""

SLOT_MINUTES = 5
MOST_SHARE = 0.1
LEAST_LIMIT = 5
"""As many may start together in any tree: minutes that are worked out from names meet by chance."""

FIRST_MINUTE = 60
MINUTES = 240
"""Objects run from 01:00 to 04:59 UTC."""

POLYNOMIAL = 0x04C11DB7
"""Of the CRC that the program cksum works out, as POSIX has it."""


@dataclass(frozen=True, kw_only=True)
class _Timed:
    source: Resource
    schedule: Schedule
    is_spread: bool


def check(objects: Objects) -> Iterator[Fault]:
    """
    Find the five minutes of a week in which too large a share of all sources starts.

    Args:
        objects: of the tree.

    Yields:
        One fault for each crowd of sources, on the first of them; those that have the minute of their name are at no fault.
    """
    timed = tuple(_timed(objects))
    limit = max(LEAST_LIMIT, int(len(timed) * MOST_SHARE))
    if len(timed) < FROM:
        return
    slots: dict[tuple[int, int, int], list[_Timed]] = defaultdict(list)
    for each in timed:
        for slot in _slots(each.schedule):
            slots[slot].append(each)
    told: set[str] = set()
    for (_, hour, part), crowd in sorted(slots.items(), key=lambda item: (-len(item[1]), item[0])):
        movable = [each.source for each in crowd if not each.is_spread and str(each.source.id) not in told]
        if len(crowd) > limit and movable:
            told |= {str(each.id) for each in movable}
            first = part * SLOT_MINUTES
            yield fault(
                "volsync-pile-up",
                movable[0],
                ("spec", "trigger", "schedule"),
                f"is one of {len(crowd)} of {len(timed)} that start between {hour:02}:{first:02} and "
                f"{hour:02}:{first + SLOT_MINUTES - 1:02}, and at most {limit} should",
                "spread them: " + _advice(movable, objects.sources),
            )


def spread_schedule(name: str) -> str:
    """
    The schedule that follows from a name, so that the backups of many apps do not start together.

    Args:
        name: of the app.

    Returns:
        Five fields; a time of each day between 01:00 and 04:59.
    """
    minute = FIRST_MINUTE + cksum(name.encode()) % MINUTES
    return f"{minute % 60} {minute // 60} * * *"


def cksum(content: bytes) -> int:
    """
    What the program cksum says of a content.

    Args:
        content: any bytes.

    Returns:
        The CRC of the content and of its length, 32 bits.
    """
    length = len(content)
    ending = length.to_bytes((length.bit_length() + 7) // 8, "little")
    register = 0
    for byte in content + ending:
        register ^= byte << 24
        for _ in range(8):
            register = ((register << 1) ^ POLYNOMIAL if register & 0x80000000 else register << 1) & 0xFFFFFFFF
    return register ^ 0xFFFFFFFF


def _timed(objects: Objects) -> Iterator[_Timed]:
    names = _names(objects.sources)
    for source in objects.sources:
        trigger = mapping(field(source, "spec", "trigger"))
        text = str(trigger.get("schedule") or "")
        try:
            schedule = parse(text)
        except Refused:
            # that it is none is told by the rule for schedules
            continue
        if not trigger.get("manual"):
            is_spread = text == spread_schedule(names[str(source.id)])
            yield _Timed(source=source, schedule=schedule, is_spread=is_spread)


def _names(sources: tuple[Resource, ...]) -> Mapping[str, str]:
    """Each source by the app that it belongs to: its namespace, unless that has more than one."""
    count = Counter(each.id.namespace for each in sources)
    return {
        str(each.id): each.id.namespace if count[each.id.namespace] == 1 else f"{each.id.namespace}/{each.id.name}"
        for each in sources
    }


def _slots(schedule: Schedule) -> Iterator[tuple[int, int, int]]:
    parts = {minute // SLOT_MINUTES for minute in schedule.minutes}
    return ((day, hour, part) for day in schedule.days for hour in schedule.hours for part in parts)


def _advice(movable: list[Resource], sources: tuple[Resource, ...]) -> str:
    names = _names(sources)
    shown = [f'{each.id.namespace} "{spread_schedule(names[str(each.id)])}"' for each in movable[:3]]
    return f"{', '.join(shown)}{' and so on' if len(movable) > 3 else ''}, each from the name of the app"
