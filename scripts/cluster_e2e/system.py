"""An app on a cluster, as the system that the scenario works on."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import (
    EXTERNAL_SECRET,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    SECRET,
    STORAGE_CLASS,
)
from scripts.cluster_e2e import dead_lock
from scripts.cluster_e2e.app import REPOSITORY, App
from scripts.cluster_e2e.sync import Patience, Synced, Syncs
from scripts.e2e import bucket as buckets
from scripts.e2e import external_secret
from scripts.e2e.bucket import Bucket
from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import Manifest
from scripts.e2e.system import BackupRequest, BackupResult, RestoreRequest, RestoreResult, Snapshot, Stored
from scripts.e2e.volume_pod import VolumePods
from scripts.errors import BackupError, MoverFailed, NotFound, ProofFailed
from scripts.operate import mover_log, trigger
from scripts.operate import repository as repositories
from scripts.settings import Secret

PLAIN = BackupRequest()
SECRET_READY_S = 120.0
BOUND_S = 300.0


class ClusterSystem:
    """
    One app on a cluster; the methods do what BackupSystem says.

    Args:
        cluster: that it is on.

        app: its objects, in a namespace of their own.

        pods: what works on its volumes.

        patience: how long syncs are waited for.

        fields: label -> value of the 1Password item, where there is no External Secrets that reads it; None where there is.
    """

    name = "cluster"

    def __init__(
        self,
        cluster: Cluster,
        app: App,
        pods: VolumePods,
        *,
        patience: Patience,
        fields: Mapping[str, Secret] | None,
    ) -> None:
        self._cluster = cluster
        self._app = app
        self._namespace = str(app.claim["metadata"]["namespace"])
        self._pods = pods
        self._fields = fields
        self._syncs = Syncs(cluster, self._namespace, patience)
        self._other_secret = ""
        self.synced: list[Synced] = []
        """Every sync that was proven."""

    @property
    def source_pvc(self) -> str:
        """The PVC that the ReplicationSource backs up."""
        return str(self._app.source["spec"]["sourcePVC"])

    @property
    def repository(self) -> str:
        """Where the backups go, as RESTIC_REPOSITORY has it."""
        return self._secret()[REPOSITORY].reveal()

    def resolve_secret(self) -> tuple[str, ...]:
        """Make the Secret that the ExternalSecret describes."""
        if self._fields is None:
            self._cluster.apply(EXTERNAL_SECRET, self._app.external_secret)
            self._cluster.wait(
                EXTERNAL_SECRET,
                self._app.external_secret["metadata"]["name"],
                self._namespace,
                _is_ready,
                timeout_s=SECRET_READY_S,
                what="External Secrets to make its Secret",
            )
        else:
            self._make_secret(self._app.secret, external_secret.resolve(self._app.external_secret, self._fields))
        found = self._secret()
        empty = [key for key in self._app.keys if not found.get(key)]
        if empty:
            raise ProofFailed(
                f"Secret {self._namespace}/{self._app.secret}",
                f"has nothing for {', '.join(empty)}",
                "see the 1Password item",
            )
        return self._app.keys

    def create_volume(self, pvc: str) -> None:
        """Make an empty volume."""
        self._cluster.apply(PERSISTENT_VOLUME_CLAIM, self._app.claim_of(pvc, populated=False))
        # a class may wait for a pod before it makes a volume at all
        found = self._pods.record(pvc)
        if found:
            raise ProofFailed(f"PersistentVolumeClaim {pvc}", f"is new and has {len(found)} entries", "see its class")

    def volume_exists(self, pvc: str) -> bool:
        """Tell whether there is such a volume."""
        return self._cluster.find(PERSISTENT_VOLUME_CLAIM, pvc, self._namespace) is not None

    def delete_volume(self, pvc: str) -> None:
        """Remove a volume with everything on it."""
        self._cluster.delete(PERSISTENT_VOLUME_CLAIM, pvc, self._namespace)
        self._cluster.wait(
            PERSISTENT_VOLUME_CLAIM,
            pvc,
            self._namespace,
            lambda found: found is None,
            timeout_s=BOUND_S,
            what="its end",
        )

    def write(self, pvc: str, dataset: Dataset) -> tuple[str, ...]:
        """Write the dataset."""
        return self._pods.write(pvc, dataset)

    def change(self, pvc: str, dataset: Dataset) -> None:
        """Change what was written, the way an app does."""
        self._pods.change(pvc, dataset)

    def corrupt(self, pvc: str) -> str:
        """Change one byte."""
        return self._pods.corrupt(pvc)

    def record(self, pvc: str) -> Manifest:
        """Read a volume to the last byte."""
        return self._pods.record(pvc)

    def back_up(self, request: BackupRequest) -> BackupResult:
        """Trigger the ReplicationSource, which is a new one wherever it is not quite the tree's."""
        started, name = time.monotonic(), self._app.source["metadata"]["name"]
        tag = trigger.tag(datetime.now(UTC))
        document = self._as_told().source_for(request, tag)
        where = _where(document)
        is_the_trees = request == PLAIN and not self._other_secret
        if not is_the_trees:
            self._syncs.removed(REPLICATION_SOURCE, name)
        with self._gone_if_it_fails(REPLICATION_SOURCE, name):
            self._cluster.apply(REPLICATION_SOURCE, document)
            synced = self._syncs.ended(REPLICATION_SOURCE, name, tag)
            said = mover_log.said("\n".join(synced.log))
            if said.is_empty:
                raise MoverFailed(
                    where, "the mover calls it a success, but the source is empty", "see the source", log=synced.log
                )
            if not synced.snapshots:
                raise ProofFailed(where, "is done, and no VolumeSnapshot of it was seen", "see its copyMethod")
            new = self._saved(said.snapshot)
            if new is None:
                raise MoverFailed(
                    where, "is done, and its repository has no new snapshot", "see the mover's log", log=synced.log
                )
        if not is_the_trees:
            self._syncs.removed(REPLICATION_SOURCE, name)
        self.synced.append(synced)
        return BackupResult(snapshot=new, mover_log=synced.log, duration_s=time.monotonic() - started)

    def restore(self, request: RestoreRequest) -> RestoreResult:
        """Run a new ReplicationDestination, and fill a new PVC from the VolumeSnapshot that it made."""
        started, name = time.monotonic(), self._app.destination["metadata"]["name"]
        tag = trigger.tag(datetime.now(UTC))
        document = self._as_told().destination_for(request, tag)
        where = _where(document)
        repository = self._cluster.secret(self._other_secret or self._app.secret, self._namespace)[REPOSITORY].reveal()
        if not self.stored(repository).objects:
            # the mover would make one, and call it a success
            raise MoverFailed(where, f"there is no repository at {repository}", "see RESTIC_REPOSITORY")
        self._syncs.removed(REPLICATION_DESTINATION, name)
        with self._gone_if_it_fails(REPLICATION_DESTINATION, name):
            self._cluster.apply(REPLICATION_DESTINATION, document)
            synced = self._syncs.ended(REPLICATION_DESTINATION, name, tag)
            restored = mover_log.restored("\n".join(synced.log))
            if not restored:
                raise MoverFailed(
                    where,
                    "the mover calls it a success, but no eligible snapshot was restored",
                    f"look at what is in {repository} before anything overwrites it",
                    log=synced.log,
                )
            if not (synced.status.get("latestImage") or {}).get("name"):
                raise ProofFailed(where, "is done, and names no image", "see its copyMethod")
        self._cluster.apply(PERSISTENT_VOLUME_CLAIM, self._app.claim_of(request.pvc, populated=True))
        self._bound(request.pvc)
        self.synced.append(synced)
        return RestoreResult(snapshot_id=restored, mover_log=synced.log, duration_s=time.monotonic() - started)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that a restore would choose from."""
        with repositories.opened(self._cluster, self._app.source) as opened:
            return tuple(Snapshot(id=each.id, time=each.time) for each in opened.snapshots())

    def _saved(self, snapshot: str) -> Snapshot | None:
        with contextlib.suppress(NotFound):
            # a repository that is not there has none
            return next((each for each in self.snapshots() if snapshot and each.id.startswith(snapshot)), None)
        return None

    def snapshot_ids(self) -> frozenset[str]:
        """The ids of all snapshots of the repository: restic names the object of each by its id."""
        found = self._bucket().objects(f"{self.repository}/snapshots")
        return frozenset(location.rsplit("/", 1)[1] for location, _ in found)

    def stored(self, repository: str) -> Stored:
        """Count what a repository takes in the bucket."""
        return self._bucket().stored(repository)

    @contextlib.contextmanager
    def secret_changed(self, key: str, value: Secret) -> Iterator[None]:
        """Let the movers read another Secret: the first is External Secrets', which would change it back."""
        other = f"{self._app.secret}-{secrets.token_hex(4)}"
        self._make_secret(other, {**self._secret(), key: value})
        self._other_secret = other
        try:
            yield
        finally:
            self._other_secret = ""
            self._cluster.delete(SECRET, other, self._namespace)

    @contextlib.contextmanager
    def lock_held(self) -> Iterator[None]:
        """Leave the lock of a holder that is dead."""
        dead_lock.leave(self._bucket(), self.repository, self._secret()["RESTIC_PASSWORD"])
        yield

    def locks(self) -> int:
        """How many locks the repository has."""
        return self.stored(f"{self.repository}/locks").objects

    def check_repository(self) -> None:
        """Read every byte of the repository and verify it."""
        with repositories.opened(self._cluster, self._app.source) as opened:
            opened.check()

    def _as_told(self) -> App:
        return self._app.reading(self._other_secret) if self._other_secret else self._app

    def _secret(self) -> Mapping[str, Secret]:
        return self._cluster.secret(self._app.secret, self._namespace)

    def _bucket(self) -> Bucket:
        return buckets.of_secret(self._secret())

    def _make_secret(self, name: str, values: Mapping[str, Secret]) -> None:
        metadata = {**self._app.external_secret["metadata"], "name": name}
        data = {key: value.reveal() for key, value in values.items()}
        self._cluster.create(SECRET, {"metadata": metadata, "stringData": data})

    def _bound(self, pvc: str) -> None:
        claim = self._app.claim["spec"]
        found = self._cluster.get(STORAGE_CLASS, claim["storageClassName"])
        if found.get("volumeBindingMode") == "WaitForFirstConsumer":
            # the pod that records it is the first consumer
            return
        self._cluster.wait(
            PERSISTENT_VOLUME_CLAIM,
            pvc,
            self._namespace,
            lambda found: found is not None and (found.get("status") or {}).get("phase") == "Bound",
            timeout_s=BOUND_S,
            what="it to be filled and bound",
        )

    @contextlib.contextmanager
    def _gone_if_it_fails(self, kind: Kind, name: str) -> Iterator[None]:
        try:
            yield
        except BackupError:
            # VolSync would try for ever
            self._syncs.removed(kind, name)
            raise


def _is_ready(found: Object | None) -> bool:
    conditions = ((found or {}).get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _where(document: Object) -> str:
    metadata = document["metadata"]
    return f"{document['kind']} {metadata['namespace']}/{metadata['name']}"
