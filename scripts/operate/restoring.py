"""What a restore has of its app's source, and what is seen of its ReplicationDestination -> how it ended."""

from collections.abc import Iterable, Mapping
from typing import Any

from scripts.cluster import Object
from scripts.cluster.pods import CANNOT_START, waiting
from scripts.errors import BackupError, MoverFailed, SettingsError
from scripts.operate import apps, mover_log
from scripts.operate.attempt import PASSING, Died
from scripts.operate.seen import failed
from scripts.operate.state import condition

TAKEN_OVER = (
    "cacheAccessModes",
    "cacheCapacity",
    "cacheStorageClassName",
    "moverAffinity",
    "moverPodLabels",
    "moverResources",
    "moverSecurityContext",
    "moverServiceAccount",
    "repository",
)
"""Of spec.restic of the source: a restore of this app has the same."""


def user(source: Object) -> Mapping[str, Any]:
    """
    Read whom the mover runs as.

    Args:
        source: the ReplicationSource.

    Returns:
        A PodSecurityContext.

    Raises:
        SettingsError: where it is root's: a pod that compares has to be the mover's user, and is never root.
    """
    context: Mapping[str, Any] = source["spec"]["restic"].get("moverSecurityContext") or {}
    if not context.get("runAsUser"):
        raise SettingsError(
            apps.of(source).where,
            "has a mover that runs as root",
            "give its spec.restic.moverSecurityContext a runAsUser",
        )
    return context


def look(where: str, tag: str, destination: Object | None, pods: Iterable[Object]) -> str | Died | None:
    """
    Say how a restore ended.

    Args:
        where: the ReplicationDestination, for messages.

        tag: of its trigger.

        destination: the object now; None where it is gone.

        pods: of its movers now, oldest first.

    Returns:
        The id of the snapshot that its mover says it restored, 8 hex digits or more; a pod that failed; None where it goes on.

    Raises:
        MoverFailed: where VolSync cannot do it, or did nothing and called it a success.
    """
    if destination is None:
        raise MoverFailed(where, "was deleted meanwhile", "see who deleted it")
    status = destination.get("status") or {}
    if status.get("lastManualSync") == tag:
        log = str((status.get("latestMoverStatus") or {}).get("logs", ""))
        restored = mover_log.restored(log)
        if not restored:
            raise MoverFailed(
                where,
                "its mover did not say that it restored a snapshot, and VolSync calls it a success",
                "see whether RESTIC_REPOSITORY is right",
                log=tuple(log.splitlines()),
            )
        return restored
    reason, message = condition(destination)
    if reason == "Error" and PASSING not in message:
        raise MoverFailed(where, f"VolSync cannot go on: {message}", "mend what it names")
    for pod in pods:
        said, why = waiting(pod)
        if said in CANNOT_START:
            raise MoverFailed(where, f"its mover does not start: {said}: {why}", "mend what it names")
    dead = failed(pods)
    return Died(pod=dead[-1]) if dead else None


def failure(where: str, pod: Object, log: str | None, exit_code: int | None) -> BackupError:
    """
    Name why a mover failed.

    Args:
        where: the ReplicationDestination, for messages.

        pod: the mover's.

        log: what it wrote; None where that could not be read.

        exit_code: how it ended.

    Returns:
        The error to report.
    """
    why = mover_log.cause(log, exit_code)
    return MoverFailed(
        where,
        f"its mover failed: {why.found} (pod {pod['metadata']['name']})",
        why.next_step,
        log=tuple((log or "").splitlines()),
    )
