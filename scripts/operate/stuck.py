"""The objects around a backup in progress -> why it does not come to its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scripts.cluster import Object
from scripts.cluster.kinds import JOB, PERSISTENT_VOLUME_CLAIM, POD, VOLUME_SNAPSHOT
from scripts.cluster.pods import CANNOT_START, exit_code, waiting
from scripts.operate import mover_log
from scripts.operate.seen import Seen, failed
from scripts.operate.times import moment, words

KINDS = (POD, JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT)
"""What tells whether a backup is stuck."""

SLOW_S = 300.0
"""After which a snapshot, a claim or a pod that is not ready is stuck, in seconds."""

SILENT_S = 900.0
"""After which a backup of which nothing is to be seen is stuck, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """
    Something that a person has to look at.

    Args:
        found: what it is.

        next_step: what to do about it.
    """

    found: str
    next_step: str


def reasons(source: Object, seen: Seen, now: datetime, *, begun: datetime) -> tuple[Reason, ...]:
    """
    Say why a backup in progress does not come to its end.

    Args:
        source: its ReplicationSource.

        seen: the objects around it.

        now: the time.

        begun: when it began.

    Returns:
        The reasons; none where it goes on as it should, or nothing says why it does not.
    """
    pods = seen.movers(source)
    found = (
        *_failures(pods, seen),
        *_snapshots(source, seen, now),
        *_claims(source, seen, now),
        *_jobs(source, seen),
        *_pods(pods, seen, now),
    )
    if found or pods or _age_s(begun, now) < SILENT_S or not {JOB, POD}.isdisjoint(seen.unreadable):
        return found
    silent = f"no mover has come in {words(_age_s(begun, now))}, and nothing says why"
    return (Reason(found=silent, next_step="see whether VolSync's controller runs, and read its log"),)


def unknown(source: Object, seen: Seen) -> tuple[str, ...]:
    """
    Name what would say whether a backup in progress is stuck, and could not be read.

    Args:
        source: its ReplicationSource.

        seen: the objects around it.

    Returns:
        What is not known.
    """
    blind = [f"whether it is stuck: {kind.plural} could not be read" for kind in KINDS if kind in seen.unreadable]
    dead = failed(seen.movers(source))
    if dead and dead[-1]["metadata"]["uid"] not in seen.logs:
        blind.append(f"why its mover failed: the log of pod {dead[-1]['metadata']['name']} was not read")
    return tuple(blind)


def _failures(pods: tuple[Object, ...], seen: Seen) -> Iterator[Reason]:
    dead = failed(pods)
    if dead:
        why = mover_log.cause(seen.logs.get(dead[-1]["metadata"]["uid"]), exit_code(dead[-1]))
        attempts = "an attempt failed" if len(dead) == 1 else f"{len(dead)} attempts failed, the last one so"
        yield Reason(found=f"{attempts}: {why.found}", next_step=why.next_step)


def _snapshots(source: Object, seen: Seen, now: datetime) -> Iterator[Reason]:
    for each in seen.owned_by(source, VOLUME_SNAPSHOT):
        status = each.get("status") or {}
        error = (status.get("error") or {}).get("message", "")
        if not status.get("readyToUse") and (error or _is_old(each, now)):
            yield Reason(
                found=f"VolumeSnapshot {each['metadata']['name']} is not ready{_because(error)}",
                next_step="see its VolumeSnapshotClass and the CSI driver",
            )


def _claims(source: Object, seen: Seen, now: datetime) -> Iterator[Reason]:
    for each in seen.owned_by(source, PERSISTENT_VOLUME_CLAIM):
        bound = (each.get("status") or {}).get("phase") == "Bound"
        warning = _warning(each, seen)
        if not bound and (warning or _is_old(each, now)):
            yield Reason(
                found=f"PersistentVolumeClaim {each['metadata']['name']} is not bound{_because(warning)}",
                next_step="see its StorageClass and the provisioner",
            )


def _jobs(source: Object, seen: Seen) -> Iterator[Reason]:
    for each in seen.owned_by(source, JOB):
        warning = _warning(each, seen, "FailedCreate")
        if warning and not seen.owned_by(each, POD):
            yield Reason(
                found=f"Job {each['metadata']['name']} may not make its pod{_because(warning)}",
                next_step="see Pod Security and the quota of its namespace",
            )


def _pods(pods: tuple[Object, ...], seen: Seen, now: datetime) -> Iterator[Reason]:
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("phase", "Pending") != "Pending":
            continue
        reason, message = waiting(pod)
        if reason in CANNOT_START or _is_old(pod, now):
            said = f"{reason}: {message}" if reason else _warning(pod, seen)
            yield Reason(
                found=f"Pod {pod['metadata']['name']} does not start{_because(said)}",
                next_step="see its image, its node and its volumes",
            )


def _warning(about: Object, seen: Seen, reason: str = "") -> str:
    found = [
        str(each.get("message", ""))
        for each in seen.warnings.get(about["metadata"]["uid"], ())
        if reason in ("", each.get("reason"))
    ]
    return found[-1] if found else ""


def _because(text: str) -> str:
    line = " ".join(text.split())
    return f" ({line})" if line else ""


def _is_old(document: Object, now: datetime) -> bool:
    made = moment(document["metadata"].get("creationTimestamp"))
    return made is not None and _age_s(made, now) > SLOW_S


def _age_s(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
