"""Steps, taken one after the other until one fails -> how each of them ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.e2e.evidence import StepRecord
from scripts.errors import BackupError, MoverFailed
from scripts.model import Status
from scripts.progress import step as progress_step


@dataclass(frozen=True, kw_only=True)
class Shown:
    """
    What a step showed.

    Args:
        detail: in one sentence.

        log: what the mover said.

        is_checked: False where what was to be seen is not there, and somebody said that it may be missing.
    """

    detail: str
    log: tuple[str, ...] = ()
    is_checked: bool = True


Steps = tuple[tuple[str, Callable[[], Shown]], ...]
"""What is to be done, as pairs of a title and the doing."""


def run(steps: Steps) -> tuple[tuple[StepRecord, ...], BackupError | None]:
    """
    Take every step until one fails; what is behind it is blocked by it.

    Args:
        steps: pairs of a title and what is done.

    Returns:
        The steps as they went, and the failure, None where there is none.
    """
    records: list[StepRecord] = []
    failure: BackupError | None = None
    failed_title = ""
    for title, act in steps:
        if failure is not None:
            records.append(StepRecord(title=title, status=Status.BLOCKED, detail=f"blocked by `{failed_title}`"))
            continue
        started = time.monotonic()
        try:
            with progress_step(title):
                shown_by_step = act()
            status = Status.PASSED if shown_by_step.is_checked else Status.SKIPPED
            detail, log = shown_by_step.detail, shown_by_step.log
        except BackupError as error:
            failure, failed_title = error, title
            status, detail = Status.FAILED, str(error)
            log = error.log if isinstance(error, MoverFailed) else ()
        records.append(
            StepRecord(title=title, status=status, detail=detail, log=log, duration_s=time.monotonic() - started)
        )
    return tuple(records), failure
