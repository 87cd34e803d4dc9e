"""What flags and the environment say -> the record, and MinIO with who administers it."""

import ssl
from pathlib import Path

from scripts import cluster_settings, settings
from scripts.cluster_settings import ClusterSettings
from scripts.errors import SettingsError
from scripts.provision import administrator, endpoint
from scripts.provision.connect_client import Vault
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import MinioAccess, MinioServer
from scripts.provision.onepassword import ItemRecord
from scripts.provision.patience import PATIENCE
from scripts.provision.record import Record
from scripts.provision.record_file import FileRecord


def record(record_file: str, shared: ClusterSettings) -> Record:
    """
    Choose the record of the credentials.

    Args:
        record_file: a file that is the record; the 1Password item where "".

        shared: settings of the cluster.

    Returns:
        The record; nothing is asked of it yet.

    Raises:
        SettingsError: where a variable of the environment is missing or wrong.
    """
    if record_file:
        path = Path(record_file).expanduser().absolute()
        return FileRecord(path=path, vault=shared.vault, item=shared.item)
    return ItemRecord(vault=_vault(shared), title=shared.item)


def _vault(shared: ClusterSettings) -> Vault:
    name = "OP_CONNECT_HOST"
    purpose = "the address of the 1Password Connect server (without one, give a file with --record)"
    host = endpoint.parse(
        settings.required(name, purpose=purpose),
        where=f"environment variable {name}",
        example="http://onepassword-connect:8080",
    )
    token = settings.secret("OP_CONNECT_TOKEN", purpose="an access token of the 1Password Connect server")
    return Vault(host=host, token=token, title=shared.vault, patience=PATIENCE)


def server(url: str, ca_file: str, shared: ClusterSettings) -> MinioServer:
    """
    Say how MinIO is reached.

    Args:
        url: of MinIO; MINIO_ENDPOINT, else the one of the cluster settings, where "".

        ca_file: PEM file of the authority of its certificate; MINIO_CA_FILE where "".

        shared: settings of the cluster.

    Returns:
        The server; nothing is asked of it yet.

    Raises:
        SettingsError: where the address or the file is wrong.
    """
    sources = (
        ("--endpoint", url),
        ("environment variable MINIO_ENDPOINT", settings.optional("MINIO_ENDPOINT")),
        (f"VOLSYNC_ENDPOINT in {cluster_settings.PATH}", shared.endpoint),
    )
    where, found = next((source for source in sources if source[1]), sources[-1])
    return MinioServer(
        endpoint=endpoint.parse(found, where=where, example="http://10.25.11.3:9000"),
        region=shared.region,
        ca_file=_ca_file(ca_file or settings.optional("MINIO_CA_FILE")),
    )


def _ca_file(name: str) -> Path | None:
    if not name:
        return None
    path = Path(name).expanduser().absolute()
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        # an SSLError is an OSError too
        reason = "holds no PEM certificate" if isinstance(error, ssl.SSLError) else f"cannot be read ({error.strerror})"
        raise SettingsError(f"CA file {path}", reason, "give the PEM file of the authority") from None
    return path


def access(url: str, ca_file: str, shared: ClusterSettings) -> MinioAccess:
    """
    Say how MinIO is reached, and who administers it.

    Args:
        url: see server.

        ca_file: see server.

        shared: settings of the cluster.

    Returns:
        Both.

    Raises:
        SettingsError: where one of them is missing or wrong.
    """
    return MinioAccess(server=server(url, ca_file, shared), administrator=_administrator(shared))


def _administrator(shared: ClusterSettings) -> AccessKey:
    return administrator.from_values(
        settings.optional(administrator.ACCESS_KEY_VARIABLE),
        settings.optional(administrator.SECRET_KEY_VARIABLE),
        settings.optional(administrator.ITEM_VARIABLE),
        lambda: _vault(shared),
    )


def administrator_at_hand(shared: ClusterSettings) -> AccessKey | None:
    """
    The administrator, where there is one.

    Args:
        shared: settings of the cluster.

    Returns:
        Its key; None where the environment names none.
    """
    given = (administrator.ACCESS_KEY_VARIABLE, administrator.SECRET_KEY_VARIABLE, administrator.ITEM_VARIABLE)
    return _administrator(shared) if any(settings.optional(name) for name in given) else None
