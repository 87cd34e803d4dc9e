"""A Report -> what it comes to; every format and the exit code say the same."""

from enum import Enum

from scripts.model import Outcome, Report, Status


class Verdict(Enum):
    """What a report comes to."""

    CLEAN = "clean"
    FINDINGS = "findings"
    COULD_NOT_RUN = "could-not-run"
    """Nothing is known to be wrong, but a check could not run, or nothing was checked."""


def verdict(report: Report) -> Verdict:
    """
    Say what a report comes to.

    Args:
        report: what was found.

    Returns:
        Findings win over what could not run; clean is only what was checked to its end.
    """
    if report.findings:
        return Verdict.FINDINGS
    return Verdict.COULD_NOT_RUN if obstacles(report) else Verdict.CLEAN


def obstacles(report: Report) -> tuple[Outcome, ...]:
    """
    List what keeps a report from being complete.

    Args:
        report: what was found.

    Returns:
        The outcomes that are blocked; one that says that nothing was checked where that is so.
    """
    blocked = tuple(each for each in report.outcomes if each.status is Status.BLOCKED)
    if blocked or report.findings or report.count(Status.PASSED):
        return blocked
    return (Outcome(check=report.title, subject="the tree", status=Status.BLOCKED, reason="nothing was checked"),)
