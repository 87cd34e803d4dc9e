"""What is going on, while it is going on: a live line on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

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
    with CONSOLE.status(shown) if CONSOLE.is_terminal else _announced(shown):
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


@contextlib.contextmanager
def _announced(text: str) -> Iterator[None]:
    CONSOLE.print(f"{text} ...", soft_wrap=True)
    yield
