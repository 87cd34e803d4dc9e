"""ReplicationDestinations, PVCs -> whether an app that is made anew gets its data back."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, data_source, fault, field, restic
from scripts.document import mapping
from scripts.model import Resource

APPLIED_ONCE = "kustomize.toolkit.fluxcd.io/ssa"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
QUANTITY = re.compile(r"(?P<number>[0-9.]+)(?P<suffix>|[eE]-?[0-9]+|[numkMGTPE]|[KMGTPE]i)")
FARTHEST = 99
"""Power of ten that no size comes near to."""

UNITS = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "n": -9, "u": -6, "m": -3}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check what restores, and what is filled from it.

    Args:
        objects: of the tree.

    Yields:
        What is wrong: with PVCs that are filled from a destination, with the destinations.
    """
    named = {(each.id.namespace, each.id.name): each for each in objects.destinations}
    filled: dict[tuple[str, str], Resource] = {}
    protected = {(each.id.namespace, field(each, "spec", "sourcePVC")) for each in objects.sources}
    for claim in objects.claims.values():
        reference = mapping(field(claim, "spec", "dataSourceRef"))
        if (
            not reference
            and not field(claim, "spec", "dataSource")
            and (claim.id.namespace, claim.id.name) in protected
        ):
            yield fault(
                "volsync-not-filled",
                claim,
                ("spec", "dataSourceRef"),
                "is backed up and starts empty: made anew it has no data, and its next backups age out those that have",
                "give it a dataSourceRef to a ReplicationDestination, or say why not: "
                "`allow.backup/volsync-not-filled: REASON`",
            )
        if reference.get("kind") != "ReplicationDestination":
            continue
        key = claim.id.namespace, data_source(claim)
        if key not in named or reference.get("apiGroup") != "volsync.backube":
            group = reference.get("apiGroup")
            yield fault(
                "volsync-data-source",
                claim,
                ("spec", "dataSourceRef", "name" if group == "volsync.backube" else "apiGroup"),
                f"is filled from {group or '(no group)'} ReplicationDestination {key[1] or '(none)'}, which is not in "
                f"namespace {key[0]}: its pods wait for ever",
                "name a ReplicationDestination of that namespace, with apiGroup volsync.backube",
            )
        else:
            filled[key] = claim
    for key, destination in named.items():
        if restic(destination):
            yield from _volume(objects, destination)
            yield from _restore_point(destination)
            if key in filled:
                yield from _populator(destination, filled[key])


def _populator(destination: Resource, claim: Resource) -> Iterator[Fault]:
    values = restic(destination)
    if values.get("copyMethod") in {"Direct", "None"}:
        yield fault(
            "volsync-populator",
            destination,
            ("spec", "restic", "copyMethod"),
            f"has copyMethod {values['copyMethod']}, and {claim.id} can be filled from a snapshot alone",
            "write `copyMethod: Snapshot`",
        )
    metadata = mapping(destination.document.get("metadata"))
    switches = {mapping(metadata.get(name)).get(APPLIED_ONCE) for name in ("labels", "annotations")}
    if "IfNotPresent" not in switches:
        yield fault(
            "volsync-restore-once",
            destination,
            ("metadata", "labels", APPLIED_ONCE),
            f"fills {claim.id} and is not made once: a change of it restores again, which nobody asked for",
            f"label it `{APPLIED_ONCE}: IfNotPresent`",
        )
    capacity, wanted = values.get("capacity"), field(claim, "spec", "resources", "requests", "storage")
    size, least = bytes_of(capacity), bytes_of(wanted)
    if size is not None and least is not None and size != least:
        fear = (
            "what is larger than that has no room in it" if size < least else "a smaller PVC takes no larger snapshot"
        )
        yield fault(
            "volsync-destination-size",
            destination,
            ("spec", "restic", "capacity"),
            f"has capacity {capacity}, and {claim.id} asks for {wanted}: {fear}",
            f"write `capacity: {wanted}`",
        )


def _volume(objects: Objects, destination: Resource) -> Iterator[Fault]:
    values = restic(destination)
    name = values.get("destinationPVC")
    if name is None:
        if missing := [each for each in ("capacity", "accessModes") if not values.get(each)]:
            yield fault(
                "volsync-destination-volume",
                destination,
                ("spec", "restic", missing[0]),
                f"has no {' and no '.join(missing)}, without which VolSync makes no volume to restore to",
                "give it those of the PVC",
            )
        if left := [each for each in ("cleanupTempPVC", "cleanupCachePVC") if not values.get(each)]:
            yield fault(
                "volsync-clean-up",
                destination,
                ("spec", "restic", left[0]),
                f"has no {' and no '.join(left)}, so that what it made to restore stays for good",
                f"write `{left[0]}: true`",
            )
        return
    namespace = destination.id.namespace
    claim = objects.claims.get((namespace, str(name)))
    backed_up = any(
        (each.id.namespace, field(each, "spec", "sourcePVC")) == (namespace, name) for each in objects.sources
    )
    if backed_up:
        found = f"restores into the PVC {name}, which an app is using"
    elif claim is None and not objects.has_external("PersistentVolumeClaim", namespace, str(name)):
        found = (
            f"restores into the PVC {name or '(empty)'}, which is not in namespace {namespace}: VolSync waits for ever"
        )
    else:
        return
    yield fault(
        "volsync-destination-pvc",
        destination,
        ("spec", "restic", "destinationPVC"),
        found,
        "take destinationPVC out, and fill the PVC through its dataSourceRef",
    )


def _restore_point(destination: Resource) -> Iterator[Fault]:
    values = restic(destination)
    if previous := values.get("previous"):
        is_oldest = isinstance(previous, int) and previous < 0
        yield fault(
            "volsync-previous",
            destination,
            ("spec", "restic", "previous"),
            f"has previous: {previous}, which "
            + ("restores the oldest snapshot" if is_oldest else "restores nothing where there are no more snapshots")
            + ", and says that it succeeded",
            "take it out, so that the newest snapshot is restored",
        )
    if as_of := values.get("restoreAsOf"):
        is_time = TIME.fullmatch(str(as_of)) is not None
        yield fault(
            "volsync-restore-as-of",
            destination,
            ("spec", "restic", "restoreAsOf"),
            f"has restoreAsOf: {as_of}, "
            + ("so that each restore from git is of that day, for good" if is_time else "which is no time with a zone"),
            "take it out of git, and restore the past by hand, as the runbook says",
        )


def bytes_of(quantity: object) -> Decimal | None:
    """
    The size that a Kubernetes quantity stands for.

    Args:
        quantity: a text such as "10Gi", or a number of bytes.

    Returns:
        Bytes; None where it is no quantity.
    """
    found = QUANTITY.fullmatch(str(quantity))
    if found is None:
        return None
    try:
        number, suffix = Decimal(found["number"]), found["suffix"]
    except InvalidOperation:
        return None
    if suffix in BINARY:
        return number * Decimal(2 ** BINARY[suffix])
    power = UNITS[suffix] if suffix in UNITS else max(-FARTHEST, min(FARTHEST, int(suffix[1:9])))
    return number.scaleb(power)
