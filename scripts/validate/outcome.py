"""What a check came to -> an Outcome."""

from collections.abc import Callable

from scripts.errors import BackupError
from scripts.model import Finding, Outcome, Status


def concluded(
    check: str, subject: str, findings: tuple[Finding, ...], *, reason: str = "", duration_s: float = 0.0
) -> Outcome:
    """
    The outcome of a check that ran to its end.

    Args:
        check: what ran.

        subject: on what.

        findings: what is wrong.

        reason: what spoke; "" where there is nothing to say.

        duration_s: wall time in seconds.

    Returns:
        A failure where there are findings, else a pass.
    """
    return Outcome(
        check=check,
        subject=subject,
        status=Status.FAILED if findings else Status.PASSED,
        reason=reason,
        findings=findings,
        duration_s=duration_s,
    )


def blocked(check: str, subject: str, reason: str) -> Outcome:
    """
    The outcome of a check that could not run.

    Args:
        check: what should have run.

        subject: on what.

        reason: the root cause.

    Returns:
        An outcome that is no pass.
    """
    return Outcome(check=check, subject=subject, status=Status.BLOCKED, reason=reason)


def skipped(check: str, subject: str, reason: str) -> Outcome:
    """
    The outcome of a check that is not meant to run here.

    Args:
        check: what did not run.

        subject: on what.

        reason: why.

    Returns:
        An outcome that is no pass.
    """
    return Outcome(check=check, subject=subject, status=Status.SKIPPED, reason=reason)


def guarded(check: str, subject: str, body: Callable[[], tuple[Outcome, ...]]) -> tuple[Outcome, ...]:
    """
    Let a check that cannot run become an outcome, so that the others are heard all the same.

    Args:
        check: what runs.

        subject: on what.

        body: gives the outcomes.

    Returns:
        The outcomes, or one that says why there are none.
    """
    try:
        return body()
    except BackupError as error:
        return (blocked(check, subject, str(error)),)
