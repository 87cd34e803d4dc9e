"""The tasks that set up the record and MinIO: what the environment says -> what converge needs; the only part that prints."""

from collections.abc import Iterable

from scripts import cluster_settings, settings
from scripts.model import Plan
from scripts.provision import converge, given
from scripts.provision.converge import Converged, Manner
from scripts.provision.record import Record


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
    record = given.record(record_file, shared)
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
    record = given.record(record_file, shared)
    access = given.access(endpoint, ca_file, shared)
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
    record = given.record(record_file, shared)
    access = given.access(endpoint, ca_file, shared)
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
    record = given.record(record_file, shared)
    proven = converge.check_minio(
        record, given.server(endpoint, ca_file, shared), shared, given.administrator_at_hand(shared)
    )
    _say(_proof(proven))


def _manner(dry_run: bool, force: bool) -> Manner:
    return Manner(dry_run=dry_run, force=force, show=_show)


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
