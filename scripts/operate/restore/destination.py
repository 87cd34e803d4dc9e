"""One restore by VolSync: a ReplicationDestination of its own, watched from its making until nothing of it is left."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import JOB, POD, REPLICATION_DESTINATION
from scripts.cluster.pods import exit_code
from scripts.errors import Drift, ProofFailed, Unreachable
from scripts.operate import mover_log, restoring, seen
from scripts.operate.attempt import Died
from scripts.operate.restore import workloads
from scripts.operate.restore.journal import Journal
from scripts.operate.seen import MADE_BY_VOLSYNC
from scripts.process import wait_until

FOR_THE_CACHE = ("accessModes", "storageClassName")
"""What the cache falls back on. Source: backube/volsync@v0.12.0:controllers/mover/restic/mover.go (ensureCache)"""

LOOK_EVERY_S = 0.5
SETTLE_S = 120.0
"""Within which a mover that fails has to end before it counts as one that may have written, in seconds."""

GONE_S = 300.0
"""Within which the pods of a removed mover have to be gone, in seconds."""

SIGNALLED = 128
"""Exit codes from here on are those of a program that a signal has ended."""


def document(name: str, source: Object, journal: Journal) -> Object:
    """
    Write the ReplicationDestination that fills a claim with one snapshot.

    Args:
        name: of it.

        source: the ReplicationSource that made the snapshot.

        journal: which snapshot, into which claim.

    Returns:
        The object.
    """
    restic = source["spec"]["restic"]
    spec = {key: restic[key] for key in (*restoring.TAKEN_OVER, *FOR_THE_CACHE) if key in restic}
    spec |= {
        "cleanupCachePVC": True,
        "copyMethod": "Direct",
        "destinationPVC": journal.claim,
        # files that the snapshot does not have would be left beside those that it has
        "enableFileDeletion": True,
        # a time and not `previous`: a backup more or less does not shift it
        "restoreAsOf": journal.as_of,
    }
    metadata = {
        "name": name,
        "namespace": source["metadata"]["namespace"],
        "labels": {"app.kubernetes.io/managed-by": "apps-backup"},
    }
    return {"metadata": metadata, "spec": {"restic": spec, "trigger": {"manual": journal.tag}}}


class Destination:
    """
    The ReplicationDestination of a restore.

    Args:
        cluster: that it is on.

        name: of it.

        namespace: of it.
    """

    def __init__(self, cluster: Cluster, name: str, namespace: str) -> None:
        self._cluster = cluster
        self._name = name
        self._namespace = namespace

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"ReplicationDestination {self._namespace}/{self._name}"

    def fill(self, source: Object, journal: Journal, *, timeout_s: float) -> None:
        """
        Make it, or go on with the one that is there, and wait until the claim is filled.

        Args:
            source: the ReplicationSource that made the snapshot.

            journal: which snapshot, into which claim.

            timeout_s: how long, in seconds.

        Raises:
            MoverFailed: as soon as its mover fails, or VolSync cannot go on.

            ProofFailed: where another snapshot was restored.

            Drift: where another pod has the claim meanwhile.

            Unreachable: where the time is over.
        """
        self._cluster.apply(REPLICATION_DESTINATION, document(self._name, source, journal))
        restored = [""]

        def filled(found: Object | None) -> bool:
            pods = self._pods(found, journal.claim)
            state = restoring.look(self.where, journal.tag, found, pods)
            if isinstance(state, Died):
                log = seen.log(self._cluster, state.pod)
                raise restoring.failure(self.where, state.pod, log, exit_code(state.pod))
            restored[0] = state or ""
            return bool(state)

        self._cluster.wait(
            REPLICATION_DESTINATION, self._name, self._namespace, filled, timeout_s=timeout_s, what="its restore"
        )
        if not journal.snapshot.startswith(restored[0]):
            raise ProofFailed(
                self.where,
                f"restored snapshot {restored[0]} instead of {journal.snapshot[:8]}",
                "see who forgot that one",
            )

    def remove(self) -> bool:
        """
        Remove it, and wait until its pods are gone.

        Returns:
            Whether one of its movers has written to the claim, or may have.
        """
        found = self._cluster.find(REPLICATION_DESTINATION, self._name, self._namespace)
        if found is None:
            return False
        status = found.get("status") or {}
        said = str((status.get("latestMoverStatus") or {}).get("logs", ""))
        # one that has ended well takes its pods and their logs with it
        is_done = bool(status.get("lastManualSync"))
        is_written = mover_log.NOTHING not in said if is_done else not self._has_settled(found)
        jobs = {each["metadata"]["uid"] for each in self._jobs(found)}
        self._cluster.delete(REPLICATION_DESTINATION, self._name, self._namespace, uid=found["metadata"]["uid"])
        late: list[bool] = []

        def are_gone() -> bool:
            pods = [each for each in self._all_pods() if _owners(each) & jobs]
            late.extend(not is_done and self._has_written(each) is not False for each in pods)
            return not pods

        wait_until(are_gone, timeout_s=GONE_S, every_s=LOOK_EVERY_S, what=f"the movers of {self.where} to end")
        return is_written or any(late)

    def _has_settled(self, destination: Object) -> bool:
        # With its pod a log is gone. An attempt that is under way is let end by itself, as far as it will: then it is known
        # that it has not written, and the next one comes only after a while.
        written: list[bool | None] = []

        def is_known() -> bool:
            jobs = {each["metadata"]["uid"] for each in self._jobs(destination)}
            written[:] = [self._has_written(each) for each in self._all_pods() if _owners(each) & jobs]
            return True in written or None not in written

        what = f"the mover of {self.where} to end"
        try:
            wait_until(is_known, timeout_s=SETTLE_S, every_s=LOOK_EVERY_S, what=what)
        except Unreachable as vain:
            if vain.where != what:
                raise
        return not any(each is not False for each in written)

    def _has_written(self, pod: Object) -> bool | None:
        phase = (pod.get("status") or {}).get("phase", "Pending")
        if phase == "Pending":
            return False
        log = seen.log(self._cluster, pod)
        if log is not None and mover_log.RESTORED.search(log):
            return True
        if phase == "Running":
            return None
        # one that a signal has ended had no time to say anything
        code = exit_code(pod)
        return log is None or code is None or code >= SIGNALLED

    def _pods(self, destination: Object | None, claim: str) -> tuple[Object, ...]:
        # first: the Job of a pod that is seen is there
        users = workloads.users(self._cluster, self._namespace, claim)
        jobs = {each["metadata"]["uid"] for each in self._jobs(destination)}
        others = [each["metadata"]["name"] for each in users if not _owners(each) & jobs]
        if others and destination is not None:
            raise Drift(
                f"PersistentVolumeClaim {self._namespace}/{claim}",
                f"pod {others[0]} has it while it is restored",
                "see who started it, and stop that",
            )
        found = (each for each in self._all_pods() if _owners(each) & jobs)
        return tuple(sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"])))

    def _jobs(self, destination: Object | None) -> tuple[Object, ...]:
        if destination is None:
            return ()
        found = self._cluster.list(JOB, self._namespace, labels=MADE_BY_VOLSYNC)
        return tuple(each for each in found if destination["metadata"]["uid"] in _owners(each))

    def _all_pods(self) -> tuple[Object, ...]:
        return self._cluster.list(POD, self._namespace, labels=MADE_BY_VOLSYNC)


def _owners(document: Object) -> set[str]:
    return {each["uid"] for each in document["metadata"].get("ownerReferences") or ()}
