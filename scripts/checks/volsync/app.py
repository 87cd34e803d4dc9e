"""The app around a backup -> whether its mover reads what it writes, and whether its data outlives its manifests."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, data_source, fault, field, restic
from scripts.checks.pods import TEMPLATES, pod
from scripts.document import items, mapping
from scripts.model import Resource

PRUNE = "kustomize.toolkit.fluxcd.io/prune"
"""
An annotation, or label, of what Flux does not delete.

Source: fluxcd/kustomize-controller@v1.9.4:docs/spec/v1/kustomizations.md (Prune)
"""


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check the apps whose volumes are backed up.

    Args:
        objects: of the tree.

    Yields:
        What is wrong: with who writes the data, with what deletes it.
    """
    sources = {(each.id.namespace, str(field(each, "spec", "sourcePVC"))): each for each in objects.sources}
    workloads = tuple(each for kind in TEMPLATES for each in objects.of(kind))
    for each in workloads:
        for name in _claims(each):
            if source := sources.get((each.id.namespace, name)):
                yield from _user(each, source)
    appliers = {each.id.name: each for each in objects.of("Kustomization")}
    for key in sources:
        claim = objects.claims.get(key)
        # one that is filled from its backups comes with them: both are the component's
        if claim and data_source(claim):
            yield from _pruned(appliers, claim, "the data goes with the manifests of its app")
            namespace = objects.get("Namespace", "", key[0])
            if namespace:
                yield from _pruned(appliers, namespace, f"{claim.id} goes with it")


def _claims(each: Resource) -> Iterator[str]:
    for volume in map(mapping, items(pod(each).get("volumes"))):
        if name := mapping(volume.get("persistentVolumeClaim")).get("claimName"):
            yield str(name)


def _user(each: Resource, source: Resource) -> Iterator[Fault]:
    mover: Any = mapping(restic(source).get("moverSecurityContext")).get("runAsUser")
    if mover in (None, 0):
        return
    outer = mapping(pod(each).get("securityContext")).get("runAsUser")
    users = {mapping(one.get("securityContext")).get("runAsUser", outer) for one in map(mapping, _containers(each))}
    # what is no number the schemas tell
    if any(user != mover and (user is None or isinstance(user, int)) for user in users):
        told = ", ".join(sorted("(none)" if user is None else str(user) for user in users))
        yield fault(
            "volsync-mover-app",
            each,
            (*TEMPLATES[each.id.kind], "spec", "securityContext", "runAsUser"),
            f"runs as the user {told}, and the mover of {source.id} as {mover}, which cannot read what it keeps to itself",
            f"write `runAsUser: {mover}`, or give the mover the user of the app (VOLSYNC_MOVER_UID)",
        )


def _containers(each: Resource) -> list[Any]:
    return items(pod(each).get("containers"))


def _pruned(appliers: Mapping[str, Resource], each: Resource, why: str) -> Iterator[Fault]:
    by = appliers.get(each.kustomization)
    metadata = mapping(each.document.get("metadata"))
    switches = [mapping(metadata.get(name)).get(PRUNE) for name in ("annotations", "labels")]
    if by is not None and field(by, "spec", "prune") and "disabled" not in switches:
        found = f"is deleted when it leaves git, and {why}"
        yield fault(
            "volsync-pruned", each, ("metadata", "annotations", PRUNE), found, f"annotate it `{PRUNE}: disabled`"
        )
