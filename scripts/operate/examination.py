"""What the checks of a cluster found -> what a person reads, what a machine reads, and how the task ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scripts.errors import CouldNotRun, FindingsFound
from scripts.operate import as_json
from scripts.operate.stuck import Reason
from scripts.operate.times import stamp


class Verdict(Enum):
    """What a check comes to."""

    PASSED = "passed"
    FAILED = "FAILED"
    UNKNOWN = "unknown"
    HELD_UP = "held up"
    """What it rests on has failed."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """
    What a check found.

    Args:
        title: of the check.

        verdict: what it comes to.

        reasons: why it failed.

        unknown: what could not be seen.

        held_up_by: the title of the check that it rests on, and that has failed; "" where none has.
    """

    title: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    unknown: tuple[str, ...] = ()
    held_up_by: str = ""


def lines(found: tuple[Examination, ...]) -> Iterator[str]:
    """
    Write what checks found for people.

    Args:
        found: by the checks.

    Yields:
        Lines.
    """
    for each in found:
        held = f", by: {each.held_up_by}" if each.held_up_by else ""
        yield f"{each.verdict.value:<7}  {each.title}{held}"
        yield from (f"    {reason.found}; {reason.next_step}" for reason in each.reasons)
        yield from (f"    unknown: {text}" for text in each.unknown)


def document(found: tuple[Examination, ...], *, now: datetime, context: str) -> str:
    """
    Write what checks found for machines.

    Args:
        found: by the checks.

        now: when.

        context: of the cluster.

    Returns:
        One document.
    """
    checks = [
        {
            "title": each.title,
            "verdict": each.verdict.value.lower(),
            "reasons": [{"found": reason.found, "next_step": reason.next_step} for reason in each.reasons],
            "unknown": list(each.unknown),
            "held_up_by": each.held_up_by or None,
        }
        for each in found
    ]
    return as_json.written(context, {"time": stamp(now), "checks": checks})


def judge(found: tuple[Examination, ...], *, context: str) -> None:
    """
    End with what the checks come to.

    Args:
        found: by the checks.

        context: of the cluster.

    Raises:
        FindingsFound: where a check failed.

        CouldNotRun: where none did, and one could not see all that it has to.
    """
    for verdict, error, word in (
        (Verdict.FAILED, FindingsFound, "failed"),
        (Verdict.UNKNOWN, CouldNotRun, "could not see all that they have to"),
    ):
        count = sum(each.verdict is verdict for each in found)
        if count:
            raise error(
                f"cluster {context}", f"{count} of {len(found)} checks {word}", "begin with the first one above"
            )
