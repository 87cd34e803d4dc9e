"""backup.unlock: remove the locks that a dead mover left behind, after it is proven that it is dead."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from scripts import cluster as clusters
from scripts import report
from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import POD, REPLICATION_SOURCE
from scripts.errors import Drift, ProofFailed
from scripts.operate import apps, now, repository, trigger
from scripts.operate.apps import App
from scripts.operate.attempt import Patience
from scripts.operate.repository import Lock
from scripts.operate.times import stamp, words
from scripts.progress import step

STALE_S = 1800.0
"""
After which restic takes a lock for a dead one's, in seconds; a living one refreshes its own every 5 minutes.

Source: restic/restic@v0.17.0:internal/restic/lock.go (StaleLockTimeout), internal/repository/lock.go (refreshInterval)
"""


def run(
    *,
    context: str,
    app: str,
    backup: bool,
    timeout_s: int,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """
    Remove the locks of an app's repository, and prove it with a backup.

    Args:
        context: of the kubeconfig.

        app: its name.

        backup: whether one is made now; the next one removes the locks where none is.

        timeout_s: for the backup, in seconds.

        clock: gives the time.

    Raises:
        Drift: where a mover runs, or a lock may be a living one's.

        MoverFailed: where the backup fails.

        ProofFailed: where a lock is still there after it.
    """
    meant = apps.one(app)
    with clusters.connect(context) as cluster:
        source = cluster.get(REPLICATION_SOURCE, meant.source, meant.namespace)
        with repository.opened(cluster, source) as opened:
            with step(f"read the locks of {meant.name}"):
                locks = opened.locks()
            report.show(tuple(_told(each, clock()) for each in locks) or (f"{meant.name}: no lock",))
            if not locks:
                return
            pods = cluster.list(POD, meant.namespace)
            refuse(meant, source, pods, locks, clock())
            value = trigger.tag(clock())
            cluster.patch(REPLICATION_SOURCE, meant.source, meant.namespace, {"spec": {"restic": {"unlock": value}}})
            if not backup:
                report.show((f"{meant.name}: not proven: the locks are removed by the next backup",))
                return
            dead = frozenset(each["metadata"]["uid"] for each in pods)
            _prove(cluster, meant, value, dead=dead, timeout_s=timeout_s)
            left = {each.id for each in locks} & {each.id for each in opened.locks()}
    if left:
        raise ProofFailed(meant.where, f"{len(left)} of its locks are still there", "run `invoke backup.status`")
    report.show((f"{meant.name}: unlocked, {len(locks)} locks are gone",))


def refuse(app: App, source: Object, pods: tuple[Object, ...], locks: tuple[Lock, ...], time: datetime) -> None:
    """
    Refuse to unlock what may be in use.

    Args:
        app: that is meant.

        source: its ReplicationSource.

        pods: of its namespace.

        locks: of its repository.

        time: now.

    Raises:
        Drift: where a pod that has the repository's Secret has not ended, or a lock is not stale.
    """
    secret = source["spec"]["restic"]["repository"]
    alive = [each["metadata"]["name"] for each in pods if _has(each, secret) and not _has_ended(each)]
    if alive:
        raise Drift(app.where, f"pod {alive[0]} works in its repository", "wait for its end, and run this again")
    youngest = locks[-1]
    if (time - youngest.time).total_seconds() <= STALE_S:
        stale_at = youngest.time + timedelta(seconds=STALE_S)
        raise Drift(
            app.where,
            f"the lock of {youngest.host} was refreshed at {stamp(youngest.time)}, so that its holder may be alive",
            f"run this again after {stamp(stale_at)}",
        )


def _prove(cluster: Cluster, app: App, value: str, *, dead: frozenset[str], timeout_s: int) -> None:
    patience = Patience(whole_s=timeout_s)
    with step(f"back up {app.name}"):
        ended = now.back_up(cluster, [app], scope=app, concurrency=1, patience=patience, dead=dead)
    now.judge(ended, context=cluster.context)
    source = cluster.get(REPLICATION_SOURCE, app.source, app.namespace)
    if ((source.get("status") or {}).get("restic") or {}).get("lastUnlocked") != value:
        raise ProofFailed(app.where, "its backup does not say that it unlocked", "run this again")


def _told(lock: Lock, time: datetime) -> str:
    kind = "exclusive" if lock.is_exclusive else "shared"
    age = words((time - lock.time).total_seconds())
    return f"lock {lock.id[:8]}: {kind}, {age} old, of process {lock.process} on {lock.host}"


def _has(pod: Object, secret: str) -> bool:
    named = [
        reference.get("name")
        for container in pod["spec"].get("containers") or ()
        for reference in (
            *((each.get("valueFrom") or {}).get("secretKeyRef") or {} for each in container.get("env") or ()),
            *(each.get("secretRef") or {} for each in container.get("envFrom") or ()),
        )
    ]
    return secret in named


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
