"""backup.unlock: remove the locks that a dead mover left behind, after it is proven that it is dead."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scripts import cluster as clusters
from scripts import report
from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import POD, REPLICATION_SOURCE
from scripts.errors import Drift, ProofFailed
from scripts.operate import apps, as_json, now, repository, seen, trigger
from scripts.operate.apps import App
from scripts.operate.attempt import Patience
from scripts.operate.backups import Ended
from scripts.operate.repository import Lock
from scripts.operate.times import stamp, words
from scripts.progress import step

STALE_S = 1800.0
"""
After which restic takes a lock for a dead one's, in seconds; a living one refreshes its own every 5 minutes.

Source: restic/restic@v0.17.0:internal/restic/lock.go (StaleLockTimeout), internal/repository/lock.go (refreshInterval)
"""


@dataclass(kw_only=True)
class Account:
    """
    What a run has found and done: told as it comes for people, at the end for machines.

    Args:
        app: whose repository is unlocked.

        is_json: whether it is for machines.
    """

    app: App
    is_json: bool
    locks: tuple[Lock, ...] | None = None
    backup: Object | None = None
    result: str | None = None

    def say(self, *lines: str) -> None:
        """
        Tell people.

        Args:
            lines: of text.
        """
        if not self.is_json:
            report.show(lines)

    def show_backup(self, ended: tuple[Ended, ...], left_behind: tuple[App, ...], context: str) -> None:
        """
        Tell how the backup ended; see now.Show.

        Args:
            ended: the backup.

            left_behind: its app where its schedule could not be given back.

            context: of the cluster.
        """
        if self.is_json:
            self.backup = as_json.backup(ended[0], left_behind=left_behind)
        else:
            now.show_text(ended, left_behind, context)

    @contextlib.contextmanager
    def told_at_the_end(self, context: str, clock: Callable[[], datetime]) -> Iterator[None]:
        """
        Tell machines, also where the run fails, once the locks were read.

        Args:
            context: of the cluster.

            clock: gives the time.

        Yields:
            Once.
        """
        try:
            yield
        finally:
            if self.is_json and self.locks is not None:
                locks = [_as_json(each, clock()) for each in self.locks]
                fields = {"app": self.app.name, "result": self.result, "locks": locks, "backup": self.backup}
                report.show_text(as_json.written(context, fields))


def run(
    *,
    context: str,
    app: str,
    backup: bool,
    timeout_s: int,
    format_name: str = "text",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """
    Remove the locks of an app's repository, and prove it with a backup.

    Args:
        context: of the kubeconfig.

        app: its name.

        backup: whether one is made now; the next one removes the locks where none is.

        timeout_s: for the backup, in seconds.

        format_name: "text" or "json".

        clock: gives the time.

    Raises:
        Drift: where a mover runs, or a lock may be a living one's.

        MoverFailed: where the backup fails.

        ProofFailed: where a lock is still there after it.
    """
    meant = apps.one(app)
    account = Account(app=meant, is_json=as_json.is_asked(format_name))
    with clusters.connect(context) as cluster, account.told_at_the_end(context, clock):
        source = cluster.get(REPLICATION_SOURCE, meant.source, meant.namespace)
        with repository.opened(cluster, source) as opened:
            with step(f"read the locks of {meant.name}"):
                locks = account.locks = opened.locks()
            account.say(*(_told(each, clock()) for each in locks))
            if not locks:
                account.result = "no lock"
                account.say(f"{meant.name}: no lock")
                return
            pods = cluster.list(POD, meant.namespace)
            refuse(meant, source, pods, locks, clock())
            value = trigger.tag(clock())
            cluster.patch(REPLICATION_SOURCE, meant.source, meant.namespace, {"spec": {"restic": {"unlock": value}}})
            if not backup:
                account.result = "not proven"
                account.say(f"{meant.name}: not proven: the locks are removed by the next backup")
                return
            dead = frozenset(each["metadata"]["uid"] for each in pods)
            _prove(cluster, account, value, dead=dead, timeout_s=timeout_s)
            left = {each.id for each in locks} & {each.id for each in opened.locks()}
            if left:
                where, found = meant.where, f"{len(left)} of its locks are still there"
                raise ProofFailed(where, found, "run `invoke backup.status`")
            account.result = "unlocked"
            account.say(f"{meant.name}: unlocked, {len(locks)} locks are gone")


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
    alive = [each["metadata"]["name"] for each in pods if seen.uses(each, secret) and not seen.has_ended(each)]
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


def _prove(cluster: Cluster, account: Account, value: str, *, dead: frozenset[str], timeout_s: int) -> None:
    app, patience = account.app, Patience(whole_s=timeout_s)
    with step(f"back up {app.name}"):
        ended = now.back_up(
            cluster, [app], scope=app, concurrency=1, patience=patience, dead=dead, show=account.show_backup
        )
    now.judge(ended, context=cluster.context)
    source = cluster.get(REPLICATION_SOURCE, app.source, app.namespace)
    if ((source.get("status") or {}).get("restic") or {}).get("lastUnlocked") != value:
        raise ProofFailed(app.where, "its backup does not say that it unlocked", "run this again")


def _told(lock: Lock, time: datetime) -> str:
    kind, age = _kind(lock), words((time - lock.time).total_seconds())
    return f"lock {lock.id[:8]}: {kind}, {age} old, of process {lock.process} on {lock.host}"


def _as_json(lock: Lock, time: datetime) -> Object:
    return {
        "id": lock.id,
        "kind": _kind(lock),
        "time": stamp(lock.time),
        "age_s": round((time - lock.time).total_seconds()),
        "host": lock.host,
        "process": lock.process,
    }


def _kind(lock: Lock) -> str:
    return "exclusive" if lock.is_exclusive else "shared"
