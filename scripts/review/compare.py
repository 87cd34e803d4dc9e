"""Two renderings -> what a change adds, removes and changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from scripts.document import mapping
from scripts.model import Resource, ResourceId
from scripts.render import Rendering

Path = tuple[str | int, ...]
"""Keys and indexes of a field; the name of an item where a list has named ones."""

PRUNE_SWITCH = "kustomize.toolkit.fluxcd.io/prune"


class Absent(Enum):
    """The value of a field that is not there, which is no value that a file can hold."""

    ABSENT = "(none)"


ABSENT = Absent.ABSENT


class Difference(Enum):
    """What becomes of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """
    One field that differs.

    Args:
        path: where it is.

        before: its value; ABSENT where it was not there.

        after: likewise.
    """

    path: Path
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class ObjectChange:
    """
    One object that differs.

    Args:
        difference: what becomes of it.

        id: what names it, as it is afterwards; as it was before where it is removed.

        kustomization: what applies it, or did.

        before: the object; empty where it is added.

        after: likewise where it is removed.

        is_pruned: whether Flux deletes it from the cluster, where it is removed.

        fields: what differs, in the order of the paths; none where it is added or removed.
    """

    difference: Difference
    id: ResourceId
    kustomization: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    is_pruned: bool = False
    fields: tuple[FieldChange, ...] = field(default=())


def compare(before: Rendering, after: Rendering) -> tuple[ObjectChange, ...]:
    """
    Compare two renderings of a tree, object by object.

    Args:
        before: what the cluster has.

        after: what it would get.

    Returns:
        The objects that differ, by kind, namespace and name. An object whose API has another version is the same one.
    """
    old, new = ({_key(each.id): each for each in side.resources} for side in (before, after))
    pruning = {each.name for each in before.kustomizations if mapping(each.document.get("spec")).get("prune") is True}
    # the entry point is applied from outside of the tree, as a rule with prune
    pruning.add(before.particulars.entry_point)
    return tuple(
        change
        for key in sorted({**old, **new})
        if (change := _change(old.get(key), new.get(key), frozenset(pruning))) is not None
    )


def _key(identity: ResourceId) -> tuple[str, str, str, str]:
    group = identity.api_version.rpartition("/")[0]
    return identity.kind, group, identity.namespace, identity.name


def _change(old: Resource | None, new: Resource | None, pruning: frozenset[str]) -> ObjectChange | None:
    if new is None:
        if old is None:
            return None
        is_pruned = old.kustomization in pruning and not _is_kept(old.document)
        return ObjectChange(
            difference=Difference.REMOVED,
            id=old.id,
            kustomization=old.kustomization,
            before=old.document,
            after={},
            is_pruned=is_pruned,
        )
    if old is None:
        return ObjectChange(
            difference=Difference.ADDED, id=new.id, kustomization=new.kustomization, before={}, after=new.document
        )
    fields = tuple(_fields(old.document, new.document, ()))
    if not fields:
        return None
    return ObjectChange(
        difference=Difference.CHANGED,
        id=new.id,
        kustomization=new.kustomization,
        before=old.document,
        after=new.document,
        fields=fields,
    )


def _is_kept(document: Mapping[str, Any]) -> bool:
    metadata = mapping(document.get("metadata"))
    held = (mapping(metadata.get(name)).get(PRUNE_SWITCH) for name in ("annotations", "labels"))
    return any(str(value).lower() == "disabled" for value in held)


def _fields(before: object, after: object, path: Path) -> Iterator[FieldChange]:
    if _parts(before) is None or _parts(after) is None:
        # True and 1 are equal in Python and not in YAML
        if type(before) is not type(after) or before != after:
            yield FieldChange(path=path, before=before, after=after)
        return
    if isinstance(before, dict) is not isinstance(after, dict):
        yield FieldChange(path=path, before=before, after=after)
        return
    old, new = _parts(before) or {}, _parts(after) or {}
    for key in sorted({**old, **new}, key=lambda each: (isinstance(each, str), each)):
        yield from _fields(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))


def _parts(value: object) -> Mapping[str | int, Any] | None:
    """What a value is made of; None where it is one thing, and an empty list or mapping is one."""
    if isinstance(value, dict) and value:
        return {str(key): each for key, each in value.items()}
    if isinstance(value, list) and value:
        names = [each.get("name") if isinstance(each, dict) else None for each in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {str(name): each for name, each in zip(names, value, strict=True)}
        return dict(enumerate(value))
    return None
