"""
backup.rotate-password: another RESTIC_PASSWORD, in every repository of the bucket, and never one that nothing opens.

What it does not cover: the key that encrypts a repository's data stays the same. Whoever had the old password and could read
the repository may have that key, and can read what is saved from now on too, where they can still read the bucket.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts import report, toolchain
from scripts.operate import repository_keys
from scripts.operate.consumers import Consumer
from scripts.operate.repository_keys import Keys
from scripts.operate.rotating import Rotating
from scripts.provision import minio_clients, rotation, service_accounts
from scripts.provision.credentials import ACCESS_KEY_ID, NEXT, PREVIOUS, RESTIC_PASSWORD, SECRET_ACCESS_KEY, made
from scripts.provision.minio_clients import explained
from scripts.provision.proof import RECORDED_KEY
from scripts.provision.rotation import Phase
from scripts.settings import Secret

LABELS = (RESTIC_PASSWORD,)
NOT_COVERED = (
    "not covered: whoever had the old password and could read a repository may have the key that encrypts its data, "
    "which stays the same; against them only new repositories help"
)


def rotate(on: Rotating) -> None:
    """
    Rotate the password, from wherever an earlier run has got to.

    Args:
        on: the record, MinIO and the cluster.

    Raises:
        Drift: where something has the password that this would not bring the new one to.

        ProofFailed: where a repository is not opened by the new password, or still by the old one.

        CommandFailed: where restic cannot change the keys of a repository.

        MoverFailed: where a backup with the new password fails.

        Unreachable, Refused, SettingsError: where the record, MinIO or the cluster cannot be read or written.
    """
    reached, found = on.phase(), on.consumers()
    service_accounts.refuse_unless_in_force(on.access, on.names.user, on.record.read().key)
    with on.taking("see that the record opens every repository"):
        known = tuple(on.values(prefix)[RESTIC_PASSWORD] for prefix in ("", NEXT, PREVIOUS))
        _each(on, lambda keys: repository_keys.refuse_unless_opened(keys, known))
    if reached is Phase.FRESH:
        with on.taking("write the next password into the record, beside the one in force"):
            rotation.begin(on.record, {RESTIC_PASSWORD: made(on.names.user)[RESTIC_PASSWORD]})
    if reached is not Phase.REPLACED:
        with on.taking("add the next password to every repository"):
            _add(on, by=on.values()[RESTIC_PASSWORD], new=on.values(NEXT)[RESTIC_PASSWORD])
        with on.taking("put it in the place of the old one in the record"):
            rotation.replace(on.record, LABELS)
    _finish(on, found)


@contextlib.contextmanager
def repositories(on: Rotating) -> Iterator[tuple[Keys, ...]]:
    """
    Find the repositories of the bucket, to be used as long as the context lasts.

    Args:
        on: the record and MinIO.

    Yields:
        The keys of each, in the order of their paths.

    Raises:
        Unreachable, Refused, SettingsError: where the bucket cannot be listed.
    """
    credentials, server, bucket = on.record.read(), on.access.server, on.names.bucket
    with explained(server, RECORDED_KEY):
        paths = repository_keys.find(minio_clients.s3(server, credentials.key), bucket)
    secret = {
        ACCESS_KEY_ID: Secret(credentials.key.id),
        SECRET_ACCESS_KEY: credentials.key.secret,
        "AWS_DEFAULT_REGION": Secret(server.region),
    }
    with tempfile.TemporaryDirectory(prefix="apps-backup-") as folder:
        yield tuple(
            Keys(
                restic=toolchain.get("restic").path,
                secret={**secret, "RESTIC_REPOSITORY": Secret(f"s3:{server.endpoint}/{bucket}/{path}")},
                cache=Path(folder),
                ca_file=server.ca_file,
            )
            for path in paths
        )


def _finish(on: Rotating, found: tuple[Consumer, ...]) -> None:
    new, old = on.values()[RESTIC_PASSWORD], on.values(PREVIOUS)[RESTIC_PASSWORD]
    on.hand_over(found)
    with on.taking("add it to every repository that was made meanwhile"):
        _add(on, by=old, new=new)
    on.back_up(found)
    with on.taking("remove the old password from every repository"):
        count = _each(on, lambda keys: keys.remove(new, old))
    with on.taking("forget the old password"):
        rotation.finish(on.record, LABELS)
    report.show((f"proven: the new password opens {count} repositories, and the old one none", NOT_COVERED))


def _add(on: Rotating, *, by: Secret, new: Secret) -> None:
    def added(keys: Keys) -> None:
        if not keys.id(new):
            keys.add(by, new)

    _each(on, added)


def _each(on: Rotating, work: Callable[[Keys], None]) -> int:
    """Do something with every repository of the bucket, so many at once; gives their number."""
    with repositories(on) as found, ThreadPoolExecutor(max_workers=on.concurrency) as workers:
        list(workers.map(work, found))
        return len(found)
