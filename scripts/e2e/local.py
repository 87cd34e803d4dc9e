"""The embedded system: rendered manifests drive restic against a real MinIO, and PVCs are directories."""

import contextlib
import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.e2e import dataset as datasets
from scripts.e2e import digest, external_secret, mover
from scripts.e2e.bucket import Bucket
from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import Manifest
from scripts.e2e.mover import Mover, MoverRun
from scripts.e2e.storage import Storage, copy
from scripts.e2e.system import BackupRequest, BackupResult, RestoreRequest, RestoreResult, Snapshot, Stored
from scripts.errors import MoverFailed
from scripts.model import Resource
from scripts.process import kill, serve
from scripts.settings import Secret

REQUIRED_KEYS = ("RESTIC_REPOSITORY", "RESTIC_PASSWORD")
LOCK_TIMEOUT_S = 60.0


class LocalSystem:
    """
    One app of the tree on this machine; the methods do what BackupSystem says.

    Args:
        objects: what the tree renders for the app's namespace.

        fields: label -> value of the 1Password item that the ExternalSecret names.

        storage: where volumes and snapshots are.

        cache: a directory for the movers' caches.

        restic: path of the program.

        bucket: signed in to as the mover.
    """

    name = "local"

    def __init__(
        self,
        *,
        objects: tuple[Resource, ...],
        fields: Mapping[str, Secret],
        storage: Storage,
        cache: Path,
        restic: Path,
        bucket: Bucket,
    ) -> None:
        self._external_secret = only(objects, "ExternalSecret")
        self._source = only(objects, "ReplicationSource")
        self._destination = only(objects, "ReplicationDestination")
        self._claim = only(objects, "PersistentVolumeClaim")
        self._fields = fields
        self._storage = storage
        self._cache = cache
        self._restic = restic
        self._bucket = bucket
        self._secret: dict[str, Secret] = {}
        self._latest_image = ""
        self._sequence = itertools.count(1)

    @property
    def source_pvc(self) -> str:
        """The PVC that the ReplicationSource backs up."""
        return str(self._source["spec"]["sourcePVC"])

    @property
    def repository(self) -> str:
        """Where the backups go, as RESTIC_REPOSITORY has it."""
        return self._secret["RESTIC_REPOSITORY"].reveal()

    def resolve_secret(self) -> tuple[str, ...]:
        """Make the Secret that the ExternalSecret describes."""
        self._secret = external_secret.resolve(self._external_secret, self._fields)
        made = self._external_secret["spec"]["target"]["name"]
        for custom_resource in (self._source, self._destination):
            read = custom_resource["spec"]["restic"]["repository"]
            if read != made:
                raise MoverFailed(
                    _named(custom_resource), f'Secret "{read}" not found', f"name {made} in spec.restic.repository"
                )
        return tuple(self._secret)

    def create_volume(self, pvc: str) -> None:
        """Make an empty volume of the claim's class."""
        self._storage.create(pvc, storage_class=str(self._claim["spec"]["storageClassName"]))

    def volume_exists(self, pvc: str) -> bool:
        """Tell whether there is such a volume."""
        return self._storage.volume(pvc).is_dir()

    def delete_volume(self, pvc: str) -> None:
        """Remove a volume with everything on it."""
        self._storage.delete(pvc)

    def write(self, pvc: str, dataset: Dataset) -> tuple[str, ...]:
        """Write the dataset."""
        return datasets.write(dataset, self._storage.volume(pvc))

    def change(self, pvc: str, dataset: Dataset) -> None:
        """Change what was written, the way an app does."""
        datasets.change(dataset, self._storage.volume(pvc))

    def corrupt(self, pvc: str) -> str:
        """Change one byte."""
        return datasets.corrupt_one_byte(self._storage.volume(pvc))

    def record(self, pvc: str) -> Manifest:
        """Read a volume to the last byte."""
        return digest.record(self._storage.volume(pvc))

    def back_up(self, request: BackupRequest) -> BackupResult:
        """Run the ReplicationSource once: VolumeSnapshot, volume from it, mover."""
        started = time.monotonic()
        restic = self._source["spec"]["restic"]
        where = _named(self._source)
        self._refuse_unless(where, restic["copyMethod"] == "Snapshot", f"copyMethod is {restic['copyMethod']}")
        pvc = request.source_pvc or self.source_pvc
        if not self.volume_exists(pvc):
            raise MoverFailed(where, f'PersistentVolumeClaim "{pvc}" not found', "make the PVC or correct sourcePVC")
        temporary = f"volsync-{self._source['metadata']['name']}-src"
        snapshot_class = request.volume_snapshot_class or str(restic["volumeSnapshotClassName"])
        with self._temporary(temporary):
            image = self._storage.snapshot(pvc, temporary, volume_snapshot_class=snapshot_class)
            # on a CSI driver the temporary volume is a clone of the snapshot; here the snapshot itself is mounted
            self._storage.volume(temporary).parent.mkdir(parents=True)
            image.rename(self._storage.volume(temporary))
            cache_class = request.cache_storage_class or str(restic["cacheStorageClassName"])
            pod = self._pod(self._source, temporary, cache_class)
            # the ReplicationSource is as old as this run: a prune is due only where the interval is no day at all
            prune = int(restic.get("pruneIntervalDays", 7)) <= 0
            ended = mover.back_up(pod, unlock=bool(request.unlock), retain=restic.get("retain", {}), prune=prune)
        self._raise_unless_done(self._source, ended)
        new = next((each for each in self.snapshots() if each.id.startswith(ended.snapshot_id)), None)
        if new is None:
            found = "the mover reports a snapshot that the repository does not list"
            raise MoverFailed(where, found, "read `What the mover said` in the evidence", log=ended.log)
        return BackupResult(snapshot=new, mover_log=ended.log, duration_s=time.monotonic() - started)

    def restore(self, request: RestoreRequest) -> RestoreResult:
        """Run the ReplicationDestination once, and fill a new PVC from the VolumeSnapshot that it made."""
        started = time.monotonic()
        restic = self._destination["spec"]["restic"]
        name = self._destination["metadata"]["name"]
        where = _named(self._destination)
        for field in ("capacity", "accessModes"):
            self._refuse_unless(where, bool(restic.get(field)), f"{field} must be provided")
        self._refuse_unless(where, restic["copyMethod"] == "Snapshot", "the populator needs copyMethod Snapshot")
        self._refuse_unless(where, self._populates(), "the PVC's dataSourceRef does not name it")
        temporary = f"volsync-{name}-dest"
        image_name = f"{temporary}-{next(self._sequence):014d}"
        with self._temporary(temporary):
            self._storage.create(temporary, storage_class=str(restic["storageClassName"]))
            pod = self._pod(self._destination, temporary, str(restic["cacheStorageClassName"]))
            ended = mover.restore(
                pod,
                previous=request.previous,
                restore_as_of=request.restore_as_of,
                delete=bool(restic.get("enableFileDeletion")),
            )
            self._raise_unless_done(self._destination, ended)
            snapshot_class = str(restic["volumeSnapshotClassName"])
            # cleanupTempPVC: the volume goes once its image is made
            image = self._storage.last_snapshot(temporary, image_name, volume_snapshot_class=snapshot_class)
        # VolSync keeps the newest image alone
        self._storage.delete_snapshot(self._latest_image)
        self._latest_image = image_name
        self._storage.volume(request.pvc).parent.mkdir(parents=True)
        copy(image, self._storage.volume(request.pvc))
        return RestoreResult(snapshot_id=ended.snapshot_id, mover_log=ended.log, duration_s=time.monotonic() - started)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that a restore would choose from."""
        return mover.snapshots(self._reader())

    def snapshot_ids(self) -> frozenset[str]:
        """The ids of all snapshots of the repository: restic names the object of each by its id."""
        return frozenset(name.rsplit("/", 1)[1] for name, _ in self._bucket.objects(f"{self.repository}/snapshots"))

    def stored(self, repository: str) -> Stored:
        """Count what a repository takes in the bucket."""
        return self._bucket.stored(repository)

    @contextlib.contextmanager
    def secret_changed(self, key: str, value: Secret) -> Iterator[None]:
        """Give the movers another value of one key of the Secret."""
        kept = self._secret
        self._secret = {**kept, key: value}
        try:
            yield
        finally:
            self._secret = kept

    @contextlib.contextmanager
    def lock_held(self) -> Iterator[None]:
        """Let a backup that never ends hold its lock, and kill it at the end, so that the lock stays behind."""
        pod = self._reader()
        never_ends = ("--stdin-from-command", "--", "tail", "-f", "/dev/null")
        command = (pod.restic, "backup", "--host", mover.HOST, *never_ends)
        log = self._cache / "lock-holder.log"
        with serve(
            "lock holder",
            command,
            log=log,
            environment=mover.environment(pod),
            ready=lambda: self.locks() > 0,
            timeout_s=LOCK_TIMEOUT_S,
        ) as holder:
            yield
            kill(holder)

    def locks(self) -> int:
        """How many locks the repository has."""
        return self.stored(f"{self.repository}/locks").objects

    def check_repository(self) -> None:
        """Read every byte of the repository and verify it."""
        mover.restic(self._reader(), "check", "--read-data", accept=(0,))

    def _pod(self, custom_resource: Mapping[str, Any], pvc: str, cache_class: str) -> Mover:
        where = _named(custom_resource)
        for key in REQUIRED_KEYS:
            self._refuse_unless(where, key in self._secret, f"secret is missing field: {key}")
        if cache_class not in self._storage.storage_classes:
            raise MoverFailed(
                where,
                f"PersistentVolumeClaim volsync-{custom_resource['metadata']['name']}-cache stays Pending: "
                f"there is no StorageClass {cache_class}",
                "correct cacheStorageClassName in cluster-settings.yaml or make the class",
            )
        cache = self._cache / f"volsync-{custom_resource['metadata']['name']}-cache"
        cache.mkdir(exist_ok=True)
        return Mover(restic=self._restic, secret=self._secret, data=self._storage.volume(pvc), cache=cache)

    def _reader(self) -> Mover:
        # lists and checks need no volume; they share the source's cache, as a debug pod with that PVC would
        cache = self._cache / f"volsync-{self._source['metadata']['name']}-cache"
        cache.mkdir(exist_ok=True)
        return Mover(restic=self._restic, secret=self._secret, data=self._storage.root, cache=cache)

    @contextlib.contextmanager
    def _temporary(self, pvc: str) -> Iterator[None]:
        # what a killed mover left behind is VolSync's to remove
        self._storage.delete(pvc)
        try:
            yield
        finally:
            self._storage.delete(pvc)

    def _populates(self) -> bool:
        reference = self._claim["spec"].get("dataSourceRef", {})
        wanted = ("volsync.backube", "ReplicationDestination", self._destination["metadata"]["name"])
        return (reference.get("apiGroup"), reference.get("kind"), reference.get("name")) == wanted

    def _raise_unless_done(self, custom_resource: Mapping[str, Any], ended: MoverRun) -> None:
        said = next((line for line in reversed(ended.log) if "Fatal" in line or "locked" in line), "")
        said = said or (ended.log[-1] if ended.log else "nothing")
        if ended.exit_code:
            raise MoverFailed(
                _named(custom_resource),
                f"the mover ended with exit code {ended.exit_code}: {said}",
                _next_step(ended),
                log=ended.log,
            )
        if ended.did_nothing:
            raise MoverFailed(
                _named(custom_resource),
                f"the mover calls it a success, but {ended.did_nothing}",
                f"look at what is in {self.repository} and at the source before anything overwrites it",
                log=ended.log,
            )

    @staticmethod
    def _refuse_unless(where: str, holds: bool, found: str) -> None:
        if not holds:
            raise MoverFailed(where, found, "correct the manifest")


def only(objects: tuple[Resource, ...], kind: str) -> Mapping[str, Any]:
    """
    The one object of a kind.

    Args:
        objects: of an app.

        kind: of which there has to be exactly one.

    Returns:
        The object.

    Raises:
        MoverFailed: where there is none, or more than one.
    """
    found = [each for each in objects if each.id.kind == kind]
    if len(found) != 1:
        raise MoverFailed(f"the app's {kind}", f"the tree renders {len(found)} of them", "render exactly one")
    return found[0].document


def _named(custom_resource: Mapping[str, Any]) -> str:
    metadata = custom_resource["metadata"]
    return f"{custom_resource['kind']} {metadata['namespace']}/{metadata['name']}"


def _next_step(ended: MoverRun) -> str:
    text = " ".join(ended.log)
    if ended.exit_code == 11 or "locked" in text:
        return "see that no mover runs, then set spec.restic.unlock to a fresh tag"
    if "wrong password" in text:
        return "compare RESTIC_PASSWORD of the item with the one the repository was made with"
    if "signature" in text or "Access Denied" in text or "Access Key" in text:
        return "run `invoke minio.check`, then `invoke minio.setup`"
    return "read `What the mover said` in the evidence"
