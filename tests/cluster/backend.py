"""What backups go to and their credentials come from: a real MinIO behind a gate, and a 1Password Connect server."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio

from scripts import cluster_settings
from scripts.cluster_settings import ClusterSettings
from scripts.e2e import connect, minio_server
from scripts.provision import endpoint
from scripts.provision.connect_client import Vault
from scripts.provision.converge import Manner, set_up_all
from scripts.provision.credentials import Credentials
from scripts.provision.minio_clients import MinioAccess, MinioServer, s3
from scripts.provision.onepassword import ItemRecord
from scripts.provision.patience import PATIENCE
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import gate
from tests.cluster.gate import Gate


@dataclass(frozen=True, kw_only=True)
class Backend:
    """
    A set-up MinIO and the record of its credentials.

    Args:
        url: of MinIO, as movers reach it: through the gate.

        gate: in front of MinIO; shut it and MinIO is gone.

        connect: the 1Password Connect server.

        vault: on it.

        access: MinIO itself and its administrator, past the gate.

        settings: of the tree.
    """

    url: str
    gate: Gate
    connect: connect.StandIn
    vault: Vault
    access: MinioAccess
    settings: ClusterSettings

    @property
    def record(self) -> ItemRecord:
        """The 1Password item."""
        return ItemRecord(vault=self.vault, title=self.settings.item)

    def credentials(self) -> Credentials:
        """What the item says now."""
        return self.record.read()

    def s3(self) -> Minio:
        """The bucket, as the movers' key sees it, past the gate."""
        return s3(self.access.server, self.credentials().key)

    def repository(self, path: str) -> str:
        """What RESTIC_REPOSITORY has for an app."""
        return f"s3:{self.url}/{self.settings.bucket}/{path}"

    def objects(self, path: str) -> list[str]:
        """The names of the objects of a repository."""
        listed = self.s3().list_objects(bucket_name=self.settings.bucket, prefix=f"{path}/", recursive=True)
        return [str(each.object_name) for each in listed]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Backend]:
    """
    Run both for as long as the context lasts, set up as `invoke setup` does.

    Args:
        folder: an existing directory of its own.

    Yields:
        The backend.
    """
    settings = cluster_settings.read(REPOSITORY_ROOT)
    (folder / "objects").mkdir()
    with (
        minio_server.run(data=folder / "objects", log=folder / "minio.log") as minio,
        connect.serve(vault=settings.vault) as onepassword,
        gate.before(urlsplit(minio.endpoint).port or 0) as door,
    ):
        backend = Backend(
            url=f"http://127.0.0.1:{door.port}",
            gate=door,
            connect=onepassword,
            vault=Vault(
                host=endpoint.parse(onepassword.host), token=onepassword.token, title=settings.vault, patience=PATIENCE
            ),
            access=MinioAccess(
                server=MinioServer(endpoint=endpoint.parse(minio.endpoint), region=settings.region),
                administrator=minio.administrator,
            ),
            settings=settings,
        )
        set_up_all(backend.record, backend.access, settings, Manner(taking=lambda _step: contextlib.nullcontext()))
        yield backend
