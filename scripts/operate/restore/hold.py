"""
The ReplicationSource of an app while its volume is restored: no backup begins, and none forgets the snapshot.

`spec.paused` does not do that: with it a schedule still takes its snapshot of the volume as it is, half restored say, and makes
its Job; only the pods are kept back, and the end of the pause saves that snapshot as the newest one. What VolSync does not begin is
a manual sync whose tag is the one that it did last. So the tag is written there first, and then set.

Source: backube/volsync@v0.12.0:controllers/mover/restic/mover.go (ensureJob); controllers/statemachine/machine.go (shouldSync)
"""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.errors import Conflict, MoverFailed, NotFound
from scripts.operate import seen, trigger
from scripts.operate.apps import App
from scripts.operate.attempt import PASSING
from scripts.operate.restore.journal import Retention
from scripts.operate.state import condition
from scripts.process import wait_until

LOOK_EVERY_S = 0.5
GIVE_BACK_S = 30.0
"""Within which a source can be changed although VolSync changes it too, in seconds."""

FOREVER = "unlimited"
"""Of retain.last: with it `restic forget` forgets nothing, whatever else is asked for."""


def hold(cluster: Cluster, app: App, tag: str, *, timeout_s: float) -> None:
    """
    Let no backup begin, after the end of the one that is in progress.

    Args:
        cluster: that the app is on.

        app: whose source it is.

        tag: that is set.

        timeout_s: for a backup in progress to end, in seconds.

    Raises:
        MoverFailed: where it does not end, or the source cannot be held.
    """

    def held() -> bool:
        source = cluster.get(REPLICATION_SOURCE, app.source, app.namespace)
        if not _is_idle(app, source, cluster):
            return False
        if trigger.manual(source):
            # it backs up when somebody asks for it, and not by itself
            return True
        try:
            done = {"metadata": {"resourceVersion": source["metadata"]["resourceVersion"]}}
            done["status"] = {"lastManualSync": tag}
            place = (REPLICATION_SOURCE, app.source, app.namespace)
            cluster.patch(*place, trigger.changed(cluster.patch(*place, done, subresource="status"), tag))
        except Conflict:
            # VolSync changed it meanwhile: a backup may have begun
            return False
        return True

    wait_until(held, timeout_s=timeout_s, every_s=LOOK_EVERY_S, what=f"a backup of {app.name} in progress to end")


def release(cluster: Cluster, app: App, tag: str) -> None:
    """
    Give the schedule back.

    Args:
        cluster: that the app is on.

        app: whose source it is.

        tag: that was set; a trigger that somebody else has set since is left.
    """

    def released() -> bool:
        source = cluster.find(REPLICATION_SOURCE, app.source, app.namespace)
        if source is None or trigger.manual(source) != tag:
            return True
        return _patched(cluster, app, trigger.changed(source, None))

    wait_until(released, timeout_s=GIVE_BACK_S, every_s=LOOK_EVERY_S, what=f"the schedule of {app.name}")


def retention(source: Object) -> Retention:
    """
    Remember the retention of a source.

    Args:
        source: the ReplicationSource.

    Returns:
        What there is to give back.
    """
    return Retention(was=source["spec"]["restic"].get("retain"))


def keep_all(cluster: Cluster, app: App) -> None:
    """
    Let a backup forget nothing: the snapshot that is to be restored may be the next one to go.

    Args:
        cluster: that the app is on.

        app: whose source it is.
    """
    change = {"spec": {"restic": {"retain": {"last": FOREVER}}}}
    cluster.patch(REPLICATION_SOURCE, app.source, app.namespace, change)


def forget_again(cluster: Cluster, app: App, before: Retention) -> None:
    """
    Give the retention back, unless somebody else has changed it since.

    Args:
        cluster: that the app is on.

        app: whose source it is.

        before: what it was.
    """
    found = cluster.find(REPLICATION_SOURCE, app.source, app.namespace)
    if found is None or (found["spec"]["restic"].get("retain") or {}).get("last") != FOREVER:
        return
    retain = None if before.was is None else {"last": None, **before.was}
    _patched(cluster, app, {"spec": {"restic": {"retain": retain}}})


def _is_idle(app: App, source: Object, cluster: Cluster) -> bool:
    if not trigger.manual(source) and not trigger.schedule(source):
        raise MoverFailed(app.where, "has no trigger: it backs up all the time", "give it a schedule")
    reason, message = condition(source)
    if reason == "Error" and PASSING not in message:
        raise MoverFailed(app.where, f"VolSync cannot go on with a backup: {message}", "mend what it names")
    if reason in {"WaitingForSchedule", "WaitingForManual"} and not source["status"].get("lastSyncStartTime"):
        return True
    found = seen.movers(cluster, app)
    if any(seen.failed(found.movers(each)) for each in found.sources):
        raise MoverFailed(
            app.where,
            "a backup in progress fails, and VolSync goes on trying",
            "see why in `invoke backup.status`, and run this again",
        )
    return False


def _patched(cluster: Cluster, app: App, change: Object) -> bool:
    try:
        cluster.patch(REPLICATION_SOURCE, app.source, app.namespace, change)
    except Conflict:
        return False
    except NotFound as gone:
        if not gone.kind_is_known:
            raise
    return True
