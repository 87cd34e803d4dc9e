"""The tasks that set up the record and MinIO: what the environment says -> what converge needs; the only part that prints."""

import ssl
from collections.abc import Iterable
from pathlib import Path

from scripts import cluster_settings, settings
from scripts.cluster_settings import ClusterSettings
from scripts.errors import SettingsError
from scripts.model import Plan
from scripts.provision import administrator, converge, endpoint
from scripts.provision.connect_client import Vault
from scripts.provision.converge import Converged, Manner
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import MinioAccess, MinioServer
from scripts.provision.onepassword import ItemRecord
from scripts.provision.patience import PATIENCE
from scripts.provision.record import Record
from scripts.provision.record_file import FileRecord


def set_up_record(*, record_file: str, dry_run: bool, force: bool) -> None:
    """
    Make or complete the record of the credentials.

    Args:
        record_file: a file that is the record; the 1Password item where "".

        dry_run: show the plan and change nothing.

        force: overwrite what this project did not make; never RESTIC_PASSWORD.

    Raises:
        BackupError: see converge.set_up_record.
    """
    shared = cluster_settings.read(settings.REPOSITORY_ROOT)
    record = record_of(record_file, shared)
    _report(converge.set_up_record(record, shared, _manner(dry_run, force)), record, dry_run)


def set_up_minio(*, endpoint: str, ca_file: str, record_file: str, dry_run: bool, force: bool) -> None:
    """
    Bring MinIO to the record, and prove it.

    Args:
        endpoint: URL of MinIO; MINIO_ENDPOINT, else the one of the cluster settings, where "".

        ca_file: PEM file of the authority of its certificate; MINIO_CA_FILE where "".

        record_file: a file that is the record; the 1Password item where "".

        dry_run: show the plan and change nothing.

        force: overwrite what this project did not make.

    Raises:
        BackupError: see converge.set_up_minio.
    """
    shared = cluster_settings.read(settings.REPOSITORY_ROOT)
    record = record_of(record_file, shared)
    access = _access(endpoint, ca_file, shared)
    _report(converge.set_up_minio(record, access, shared, _manner(dry_run, force)), record, dry_run)


def set_up(*, endpoint: str, ca_file: str, record_file: str, dry_run: bool, force: bool) -> None:
    """
    Make or complete the record, then bring MinIO to it and prove it.

    Args:
        endpoint: URL of MinIO; MINIO_ENDPOINT, else the one of the cluster settings, where "".

        ca_file: PEM file of the authority of its certificate; MINIO_CA_FILE where "".

        record_file: a file that is the record; the 1Password item where "".

        dry_run: show the plans and change nothing.

        force: overwrite what this project did not make; never RESTIC_PASSWORD.

    Raises:
        BackupError: see converge.set_up_all.
    """
    shared = cluster_settings.read(settings.REPOSITORY_ROOT)
    record = record_of(record_file, shared)
    access = _access(endpoint, ca_file, shared)
    _report(converge.set_up_all(record, access, shared, _manner(dry_run, force)), record, dry_run)


def check_minio(*, endpoint: str, ca_file: str, record_file: str) -> None:
    """
    Prove what the key of the record can do and what it cannot.

    Args:
        endpoint: URL of MinIO; MINIO_ENDPOINT, else the one of the cluster settings, where "".

        ca_file: PEM file of the authority of its certificate; MINIO_CA_FILE where "".

        record_file: a file that is the record; the 1Password item where "".

    Raises:
        BackupError: see converge.check_minio.
    """
    shared = cluster_settings.read(settings.REPOSITORY_ROOT)
    record = record_of(record_file, shared)
    proven = converge.check_minio(record, _server(endpoint, ca_file, shared), shared, _administrator_at_hand(shared))
    _say(_proof(proven))


def _manner(dry_run: bool, force: bool) -> Manner:
    return Manner(dry_run=dry_run, force=force, show=_show)


def record_of(record_file: str, shared: ClusterSettings) -> Record:
    """
    Find the record of the credentials.

    Args:
        record_file: a file that is it; the 1Password item where "".

        shared: the cluster settings, which name the item.

    Returns:
        The record; nothing was read yet.

    Raises:
        SettingsError: where it is the item, and the environment does not say how to reach it.
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


def _server(url: str, ca_file: str, shared: ClusterSettings) -> MinioServer:
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


def _access(url: str, ca_file: str, shared: ClusterSettings) -> MinioAccess:
    return MinioAccess(server=_server(url, ca_file, shared), administrator=_administrator(shared))


def _administrator(shared: ClusterSettings) -> AccessKey:
    return administrator.from_values(
        settings.optional(administrator.ACCESS_KEY_VARIABLE),
        settings.optional(administrator.SECRET_KEY_VARIABLE),
        settings.optional(administrator.ITEM_VARIABLE),
        lambda: _vault(shared),
    )


def _administrator_at_hand(shared: ClusterSettings) -> AccessKey | None:
    given = (administrator.ACCESS_KEY_VARIABLE, administrator.SECRET_KEY_VARIABLE, administrator.ITEM_VARIABLE)
    return _administrator(shared) if any(settings.optional(name) for name in given) else None


def _show(plans: tuple[Plan, ...]) -> None:
    for plan in plans:
        count = len(plan.steps)
        _say(
            [
                f"{plan.subject}: {count} step{'' if count == 1 else 's'} to take"
                if count
                else f"{plan.subject}: as it should be"
            ]
        )
        _say(f"  {step}" for step in plan.steps)


def _report(converged: Converged, record: Record, dry_run: bool) -> None:
    if dry_run:
        _say(["dry run: nothing was changed"])
        return
    _say(_proof(converged.proven))
    if record.hint:
        _say([record.hint])


def _proof(proven: tuple[str, ...]) -> list[str]:
    return [f"proven: the key of the record {sentence}" for sentence in proven]


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)
