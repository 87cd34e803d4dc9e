"""MinIO -> what is there; planned steps -> MinIO."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED
from minio.error import MinioAdminException, S3Error
from minio.versioningconfig import VersioningConfig

from scripts.model import Step
from scripts.provision import minio_clients, policy
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import ADMINISTRATOR, MinioAccess, MinioServer, explained
from scripts.provision.names import Names
from scripts.provision.plan import Action, MinioState, Owner, PlannedStep

Taking = Callable[[Step], AbstractContextManager[None]]
"""What surrounds each step while it is taken: it shows that it goes on."""

REFUSED_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
"""What MinIO says to a key that it does not know, that is disabled, or whose secret is another one."""

OWN_BUCKET = "BucketAlreadyOwnedByYou"
NO_BUCKET = "NoSuchBucket"
NO_POLICY = "XMinioAdminNoSuchPolicy"
NO_USER = "XMinioAdminNoSuchUser"
ALREADY_APPLIED = "XMinioAdminPolicyChangeAlreadyApplied"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """
    What was found, and the key that it was found with.

    Args:
        state: what is there.

        key: of the record.
    """

    state: MinioState
    key: AccessKey


def observe(access: MinioAccess, names: Names, key: AccessKey) -> Observed:
    """
    Look at everything that the set-up decides on; nothing is changed.

    Args:
        access: the server and its administrator.

        names: of the bucket, the policy and the user.

        key: of the record, or the one that it will hold.

    Returns:
        What is there.

    Raises:
        Unreachable, Refused, SettingsError: see minio_clients.explained.
    """
    client = minio_clients.s3(access.server, access.administrator)
    admin = minio_clients.administration(access.server, access.administrator)
    with explained(access.server, ADMINISTRATOR):
        versioning = _versioning(client, names.bucket)
        user = _document(lambda: admin.user_info(names.user), NO_USER)
        state = MinioState(
            bucket=versioning is not None,
            versioning=versioning or "",
            policy=_document(lambda: admin.policy_info(names.policy), NO_POLICY),
            user=user is not None,
            enabled=(user or {}).get("status") == "enabled",
            policies=tuple(sorted(filter(None, (user or {}).get("policyName", "").split(",")))),
            groups=tuple(sorted((user or {}).get("memberOf") or ())),
            owner=_owner(admin, names.user, key),
            signs_in=False,
        )
    accepted = signs_in(access.server, key)
    return Observed(state=replace(state, signs_in=accepted), key=key)


def apply(
    access: MinioAccess,
    names: Names,
    observed: Observed,
    steps: Iterable[PlannedStep],
    *,
    renew: Callable[[], AccessKey],
    taking: Taking,
) -> None:
    """
    Take steps, one after the other; each may be taken twice.

    Args:
        access: the server and its administrator.

        names: of the bucket, the policy and the user.

        observed: what the steps were planned on.

        steps: in their order.

        renew: writes a new key of the user into the record and gives it back.

        taking: surrounds each step.

    Raises:
        Unreachable, Refused, SettingsError: see minio_clients.explained.
    """
    hands = _Hands(access, names, observed, renew)
    for planned in steps:
        with taking(planned.step), explained(access.server, ADMINISTRATOR):
            hands.take(planned.action)


class _Hands:
    """What takes the steps: both clients, and the key that the user is to have, which one of the steps renews."""

    def __init__(self, access: MinioAccess, names: Names, observed: Observed, renew: Callable[[], AccessKey]) -> None:
        self._client = minio_clients.s3(access.server, access.administrator)
        self._admin = minio_clients.administration(access.server, access.administrator)
        self._names = names
        self._observed = observed
        self._key = observed.key
        self._renew = renew

    def take(self, action: Action) -> None:
        names, admin = self._names, self._admin
        match action:
            case Action.MAKE_BUCKET:
                with _unless(OWN_BUCKET):
                    self._client.make_bucket(bucket_name=names.bucket)
            case Action.ENABLE_VERSIONING:
                self._client.set_bucket_versioning(bucket_name=names.bucket, config=VersioningConfig(ENABLED))
            case Action.WRITE_POLICY:
                admin.policy_add(names.policy, policy=policy.document(names.bucket))
            case Action.RENEW_RECORDED_KEY:
                self._key = self._renew()
            case Action.SET_USER_KEY:
                admin.user_add(names.user, self._key.secret.reveal())
            case Action.ENABLE_USER:
                admin.user_enable(names.user)
            case Action.SET_SERVICE_ACCOUNT_KEY:
                secret = self._key.secret.reveal()
                admin.update_service_account(access_key=self._key.id, secret_key=secret, status="on")
            case Action.ATTACH_POLICY:
                with _unless(ALREADY_APPLIED):
                    admin.attach_policy([names.policy], user=names.user)
            case Action.DETACH_POLICIES:
                others = [name for name in self._observed.state.policies if name != names.policy]
                with _unless(ALREADY_APPLIED):
                    admin.detach_policy(others, user=names.user)
            case Action.LEAVE_GROUPS:
                for group in self._observed.state.groups:
                    # the API takes a list of members, whatever the client's annotation says
                    admin.group_remove(group, [names.user])  # type: ignore[arg-type]


def account_ids(admin: MinioAdmin, user: str) -> frozenset[str]:
    """
    List the service accounts of a user.

    Args:
        admin: who may list them.

        user: whose they are.

    Returns:
        Their access key ids.
    """
    accounts = json.loads(admin.list_service_account(user)).get("accounts") or ()
    return frozenset(str(account["accessKey"]) for account in accounts)


def _versioning(client: Minio, bucket: str) -> str | None:
    try:
        return client.get_bucket_versioning(bucket_name=bucket).status or ""
    except S3Error as error:
        if minio_clients.code(error) == NO_BUCKET:
            return None
        raise


def _document(ask: Callable[[], str], missing: str) -> dict[str, Any] | None:
    try:
        return dict(json.loads(ask()))
    except MinioAdminException as error:
        if minio_clients.code(error) == missing:
            return None
        raise


def _owner(admin: MinioAdmin, user: str, key: AccessKey) -> Owner:
    if key.id == user:
        return Owner.USER
    return Owner.SERVICE_ACCOUNT if key.id in account_ids(admin, user) else Owner.STRANGER


def signs_in(server: MinioServer, key: AccessKey) -> bool:
    """
    Tell whether MinIO accepts a key, whatever it may do.

    Args:
        server: that is asked.

        key: to sign in with.

    Returns:
        False where it does not know the key, it is disabled, or its secret is another one.

    Raises:
        Unreachable, Refused, SettingsError: see minio_clients.explained.
    """
    with explained(server, "the key of the record"):
        try:
            minio_clients.s3(server, key).list_buckets()
        except S3Error as error:
            # a user without a policy may list nothing, but it did sign in
            if minio_clients.code(error) in {"AccessDenied", *REFUSED_KEYS}:
                return minio_clients.code(error) == "AccessDenied"
            raise
    return True


@contextlib.contextmanager
def _unless(already: str) -> Iterator[None]:
    try:
        yield
    except (S3Error, MinioAdminException) as error:
        if minio_clients.code(error) != already:
            raise
