"""The key of the record -> proof that it can do what a mover needs, and nothing that would make a loss final."""

import contextlib
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.versioningconfig import VersioningConfig

from scripts import progress
from scripts.errors import BackupError, ProofFailed, Refused, Unreachable
from scripts.process import wait_until
from scripts.provision import minio_clients
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import ADMINISTRATOR, MinioServer, explained

PROBE_PREFIX = ".probe"
"""Where the probes write; no app's repository can be called so, since a name in Kubernetes starts with a letter or digit."""

PROBE_BYTES = 1024
DENIED = "AccessDenied"
LOOK_S = 0.5
SET_UP = "run `invoke minio.setup`"
RECORDED_KEY = "the key of the record"

MAKING = "the making of another bucket"

INVALID_POLICY = "{}"
"""A policy without a version, which no server accepts."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """
    What a proof works with.

    Args:
        where: the server, for messages.

        client: signed in with the key of the record.

        bucket: of the repositories.

        other_bucket: a name that no bucket has.

        name: of the object that is written.
    """

    where: str
    client: Minio
    bucket: str
    other_bucket: str
    name: str


def prove(
    server: MinioServer, bucket: str, key: AccessKey, *, administrator: AccessKey | None, settle_s: float = 0.0
) -> tuple[str, ...]:
    """
    Prove what a key can do and what it cannot.

    No probe does harm where it is not refused: versioning is set to what it is, the lifecycle rule and the bucket
    policy are ones that a server which lets them through finds invalid, and the bucket is not empty.

    Args:
        server: to prove it on.

        bucket: of the repositories.

        key: of the record.

        administrator: removes what the probes wrote; where None, one small object version stays.

        settle_s: how long a change made just now may take until every node of the server knows of it, in seconds.

    Returns:
        What was proven, a sentence each.

    Raises:
        ProofFailed: where the key can do too much or too little.

        Refused: where MinIO does not accept the key.

        Unreachable, SettingsError: see minio_clients.explained.
    """
    failures: list[ProofFailed | Refused] = []

    def proven() -> tuple[str, ...]:
        try:
            return _proven_once(server, bucket, key, administrator)
        except (ProofFailed, Refused) as error:
            failures.append(error)
            return ()

    try:
        return wait_until(proven, timeout_s=settle_s, every_s=LOOK_S, what=f"{server.name} to know the new key")
    except Unreachable:
        if failures:
            raise failures[-1] from None
        raise


def _proven_once(server: MinioServer, bucket: str, key: AccessKey, administrator: AccessKey | None) -> tuple[str, ...]:
    probe = Probe(
        where=server.name,
        client=minio_clients.s3(server, key),
        bucket=bucket,
        other_bucket=f"{bucket[:40]}-probe-{secrets.token_hex(8)}",
        name=f"{PROBE_PREFIX}/{secrets.token_hex(16)}",
    )
    proven = [f"reads and writes bucket {bucket}"]
    try:
        with explained(server, RECORDED_KEY):
            version = _written_and_read(probe)
            for forbidden, attempt in _forbidden(probe, version):
                _refuse_unless_denied(probe, forbidden, _answer(attempt))
                proven.append(f"is refused {forbidden}")
            probe.client.remove_object(bucket_name=bucket, object_name=probe.name)
            proven.append("deletes what it wrote, of which MinIO keeps the version")
    finally:
        if administrator is not None:
            _clean(server, probe, administrator)
    return tuple(proven)


def _written_and_read(probe: Probe) -> str:
    content = secrets.token_bytes(PROBE_BYTES)
    where = f"{probe.where}: bucket {probe.bucket}"
    written = probe.client.put_object(
        bucket_name=probe.bucket, object_name=probe.name, data=io.BytesIO(content), length=len(content)
    )
    if not written.version_id or written.version_id == "null":
        raise ProofFailed(where, "keeps no versions, so what a mover deletes is gone for good", SET_UP)
    answer = probe.client.get_object(bucket_name=probe.bucket, object_name=probe.name)
    try:
        found = answer.read()
    finally:
        answer.close()
        answer.release_conn()
    if found != content:
        raise ProofFailed(where, f"gives back other bytes than were written to {probe.name}", "check MinIO's drives")
    return written.version_id


def _forbidden(probe: Probe, version: str) -> tuple[tuple[str, Callable[[], object]], ...]:
    """What must be refused, and how it is tried: so that nothing is lost on a server that lets it through."""
    client, bucket, name = probe.client, probe.bucket, probe.name
    return (
        ("the deletion of the bucket", lambda: client.remove_bucket(bucket_name=bucket)),
        ("the listing of another bucket", lambda: list(client.list_objects(bucket_name=probe.other_bucket))),
        (MAKING, lambda: _make_another(probe)),
        ("a change of versioning", lambda: client.set_bucket_versioning(bucket_name=bucket, config=_as_it_is())),
        ("a lifecycle rule", lambda: client.set_bucket_lifecycle(bucket_name=bucket, config=_invalid(name))),
        ("a bucket policy", lambda: client.set_bucket_policy(bucket_name=bucket, policy=INVALID_POLICY)),
        (
            "the deletion of an object's version",
            lambda: client.remove_object(bucket_name=bucket, object_name=name, version_id=version),
        ),
        ("the deletion of many versions at once", lambda: _many_removed(client, bucket, name, version)),
    )


def _as_it_is() -> VersioningConfig:
    return VersioningConfig(ENABLED)


def _invalid(name: str) -> LifecycleConfig:
    rule = Rule(status=ENABLED, rule_filter=Filter(prefix=name), rule_id="probe", expiration=Expiration(days=1))
    return LifecycleConfig([rule, rule])


def _make_another(probe: Probe) -> None:
    name = probe.other_bucket
    probe.client.make_bucket(bucket_name=name)
    # a refusal now must not look like a refusal before
    with contextlib.suppress(S3Error):
        probe.client.remove_bucket(bucket_name=name)
    found = f"lets the key of the record do what it must not: {MAKING} was done"
    raise ProofFailed(probe.where, found, f"{SET_UP}, and remove the bucket {name} if it is still there")


def _many_removed(client: Minio, bucket: str, name: str, version: str) -> str:
    errors = list(client.remove_objects(bucket_name=bucket, delete_object_list=[DeleteObject(name, version)]))
    return errors[0].code if errors else ""


def _answer(attempt: Callable[[], object]) -> str:
    try:
        answer = attempt()
    except S3Error as error:
        return minio_clients.code(error)
    return answer if isinstance(answer, str) else ""


def _refuse_unless_denied(probe: Probe, forbidden: str, answer: str) -> None:
    if answer == DENIED:
        return
    outcome = f"answered with {answer} instead of {DENIED}" if answer else "done"
    found = f"lets the key of the record do what it must not: {forbidden} was {outcome}"
    raise ProofFailed(probe.where, found, f"{SET_UP}, which shows what is attached to the user")


def _clean(server: MinioServer, probe: Probe, administrator: AccessKey) -> None:
    client = minio_clients.s3(server, administrator)
    try:
        with explained(server, ADMINISTRATOR):
            for found in client.list_objects(bucket_name=probe.bucket, prefix=probe.name, include_version=True):
                client.remove_object(
                    bucket_name=probe.bucket, object_name=str(found.object_name), version_id=found.version_id
                )
            if client.bucket_exists(bucket_name=probe.other_bucket):
                client.remove_bucket(bucket_name=probe.other_bucket)
    except BackupError as error:
        # what was proven stays true; what stays behind is a kilobyte
        progress.say(f"{probe.name} stays in bucket {probe.bucket}: {error}")
