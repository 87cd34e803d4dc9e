"""ReplicationSources, ReplicationDestinations -> whether backups are kept, and whether the mover can do its work."""

from collections.abc import Iterator

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, fault, field, restic
from scripts.document import mapping
from scripts.model import Resource

ENFORCED = "pod-security.kubernetes.io/enforce"
COUNTS = ("hourly", "daily", "weekly", "monthly", "yearly")


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check what each source keeps, and what its mover and that of its destination run with.

    Args:
        objects: of the tree.

    Yields:
        What is wrong.
    """
    for source in filter(restic, objects.sources):
        yield from _retain(source)
    for each in filter(restic, (*objects.sources, *objects.destinations)):
        yield from _cache(each)
        yield from _user(each)
        yield from _restricted(objects, each)
    for pair in objects.pairs:
        one, other = (mapping(restic(each).get("moverSecurityContext")) for each in (pair.source, pair.destination))
        differing = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        if one and other and differing:
            yield fault(
                "volsync-mover-differs",
                pair.destination,
                ("spec", "restic", "moverSecurityContext", differing[0]),
                f"has another {', '.join(differing)} in its moverSecurityContext than {pair.source.id}: what one mover "
                "reads, the other cannot give back",
                "write the same in both",
            )


def _retain(source: Resource) -> Iterator[Fault]:
    retain = mapping(restic(source).get("retain"))
    location = ("spec", "restic", "retain")
    next_step = "say what is kept, for example `daily: 7`"
    counts = {name: retain[name] for name in COUNTS if retain.get(name) is not None}
    last, within = retain.get("last"), retain.get("within")
    keeps_by_text = bool(within) or (last is not None and str(last) not in {"", "0"})
    if not counts and not keeps_by_text:
        found = "has no retain, so that each backup deletes all earlier ones"
        yield fault("volsync-retain", source, location, found, next_step)
    elif not keeps_by_text and not any(isinstance(each, int) and each > 0 for each in counts.values()):
        found = "has a retain that keeps nothing, so that each run fails after its backup"
        yield fault("volsync-retain", source, location, found, next_step)
    interval = restic(source).get("pruneIntervalDays")
    if isinstance(interval, int) and interval <= 0:
        yield fault(
            "volsync-prune",
            source,
            ("spec", "restic", "pruneIntervalDays"),
            f"has pruneIntervalDays: {interval}, which prunes with every backup",
            "write a number of days, 1 or more",
        )


def _cache(each: Resource) -> Iterator[Fault]:
    values = restic(each)
    if values.get("cacheCapacity") is None:
        yield fault(
            "volsync-cache",
            each,
            ("spec", "restic", "cacheCapacity"),
            "has no cacheCapacity, so that its cache is 1Gi whatever the repository holds",
            "say how large the cache is",
        )
    modes = values.get("cacheAccessModes") or values.get("accessModes")
    if modes == ["ReadOnlyMany"]:
        yield fault(
            "volsync-cache",
            each,
            ("spec", "restic", "cacheAccessModes"),
            "gets a cache that can only be read",
            "write `cacheAccessModes: [ReadWriteOnce]`",
        )


def _restricted(objects: Objects, each: Resource) -> Iterator[Fault]:
    namespace = objects.get("Namespace", "", each.id.namespace)
    context = mapping(restic(each).get("moverSecurityContext"))
    if not context or namespace is None or field(namespace, "metadata", "labels", ENFORCED) != "restricted":
        return
    profile = mapping(context.get("seccompProfile")).get("type")
    missing = [] if context.get("runAsNonRoot") is True else ["runAsNonRoot: true"]
    missing += [] if profile in ("RuntimeDefault", "Localhost") else ["seccompProfile: {type: RuntimeDefault}"]
    if missing:
        yield fault(
            "volsync-mover-restricted",
            each,
            ("spec", "restic", "moverSecurityContext"),
            f"has no {' and no '.join(missing)}, and its namespace takes no pod without",
            "add it to moverSecurityContext",
        )


def _user(each: Resource) -> Iterator[Fault]:
    context = mapping(restic(each).get("moverSecurityContext"))
    if context.get("runAsUser") is None:
        yield fault(
            "volsync-mover-user",
            each,
            ("spec", "restic", "moverSecurityContext", "runAsUser"),
            "has no moverSecurityContext.runAsUser, so that its mover is a root that may neither read nor give back "
            "what others own",
            "give it the user and the group of the app",
        )
    elif context.get("runAsUser") == 0 and context.get("runAsNonRoot") is True:
        yield fault(
            "volsync-mover-user",
            each,
            ("spec", "restic", "moverSecurityContext", "runAsUser"),
            "has a mover that runs as root, and may not: runAsNonRoot is true, and its pod never starts",
            "give it the user and the group of the app",
        )
