"""One restore drill: the newest snapshot comes back into a scratch volume, and is held against the repository's own record."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.e2e import digest
from scripts.e2e.digest import Entry, Manifest
from scripts.e2e.steps import Shown, Steps
from scripts.e2e.volume_pod import VolumePods
from scripts.errors import CouldNotRun, MoverFailed, ProofFailed
from scripts.operate import contents, trigger
from scripts.operate.repository import Repository, Stored
from scripts.operate.scratch import Scratch
from scripts.operate.state import PROVEN_AT, PROVEN_SNAPSHOT
from scripts.operate.times import stamp

PARTS = 6
"""Parts of a drill that may take the whole time-out each: so long after its start it has ended in any case."""


@dataclass(kw_only=True)
class Proof:
    """
    A drill, step by step.

    Args:
        scratch: where it takes place.

        repository: of the app.

        pods: that read the volumes.

        timeout_s: for the restore, in seconds.
    """

    scratch: Scratch
    repository: Repository
    pods: VolumePods
    timeout_s: float
    newest: Stored | None = None
    restored: Stored | None = None
    expected: Manifest = field(default_factory=dict)
    live: str = ""
    """What the comparison with the live volume showed."""
    proven_at: datetime | None = None

    def steps(self) -> Steps:
        """
        What is done, in this order.

        Returns:
            Pairs of a title and the doing.
        """
        return (
            ("find the newest snapshot", self._find),
            ("restore it into a scratch volume", self._restore),
            ("read the snapshot's own list and digests", self._read),
            ("compare what came back with them", self._compare),
            ("control: find one changed byte", self._control),
            ("compare with the live volume of now", self._compare_live),
            ("write down that it is proven", self._write_down),
        )

    def _find(self) -> Shown:
        found = self.repository.snapshots()
        if not found:
            raise MoverFailed(
                self.scratch.app.where, "has no snapshot that could be restored", "run `invoke backup.now`"
            )
        self.newest = found[0]
        return Shown(detail=f"{_named(found[0])}, the newest of {len(found)}")

    def _restore(self) -> Shown:
        now = datetime.now(UTC)
        ends_at = now + timedelta(seconds=PARTS * (self.timeout_s + self.pods.start_s))
        said = self.scratch.restore(trigger.tag(now), ends_at, self.timeout_s)
        # one that was made meanwhile may have been restored, and the one of before may be forgotten by now
        known = {each.id: each for each in (*self.repository.snapshots(), *((self.newest,) if self.newest else ()))}
        meant = [each for each in known.values() if each.id.startswith(said)]
        if len(meant) != 1 or (self.newest and meant[0].time < self.newest.time):
            newest = _named(self.newest) if self.newest else "another"
            raise ProofFailed(
                self.scratch.where,
                f"snapshot {said} was restored, and the newest is {newest}",
                "see who changes this ReplicationDestination, or restores in its place",
            )
        self.restored = meant[0]
        return Shown(detail=f"the mover says that it restored {_named(meant[0])}, the newest")

    def _read(self) -> Shown:
        self.expected = contents.read(self.repository, self._chosen().id)
        size = sum(entry.size_bytes for entry in self.expected.values())
        if not size:
            raise ProofFailed(
                f"snapshot {self._chosen().id[:8]} of {self.scratch.app.name}",
                "holds not a single byte, and proves nothing",
                "see whether the app lost its data, or sourcePVC names another volume",
            )
        return Shown(detail=f"{len(self.expected)} paths, {size} bytes, digest {digest.digest(self.expected)}")

    def _compare(self) -> Shown:
        differences = digest.compare(self.expected, self.pods.record(self.scratch.volume))
        if differences:
            raise ProofFailed(
                f"the restore of {self.scratch.app.name}",
                f"is not what the snapshot holds: {digest.listed(differences)}",
                "see the mover's log, and run `restic check --read-data`",
            )
        return Shown(detail=f"{len(self.expected)} paths are the same, both ways: names, types, modes, times, contents")

    def _control(self) -> Shown:
        path = min(
            (path for path, entry in self.expected.items() if entry.size_bytes),
            key=lambda path: (self.expected[path].size_bytes, path),
        )
        self.pods.corrupt(self.scratch.volume, path)
        differences = digest.compare(self.expected, self.pods.record(self.scratch.volume))
        if not any((each.path, each.what) == (path, "sha256") for each in differences):
            raise ProofFailed(
                f"the restore of {self.scratch.app.name}",
                f"one byte of {digest.shown(path)} was changed, and the comparison did not find it",
                "trust no comparison of this machine before that is mended",
            )
        return Shown(detail=f"one byte of {digest.shown(path)} was changed, and found")

    def _compare_live(self) -> Shown:
        try:
            found = self.pods.record(self.scratch.copy())
        except CouldNotRun as refused:
            self.live = f"not compared: {refused.where}: {refused.found}"
            return Shown(detail=self.live)
        changed, rotten = since(self.expected, found)
        if rotten:
            raise ProofFailed(
                f"PersistentVolumeClaim {self.scratch.app.namespace}/{self.scratch.claim['metadata']['name']}",
                f"{len(rotten)} files have another content than in the backup, and the size and time of then: "
                f"{', '.join(digest.shown(each) for each in rotten[: digest.NAMED])}",
                "see which of the two is right before the older snapshots are forgotten",
            )
        self.live = f"{changed} of {len(self.expected.keys() | found.keys())} paths changed since the backup"
        return Shown(detail=f"{self.live}, the others are the same")

    def _write_down(self) -> Shown:
        app, now = self.scratch.app, datetime.now(UTC)
        change = {"metadata": {"annotations": {PROVEN_AT: stamp(now), PROVEN_SNAPSHOT: self._chosen().id[:8]}}}
        self.scratch.cluster.patch(REPLICATION_SOURCE, app.source, app.namespace, change)
        self.proven_at = now
        return Shown(detail=f"{PROVEN_AT}: {stamp(now)}")

    def _chosen(self) -> Stored:
        if self.restored is None:
            raise AssertionError("no step is taken without the one before")
        return self.restored


def since(backup: Manifest, live: Manifest) -> tuple[int, tuple[str, ...]]:
    """
    Tell what an app has changed since its backup from what has changed by itself.

    Args:
        backup: what the backup holds.

        live: what the volume holds now.

    Returns:
        How many paths the app has changed, and the files whose content is another one though size and time are not.
    """
    paths = {path for path in backup.keys() | live.keys() if not _is_never_backed_up(path, live.get(path))}
    rotten = tuple(sorted(path for path in paths if _is_rotten(backup.get(path), live.get(path))))
    changed = sum(backup.get(path) != live.get(path) for path in paths) - len(rotten)
    return changed, rotten


def name() -> str:
    """
    Name a drill.

    Returns:
        A name that no drill had before; short, because VolSync makes longer ones of it.
    """
    return f"apps-backup-drill-{secrets.token_hex(4)}"


def _is_rotten(backup: Entry | None, live: Entry | None) -> bool:
    if backup is None or live is None or not backup.type == live.type == "file":
        return False
    unchanged = (backup.size_bytes, backup.mtime_ns) == (live.size_bytes, live.mtime_ns)
    return unchanged and backup.sha256 != live.sha256


def _is_never_backed_up(path: str, live: Entry | None) -> bool:
    return "lost+found" in path.split("/") or (live is not None and live.type == "socket")


def _named(snapshot: Stored) -> str:
    return f"snapshot {snapshot.id[:8]} of {stamp(snapshot.time)}"
