"""What is going on, while it is going on: a live line on a terminal, plain lines elsewhere."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from scripts.errors import BackupError

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

CONSOLE = Console(stderr=True, highlight=False)
"""Progress goes to standard error, so that standard output holds only results."""


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """
    Say that something goes on, and how long it took.

    Args:
        text: what goes on, as in "back up 64 MiB"; never a secret.
    """
    started = time.monotonic()
    shown = escape(text)
    # a terminal has one live line
    live = CONSOLE.is_terminal and threading.current_thread() is threading.main_thread()
    with CONSOLE.status(shown) if live else _announced(shown):
        try:
            yield
        except BaseException:
            CONSOLE.print(f"[red]failed[/] {shown} ({time.monotonic() - started:.1f} s)", soft_wrap=True)
            raise
    CONSOLE.print(f"[green]done[/] {shown} ({time.monotonic() - started:.1f} s)", soft_wrap=True)


def say(text: str) -> None:
    """
    Say something that takes no time.

    Args:
        text: one line; never a secret.
    """
    CONSOLE.print(escape(text), soft_wrap=True)


def say_retry(details: "RetryDetails") -> None:
    """
    Say that something is tried again, and why; a hook for stamina.

    Args:
        details: what stamina knows of the attempt that failed.
    """
    cause = details.caused_by
    # an exception that is not this project's may quote what it was given
    reason = cause.found if isinstance(cause, BackupError) else type(cause).__name__
    say(f"attempt {details.retry_num} failed, again in {details.wait_for:.1f} s: {reason}")


@contextlib.contextmanager
def _announced(text: str) -> Iterator[None]:
    CONSOLE.print(f"{text} ...", soft_wrap=True)
    yield
