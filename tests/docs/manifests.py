"""A YAML document of the documentation -> what of it the tree and its components do not know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.docs.tree import Known

CLASSES = {
    "storageClassName": "StorageClass",
    "cacheStorageClassName": "StorageClass",
    "volumeSnapshotClassName": "VolumeSnapshotClass",
}
MOVER = ("moverPodLabels", "moverSecurityContext", "repository", "copyMethod", "cleanupTempPVC", "cleanupCachePVC")
"""What a ReplicationDestination by hand has to have as the component has it."""


def check(document: Mapping[str, Any], known: Known, together: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """
    What is wrong with a document.

    Args:
        document: to be looked at.

        known: the tree.

        together: what is applied with it.
    """
    pair = (str(document.get("apiVersion")), str(document.get("kind")))
    if pair not in known.pairs:
        yield f"the tree has no {pair[1]} of {pair[0]}"
        return
    kind, metadata, specification = pair[1], document.get("metadata", {}), document.get("spec", {})
    if metadata.get("namespace", "") not in known.namespaces:
        yield f"{kind} {metadata.get('name')} is in namespace {metadata.get('namespace')}, which the tree has not"
    for field, what in CLASSES.items():
        for holder in (specification, specification.get("restic", {})):
            if field in holder and holder[field] not in known.externals[what]:
                yield f"there is no {what} {holder[field]}"
    if "restic" in specification:
        yield from _restic(kind, specification["restic"], known)
    if kind == "PersistentVolumeClaim":
        yield from _claim(specification, together)
    if kind == "Pod":
        yield from _pod(specification, known, together)


def _restic(kind: str, restic: Mapping[str, Any], known: Known) -> Iterator[str]:
    yield from (f"a {kind} has no spec.restic.{each}" for each in restic if each not in known.specification(kind))
    if kind == "ReplicationDestination":
        component = known.documents(kind)[0]["spec"]["restic"]
        wanted = {field: component[field] for field in MOVER if field != "repository"}
        yield from (f"{field} is not as the component has it" for field in wanted if restic.get(field) != wanted[field])
    if restic.get("repository") not in known.names("Secret"):
        yield f"nothing makes Secret {restic.get('repository')}"


def _claim(specification: Mapping[str, Any], together: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    reference = specification.get("dataSourceRef")
    made = {(each["kind"], each["metadata"]["name"]) for each in together}
    if reference and (reference["kind"], reference["name"]) not in made:
        yield f"its dataSourceRef names {reference['kind']} {reference['name']}, which nothing makes"


def _pod(specification: Mapping[str, Any], known: Known, together: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    context = specification.get("securityContext", {})
    containers = specification.get("containers", [])
    if not context.get("runAsNonRoot") or context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "a restricted namespace refuses this Pod: no runAsNonRoot, or no seccompProfile"
    for container in containers:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]}:
            yield "a restricted namespace refuses this Pod: its container keeps capabilities"
        if ":" not in container["image"]:
            yield f"{container['image']} is not pinned"
        for source in container.get("envFrom", ()):
            if source["secretRef"]["name"] not in known.names("Secret"):
                yield f"nothing makes Secret {source['secretRef']['name']}"
        yield from (
            f"{each['name']} has a value that stands in the Pod" for each in container.get("env", ()) if _secret(each)
        )
    made = {each["metadata"]["name"] for each in together} | known.names("PersistentVolumeClaim")
    for volume in specification.get("volumes", ()):
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and claim not in made:
            yield f"nothing makes PersistentVolumeClaim {claim}"


def _secret(variable: Mapping[str, str]) -> bool:
    return any(word in variable["name"] for word in ("PASSWORD", "SECRET", "ACCESS_KEY"))
