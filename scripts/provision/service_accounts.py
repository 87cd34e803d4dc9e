"""The keys of the movers' user: more than one at a time, so that one can be replaced while it is in use."""

import secrets
from collections.abc import Iterable

from scripts.errors import Drift, ProofFailed, Refused, Unreachable
from scripts.process import wait_until
from scripts.provision import minio, minio_clients
from scripts.provision.credentials import ACCESS_KEY_ID, ACCESS_KEY_ID_LENGTH, SECRET_ACCESS_KEY, AccessKey, made
from scripts.provision.minio_clients import ADMINISTRATOR, MinioAccess, explained
from scripts.provision.rotation import Values
from scripts.settings import Secret

LABELS = (ACCESS_KEY_ID, SECRET_ACCESS_KEY)
"""The fields of the record that are a key."""

SUFFIX_CHARACTERS = 9
NAME = "apps-backup"
LOOK_S = 0.5


def fresh(user: str) -> Values:
    """
    Make a key that no server has yet.

    Args:
        user: that it will be of.

    Returns:
        Label -> value; the id begins as the user's name does.
    """
    stem = user[: ACCESS_KEY_ID_LENGTH[1] - SUFFIX_CHARACTERS]
    return {
        ACCESS_KEY_ID: Secret(f"{stem}-{secrets.token_hex((SUFFIX_CHARACTERS - 1) // 2)}"),
        SECRET_ACCESS_KEY: made(user)[SECRET_ACCESS_KEY],
    }


def key(values: Values) -> AccessKey:
    """
    Read a key.

    Args:
        values: label -> value.

    Returns:
        The key.
    """
    return AccessKey(id=values[ACCESS_KEY_ID].reveal(), secret=values[SECRET_ACCESS_KEY])


def refuse_strangers(access: MinioAccess, user: str, known: Iterable[AccessKey]) -> None:
    """
    Refuse a user that has a key which the record does not know: it would outlive the rotation.

    Args:
        access: the server and its administrator.

        user: whose keys are looked at.

        known: the keys of the record.

    Raises:
        Drift: where there is one.
    """
    strangers = sorted(_ids(access, user) - {each.id for each in known})
    if strangers:
        raise Drift(
            f"{access.server.name}: user {user}",
            f"has the service accounts {', '.join(strangers)}, which the record does not name",
            f"see who made them, and remove each with `mc admin accesskey rm ALIAS {strangers[0]}`",
        )


def make(access: MinioAccess, user: str, by: AccessKey, wanted: AccessKey) -> None:
    """
    Make a service account of the user, unless it is there.

    Args:
        access: the server and its administrator.

        user: whose it will be.

        by: a key of the user that is in force: an account is made for whom asks for it.

        wanted: its key.

    Raises:
        Unreachable, Refused, SettingsError: see minio_clients.explained.
    """
    if wanted.id in _ids(access, user):
        return
    with explained(access.server, f"user {user}"):
        minio_clients.administration(access.server, by).add_service_account(
            access_key=wanted.id, secret_key=wanted.secret.reveal(), name=NAME
        )


def remove(access: MinioAccess, user: str, unwanted: AccessKey) -> None:
    """
    Take a key out of force: a service account is removed, and the user itself gets a secret that nobody has.

    Args:
        access: the server and its administrator.

        user: whose it is.

        unwanted: the key.

    Raises:
        Unreachable, Refused, SettingsError: see minio_clients.explained.
    """
    admin = minio_clients.administration(access.server, access.administrator)
    there = unwanted.id in _ids(access, user)
    with explained(access.server, ADMINISTRATOR):
        if unwanted.id == user:
            # its service accounts are its own, so that it cannot be removed itself
            admin.user_add(user, made(user)[SECRET_ACCESS_KEY].reveal())
        elif there:
            admin.delete_service_account(unwanted.id)


def prove_refused(access: MinioAccess, unwanted: AccessKey) -> None:
    """
    Prove that MinIO does not accept a key.

    Args:
        access: the server.

        unwanted: the key.

    Raises:
        ProofFailed: where it still does after the time that every node of it has to hear of it.
    """
    try:
        wait_until(
            lambda: not minio.signs_in(access.server, unwanted),
            timeout_s=access.server.patience.settle_s,
            every_s=LOOK_S,
            what=f"{access.server.name} to refuse the old key",
        )
    except Unreachable as vain:
        if "refuse the old key" not in vain.where:
            # MinIO itself
            raise
        raise ProofFailed(access.server.name, "still accepts the old key", "run this again") from None


def refuse_unless_in_force(access: MinioAccess, user: str, wanted: AccessKey) -> None:
    """
    Refuse a key that is not one of the user's, or that MinIO does not accept.

    Args:
        access: the server and its administrator.

        user: whose it has to be.

        wanted: the key of the record.

    Raises:
        Refused: where it is not in force.
    """
    if wanted.id not in {user, *_ids(access, user)} or not minio.signs_in(access.server, wanted):
        found = f"does not accept the key of the record as one of user {user}"
        raise Refused(access.server.name, found, "run `invoke minio.setup`")


def _ids(access: MinioAccess, user: str) -> frozenset[str]:
    with explained(access.server, ADMINISTRATOR):
        return minio.account_ids(minio_clients.administration(access.server, access.administrator), user)
