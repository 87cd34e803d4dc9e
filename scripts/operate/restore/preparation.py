"""What is done to an app before its volume is restored, and taken back after it: each step as it is on a cluster."""

from dataclasses import dataclass

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import PERSISTENT_VOLUME_CLAIM
from scripts.errors import BackupError, Drift
from scripts.operate import now
from scripts.operate.apps import App
from scripts.operate.attempt import EmptyVolume, Patience
from scripts.operate.restore import flux, hold, workloads
from scripts.operate.restore.kept import LABEL, Kept
from scripts.operate.restore.transaction import Step
from scripts.process import wait_until
from scripts.progress import say

LOOK_EVERY_S = 0.5
STOP_S = 300.0
"""Within which the pods of an app have to end, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """
    The steps before a restore.

    Args:
        cluster: that the app is on.

        app: that is restored.

        source: its ReplicationSource.

        kept: the journal.

        timeout_s: for the backup before, and for one in progress to end, in seconds.
    """

    cluster: Cluster
    app: App
    source: Object
    kept: Kept
    timeout_s: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """In their order: one where a new claim is filled, for the app is left alone then."""
        if self.kept.now.is_new:
            title = f"make the claim {self.kept.now.claim}"
            return (Step(name="claim", title=title, do=self._make, ending="see to that claim", undo=self._unmake),)
        return (
            Step(name="suspend", title="suspend Flux", do=self._suspend, ending="resume Flux", undo=self._resume),
            Step(name="stop", title="stop the app", do=self._stop, ending="start the app", undo=self._start),
            Step(
                name="backup",
                title="back up what is there",
                do=self._back_up,
                ending="give the retention back",
                undo=self._forget_again,
            ),
            Step(
                name="hold", title="hold its backups", do=self._hold, ending="release its backups", undo=self._release
            ),
        )

    def _suspend(self) -> None:
        own = self.cluster.find(PERSISTENT_VOLUME_CLAIM, self.kept.now.claim, self.app.namespace)
        mounting = workloads.mounting(self.cluster, self.app.namespace, self.kept.now.claim)
        found = flux.running(self.cluster, (self.source, *([own] if own else []), *mounting))
        self.kept.note(suspended=found)
        for each in found:
            flux.suspend(self.cluster, each, suspended=True)

    def _resume(self) -> None:
        for each in self.kept.now.suspended:
            flux.suspend(self.cluster, each, suspended=False)

    def _stop(self) -> None:
        claim, left = self.kept.now.claim, [""]

        def is_free() -> bool:
            # anew each time: what Flux had begun before it was suspended may scale it up once more
            mounting = workloads.mounting(self.cluster, self.app.namespace, claim)
            running = [found for each in mounting if (found := workloads.stopped(each)).replicas]
            known = {(each.kind, each.name) for each in self.kept.now.stopped}
            new = tuple(each for each in running if (each.kind, each.name) not in known)
            if new:
                self.kept.note(stopped=(*self.kept.now.stopped, *new))
            for each in running:
                workloads.scale(self.cluster, self.app.namespace, each, 0)
            left[:] = [each["metadata"]["name"] for each in workloads.users(self.cluster, self.app.namespace, claim)]
            return not running and not left

        try:
            wait_until(is_free, timeout_s=STOP_S, every_s=LOOK_EVERY_S, what=f"{self.app.name} to stop")
        except BackupError as vain:
            if not left or not left[0] or vain.where != f"{self.app.name} to stop":
                raise
            raise Drift(
                f"PersistentVolumeClaim {self.app.namespace}/{claim}",
                f"pod {left[0]} still has it after {STOP_S:g} s",
                "stop it, where it is of no Deployment and no StatefulSet",
            ) from vain

    def _start(self) -> None:
        for each in self.kept.now.stopped:
            workloads.start(self.cluster, self.app.namespace, each)

    def _back_up(self) -> None:
        self.kept.note(retention=hold.retention(self.source))
        hold.keep_all(self.cluster, self.app)
        patience = Patience(whole_s=self.timeout_s)
        ended = now.back_up(self.cluster, [self.app], scope=self.app, concurrency=1, patience=patience)
        try:
            now.judge(ended, context=self.cluster.context)
        except EmptyVolume:
            say(f"{self.app.name}: its volume is empty: there is nothing to back up, and nothing to lose")
            return
        saved = ended[0].saved
        if saved is not None:
            self.kept.note(safety=saved.said.snapshot)

    def _forget_again(self) -> None:
        if self.kept.now.retention is not None:
            hold.forget_again(self.cluster, self.app, self.kept.now.retention)

    def _hold(self) -> None:
        hold.hold(self.cluster, self.app, self.kept.now.tag, timeout_s=self.timeout_s)

    def _release(self) -> None:
        hold.release(self.cluster, self.app, self.kept.now.tag)

    def _make(self) -> None:
        own = self.cluster.get(PERSISTENT_VOLUME_CLAIM, self.source["spec"]["sourcePVC"], self.app.namespace)["spec"]
        spec = {key: own[key] for key in ("accessModes", "resources", "storageClassName", "volumeMode") if key in own}
        labels = {"app.kubernetes.io/managed-by": "apps-backup", LABEL: self.kept.name}
        metadata = {"name": self.kept.now.claim, "namespace": self.app.namespace, "labels": labels}
        self.cluster.create(PERSISTENT_VOLUME_CLAIM, {"metadata": metadata, "spec": spec})

    def _unmake(self) -> None:
        journal = self.kept.now
        found = self.cluster.find(PERSISTENT_VOLUME_CLAIM, journal.claim, self.app.namespace)
        is_ours = found is not None and (found["metadata"].get("labels") or {}).get(LABEL) == self.kept.name
        if is_ours and not journal.is_proven:
            self.cluster.delete(PERSISTENT_VOLUME_CLAIM, journal.claim, self.app.namespace)
