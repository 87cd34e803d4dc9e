"""Write, back up, wipe, restore, compare: the proof, on whatever platform; every step raises where it is not proved."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import Difference, Manifest, compare, digest, shown
from scripts.e2e.steps import Shown, Steps
from scripts.e2e.system import BackupRequest, BackupSystem, RestoreRequest, Snapshot
from scripts.errors import MoverFailed, ProofFailed
from scripts.process import wait_until
from scripts.settings import Secret

NO_SUCH_CLASS = "no-such-class"
EMPTY_PVC = "empty-source"
MORE_THAN_ANY = 1000
"""More snapshots than a run makes."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """
    One state of the source that was backed up.

    Args:
        record: made of the source before the backup.

        snapshot: that the backup left.
    """

    record: Manifest
    snapshot: Snapshot


class Scenario:
    """
    One run of the proof.

    Args:
        system: the platform.

        dataset: what is written.
    """

    def __init__(self, system: BackupSystem, dataset: Dataset) -> None:
        self._system = system
        self._dataset = dataset
        self._started = datetime.now(UTC)
        self._source_record: Manifest = {}
        self._versions: tuple[Version, ...] = ()

    @property
    def record(self) -> Manifest:
        """The record of the source before the first backup; empty before it was made."""
        return self._versions[0].record if self._versions else self._source_record

    def steps(self) -> Steps:
        """The steps, as pairs of a title and what is done."""
        return (
            ("resolve the Secret from the 1Password item", self._resolve_secret),
            ("write the dataset and record it", self._write),
            ("back up", self._back_up),
            ("find the objects in MinIO", self._count_objects),
            ("wipe the source", self._wipe),
            ("restore into a new PVC", self._restore),
            ("compare every file with the record, both ways", self._compare),
            ("control: find one changed byte", self._find_corruption),
            ("back up again after a change", self._back_up_change),
            ("restore as of the first backup", self._restore_as_of_first),
            ("refuse a VolumeSnapshotClass that is missing", self._missing_snapshot_class),
            ("refuse a cache StorageClass that is missing", self._missing_cache_class),
            ("refuse wrong MinIO credentials", self._wrong_credentials),
            ("report a locked repository", self._locked),
            ("unlock the repository and back up", self._unlock),
            ("refuse an empty source", self._empty_source),
            ("refuse a restore from a wrong path", self._wrong_path),
            ("refuse `previous` past the oldest snapshot", self._previous_past_the_end),
            ("refuse `restoreAsOf` before the first snapshot", self._as_of_before_the_first),
            ("restore every earlier snapshot again and verify the repository", self._everything_restorable),
        )

    def _resolve_secret(self) -> Shown:
        keys = self._system.resolve_secret()
        return Shown(detail=f"{len(keys)} keys, none empty: {', '.join(keys)}")

    def _write(self) -> Shown:
        source = self._system.source_pvc
        self._system.create_volume(source)
        refused = self._system.write(source, self._dataset)
        self._source_record = self._system.record(source)
        if len(self._source_record) <= self._dataset.files:
            raise ProofFailed(f"PVC {source}", f"holds only {len(self._source_record)} entries", "see the disk's space")
        size = sum(entry.size_bytes for entry in self._source_record.values())
        told = "".join(f"; {sentence}" for sentence in refused)
        return Shown(
            detail=f"{len(self._source_record)} entries, {size} bytes, nonce {self._dataset.nonce}, "
            f"record {digest(self._source_record)}{told}"
        )

    def _back_up(self) -> Shown:
        result = self._system.back_up(BackupRequest())
        if result.snapshot.time < self._started - timedelta(seconds=1):
            raise ProofFailed(
                f"snapshot {result.snapshot.id[:8]}", f"is of {result.snapshot.time}, before this run", "see the clocks"
            )
        self._versions = (Version(record=self._source_record, snapshot=result.snapshot),)
        return Shown(detail=f"snapshot {result.snapshot.id[:8]} of {result.snapshot.time}", log=result.mover_log)

    def _count_objects(self) -> Shown:
        stored = self._system.stored(self._system.repository)
        if stored.objects == 0:
            raise ProofFailed(self._system.repository, "holds no object", "see where the backup went")
        if stored.size_bytes < self._dataset.size_bytes:
            raise ProofFailed(
                self._system.repository,
                f"holds {stored.size_bytes} bytes of a dataset of {self._dataset.size_bytes} that does not compress",
                "see what was backed up",
            )
        return Shown(detail=f"{stored.objects} objects, {stored.size_bytes} bytes")

    def _wipe(self) -> Shown:
        source = self._system.source_pvc
        self._system.delete_volume(source)
        if self._system.volume_exists(source):
            raise ProofFailed(f"PVC {source}", "is still there", "see what holds it")
        return Shown(detail=f"PVC {source} is gone")

    def _restore(self) -> Shown:
        source = self._system.source_pvc
        result = self._system.restore(RestoreRequest(pvc=source))
        self._is_snapshot(result.snapshot_id, self._versions[0].snapshot)
        return Shown(detail=f"snapshot {result.snapshot_id} into the new PVC {source}", log=result.mover_log)

    def _compare(self) -> Shown:
        found = self._system.record(self._system.source_pvc)
        self._is_the_same(self._versions[0].record, found)
        return Shown(detail=f"{len(found)} entries are as the record says, restored {digest(found)}")

    def _find_corruption(self) -> Shown:
        source, recorded = self._system.source_pvc, self._versions[0].record
        path = self._system.corrupt(source)
        differences = compare(recorded, self._system.record(source))
        if [(each.path, each.what) for each in differences] != [(path, "sha256")]:
            raise ProofFailed(
                "the comparison",
                f"was to find one changed byte in {shown(path)} and found {_told(differences)}",
                "trust no earlier result of it",
            )
        # the same change once more is the way back
        self._system.corrupt(source)
        self._is_the_same(recorded, self._system.record(source))
        return Shown(detail=f"one byte of {shown(path)} was changed, and the comparison named that file and no other")

    def _back_up_change(self) -> Shown:
        source = self._system.source_pvc
        self._system.change(source, self._dataset)
        changed = self._system.record(source)
        first = self._versions[0].snapshot
        # the mover tells snapshots apart by whole seconds
        wait_until(
            lambda: int(datetime.now(UTC).timestamp()) > int(first.time.timestamp()),
            timeout_s=5.0,
            every_s=0.05,
            what="the next second",
        )
        result = self._system.back_up(BackupRequest())
        self._versions = (*self._versions, Version(record=changed, snapshot=result.snapshot))
        count = len(compare(self._versions[0].record, changed))
        if not count:
            raise ProofFailed(f"PVC {source}", "is not different after the change", "see what the app wrote")
        return Shown(
            detail=f"{count} differences to the first, snapshot {result.snapshot.id[:8]}", log=result.mover_log
        )

    def _restore_as_of_first(self) -> Shown:
        return self._restore_version(self._versions[0], "as-of-the-first")

    def _missing_snapshot_class(self) -> Shown:
        return self._backup_fails(BackupRequest(volume_snapshot_class=NO_SUCH_CLASS), naming=NO_SUCH_CLASS)

    def _missing_cache_class(self) -> Shown:
        return self._backup_fails(BackupRequest(cache_storage_class=NO_SUCH_CLASS), naming=NO_SUCH_CLASS)

    def _wrong_credentials(self) -> Shown:
        def back_up() -> None:
            with self._system.secret_changed("AWS_SECRET_ACCESS_KEY", Secret(secrets.token_urlsafe(24))):
                self._system.back_up(BackupRequest())

        return self._fails(back_up, "minio.check")

    def _locked(self) -> Shown:
        with self._system.lock_held():
            shown_failure = self._backup_fails(BackupRequest(), naming="unlock")
        if not self._system.locks():
            raise ProofFailed(
                self._system.repository, "has no lock left of the process that was killed", "see how it was ended"
            )
        return shown_failure

    def _unlock(self) -> Shown:
        result = self._system.back_up(BackupRequest(unlock=f"unlock-{time.time_ns()}"))
        if self._system.locks():
            raise ProofFailed(self._system.repository, "is still locked", "see who holds the lock")
        # the retention keeps one snapshot an hour: this one takes the place of the second, whose content it has
        first, second = self._versions
        self._versions = (first, replace(second, snapshot=result.snapshot))
        return Shown(detail=f"no lock is left, snapshot {result.snapshot.id[:8]}", log=result.mover_log)

    def _empty_source(self) -> Shown:
        self._system.create_volume(EMPTY_PVC)
        failure = self._backup_fails(BackupRequest(source_pvc=EMPTY_PVC), naming="empty")
        self._system.delete_volume(EMPTY_PVC)
        return failure

    def _wrong_path(self) -> Shown:
        elsewhere = f"{self._system.repository}-elsewhere"
        pvc = "wrong-path"

        def restore() -> None:
            with self._system.secret_changed("RESTIC_REPOSITORY", Secret(elsewhere)):
                self._system.restore(RestoreRequest(pvc=pvc))

        failure = self._restore_fails(restore, pvc, naming="no repository")
        stored = self._system.stored(elsewhere)
        if stored.objects:
            raise ProofFailed(elsewhere, f"was created by a restore, with {stored.objects} objects", "remove it")
        return replace(failure, detail=f"{failure.detail}; nothing was created there")

    def _previous_past_the_end(self) -> Shown:
        request = RestoreRequest(pvc="past-the-end", previous=MORE_THAN_ANY)
        return self._restore_fails(lambda: self._system.restore(request), request.pvc, naming="eligible")

    def _as_of_before_the_first(self) -> Shown:
        before = self._versions[0].snapshot.time - timedelta(days=1)
        request = RestoreRequest(pvc="before-the-first", restore_as_of=before)
        return self._restore_fails(lambda: self._system.restore(request), request.pvc, naming="eligible")

    def _everything_restorable(self) -> Shown:
        restored = [self._restore_version(version, f"again-{n}") for n, version in enumerate(self._versions)]
        self._system.check_repository()
        if self._system.locks():
            raise ProofFailed(self._system.repository, "is left locked", "see who holds the lock")
        return Shown(
            detail=f"{len(restored)} snapshots came back as recorded, every byte of the repository was read, no lock left",
            log=tuple(line for each in restored for line in each.log),
        )

    def _restore_version(self, version: Version, pvc: str) -> Shown:
        result = self._system.restore(RestoreRequest(pvc=pvc, restore_as_of=version.snapshot.time))
        self._is_snapshot(result.snapshot_id, version.snapshot)
        self._is_the_same(version.record, self._system.record(pvc))
        self._system.delete_volume(pvc)
        return Shown(
            detail=f"snapshot {result.snapshot_id}, {len(version.record)} entries are as recorded", log=result.mover_log
        )

    def _backup_fails(self, request: BackupRequest, *, naming: str) -> Shown:
        return self._fails(lambda: self._system.back_up(request), naming)

    def _restore_fails(self, act: Callable[[], object], pvc: str, *, naming: str) -> Shown:
        failure = self._fails(act, naming)
        if self._system.volume_exists(pvc):
            raise ProofFailed(f"PVC {pvc}", "was made by a restore that failed", "remove it")
        return failure

    def _fails(self, act: Callable[[], object], naming: str) -> Shown:
        try:
            act()
        except MoverFailed as failure:
            if naming not in str(failure):
                raise
            lost = {version.snapshot.id for version in self._versions} - self._system.snapshot_ids()
            if lost:
                raise ProofFailed(self._system.repository, f"lost {sorted(lost)}", "see what removed them") from failure
            return Shown(detail=f"as it should: {failure}", log=failure.log)
        raise ProofFailed("a step that has to fail", "was reported as a success", "trust no earlier success")

    @staticmethod
    def _is_snapshot(found: str, wanted: Snapshot) -> None:
        if not found or not wanted.id.startswith(found):
            raise ProofFailed(f"snapshot {found}", f"was restored in place of {wanted.id[:8]}", "see the selection")

    @staticmethod
    def _is_the_same(expected: Manifest, found: Manifest) -> None:
        differences = compare(expected, found)
        if differences:
            raise ProofFailed(
                "the restored volume", f"is not what was recorded: {_told(differences)}", "do not rely on this backup"
            )


def _told(differences: tuple[Difference, ...]) -> str:
    if not differences:
        return "no difference"
    first = "; ".join(str(difference) for difference in differences[:5])
    return f"{len(differences)} differences, first {first}" if len(differences) > 5 else first
