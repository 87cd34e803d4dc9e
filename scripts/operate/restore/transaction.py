"""Named steps, each with what takes it back -> taken one after the other, or taken back the other way round."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scripts.errors import BackupError
from scripts.progress import step as progress_step


def nothing() -> None:
    """Do nothing: there are steps that leave nothing to take back."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    A step that may be taken twice, and taken back twice, also where it was not taken.

    Args:
        name: one word, as the journal has it.

        title: what it does, as in "stop the app".

        do: takes it.

        ending: what taking it back does, as in "start the app".

        undo: takes it back.
    """

    name: str
    title: str
    do: Callable[[], None]
    ending: str = ""
    undo: Callable[[], None] = nothing


def take(steps: Iterable[Step], begin: Callable[[str], object]) -> None:
    """
    Take steps until one fails.

    Args:
        steps: in their order.

        begin: is told the name of each before it is taken, and may refuse it.
    """
    for each in steps:
        begin(each.name)
        with progress_step(each.title):
            each.do()


def take_back(steps: Iterable[Step]) -> tuple[BackupError, ...]:
    """
    Take steps back, the last one first; one that fails keeps none of the others.

    Args:
        steps: in the order in which they were taken.

    Returns:
        What failed.
    """
    failed: list[BackupError] = []
    for each in reversed(tuple(steps)):
        if each.undo is nothing:
            continue
        try:
            with progress_step(each.ending):
                each.undo()
        except BackupError as error:
            failed.append(error)
    return tuple(failed)
