"""What a restore has begun, as a value: with it whoever finds it can finish or undo it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

VERSION = 1


class Phase(Enum):
    """How far a restore has got, as it matters for how it is ended."""

    PREPARING = "preparing"
    """The volume is as it was: it is undone."""
    WRITING = "writing"
    """The volume may be half restored: it is finished."""
    ENDING = "ending"
    """All that is left is to give back what was taken."""


@dataclass(frozen=True, kw_only=True)
class Suspended:
    """
    A Flux object that this restore suspended.

    Args:
        kind: "Kustomization" or "HelmRelease".

        namespace: of it.

        name: of it.
    """

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """
    A workload that this restore scaled to 0.

    Args:
        kind: "Deployment" or "StatefulSet".

        name: of it.

        replicas: that it had.
    """

    kind: str
    name: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class Retention:
    """
    The retention of a source that this restore changed.

    Args:
        was: spec.restic.retain; None where there was none.
    """

    was: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Journal:
    """
    A restore.

    Args:
        tag: of this restore: of its ReplicationDestination's trigger, and of the source's while that is held.

        holder: which run carries it out; another one that takes it over puts its own here.

        snapshot: id of what is restored, 64 hex digits.

        as_of: its time in whole seconds, as restoreAsOf has it.

        claim: that is filled.

        is_new: whether this restore makes that claim.

        phase: how far it has got.

        step: that was begun last.

        safety: id of the backup that was made before, 8 hex digits or more; "" for none.

        is_proven: whether the volume was compared, and is as the snapshot says.

        suspended: of Flux.

        stopped: of the app.

        retention: of the source; None where it was not changed.
    """

    tag: str
    holder: str
    snapshot: str
    as_of: str
    claim: str
    is_new: bool
    phase: Phase = Phase.PREPARING
    step: str = ""
    safety: str = ""
    is_proven: bool = False
    suspended: tuple[Suspended, ...] = ()
    stopped: tuple[Stopped, ...] = ()
    retention: Retention | None = None


def dumped(journal: Journal) -> str:
    """
    Write a journal as text.

    Args:
        journal: the journal.

    Returns:
        JSON, for people too.
    """
    document = {"version": VERSION, **asdict(journal), "phase": journal.phase.value}
    return json.dumps(document, indent=2) + "\n"


def loaded(text: str) -> Journal:
    """
    Read a journal.

    Args:
        text: as `dumped` made it.

    Returns:
        The journal.

    Raises:
        ValueError: where it is none of this version.
    """
    document = json.loads(text)
    if document.pop("version", None) != VERSION:
        raise ValueError("another version of this project wrote it")
    retention = document["retention"]
    read = {
        "phase": Phase(document["phase"]),
        "suspended": tuple(Suspended(**each) for each in document["suspended"]),
        "stopped": tuple(Stopped(**each) for each in document["stopped"]),
        "retention": None if retention is None else Retention(**retention),
    }
    return Journal(**document | read)
