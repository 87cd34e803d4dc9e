"""What every rotation of a value of the record needs, and how the cluster gets the new value."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from scripts import cluster as clusters
from scripts import cluster_settings, progress, settings
from scripts.cluster import Cluster
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.cluster_settings import ClusterSettings
from scripts.errors import Drift
from scripts.operate import apps, consumers, now
from scripts.operate.apps import App
from scripts.operate.attempt import Patience
from scripts.operate.consumers import Consumer
from scripts.provision import given, rotation
from scripts.provision.credentials import NEXT, PREVIOUS, complete
from scripts.provision.minio_clients import MinioAccess
from scripts.provision.names import Names, checked_names
from scripts.provision.record import Record
from scripts.provision.rotation import Phase


@dataclass(frozen=True, kw_only=True)
class Rotating:
    """
    What is rotated, and where.

    Args:
        cluster: whose apps have the value.

        record: of the credentials.

        access: MinIO and its administrator.

        settings: of the cluster.

        labels: of what is rotated.

        meant: the app whose backup proves the new value; None for every app.

        concurrency: how many backups may be in flight.

        timeout_s: for the Secrets, for the movers, and for each backup, in seconds.

        taking: surrounds each step while it is taken.
    """

    cluster: Cluster
    record: Record
    access: MinioAccess
    settings: ClusterSettings
    labels: Sequence[str]
    meant: App | None
    concurrency: int
    timeout_s: float
    taking: Callable[[str], AbstractContextManager[None]] = progress.step

    @property
    def names(self) -> Names:
        """Of the bucket, the policy and the user."""
        return checked_names(self.settings, self.access.administrator)

    def values(self, prefix: str = "") -> rotation.Values:
        """
        What the record has now.

        Args:
            prefix: NEXT or PREVIOUS; "" for what is in force.

        Returns:
            The values.
        """
        return rotation.values(self.record.observe(), self.labels, prefix)

    def phase(self) -> Phase:
        """
        How far it has got.

        Returns:
            The phase.

        Raises:
            SettingsError: where the record is not complete.

            Drift: where it is not as a rotation leaves it.
        """
        state = self.record.observe()
        complete(state, name=self.record.name)
        return rotation.phase(state, self.labels, name=self.record.name)

    def consumers(self) -> tuple[Consumer, ...]:
        """
        The ExternalSecrets that bring the value to the apps.

        Returns:
            At least one.

        Raises:
            NotFound: where there is none.

            Drift: where an app has the value in another way, or the app that is meant does not have it.
        """
        found = consumers.find(self.cluster, self.settings.item)
        known = [self.values(prefix) for prefix in ("", NEXT, PREVIOUS)]
        consumers.refuse_others(self.cluster, self.cluster.list(REPLICATION_SOURCE), found, known)
        self._proving(found)
        return found

    def hand_over(self, found: tuple[Consumer, ...]) -> None:
        """
        Bring what the record has to the Secrets, and wait for the movers that began before.

        Args:
            found: the ExternalSecrets that bring it.

        Raises:
            Unreachable: where one of them does not come to its end in time.
        """
        with self.taking(f"bring it to the Secrets of {len(found)} ExternalSecrets"):
            consumers.refresh(self.cluster, found, self.values(), timeout_s=self.timeout_s)
        with self.taking("wait for the movers that began before"):
            consumers.wait_for_movers(self.cluster, found, timeout_s=self.timeout_s)

    def back_up(self, found: tuple[Consumer, ...]) -> None:
        """
        Prove it with backups.

        Args:
            found: the ExternalSecrets that bring it.

        Raises:
            MoverFailed: where one fails.
        """
        wanted, patience = self._proving(found), Patience(whole_s=self.timeout_s)
        with self.taking("back up with it"):
            ended = now.back_up(self.cluster, wanted, scope=self.meant, concurrency=self.concurrency, patience=patience)
        now.judge(ended, context=self.cluster.context)

    def _proving(self, found: tuple[Consumer, ...]) -> list[App]:
        secrets = {(each.namespace, each.secret) for each in found}
        sources = apps.chosen(self.cluster.list(REPLICATION_SOURCE), self.meant, context=self.cluster.context)
        proving = [
            apps.of(each)
            for each in sources
            if (apps.of(each).namespace, (each["spec"].get("restic") or {}).get("repository")) in secrets
        ]
        if not proving:
            where = self.meant.where if self.meant else f"cluster {self.cluster.context}"
            raise Drift(where, f"does not back up with the item {self.settings.item}", "name an app that does")
        return proving


def run(
    rotate: Callable[[Rotating], None],
    labels: Sequence[str],
    *,
    context: str,
    app: str,
    all_apps: bool,
    endpoint: str,
    ca_file: str,
    record_file: str,
    concurrency: int,
    timeout_s: int,
) -> None:
    """
    Rotate what flags and environment say.

    Args:
        rotate: does it.

        labels: of what is rotated.

        context: of the kubeconfig.

        app: whose backup proves the new value; "" with all_apps.

        all_apps: whether every app's does.

        endpoint: URL of MinIO; see given.server.

        ca_file: see given.server.

        record_file: a file that is the record; the 1Password item where "".

        concurrency: how many backups, or repositories, may be in flight.

        timeout_s: for the Secrets, for the movers, and for each backup, in seconds.

    Raises:
        BackupError: see rotate_keys.rotate and rotate_password.rotate.
    """
    meant = apps.meant(app, all_apps=all_apps)
    now.refuse_too_small(concurrency=concurrency, timeout_s=timeout_s)
    shared = cluster_settings.read(settings.REPOSITORY_ROOT)
    record, access = given.record(record_file, shared), given.access(endpoint, ca_file, shared)
    with clusters.connect(context) as cluster:
        rotate(
            Rotating(
                cluster=cluster,
                record=record,
                access=access,
                settings=shared,
                labels=labels,
                meant=meant,
                concurrency=concurrency,
                timeout_s=timeout_s,
            )
        )
