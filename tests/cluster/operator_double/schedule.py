"""When a schedule starts the next sync, as robfig/cron v3.0.1 reads it."""

from datetime import UTC, datetime, timedelta

from tests.cluster.operator_double.problem import Problem

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
NAMES = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0"}
NAMES |= {"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}
HORIZON = timedelta(days=5 * 366)


def following(text: str, moment: datetime) -> datetime:
    """
    The first time after a moment.

    Args:
        text: the schedule, in UTC.

        moment: with its zone.

    Raises:
        Problem: where the parser refuses it.
    """
    if text.startswith("@") and text not in NAMES:
        raise Problem(f"unrecognized descriptor: {text}")
    fields = NAMES.get(text, text).split()
    if len(fields) != len(FIELDS):
        raise Problem(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _numbers(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)
    )
    # a day counts by either of two fields, where both say something
    either = fields[2] != "*" and fields[4] != "*"
    at = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = at + HORIZON
    while at < end:
        by_date, by_weekday = at.day in days, at.isoweekday() % 7 in weekdays
        if at.month not in months or not ((by_date or by_weekday) if either else (by_date and by_weekday)):
            at = at.replace(hour=0, minute=0) + timedelta(days=1)
        elif at.hour not in hours:
            at = at.replace(minute=0) + timedelta(hours=1)
        elif at.minute not in minutes:
            at += timedelta(minutes=1)
        else:
            return at
    raise Problem(f"{text} never comes")


def _numbers(field: str, first: int, last: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        start = first if low == "*" else int(low)
        # a step without an end goes on to the last
        stop = last if low == "*" or (step and not high) else int(high or low)
        found |= set(range(start, stop + 1, int(step or 1)))
    return found
