"""When a sync starts, and what the status of a custom resource says: VolSync's state machine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from scripts.cluster import Object
from tests.cluster.doubles.events import stamp
from tests.cluster.operator_double.schedule import following

MESSAGES = {
    "SyncInProgress": ("True", "Synchronization in-progress"),
    "WaitingForSchedule": ("False", "Waiting for next scheduled synchronization"),
    "WaitingForManual": ("False", "Waiting for manual trigger"),
    "CleaningUp": ("False", "Cleaning up"),
}


class State(Enum):
    """Where a custom resource is."""

    INITIAL = "initial"
    SYNCHRONIZING = "synchronizing"
    CLEANING_UP = "cleaning up"


@dataclass(frozen=True, kw_only=True)
class Synced:
    """
    A sync that is done.

    Args:
        image: what it made, for a destination.

        restic: what changes in status.restic, for a source.
    """

    image: Object | None = None
    restic: Object | None = None


def state(custom_resource: Object) -> State:
    """Where it is, by its times."""
    status = custom_resource.get("status") or {}
    if status.get("lastSyncStartTime"):
        return State.SYNCHRONIZING
    return State.CLEANING_UP if status.get("lastSyncTime") else State.INITIAL


def trigger(custom_resource: Object) -> tuple[str, str]:
    """
    What starts a sync.

    Returns:
        "manual" and its tag, "schedule" and its text, or "none"; a tag wins.
    """
    found = custom_resource["spec"].get("trigger") or {}
    for kind in ("manual", "schedule"):
        if found.get(kind):
            return kind, found[kind]
    return "none", ""


def should_sync(custom_resource: Object, now: datetime) -> bool:
    """Tell whether one that is idle starts."""
    kind, value = trigger(custom_resource)
    status = custom_resource.get("status") or {}
    match kind:
        case "manual":
            return bool(value != status.get("lastManualSync", ""))
        case "schedule":
            return now > following(value, moment(status["lastSyncTime"]))
        case _:
            return True


def begun(now: datetime) -> Object:
    """The status when a sync begins; a mover's outcome of before stays."""
    return {"lastSyncStartTime": stamp(now), "conditions": [condition("SyncInProgress")]}


def done(custom_resource: Object, synced: Synced, now: datetime) -> Object:
    """The status when a sync is done; the schedule is looked at after it."""
    status = custom_resource["status"]
    changes: Object = {
        "lastSyncTime": stamp(now),
        "lastSyncDuration": duration((now - moment(status["lastSyncStartTime"])).total_seconds()),
        "lastSyncStartTime": None,
        # the tag of now, which need not be the one that started it
        "lastManualSync": (custom_resource["spec"].get("trigger") or {}).get("manual") or None,
        "conditions": [condition("CleaningUp")],
    }
    if synced.image is not None:
        changes["latestImage"] = synced.image
    if synced.restic:
        changes["restic"] = synced.restic
    return changes


def waiting(custom_resource: Object) -> tuple[Object, datetime | None]:
    """
    The status of one that has nothing to do.

    Returns:
        What changes, and when it starts by itself.
    """
    kind, value = trigger(custom_resource)
    if kind == "schedule":
        following_sync = following(value, moment(custom_resource["status"]["lastSyncTime"]))
        change = {"nextSyncTime": stamp(following_sync), "conditions": [condition("WaitingForSchedule")]}
        return change, following_sync
    return {"nextSyncTime": None, "conditions": [condition("WaitingForManual")]}, None


def condition(reason: str, message: str = "") -> Object:
    """The only condition there is."""
    status, usual = MESSAGES.get(reason, ("False", message))
    return {
        "type": "Synchronizing",
        "status": status,
        "reason": reason,
        "message": usual,
        "lastTransitionTime": stamp(),
    }


def kept_time(held: list[Object], wanted: list[Object]) -> list[Object]:
    """The conditions with the time of the last change of their status."""
    before = {each["type"]: each for each in held}
    return [
        each | {"lastTransitionTime": before[each["type"]]["lastTransitionTime"]}
        if each["type"] in before and before[each["type"]]["status"] == each["status"]
        else each
        for each in wanted
    ]


def moment(text: str) -> datetime:
    """A time of the API."""
    return datetime.fromisoformat(text)


def now() -> datetime:
    """This moment; tests that need another one replace it in the operator."""
    return datetime.now(UTC)


def duration(seconds: float) -> str:
    """A duration as Go writes it ("1m30.03s")."""
    minutes, rest = divmod(max(seconds, 0.0), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".")
    return "".join((f"{hours}h" if hours else "", f"{minutes}m" if hours or minutes else "", f"{text}s"))


Clock = Callable[[], datetime]
