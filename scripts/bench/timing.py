"""A piece of work -> the seconds that it takes."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping

from scripts.process import Completed, minimal_environment, run
from scripts.settings import REPOSITORY_ROOT, Secret

TIMEOUT_S = 3600.0


def python(
    *arguments: str, environment: Mapping[str, str | Secret] | None = None, accept: tuple[int, ...] = (0,)
) -> Completed:
    """
    Run this Python in the checkout.

    Args:
        arguments: of the interpreter.

        environment: further variables.

        accept: exit codes that are not failures.

    Returns:
        What it wrote and how long it took.

    Raises:
        CommandFailed: where it fails.
    """
    return run(
        (sys.executable, *arguments),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment(environment),
        cwd=REPOSITORY_ROOT,
        accept=accept,
    )


def median(rounds: int, act: Callable[[], object]) -> float:
    """
    Time a piece of work several times, after once to warm up.

    Args:
        rounds: how often.

        act: the work.

    Returns:
        The median in seconds, to the millisecond.
    """
    act()
    return round(statistics.median(timed(act) for _ in range(rounds)), 3)


def timed(act: Callable[[], object]) -> float:
    """
    Time a piece of work once.

    Args:
        act: the work.

    Returns:
        Wall time in seconds.
    """
    started = time.monotonic()
    act()
    return time.monotonic() - started
