"""VolSync's manager: looks at each custom resource whenever something about it changed."""

from collections.abc import Callable
from datetime import UTC, datetime

from scripts.cluster import Kind, Object
from scripts.cluster.kinds import (
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    SERVICE_ACCOUNT,
    VOLUME_SNAPSHOT,
)
from scripts.errors import BackupError
from tests.cluster.doubles.controller import LAST_BACK_OFF_S, Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine
from tests.cluster.doubles.timing import Timing
from tests.cluster.operator_double import cleanup, machine
from tests.cluster.operator_double.machine import State, Synced
from tests.cluster.operator_double.mover import Mover
from tests.cluster.operator_double.populator import Populator
from tests.cluster.operator_double.problem import Problem, text_of

OWNED = (JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT, SERVICE_ACCOUNT)
METHODS = ("external", "rclone", "restic", "rsync", "rsyncTLS", "syncthing")


class Operator:
    """
    VolSync 0.12.0.

    Args:
        hub: the cluster.

        timing: how long it waits.
    """

    def __init__(self, hub: Hub, timing: Timing) -> None:
        self._cluster = hub.cluster
        self.timing = timing
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        """Tests that cannot wait for a schedule put another one in its place."""
        self._mover = Mover(self._cluster, timing, lambda: self.clock())  # noqa: PLW0108 - tests replace the clock later
        self.populator = Populator(hub)
        self._controllers = [self._controller(hub, kind) for kind in (REPLICATION_SOURCE, REPLICATION_DESTINATION)]
        self.alive = False

    def start(self) -> None:
        """Let it run; it looks at everything that is there."""
        self.alive = True
        for each in (*self._controllers, self.populator.controller):
            each.start()

    def stop(self) -> None:
        """Let it be dead: nothing is looked at, movers that run go on."""
        self.alive = False
        for each in (*self._controllers, self.populator.controller):
            each.stop()

    def look(self, name: str, namespace: str) -> None:
        """Look at custom resources of a name now, as after a change of them."""
        for each in self._controllers:
            each.look((namespace, name))

    def _controller(self, hub: Hub, kind: Kind) -> Controller:
        made = Controller(
            kind.plural, hub, lambda name: self._reconcile(kind, name), threads=4, slowest_s=LAST_BACK_OFF_S
        )
        made.looks_at(kind)
        for owned in OWNED:
            made.looks_at_owner(owned, kind)
        return made

    def _reconcile(self, kind: Kind, name: Key) -> float | None:
        custom_resource = self._cluster.find(kind, name[1], name[0])
        if custom_resource is None or "deletionTimestamp" in custom_resource["metadata"]:
            return None
        try:
            if not _method(custom_resource):
                # another operator's
                return None
            return self._step(kind, custom_resource)
        except BackupError as error:
            if isinstance(error, Problem):
                self._tell(kind, custom_resource, {"conditions": [machine.condition("Error", text_of(error))]})
            raise

    def _step(self, kind: Kind, custom_resource: Object) -> float | None:
        match machine.state(custom_resource):
            case State.INITIAL:
                self._tell(kind, custom_resource, machine.begun(self.clock()) | {"latestMoverStatus": {}})
                return 0.0
            case State.SYNCHRONIZING:
                synced = self._mover.synchronize(custom_resource)
                if synced is None:
                    self._tell(kind, custom_resource, {"conditions": [machine.condition("SyncInProgress")]})
                    return self.timing.cadence_s
                return self._done(kind, custom_resource, synced)
            case State.CLEANING_UP:
                return self._idle(kind, custom_resource)

    def _done(self, kind: Kind, custom_resource: Object, synced: Synced) -> float | None:
        # the tag may have been changed while the sync ran
        newest = self._cluster.get(kind, custom_resource["metadata"]["name"], custom_resource["metadata"]["namespace"])
        if synced.image is not None:
            cleanup.replaced_image(self._cluster, newest, synced.image)
        self._tell(kind, newest, machine.done(newest, synced, self.clock()))
        return 0.0

    def _idle(self, kind: Kind, custom_resource: Object) -> float | None:
        cleanup.after_a_sync(self._cluster, custom_resource)
        now = self.clock()
        self._forget_unlock(kind, custom_resource)
        if machine.should_sync(custom_resource, now):
            self._tell(kind, custom_resource, machine.begun(now))
            return 0.0
        change, next_sync = machine.waiting(custom_resource)
        self._tell(kind, custom_resource, change)
        return None if next_sync is None else max((next_sync - now).total_seconds(), 0.0) + 0.01

    def _forget_unlock(self, kind: Kind, custom_resource: Object) -> None:
        if kind is not REPLICATION_SOURCE or custom_resource["spec"].get("restic", {}).get("unlock"):
            return
        if (custom_resource["status"].get("restic") or {}).get("lastUnlocked"):
            self._tell(kind, custom_resource, {"restic": {"lastUnlocked": None}})

    def _tell(self, kind: Kind, custom_resource: Object, status: Object) -> None:
        held = custom_resource.get("status") or {}
        if "conditions" in status:
            status = status | {"conditions": machine.kept_time(held.get("conditions") or [], status["conditions"])}
        if all(_same(held.get(name), value) for name, value in status.items()):
            return
        metadata = custom_resource["metadata"]
        with gone_is_fine():
            self._cluster.patch(kind, metadata["name"], metadata["namespace"], {"status": status}, subresource="status")


def _same(held: object, wanted: object) -> bool:
    if isinstance(held, dict) and isinstance(wanted, dict):
        return all(_same(held.get(name), value) for name, value in wanted.items())
    return held == wanted


def _method(custom_resource: Object) -> str:
    methods = [each for each in METHODS if each in custom_resource["spec"]]
    if len(methods) > 1:
        raise Problem("only one replication method can be supplied")
    if not methods:
        raise Problem(f"a replication method must be specified - enabled movers: [{' '.join(METHODS[1:])}]")
    return "" if methods == ["external"] else methods[0]
