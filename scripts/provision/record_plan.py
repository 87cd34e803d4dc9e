"""What was found in the record of the credentials -> what is written into it; nothing here touches a server or a file."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.model import Change, Plan, Step
from scripts.provision.credentials import ACCESS_KEY_ID, CONCEALED, LABELS, RecordState, is_acceptable
from scripts.settings import Secret


@dataclass(frozen=True, kw_only=True)
class RecordPlan:
    """
    What is left to do to the record.

    Args:
        plan: its steps, one a field; they are taken in one write.

        fields: label and value of what is written.
    """

    plan: Plan
    fields: tuple[tuple[str, Secret], ...]


def plan_record(state: RecordState, *, name: str, made: Mapping[str, Secret]) -> RecordPlan:
    """
    What completes the record.

    Args:
        state: as it was found.

        name: of the record.

        made: label -> fresh value, for what it lacks.

    Returns:
        The plan; a RESTIC_PASSWORD that has a value is never part of it with another one.
    """
    steps: list[Step] = []
    fields: list[tuple[str, Secret]] = []
    for label in LABELS:
        step, value = _field_change(state, label, name, made[label])
        if step is not None:
            steps.append(step)
            fields.append((label, value))
    return RecordPlan(plan=Plan(subject=name, steps=tuple(steps)), fields=tuple(fields))


def _field_change(state: RecordState, label: str, name: str, fresh: Secret) -> tuple[Step | None, Secret]:
    value = state.value(label)
    subject = f"{label} of {name}"
    if not value:
        found = "no value" if state.exists else "no record"
        wanted = fresh.reveal() if label == ACCESS_KEY_ID else "a strong random value"
        return Step(change=Change.CREATE, subject=subject, found=found, wanted=wanted), fresh
    if not is_acceptable(label, value):
        found = "a value of a length that MinIO refuses"
        return Step(change=Change.REPLACE, subject=subject, found=found, wanted="a new one"), fresh
    shown = any(field.label == label and not field.concealed for field in state.fields)
    if label in CONCEALED and shown:
        found = "shown as text"
        return Step(change=Change.UPDATE, subject=subject, found=found, wanted="concealed, same value"), value
    return None, value
