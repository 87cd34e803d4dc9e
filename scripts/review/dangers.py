"""What a change adds, removes and changes -> what of it is dangerous for backups."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scripts.document import mapping
from scripts.model import Resource, ResourceId
from scripts.review.compare import Difference, ObjectChange

MOVERS = ("ReplicationSource", "ReplicationDestination")
COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
SPAN = re.compile(r"(\d+)([ymdh])")
HOURS = {"y": 365 * 24, "m": 30 * 24, "d": 24, "h": 1}
CREDENTIALS = ("RESTIC_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
FETCHED = ("secretStoreRef", "dataFrom", "data")
"""Fields of an ExternalSecret that say what is fetched, and from where."""


@dataclass(frozen=True, kw_only=True)
class Danger:
    """
    One thing that endangers backups.

    Args:
        rule: one of DANGERS.

        subject: the object.

        message: what changes and what follows from it, in one sentence.
    """

    rule: str
    subject: ResourceId
    message: str


DANGERS: Mapping[str, str] = MappingProxyType(
    {
        "backup-removed": "A ReplicationSource goes.",
        "volume-removed": "A PersistentVolumeClaim goes, or the namespace that holds it.",
        "secret-removed": "The Secret that a mover needs goes, or the ExternalSecret that makes it.",
        "repository-changed": "A backup goes to another repository than before, or a restore comes from another one.",
        "source-changed": "A ReplicationSource backs up another volume than before.",
        "retention-shortened": "Fewer snapshots are kept than before.",
        "paused": "A ReplicationSource or ReplicationDestination does nothing any more.",
        "schedule-removed": "A ReplicationSource has no schedule any more.",
        "volume-changed": "The storage class or the size of a PersistentVolumeClaim changes.",
        "credentials-changed": "The credentials of a repository come from somewhere else than before.",
    }
)
"""Id of a danger -> what it is."""


def dangers(changes: tuple[ObjectChange, ...], before: tuple[Resource, ...]) -> tuple[Danger, ...]:
    """
    Find what of a change is dangerous for backups.

    Args:
        changes: what differs.

        before: every object that the cluster has.

    Returns:
        In the order of the changes.
    """
    needed = frozenset(_needed(before)) | frozenset(_needed_after(changes))
    return tuple(danger for change in changes for danger in _of(change, needed))


def _of(change: ObjectChange, needed: frozenset[tuple[str, str]]) -> Iterator[Danger]:
    found: Iterator[tuple[str, str]] = iter(())
    if change.difference is Difference.REMOVED:
        found = _removed(change, needed) if change.is_pruned else found
    else:
        look = CHANGED.get(change.id.kind)
        found = look(change, needed) if look else found
    for rule, message in found:
        yield Danger(rule=rule, subject=change.id, message=message)


def _needed(resources: tuple[Resource, ...]) -> Iterator[tuple[str, str]]:
    for each in resources:
        if each.id.kind in MOVERS:
            yield each.id.namespace, str(_restic(each.document).get("repository"))


def _needed_after(changes: tuple[ObjectChange, ...]) -> Iterator[tuple[str, str]]:
    for each in changes:
        if each.id.kind in MOVERS and each.after:
            yield each.id.namespace, str(_restic(each.after).get("repository"))


def _removed(change: ObjectChange, needed: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    match change.id.kind:
        case "ReplicationSource":
            claim = _spec(change.before).get("sourcePVC")
            yield "backup-removed", f"no backup of PersistentVolumeClaim {claim} is made any more"
        case "PersistentVolumeClaim":
            yield "volume-removed", "the volume is deleted with what it holds, as its storage class says"
        case "Namespace":
            yield "volume-removed", "everything in the namespace is deleted, its volumes too"
        case "Secret" | "ExternalSecret" if _secret(change.id.namespace, change.before) in needed:
            yield "secret-removed", "the movers that name it cannot reach their repository any more"
        case _:
            pass


def _replication(change: ObjectChange, _: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    old, new = _spec(change.before), _spec(change.after)
    if new.get("paused") is True and old.get("paused") is not True:
        yield "paused", "nothing is backed up or restored until spec.paused goes"
    if change.difference is not Difference.CHANGED:
        return
    was, now = (_restic(each).get("repository") for each in (change.before, change.after))
    if was != now:
        yield "repository-changed", f"Secret {was} -> {now}: older snapshots stay in the repository of the former"
    if change.id.kind == "ReplicationSource":
        yield from _source(old, new)


def _source(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if old.get("sourcePVC") != new.get("sourcePVC"):
        claims = f"{old.get('sourcePVC')} -> {new.get('sourcePVC')}"
        yield "source-changed", f"PersistentVolumeClaim {claims}: snapshots of both stand in one repository"
    was, now = (mapping(each.get("trigger")).get("schedule") for each in (old, new))
    if was and not now:
        yield "schedule-removed", f"{was!r} goes: no backup starts by the clock any more"
    yield from _retention(mapping(old.get("restic")).get("retain"), mapping(new.get("restic")).get("retain"))


def _retention(old: object, new: object) -> Iterator[tuple[str, str]]:
    if not mapping(old):
        return
    if not mapping(new):
        yield "retention-shortened", "retain goes: only the newest snapshot survives each run"
        return
    was, now = mapping(old), mapping(new)
    less = [
        f"{name} {was[name]} -> {now.get(name, 'none')}"
        for name in (*COUNTS, "within")
        if name in was and _kept(name, now.get(name)) < _kept(name, was[name])
    ]
    if less:
        yield "retention-shortened", f"{', '.join(less)}: the next run removes the snapshots that are no longer kept"


def _kept(name: str, value: object) -> float:
    """How much a rule keeps: a number of snapshots, or of hours."""
    text = str(value if value is not None else 0).strip()
    if name == "within":
        return sum(int(count) * HOURS[unit] for count, unit in SPAN.findall(text))
    try:
        count = int(text)
    except ValueError:
        return math.inf if text == "unlimited" else 0
    return count if count >= 0 else math.inf


def _volume(change: ObjectChange, _: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if change.difference is not Difference.CHANGED:
        return
    was, now = (_spec(each).get("storageClassName") for each in (change.before, change.after))
    if was != now:
        yield "volume-changed", f"storage class {was} -> {now}: a volume that is there cannot be moved to another one"
    was, now = (_size(each) for each in (change.before, change.after))
    if was != now:
        yield "volume-changed", f"size {was} -> {now}: a volume never shrinks, and grows only where its class can do it"


def _external_secret(change: ObjectChange, needed: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if change.difference is not Difference.CHANGED:
        return
    names = {_secret(change.id.namespace, each) for each in (change.before, change.after)}
    if not names & needed:
        return
    old, new = (_template(each) for each in (change.before, change.after))
    if old.get("RESTIC_REPOSITORY") != new.get("RESTIC_REPOSITORY"):
        moved = f"{old.get('RESTIC_REPOSITORY')} -> {new.get('RESTIC_REPOSITORY')}"
        yield "repository-changed", f"{moved}: the next backup starts an empty repository, and a restore looks there"
    fields = [f"spec.{name}" for name in FETCHED if _spec(change.before).get(name) != _spec(change.after).get(name)]
    fields += [name for name in CREDENTIALS if old.get(name) != new.get(name)]
    if len(names) > 1:
        fields.append("the name of the Secret")
    if fields:
        yield "credentials-changed", f"{', '.join(fields)}: with another RESTIC_PASSWORD no repository can be opened"


def _plain_secret(change: ObjectChange, needed: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if change.difference is Difference.CHANGED and _secret(change.id.namespace, change.before) in needed:
        names = sorted({str(each.path[1]) for each in change.fields if each.path[0] in {"data", "stringData"}})
        if "RESTIC_REPOSITORY" in names:
            yield "repository-changed", "RESTIC_REPOSITORY: the next backup starts an empty repository"
        if others := [name for name in names if name != "RESTIC_REPOSITORY"]:
            yield (
                "credentials-changed",
                f"{', '.join(others)}: with another RESTIC_PASSWORD no repository can be opened",
            )


CHANGED: Mapping[str, Callable[[ObjectChange, frozenset[tuple[str, str]]], Iterator[tuple[str, str]]]] = (
    MappingProxyType(
        {
            "ReplicationSource": _replication,
            "ReplicationDestination": _replication,
            "PersistentVolumeClaim": _volume,
            "ExternalSecret": _external_secret,
            "Secret": _plain_secret,
        }
    )
)
"""Kind -> what looks at one that is added or changed."""


def _spec(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(document.get("spec"))


def _restic(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(_spec(document).get("restic"))


def _size(document: Mapping[str, Any]) -> object:
    return mapping(mapping(_spec(document).get("resources")).get("requests")).get("storage")


def _template(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(mapping(_spec(document).get("target")).get("template")).get("data"))


def _secret(namespace: str, document: Mapping[str, Any]) -> tuple[str, str]:
    """The Secret that an object is, or makes."""
    own = str(mapping(document.get("metadata")).get("name"))
    if document.get("kind") == "Secret":
        return namespace, own
    return namespace, str(mapping(_spec(document).get("target")).get("name") or own)
