"""What the scenario needs of a platform, and the values that go over that line."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import Manifest
from scripts.settings import Secret


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """
    One restic snapshot that the mover would consider for a restore.

    Args:
        id: 64 lower-case hex digits.

        time: when the backup began, with its zone.
    """

    id: str
    time: datetime


@dataclass(frozen=True, kw_only=True)
class BackupRequest:
    """
    One sync of the ReplicationSource, and what is different from the manifest in it.

    Args:
        source_pvc: in place of spec.sourcePVC; "" leaves it.

        volume_snapshot_class: in place of the manifest's; "" leaves it.

        cache_storage_class: in place of the manifest's; "" leaves it.

        unlock: a fresh tag for spec.restic.unlock; "" leaves the repository's locks alone.
    """

    source_pvc: str = ""
    volume_snapshot_class: str = ""
    cache_storage_class: str = ""
    unlock: str = ""


@dataclass(frozen=True, kw_only=True)
class BackupResult:
    """
    A backup that left a new snapshot.

    Args:
        snapshot: the new one.

        mover_log: what the mover said, a line each.

        duration_s: from the trigger to the end, in seconds.
    """

    snapshot: Snapshot
    mover_log: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class RestoreRequest:
    """
    One restore into a PVC that is not there yet.

    Args:
        pvc: its name.

        previous: how many snapshots to go back from the newest one that is eligible.

        restore_as_of: the latest time a snapshot may have; None takes the newest.
    """

    pvc: str
    previous: int = 0
    restore_as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreResult:
    """
    A restore that put a snapshot's content into a new PVC.

    Args:
        snapshot_id: of the snapshot, as the mover names it: 8 hex digits or more.

        mover_log: what the mover said, a line each.

        duration_s: from the trigger to the bound PVC, in seconds.
    """

    snapshot_id: str
    mover_log: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Stored:
    """
    What a repository takes in the bucket.

    Args:
        objects: their number.

        size_bytes: their sizes together.
    """

    objects: int
    size_bytes: int


class BackupSystem(Protocol):
    """
    A platform that backs up and restores; every failure of it is a BackupError, and so is a success that did nothing.

    A volume is addressed by the name of its PVC.
    """

    @property
    def name(self) -> str:
        """What it is called in the evidence."""

    @property
    def source_pvc(self) -> str:
        """The PVC that the ReplicationSource backs up."""

    @property
    def repository(self) -> str:
        """Where the backups go, as RESTIC_REPOSITORY has it."""

    def resolve_secret(self) -> tuple[str, ...]:
        """Make the Secret that the ExternalSecret describes; gives its keys, each of which has a value."""

    def create_volume(self, pvc: str) -> None:
        """Make an empty volume."""

    def volume_exists(self, pvc: str) -> bool:
        """Tell whether there is such a volume."""

    def delete_volume(self, pvc: str) -> None:
        """Remove a volume with everything on it."""

    def write(self, pvc: str, dataset: Dataset) -> tuple[str, ...]:
        """Write the dataset; gives what the file system refused."""

    def change(self, pvc: str, dataset: Dataset) -> None:
        """Change what was written, the way an app does."""

    def corrupt(self, pvc: str) -> str:
        """Change one byte, or change it back the second time; gives the path of its file."""

    def record(self, pvc: str) -> Manifest:
        """Read a volume to the last byte, without asking the backup about it."""

    def back_up(self, request: BackupRequest) -> BackupResult:
        """Run the ReplicationSource once, to its end."""

    def restore(self, request: RestoreRequest) -> RestoreResult:
        """Run the ReplicationDestination once, and fill the PVC from what it made."""

    def snapshot_ids(self) -> frozenset[str]:
        """The ids of all snapshots of the repository, read in the bucket, without asking restic."""

    def stored(self, repository: str) -> Stored:
        """Count what a repository takes in the bucket."""

    def secret_changed(self, key: str, value: Secret) -> AbstractContextManager[None]:
        """Give the movers another value of one key of the Secret for as long as the context lasts."""

    def lock_held(self) -> AbstractContextManager[None]:
        """Let somebody hold a lock on the repository, and kill them without a chance to clean up at the end."""

    def locks(self) -> int:
        """How many locks the repository has."""

    def check_repository(self) -> None:
        """Read every byte of the repository and verify it."""
