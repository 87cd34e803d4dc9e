"""One restore of one app: its steps on the cluster, and what is done where one of them fails."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from scripts import report
from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import POD
from scripts.e2e import digest
from scripts.e2e.digest import Manifest
from scripts.e2e.volume_pod import VolumePods
from scripts.errors import BackupError, Drift, ProofFailed
from scripts.operate.apps import App
from scripts.operate.repository import Repository, Stored
from scripts.operate.restore.destination import Destination
from scripts.operate.restore.journal import Phase
from scripts.operate.restore.kept import LABEL, Kept
from scripts.operate.restore.preparation import LOOK_EVERY_S, STOP_S, Preparation
from scripts.operate.restore.transaction import take, take_back
from scripts.operate.times import stamp
from scripts.process import wait_until
from scripts.progress import say, step


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """
    One restore of one app.

    Args:
        cluster: that the app is on.

        app: that is restored.

        source: its ReplicationSource.

        kept: the journal.

        pods: read the volume.

        repository: of the app.

        timeout_s: for the backup before, and for the restore, in seconds.
    """

    cluster: Cluster
    app: App
    source: Object
    kept: Kept
    pods: VolumePods
    repository: Repository
    timeout_s: float

    def carry_out(self, expected: Manifest, *, backup: bool) -> None:
        """
        Restore from the beginning; the journal is begun.

        Args:
            expected: what the snapshot holds.

            backup: whether the volume is backed up before.
        """
        with self._ended_well(is_written=False):
            steps = (each for each in self._preparation.steps if backup or each.name != "backup")
            take(steps, lambda name: self.kept.note(step=name))
            if self.kept.now.snapshot not in {each.id for each in self.repository.snapshots()}:
                raise Drift(self.repository.where, "its snapshot was forgotten meanwhile", "choose another one")
            self._fill(expected)
        self._finish(expected)

    def go_on(self, expected: Manifest, chosen: Stored) -> None:
        """
        Restore where a run that was cut short may have written to the volume; its journal is taken over.

        Args:
            expected: what the snapshot holds.

            chosen: the snapshot, which need not be the one of that run.
        """
        with self._ended_well(is_written=True):
            self._remove_pods()
            # somebody may have started the app meanwhile
            again = tuple(each for each in self._preparation.steps if each.name in {"stop", "hold"})
            take(again, lambda name: self.kept.note(step=name))
            if chosen.id != self.kept.now.snapshot:
                self._destination.remove()
                self.kept.note(snapshot=chosen.id, as_of=stamp(chosen.time))
            self._fill(expected)
        self._finish(expected)

    def end(self) -> None:
        """
        Give back all that was taken, and remove what was made.

        Raises:
            BackupError: where that cannot be done now; the journal is still there.
        """
        try:
            self.kept.note(phase=Phase.ENDING, step="end")
            self._remove_pods()
            self._destination.remove()
            for failed in take_back(self._preparation.steps):
                raise failed
            self.kept.remove()
        except BackupError as error:
            if self.kept.is_lost:
                raise
            found = f"{error.found}, so that not all is as it was"
            raise type(error)(error.where, found, self._then(error)) from error

    @property
    def _destination(self) -> Destination:
        return Destination(self.cluster, self.kept.name, self.app.namespace)

    @property
    def _preparation(self) -> Preparation:
        return Preparation(
            cluster=self.cluster, app=self.app, source=self.source, kept=self.kept, timeout_s=self.timeout_s
        )

    def _fill(self, expected: Manifest) -> None:
        journal = self.kept.note(phase=Phase.WRITING, step="restore")
        with step(f"restore snapshot {journal.snapshot[:8]} into {journal.claim}"):
            self._destination.fill(self.source, journal, timeout_s=self.timeout_s)
        self.kept.note(step="compare")
        with step(f"compare {journal.claim} with the snapshot"):
            differences = digest.compare(expected, self.pods.record(journal.claim))
        if differences:
            raise ProofFailed(
                f"PersistentVolumeClaim {self.app.namespace}/{journal.claim}",
                f"is not as the snapshot: {digest.listed(differences)}",
                "see what else writes to it",
            )
        self.kept.note(phase=Phase.ENDING, step="end", is_proven=True)

    def _finish(self, expected: Manifest) -> None:
        journal = self.kept.now
        self.end()
        if journal.safety:
            report.show((f"{self.app.name}: what was there before is snapshot {journal.safety}",))
        report.show(
            (
                f"{self.app.name}: restored snapshot {journal.snapshot[:8]} of {journal.as_of} into {journal.claim}, "
                f"and all of its {len(expected)} files and directories are as in the snapshot",
            )
        )

    @contextlib.contextmanager
    def _ended_well(self, *, is_written: bool) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if self.kept.is_lost:
                raise
            try:
                self._end_after(error, is_written=is_written)
            except BackupError as second:
                if second.__cause__ is error:
                    raise
                first = error.found if isinstance(error, BackupError) else repr(error)
                found = f"{first}; and then it could not be undone: {second.found}"
                raise type(second)(second.where, found, self._then(second)) from error
            raise

    def _end_after(self, error: BaseException, *, is_written: bool) -> None:
        journal = self.kept.now
        if journal.phase is Phase.WRITING:
            was_written = self._destination.remove()
            # a claim that this restore made is nobody's yet
            is_written = (is_written or was_written or journal.step == "compare") and not journal.is_new
        if not is_written:
            self.end()
            say("nothing was restored, and all is as it was before")
            return
        found = "its volume may be half restored, so that the app stays down"
        again = self._again()
        if journal.safety:
            again = f"{again}, or {again[:-1]} --snapshot {journal.safety}` for what was there before"
        if not isinstance(error, BackupError):
            say(f"{self.app.name}: {found}; {again}")
            return
        raise type(error)(error.where, f"{error.found}; {found}", f"{error.next_step}, and then {again}") from error

    def _again(self) -> str:
        return f"run `invoke backup.restore --context {self.cluster.context} --app {self.app.name} --resume`"

    def _then(self, error: BackupError) -> str:
        again = self._again()
        return error.next_step if again in error.next_step else f"{error.next_step}, and then {again}"

    def _remove_pods(self) -> None:
        def are_gone() -> bool:
            found = self.cluster.list(POD, self.app.namespace, labels=f"{LABEL}={self.kept.name}")
            for each in found:
                self.cluster.delete(POD, each["metadata"]["name"], self.app.namespace)
            return not found

        wait_until(are_gone, timeout_s=STOP_S, every_s=LOOK_EVERY_S, what="the pods that read the volume to end")
