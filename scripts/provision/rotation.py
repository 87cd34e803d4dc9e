"""
Values of the record on their way to others: begun -> replaced -> finished, each by one write of the record.

    fresh      the record has the values alone
    begun      beside them it has the next ones, which may not be in force yet
    replaced   it has the new ones, and beside them the previous ones, which may be in force still

So whatever is in force is in the record, and a run that was killed is finished by the next.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from scripts.errors import Drift
from scripts.provision.credentials import LABELS, NEXT, PREVIOUS, RESTIC_PASSWORD, RecordState
from scripts.provision.record import Record
from scripts.settings import Secret

Values = Mapping[str, Secret]
"""Label -> value, of one of LABELS each."""


class Phase(Enum):
    """How far a rotation has got."""

    FRESH = "fresh"
    BEGUN = "begun"
    REPLACED = "replaced"


def phase(state: RecordState, labels: Sequence[str], *, name: str) -> Phase:
    """
    Say how far the rotation of some values has got.

    Args:
        state: of the record.

        labels: of the values.

        name: of the record.

    Returns:
        The phase.

    Raises:
        Drift: where the record is not as a rotation leaves it, or other values are on their way.
    """
    found = {(prefix, label) for prefix in (NEXT, PREVIOUS) for label in LABELS if state.value(f"{prefix}{label}")}
    others = sorted({label for _, label in found} - set(labels))
    if others:
        task = "backup.rotate-password" if RESTIC_PASSWORD in others else "backup.rotate-keys"
        raise Drift(name, f"has a rotation of {', '.join(others)} in progress", f"finish it with `invoke {task}`")
    for prefix, reached in ((NEXT, Phase.BEGUN), (PREVIOUS, Phase.REPLACED)):
        if found == {(prefix, label) for label in labels}:
            return reached
    if found:
        fields = ", ".join(sorted(f"{prefix}{label}" for prefix, label in found))
        raise Drift(name, f"has {fields}, which no rotation leaves so", "see who changed it, in the item's history")
    return Phase.FRESH


def values(state: RecordState, labels: Sequence[str], prefix: str = "") -> Values:
    """
    Read values of the record.

    Args:
        state: of the record.

        labels: of the values.

        prefix: NEXT or PREVIOUS; "" for those in force.

    Returns:
        The values.
    """
    return {label: state.value(f"{prefix}{label}") for label in labels}


def begin(record: Record, fresh: Values) -> None:
    """
    Write the next values beside those in force.

    Args:
        record: of the credentials.

        fresh: the next values.
    """
    record.write(record.observe(), [(f"{NEXT}{label}", value) for label, value in fresh.items()])


def replace(record: Record, labels: Sequence[str]) -> None:
    """
    Put the next values in the place of those in force, which become the previous ones.

    Args:
        record: of the credentials.

        labels: of the values.
    """
    state = record.observe()
    previous = [(f"{PREVIOUS}{label}", value) for label, value in values(state, labels).items()]
    following = list(values(state, labels, NEXT).items())
    record.write(state, [*following, *previous], removed=[f"{NEXT}{label}" for label in labels])


def finish(record: Record, labels: Sequence[str]) -> None:
    """
    Forget the previous values.

    Args:
        record: of the credentials.

        labels: of the values.
    """
    record.write(record.observe(), [], removed=[f"{PREVIOUS}{label}" for label in labels])
