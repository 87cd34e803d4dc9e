"""A ReplicationSource or -Destination that was triggered -> how its sync ended, and what was seen of it meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import JOB, PERSISTENT_VOLUME_CLAIM, POD, VOLUME_SNAPSHOT
from scripts.cluster.pods import exit_code
from scripts.errors import MoverFailed, ProofFailed, Unreachable
from scripts.operate import restoring, seen, stuck
from scripts.operate.attempt import CONTROLLER, PASSING
from scripts.operate.seen import Seen
from scripts.operate.state import condition
from scripts.process import wait_until

LOOK_EVERY_S = 0.3
IDLE = frozenset({"WaitingForManual", "WaitingForSchedule"})
OWNED = (JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """
    How long a sync is waited for.

    Args:
        whole_s: to its end, in seconds.

        begin_s: to its begin, in seconds.

        stuck_s: while something says that it cannot go on, in seconds; a mover that failed is not waited for.

        clean_s: for VolSync to remove what it made for it, in seconds.
    """

    whole_s: float = 1800.0
    begin_s: float = 60.0
    stuck_s: float = 20.0
    clean_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Synced:
    """
    A sync that VolSync calls a success.

    Args:
        log: what its mover said, a line each, as the status keeps it.

        status: of the custom resource.

        snapshots: names of the VolumeSnapshots that were seen.

        movers: names of the mover pods that were seen.

        kept: what VolSync keeps after its clean-up, as "Kind name".
    """

    log: tuple[str, ...]
    status: Object
    snapshots: tuple[str, ...]
    movers: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(kw_only=True)
class _Watched:
    snapshots: dict[str, None] = field(default_factory=dict)
    movers: dict[str, None] = field(default_factory=dict)
    obstacle: str = ""
    since: float = 0.0


class Syncs:
    """
    The syncs of a namespace.

    Args:
        cluster: that it is on.

        namespace: of the custom resources.

        patience: how long they are waited for.
    """

    def __init__(self, cluster: Cluster, namespace: str, patience: Patience) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._patience = patience

    def ended(self, kind: Kind, name: str, tag: str) -> Synced:
        """
        Wait for the end of the sync that a tag asked for, and for VolSync's clean-up after it.

        Args:
            kind: of the custom resource.

            name: of it.

            tag: of its trigger.

        Returns:
            What there is to tell of it.

        Raises:
            MoverFailed: where its mover failed, or something keeps it from going on.

            ProofFailed: where something that belongs to a sync was not seen, or is left behind.

            Unreachable: where it does not begin, or the time is over.

        Source:
            backube/volsync@v0.12.0:controllers/statemachine/machine.go (a manual sync is done when lastManualSync is its tag)
        """
        where = f"{kind.kind} {self._namespace}/{name}"
        started, watched = time.monotonic(), _Watched()
        before = {pod["metadata"]["uid"] for pod in self._cluster.list(POD, self._namespace)}

        def look() -> Object | None:
            found, around = self._around(kind, name, where)
            self._note(watched, found, around)
            if (found.get("status") or {}).get("lastManualSync") == tag:
                return found
            self._refuse_failed(where, [pod for pod in around.movers(found) if pod["metadata"]["uid"] not in before])
            self._refuse_stuck(where, found, around, watched)
            self._refuse_late(where, found, around, time.monotonic() - started)
            return None

        done = wait_until(look, timeout_s=self._patience.whole_s * 2, every_s=LOOK_EVERY_S, what=where)
        if done is None:
            raise AssertionError("wait_until gives what is true")
        log = str(((done.get("status") or {}).get("latestMoverStatus") or {}).get("logs", ""))
        kept = self._cleaned(kind, name, where)
        if not watched.movers:
            raise ProofFailed(where, "is done, and no mover pod was seen", "see who else answers for VolSync")
        return Synced(
            log=tuple(log.splitlines()),
            status=done["status"],
            snapshots=tuple(watched.snapshots),
            movers=tuple(watched.movers),
            kept=kept,
        )

    def removed(self, kind: Kind, name: str) -> None:
        """
        Remove a custom resource, and wait until everything that it owned is gone.

        Args:
            kind: of it.

            name: of it; one that is not there is fine.

        Raises:
            Unreachable: where something stays.
        """
        found = self._cluster.find(kind, name, self._namespace)
        if found is None:
            return
        uid = found["metadata"]["uid"]
        self._cluster.delete(kind, name, self._namespace)

        def left() -> list[str]:
            again = self._cluster.find(kind, name, self._namespace)
            return [*([f"{kind.kind} {name}"] if again else []), *self._owned(uid)]

        _wait_until_empty(left, self._patience.clean_s, f"the end of {kind.kind} {self._namespace}/{name}")

    def _around(self, kind: Kind, name: str, where: str) -> tuple[Object, Seen]:
        found = self._cluster.find(kind, name, self._namespace)
        if found is None:
            raise MoverFailed(where, "was deleted meanwhile", "see who deleted it")
        objects = (
            each
            for other, selectors in seen.SELECTORS.items()
            for each in self._cluster.list(other, self._namespace, **selectors)
        )
        return found, seen.gathered((found,), objects)

    @staticmethod
    def _note(watched: _Watched, found: Object, around: Seen) -> None:
        watched.snapshots |= dict.fromkeys(each["metadata"]["name"] for each in around.owned_by(found, VOLUME_SNAPSHOT))
        watched.movers |= dict.fromkeys(each["metadata"]["name"] for each in around.movers(found))

    def _refuse_failed(self, where: str, pods: list[Object]) -> None:
        dead = seen.failed(pods)
        if not dead:
            return
        pod = dead[-1]
        raise restoring.failure(where, pod, seen.log(self._cluster, pod), exit_code(pod))

    def _refuse_stuck(self, where: str, found: Object, around: Seen, watched: _Watched) -> None:
        obstacle, next_step = _obstacle(found, around)
        if obstacle != watched.obstacle:
            watched.obstacle, watched.since = obstacle, time.monotonic()
        if obstacle and time.monotonic() - watched.since >= self._patience.stuck_s:
            raise MoverFailed(where, f"cannot go on: {obstacle}", next_step)

    def _refuse_late(self, where: str, found: Object, around: Seen, waited_s: float) -> None:
        status = found.get("status") or {}
        if waited_s > self._patience.begin_s and not status.get("lastSyncStartTime"):
            raise Unreachable(where, f"VolSync did not begin within {self._patience.begin_s:g} s", CONTROLLER)
        if waited_s > self._patience.whole_s:
            warnings = [str(each.get("message")) for each in around.warnings.get(found["metadata"]["uid"], ())]
            told = ", ".join((condition(found)[0] or "no condition", *warnings[-2:]))
            raise Unreachable(
                where, f"was not done within {self._patience.whole_s:g} s, last seen: {told}", "see its events"
            )

    def _cleaned(self, kind: Kind, name: str, where: str) -> tuple[str, ...]:
        kept: list[str] = []

        def left() -> list[str]:
            found = self._cluster.get(kind, name, self._namespace)
            image = ((found.get("status") or {}).get("latestImage") or {}).get("name")
            keeps = {f"VolumeSnapshot {image}"} if image else {f"PersistentVolumeClaim volsync-{name}-cache"}
            owned = self._owned(found["metadata"]["uid"])
            kept[:] = [each for each in owned if each in keeps]
            still = [] if condition(found)[0] in IDLE else ["its clean-up"]
            return still + [each for each in owned if each not in keeps]

        try:
            _wait_until_empty(left, self._patience.clean_s, f"the clean-up of {where}")
        except Unreachable as vain:
            raise ProofFailed(where, f"left something behind: {vain.found}", "see VolSync's log") from vain
        return tuple(kept)

    def _owned(self, uid: str) -> list[str]:
        found = [each for kind in OWNED for each in self._cluster.list(kind, self._namespace)]
        jobs = {each["metadata"]["uid"] for each in found if each["kind"] == JOB.kind and _owned_by(each, {uid})}
        pods = [each for each in self._cluster.list(POD, self._namespace) if _owned_by(each, jobs)]
        return [
            f"{each['kind']} {each['metadata']['name']}" for each in (*found, *pods) if _owned_by(each, {uid} | jobs)
        ]


def _obstacle(found: Object, around: Seen) -> tuple[str, str]:
    reason, message = condition(found)
    if reason == "Error" and PASSING not in message:
        return message, "mend what it names"
    now = datetime.now(UTC)
    reasons = stuck.reasons(found, around, now, begun=now)
    return (reasons[0].found, reasons[0].next_step) if reasons else ("", "")


def _owned_by(document: Object, uids: set[str]) -> bool:
    return any(each["uid"] in uids for each in document["metadata"].get("ownerReferences") or ())


def _wait_until_empty(left: Callable[[], list[str]], timeout_s: float, what: str) -> None:
    last: list[str] = []

    def none() -> bool:
        last[:] = left()
        return not last

    try:
        wait_until(none, timeout_s=timeout_s, every_s=LOOK_EVERY_S, what=what)
    except Unreachable as vain:
        if vain.where != what:
            # the API itself
            raise
        raise Unreachable(
            what, f"waited {timeout_s:g} s, and still there is {', '.join(last)}", "see what holds it"
        ) from vain
