"""A rendering -> the objects that have to fit each other for a backup to be one."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.checks.fault import Fault
from scripts.document import Location, mapping
from scripts.model import Resource, ResourceId

VOLSYNC = "volsync.backube/"
SETTINGS = "cluster-settings"
"""Name of the ConfigMap that holds what the tree and the set-up tasks share."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """
    A ReplicationDestination and the ReplicationSource whose backups it restores.

    Args:
        source: what makes the backups.

        destination: what restores them.
    """

    source: Resource
    destination: Resource


@dataclass(frozen=True, kw_only=True)
class Objects:
    """
    The objects of a tree that backups are made with.

    Args:
        resources: every rendered object.

        externals: kind -> objects that others make, as "namespace/name", or "name" where they have no namespace.

        made: HelmRelease -> the objects that its chart was seen to make, None where it does not render; those that were
        not rendered are not in it.
    """

    resources: tuple[Resource, ...]
    externals: Mapping[str, frozenset[str]]
    made: Mapping[ResourceId, tuple[ResourceId, ...] | None] = dataclasses.field(default_factory=dict)

    def of(self, kind: str, group: str = "") -> tuple[Resource, ...]:
        """
        The objects of a kind.

        Args:
            kind: for example "PersistentVolumeClaim".

            group: what the apiVersion starts with; "" for any.

        Returns:
            Them, in the order of the rendering.
        """
        return tuple(each for each in self._by_kind.get(kind, ()) if each.id.api_version.startswith(group))

    def get(self, kind: str, namespace: str, name: str) -> Resource | None:
        """
        An object of the tree.

        Args:
            kind: of the object.

            namespace: "" for an object without one.

            name: of the object.

        Returns:
            The object; None where the tree does not make it.
        """
        return self._by_name.get((kind, namespace, name))

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str, str], Resource]:
        return {(each.id.kind, each.id.namespace, each.id.name): each for each in self.resources}

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for each in self.resources:
            found.setdefault(each.id.kind, []).append(each)
        return found

    @cached_property
    def sources(self) -> tuple[Resource, ...]:
        """The ReplicationSources."""
        return self.of("ReplicationSource", VOLSYNC)

    @cached_property
    def destinations(self) -> tuple[Resource, ...]:
        """The ReplicationDestinations."""
        return self.of("ReplicationDestination", VOLSYNC)

    @cached_property
    def claims(self) -> Mapping[tuple[str, str], Resource]:
        """(namespace, name) -> PersistentVolumeClaim."""
        return {(each.id.namespace, each.id.name): each for each in self.of("PersistentVolumeClaim")}

    @cached_property
    def settings(self) -> Resource | None:
        """The ConfigMap cluster-settings; None where the tree has none."""
        return next((each for each in self.of("ConfigMap") if each.id.name == SETTINGS), None)

    def setting(self, key: str) -> str:
        """
        A value of the cluster settings.

        Args:
            key: of the ConfigMap.

        Returns:
            The value; "" where there is none.
        """
        found = field(self.settings, "data", key) if self.settings else None
        return "" if found is None else str(found)

    def has_external(self, kind: str, namespace: str, name: str) -> bool:
        """
        Tell whether another story makes an object.

        Args:
            kind: of the object.

            namespace: "" for an object without one.

            name: of the object.

        Returns:
            Whether kubernetes/tree.yaml says so.
        """
        return (f"{namespace}/{name}" if namespace else name) in self.externals.get(kind, frozenset())

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Each ReplicationDestination with the ReplicationSource that it belongs to, where there is one."""
        filled = {(each.id.namespace, data_source(each)): each.id.name for each in self.claims.values()}
        found: list[Pair] = []
        by_namespace: dict[str, list[Resource]] = {}
        for source in self.sources:
            by_namespace.setdefault(source.id.namespace, []).append(source)
        for destination in self.destinations:
            namespace = destination.id.namespace
            near = by_namespace.get(namespace, [])
            claim = filled.get((namespace, destination.id.name))
            same_claim = [each for each in near if claim and field(each, "spec", "sourcePVC") == claim]
            same_secret = [each for each in near if secret_name(each) == secret_name(destination)]
            # two of an app belong together whatever they say, else a fault in what they say would hide itself
            chosen = same_claim or same_secret or (near if len(near) == 1 else [])
            if chosen:
                found.append(Pair(source=chosen[0], destination=destination))
        return tuple(found)


def field(resource: Resource, *location: str | int) -> Any:  # noqa: ANN401 - a manifest may hold anything
    """
    A field of an object.

    Args:
        resource: the object.

        location: keys and indexes, from the top.

    Returns:
        Its value; None where there is none.
    """
    value: Any = resource.document
    for step in location:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def restic(resource: Resource) -> Mapping[str, Any]:
    """
    What a ReplicationSource or ReplicationDestination says to restic.

    Args:
        resource: the object.

    Returns:
        The field spec.restic; empty where there is none.
    """
    return mapping(field(resource, "spec", "restic"))


def secret_name(resource: Resource) -> str:
    """
    The Secret that a ReplicationSource or ReplicationDestination reads.

    Args:
        resource: the object.

    Returns:
        Its name; "" where none is given.
    """
    return str(restic(resource).get("repository") or "")


def data_source(claim: Resource) -> str:
    """
    The ReplicationDestination that a PVC is filled from.

    Args:
        claim: a PersistentVolumeClaim.

    Returns:
        Its name; "" where the PVC is filled from nothing, or from something else.
    """
    reference = mapping(field(claim, "spec", "dataSourceRef"))
    return str(reference.get("name") or "") if reference.get("kind") == "ReplicationDestination" else ""


def fault(rule: str, resource: Resource, location: Location, found: str, next_step: str) -> Fault:
    """
    A fault of an object.

    Args:
        rule: its id.

        resource: the object.

        location: of the field.

        found: what is wrong, as what follows the object's name in a sentence.

        next_step: what to do.

    Returns:
        The fault.
    """
    return Fault(rule=rule, resource=resource, location=location, message=f"{resource.id} {found}", next_step=next_step)
