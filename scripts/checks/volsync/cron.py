"""A schedule -> when it starts something, or what VolSync has against it."""

import re
from dataclasses import dataclass

DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""What the API takes; the parser would know two more."""

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))

ZONE = re.compile(r"(?:CRON_)?TZ=\S+ +")

ITEM = re.compile(r"(?:\*|(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)(?:/(?P<step>\d{1,9}))?")
"""A part of a field, without the names of months and days, which the API refuses."""

ENDING = re.compile(r"(?:(?:\d+(?:,\d+)*|\d+[-/]\d+|\*(?:/\d+)?)\s?){5}$")
"""What the API asks of the end of a schedule; of its beginning it asks nothing."""


class Refused(Exception):
    """
    A schedule that VolSync does not take.

    Args:
        reason: why, as what follows "it" in a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """
    When a schedule starts something.

    Args:
        minutes: of the hour.

        hours: of the day.

        days: of the week, 0 for Sunday; those of the month are not told apart.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]


def parse(text: str) -> Schedule:
    """
    Read a schedule as both the API and the operator's parser take it.

    Args:
        text: five fields, or one of the API's names such as "@daily"; a zone may stand before them.

    Returns:
        When it starts something.

    Raises:
        Refused: where one of the two does not take it.

    Source:
        backube/volsync@v0.12.0:controllers/statemachine/machine.go; robfig/cron@v3.0.1:parser.go (bounds, no day 7).
    """
    if text.startswith("@"):
        if text not in DESCRIPTORS:
            raise Refused(f"is none of {', '.join(sorted(DESCRIPTORS))}")
        return parse(DESCRIPTORS[text])
    bare = ZONE.sub("", text, count=1) if ZONE.match(text) else text
    fields = bare.split()
    if len(fields) != len(FIELDS):
        raise Refused(f"has {len(fields)} fields, and wanted are five")
    values = [_field(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)]
    if not ENDING.search(bare):
        raise Refused("is written in a way that the API refuses: single blanks, no list of ranges")
    return Schedule(minutes=values[0], hours=values[1], days=values[4])


def _field(text: str, name: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        item = ITEM.fullmatch(part)
        if item is None:
            raise Refused(f"has `{text}` as its {name}, and wanted are numbers, `*`, ranges and steps")
        first = int(item["first"]) if item["first"] else least
        # a step after a number goes on to the end
        last = int(item["last"]) if item["last"] else most if item["step"] or not item["first"] else first
        step = int(item["step"]) if item["step"] else 1
        if step == 0 or first < least or last > most or first > last:
            raise Refused(f"has `{text}` as its {name}, and wanted is {least} to {most}")
        found.update(range(first, last + 1, step))
    return frozenset(found)
