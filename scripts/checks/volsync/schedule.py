"""ReplicationSources, ReplicationDestinations -> whether each starts when it is meant to."""

from collections.abc import Iterator

from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, fault, field, restic
from scripts.checks.volsync.cron import Refused, parse
from scripts.document import mapping
from scripts.model import Resource


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check what starts each source and each destination.

    Args:
        objects: of the tree.

    Yields:
        What is wrong.
    """
    for each in (*objects.sources, *objects.destinations):
        if field(each, "spec", "paused"):
            yield fault(
                "volsync-paused",
                each,
                ("spec", "paused"),
                "is paused: VolSync goes on to make snapshots and volumes, and never ends the sync that it begins",
                "take `paused` out; to stop backups take the object out of git",
            )
        if "unlock" in restic(each):
            yield fault(
                "volsync-unlock",
                each,
                ("spec", "restic", "unlock"),
                "has unlock in git: Flux takes back what somebody who unlocks writes there",
                "take `unlock` out",
            )
        yield from _trigger(each)


def _trigger(each: Resource) -> Iterator[Fault]:
    trigger = mapping(field(each, "spec", "trigger"))
    schedule, manual = trigger.get("schedule"), trigger.get("manual")
    is_source = each.id.kind == "ReplicationSource"
    if not schedule and not manual:
        wanted = 'schedule: "27 2 * * *"' if is_source else "manual: restore-once"
        yield fault(
            "volsync-trigger",
            each,
            ("spec", "trigger"),
            "has no trigger, so that it starts again as soon as it ends, for ever",
            f"write `{wanted}` below spec.trigger",
        )
    elif manual and (is_source or schedule):
        yield fault(
            "volsync-trigger",
            each,
            ("spec", "trigger", "manual"),
            f"has trigger.manual: {manual}, which "
            + ("switches its schedule off" if schedule else "backs it up once and never again"),
            "take trigger.manual out of git" + ("" if schedule else ", and give it a schedule"),
        )
    elif not is_source and schedule:
        yield fault(
            "volsync-trigger",
            each,
            ("spec", "trigger", "schedule"),
            "restores by a schedule, again and again",
            "write `manual: restore-once` in its place",
        )
    elif schedule:
        yield from _schedule(each, str(schedule))


def _schedule(each: Resource, schedule: str) -> Iterator[Fault]:
    try:
        parse(schedule)
    except Refused as refused:
        yield fault(
            "volsync-schedule",
            each,
            ("spec", "trigger", "schedule"),
            f"has the schedule `{schedule}`, and it {refused.reason}",
            'write minute, hour, day, month and weekday, for example "27 2 * * *"',
        )
