"""The wrapper around every task: an error that a person can act on becomes one line and its exit code."""

import functools
from collections.abc import Callable
from typing import ParamSpec

from invoke import Exit

from scripts.errors import BackupError
from scripts.interrupts import signals_as_interrupts

Parameters = ParamSpec("Parameters")


def exits_cleanly(body: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """
    Turn each BackupError that a task raises into its one line on standard error and its exit code.

    Args:
        body: the task.

    Returns:
        The task; a bug keeps its traceback.
    """

    @functools.wraps(body)
    def task(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        # imported here, so that `invoke --list` stays instant
        from stamina.instrumentation import set_on_retry_hooks  # noqa: PLC0415

        from scripts.progress import say_retry  # noqa: PLC0415

        set_on_retry_hooks((say_retry,))
        try:
            with signals_as_interrupts():
                body(*args, **kwargs)
        except BackupError as error:
            raise Exit(f"error: {error}", code=error.exit_code) from error

    return task
