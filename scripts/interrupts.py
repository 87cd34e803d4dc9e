"""A signal that ends the work -> an exception, so that every context cleans up."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from scripts.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, `kill`, and a terminal that goes away."""


@dataclass
class _Arrived:
    number: int | None = None
    held: bool = False
    ends_threads: bool = False


_ARRIVED = _Arrived()
_THREAD = threading.local()


@contextlib.contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """
    Let SIGTERM and SIGHUP end the work the way Ctrl-C does.

    Raises:
        Interrupted: on the first of the three; those that follow are ignored, so that they do not break the clean-up.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        _ARRIVED.number = number
        _ARRIVED.ends_threads = True
        if not _ARRIVED.held:
            _act()

    before = {each: signal.signal(each, interrupt) for each in SIGNALS}
    try:
        yield
    finally:
        _ARRIVED.ends_threads = False
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """
    Let a signal wait for the end of this context.

    While a program is being started an exception would lose it, and nobody would end it.

    Raises:
        Interrupted: at the end, where a signal came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        # signals reach only the main thread
        yield
        return
    _ARRIVED.held = True
    try:
        yield
    finally:
        _ARRIVED.held = False
        _act()


@contextlib.contextmanager
def also_in_this_thread() -> Iterator[None]:
    """
    Let a signal end the work of a thread too, which no signal reaches by itself; it looks for one wherever it waits.

    Raises:
        Interrupted: once, where a signal has ended the work; the clean-up after it may wait again.
    """
    _THREAD.looks = True
    try:
        yield
    finally:
        _THREAD.looks = False


def look() -> None:
    """
    Look whether the work of this thread has to end; called wherever one may wait.

    Raises:
        Interrupted: where it has.
    """
    if _ARRIVED.ends_threads and getattr(_THREAD, "looks", False):
        _THREAD.looks = False
        raise Interrupted("a signal", "the work was ended half-way and cleaned up", "run it again")


def _act() -> None:
    if _ARRIVED.number is not None:
        name = signal.Signals(_ARRIVED.number).name
        _ARRIVED.number = None
        raise Interrupted(name, "the work was ended half-way and cleaned up", "run it again")
