"""PVCs and VolumeSnapshots as directories: a volume is a directory, a snapshot is a copy of it at one point in time."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import MoverFailed
from scripts.process import run

COPY_TIMEOUT_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Storage:
    """
    The storage of one namespace.

    Args:
        root: a directory of its own.

        storage_classes: the names that exist.

        volume_snapshot_classes: the names that exist.
    """

    root: Path
    storage_classes: frozenset[str]
    volume_snapshot_classes: frozenset[str]

    def volume(self, pvc: str) -> Path:
        """
        Where a volume's content is, as a pod would mount it at /data.

        Args:
            pvc: its name.

        Returns:
            A path that ends in "data"; it may not exist.
        """
        return self.root / "volumes" / pvc / "data"

    def create(self, pvc: str, *, storage_class: str) -> Path:
        """
        Make an empty volume, as a provisioner does.

        Args:
            pvc: its name.

            storage_class: of the PVC.

        Returns:
            Where its content is.

        Raises:
            MoverFailed: where there is no such class.
        """
        if storage_class not in self.storage_classes:
            raise MoverFailed(
                f"PersistentVolumeClaim {pvc}",
                f"stays Pending: there is no StorageClass {storage_class}",
                "correct the class in cluster-settings.yaml or make it",
            )
        volume = self.volume(pvc)
        volume.mkdir(parents=True)
        return volume

    def snapshot(self, pvc: str, name: str, *, volume_snapshot_class: str) -> Path:
        """
        Make a VolumeSnapshot.

        Args:
            pvc: of what.

            name: of the VolumeSnapshot.

            volume_snapshot_class: of the VolumeSnapshot.

        Returns:
            Where its content is.

        Raises:
            MoverFailed: where there is no such class.
        """
        target = self._image(name, volume_snapshot_class)
        copy(self.volume(pvc), target)
        return target

    def last_snapshot(self, pvc: str, name: str, *, volume_snapshot_class: str) -> Path:
        """
        Make a VolumeSnapshot of a volume that is not needed any more, without a copy.

        Args:
            pvc: of what; it is gone afterwards.

            name: of the VolumeSnapshot.

            volume_snapshot_class: of the VolumeSnapshot.

        Returns:
            Where its content is.

        Raises:
            MoverFailed: where there is no such class.
        """
        target = self._image(name, volume_snapshot_class)
        target.parent.mkdir(parents=True, exist_ok=True)
        return self.volume(pvc).rename(target)

    def delete(self, pvc: str) -> None:
        """
        Remove a volume with everything on it.

        Args:
            pvc: its name; it may be gone already.
        """
        shutil.rmtree(self.volume(pvc).parent, ignore_errors=True)

    def delete_snapshot(self, name: str) -> None:
        """
        Remove a VolumeSnapshot.

        Args:
            name: of it; "" for none.
        """
        if name:
            shutil.rmtree(self.root / "snapshots" / name)

    def _image(self, name: str, volume_snapshot_class: str) -> Path:
        if volume_snapshot_class not in self.volume_snapshot_classes:
            raise MoverFailed(
                f"VolumeSnapshot {name}",
                f"is never ready: there is no VolumeSnapshotClass {volume_snapshot_class}",
                "correct volumeSnapshotClassName in cluster-settings.yaml or make the class",
            )
        return self.root / "snapshots" / name


def copy(source: Path, target: Path) -> None:
    """
    Copy a tree with all that a snapshot of a file system would keep: times, modes, links, holes.

    Args:
        source: a directory.

        target: the new directory; its parent is made where it is missing.

    Raises:
        CommandFailed: where it cannot be copied whole.
    """
    target.mkdir(parents=True)
    # cp keeps hard links and holes, which shutil does not; copy-on-write where the file system can
    flags = ("-a", "--sparse=always", "--reflink=auto")
    run(("cp", *flags, f"{source}/.", target), timeout_s=COPY_TIMEOUT_S, next_step="see how much space is left")
