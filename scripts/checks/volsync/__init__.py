"""
What a tree renders to -> what VolSync would refuse, ignore, not back up or not give back.

    repository  the Secret, the item and the restic repository
    volumes     PVCs, copies and classes
    restore     ReplicationDestinations and the PVCs that are filled from them
    retention   what is kept, and what the mover needs
    schedule    when a source is backed up
    cron        a schedule, as the operator's parser reads it
    spread      schedules that pile up, and the minute to use
    app         who writes the data, and what deletes it
"""

from collections.abc import Iterator

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects
from scripts.checks.volsync import app, repository, restore, retention, schedule, spread, volumes

SUBJECTS = (repository, volumes, restore, retention, schedule, spread, app)


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check everything that VolSync needs of a tree.

    Args:
        objects: of the tree.

    Yields:
        What is wrong, by subject.
    """
    for subject in SUBJECTS:
        yield from subject.check(objects)
