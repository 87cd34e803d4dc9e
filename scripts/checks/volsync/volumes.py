"""PVCs, ReplicationSources -> whether each volume is backed up, and whether its copy can be made."""

from collections.abc import Iterator

from scripts import particulars
from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, data_source, fault, field, restic
from scripts.checks.quantity import size_of
from scripts.document import Location, items, mapping
from scripts.model import Resource

LONGEST_NAME = 51
"""
Characters of a name that still ends up whole in the name of the mover's Job.

Source: backube/volsync@v0.12.0:controllers/utils/utils.go
"""

LEAST_SIZE = 1024 * 1024
"""Bytes of a volume; with less its size lacks a unit."""

COPY_METHODS = {"ReplicationSource": ("Clone", "Direct", "Snapshot"), "ReplicationDestination": ("Direct", "Snapshot")}
"""
What the operator can do; it takes Clone for a destination and fails once the restore is done.

Source: backube/volsync@v0.12.0:controllers/volumehandler/volumehandler.go
"""

CLASSES = (
    ("storageClassName", "StorageClass"),
    ("cacheStorageClassName", "StorageClass"),
    ("volumeSnapshotClassName", "VolumeSnapshotClass"),
)
SETTINGS = {"StorageClass": ("STORAGE_CLASS", "VOLSYNC_CACHE_SC"), "VolumeSnapshotClass": ("VOLSYNC_SNAPSHOTCLASS",)}
"""Kind of a class -> keys of the cluster settings that name one."""


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check the volumes that are backed up, and look for those that are not.

    Args:
        objects: of the tree.

    Yields:
        What is wrong: with sources and destinations, with classes, with volumes that nobody backs up.
    """
    for source in objects.sources:
        yield from _source_volume(objects, source)
    destinations = {(each.id.namespace, each.id.name) for each in objects.destinations}
    for each in (*objects.sources, *objects.destinations):
        yield from _name(each, destinations)
        if restic(each):
            yield from _copy_method(each)
            yield from _classes(objects, each)
        yield from _size(each, ("spec", "restic", "cacheCapacity"))
        yield from _size(each, ("spec", "restic", "capacity"))
    for claim in objects.claims.values():
        yield from _size(claim, ("spec", "resources", "requests", "storage"))
    yield from _same_classes(objects)
    yield from _claim_classes(objects)
    yield from _set_classes(objects)
    yield from _unprotected(objects)


def _source_volume(objects: Objects, source: Resource) -> Iterator[Fault]:
    name = str(field(source, "spec", "sourcePVC") or "")
    namespace = source.id.namespace
    templated = {f"{prefix}{number}" for _, prefix, numbers in _stateful(objects, namespace) for number in numbers}
    if (namespace, name) in objects.claims or name in templated:
        return
    if not objects.has_external("PersistentVolumeClaim", namespace, name):
        yield fault(
            "volsync-source-pvc",
            source,
            ("spec", "sourcePVC"),
            f"backs up the PVC {name or '(none)'}, which is not in namespace {namespace}",
            f"name a PVC of that namespace, or add it to {particulars.PATH}",
        )


def _name(each: Resource, destinations: set[tuple[str, str]]) -> Iterator[Fault]:
    if len(each.id.name) > LONGEST_NAME:
        yield fault(
            "volsync-name-length",
            each,
            ("metadata", "name"),
            f"has a name of {len(each.id.name)} characters, and alerts know its Job by name up to {LONGEST_NAME}",
            "shorten APP",
        )
    if each.id.kind == "ReplicationSource" and (each.id.namespace, each.id.name) in destinations:
        yield fault(
            "volsync-same-name",
            each,
            ("metadata", "name"),
            f"has the name of a ReplicationDestination, and both want the PVC volsync-{each.id.name}-cache",
            "give the two different names",
        )


def _copy_method(each: Resource) -> Iterator[Fault]:
    method = restic(each).get("copyMethod")
    known = COPY_METHODS[each.id.kind]
    if method not in (*known, "None"):
        yield fault(
            "volsync-copy-method",
            each,
            ("spec", "restic", "copyMethod"),
            f"has {'no copyMethod' if method is None else f'copyMethod {method}'}, and wanted is one of "
            f"{', '.join(known)}",
            "write `copyMethod: Snapshot`",
        )


def _classes(objects: Objects, each: Resource) -> Iterator[Fault]:
    for name, kind in CLASSES:
        value = restic(each).get(name)
        if value is None or (value == "" and kind == "StorageClass"):
            continue
        if str(value) not in _known(objects, kind):
            yield _class_fault(objects, each, ("spec", "restic", name), kind, str(value))


def _size(each: Resource, location: Location) -> Iterator[Fault]:
    size = size_of(field(each, *location))
    if size is not None and size < LEAST_SIZE:
        found = f"has {'.'.join(map(str, location))}: {field(each, *location)}, in which nothing has room"
        yield fault("volume-size", each, location, found, "write a size, for example `10Gi`")


def _same_classes(objects: Objects) -> Iterator[Fault]:
    for pair in objects.pairs:
        claim = objects.claims.get((pair.source.id.namespace, str(field(pair.source, "spec", "sourcePVC"))))
        if claim is None or data_source(claim) != pair.destination.id.name:
            continue
        for name in ("cacheStorageClassName", "volumeSnapshotClassName"):
            place = ("spec", "restic", name)
            yield from _same_class(pair.source, pair.destination, place, place)
        place = ("spec", "restic", "storageClassName")
        yield from _same_class(claim, pair.destination, ("spec", "storageClassName"), place)


def _same_class(one: Resource, other: Resource, first: Location, second: Location) -> Iterator[Fault]:
    values = field(one, *first), field(other, *second)
    if (values[0] is None) == (values[1] is None):
        return
    bare, location = (one, first) if values[0] is None else (other, second)
    named, value = (other, values[1]) if values[0] is None else (one, values[0])
    yield fault(
        "volsync-class-missing",
        bare,
        location,
        f"has no {location[-1]}, and {named.id} has {value}: the default of the cluster is another, or there is none",
        f"write `{location[-1]}: {value}`",
    )


def _claim_classes(objects: Objects) -> Iterator[Fault]:
    for claim in objects.claims.values():
        value = field(claim, "spec", "storageClassName")
        if value and str(value) not in _known(objects, "StorageClass"):
            yield _class_fault(objects, claim, ("spec", "storageClassName"), "StorageClass", str(value))


def _set_classes(objects: Objects) -> Iterator[Fault]:
    if objects.settings is None:
        return
    for kind, keys in SETTINGS.items():
        there = _made(objects, kind)
        for key in keys if there else ():
            if (value := objects.setting(key)) and value not in there:
                yield _class_fault(objects, objects.settings, ("data", key), kind, value)


def _made(objects: Objects, kind: str) -> frozenset[str]:
    return frozenset(each.id.name for each in objects.of(kind)) | objects.externals.get(kind, frozenset())


def _known(objects: Objects, kind: str) -> frozenset[str]:
    return _made(objects, kind) | {objects.setting(key) for key in SETTINGS[kind]}


def _class_fault(objects: Objects, each: Resource, location: tuple[str | int, ...], kind: str, value: str) -> Fault:
    known = ", ".join(sorted(_known(objects, kind) - {"", value})) or "none"
    return fault(
        "volsync-class",
        each,
        location,
        f"names the {kind} {value or '(empty)'}, which nothing makes (there is {known})",
        f"correct the name, or add the class to {particulars.PATH}",
    )


def _unprotected(objects: Objects) -> Iterator[Fault]:
    protected = {(each.id.namespace, str(field(each, "spec", "sourcePVC"))) for each in objects.sources}
    next_step = (
        "back it up with kubernetes/components/volsync, or say why not: `allow.backup/volsync-unprotected: REASON`"
    )
    for key, claim in objects.claims.items():
        if key not in protected:
            yield fault("volsync-unprotected", claim, ("metadata", "name"), "is backed up by nothing", next_step)
    for namespace in sorted({each.id.namespace for each in objects.of("StatefulSet")}):
        for resource, prefix, numbers in _stateful(objects, namespace):
            bare = [f"{prefix}{number}" for number in numbers if (namespace, f"{prefix}{number}") not in protected]
            if bare:
                found = f"makes PVCs that nothing backs up: {', '.join(bare[:3])}"
                location = ("spec", "volumeClaimTemplates")
                yield fault("volsync-unprotected", resource, location, found, next_step)


def _stateful(objects: Objects, namespace: str) -> Iterator[tuple[Resource, str, range]]:
    """Each claim template of a namespace's StatefulSets: whose it is, how its PVCs' names begin, and their numbers."""
    for each in objects.of("StatefulSet"):
        if each.id.namespace != namespace:
            continue
        replicas = field(each, "spec", "replicas")
        numbers = range(replicas if isinstance(replicas, int) else 1)
        for template in items(field(each, "spec", "volumeClaimTemplates")):
            name = mapping(mapping(template).get("metadata")).get("name")
            yield each, f"{name}-{each.id.name}-", numbers
