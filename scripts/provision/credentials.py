"""What the record of the backup credentials holds, and which values are made for what it lacks."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.errors import SettingsError
from scripts.settings import Secret

RESTIC_PASSWORD = "RESTIC_PASSWORD"  # noqa: S105 the label of a field
ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID"
SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 the label of a field

LABELS = (RESTIC_PASSWORD, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
"""The fields of the record, as the ExternalSecret of the tree asks for them."""

NEXT = "NEXT_"
PREVIOUS = "PREVIOUS_"
"""Before a label: a value on its way in, and one on its way out, while a rotation goes on."""

KNOWN = (*LABELS, *(f"{prefix}{label}" for prefix in (NEXT, PREVIOUS) for label in LABELS))
"""Every field that this project reads or writes."""

CONCEALED = frozenset(label for label in KNOWN if label.endswith((RESTIC_PASSWORD, SECRET_ACCESS_KEY)))
"""The fields whose values 1Password is to hide."""

ACCESS_KEY_ID_LENGTH = (3, 20)
SECRET_LENGTH = (8, 40)
"""
Least and most characters that MinIO accepts for a user's key.

Source: minio/minio@7aac2a2c5b7c:internal/auth/credentials.go
"""

RESTIC_PASSWORD_CHARACTERS = 44
SECRET_CHARACTERS = 40
ALPHABET = string.ascii_letters + string.digits
"""No character that a shell, a URL or YAML reads as more than itself."""


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """
    What somebody signs in to MinIO with.

    Args:
        id: the access key id, which is no secret.

        secret: the secret access key.
    """

    id: str
    secret: Secret


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """
    What a mover needs.

    Args:
        restic_password: the only key to every backup.

        key: what it signs in to MinIO with.
    """

    restic_password: Secret
    key: AccessKey

    def fields(self) -> dict[str, Secret]:
        """
        The credentials as the record holds them.

        Returns:
            Label -> value.
        """
        return {
            RESTIC_PASSWORD: self.restic_password,
            ACCESS_KEY_ID: Secret(self.key.id),
            SECRET_ACCESS_KEY: self.key.secret,
        }


@dataclass(frozen=True, kw_only=True)
class Field:
    """
    One field of the record, as it was found.

    Args:
        label: one of KNOWN.

        value: may be empty.

        concealed: whether the record hides its value.
    """

    label: str
    value: Secret
    concealed: bool


@dataclass(frozen=True, kw_only=True)
class RecordState:
    """
    The record, as it was found.

    Args:
        exists: whether there is one.

        fields: those of KNOWN that it has.

        revision: changes whenever the record does; "" where there is none.
    """

    exists: bool
    fields: tuple[Field, ...]
    revision: str

    def value(self, label: str) -> Secret:
        """
        The value of a field.

        Args:
            label: one of KNOWN.

        Returns:
            The value; an empty one where there is no such field.
        """
        return next((field.value for field in self.fields if field.label == label), Secret(""))


NO_RECORD = RecordState(exists=False, fields=(), revision="")


def complete(state: RecordState, *, name: str) -> Credentials:
    """
    The credentials that a record holds.

    Args:
        state: the record.

        name: of the record, for the message.

    Returns:
        The credentials, none of them empty.

    Raises:
        SettingsError: where there is no record, or a field of it is missing or empty.
    """
    if not state.exists:
        raise SettingsError(name, "does not exist", "run `invoke onepassword.setup`")
    missing = [label for label in LABELS if not state.value(label)]
    if missing:
        raise SettingsError(name, f"has no value for {', '.join(missing)}", "run `invoke onepassword.setup`")
    return Credentials(
        restic_password=state.value(RESTIC_PASSWORD),
        key=AccessKey(id=state.value(ACCESS_KEY_ID).reveal(), secret=state.value(SECRET_ACCESS_KEY)),
    )


def made(user: str) -> dict[str, Secret]:
    """
    Fresh values for every field.

    Args:
        user: the MinIO user that the movers sign in as.

    Returns:
        Label -> value; the secrets have more than 230 bits each.
    """
    return {
        RESTIC_PASSWORD: _random(RESTIC_PASSWORD_CHARACTERS),
        ACCESS_KEY_ID: Secret(user),
        SECRET_ACCESS_KEY: _random(SECRET_CHARACTERS),
    }


def is_acceptable(label: str, value: Secret) -> bool:
    """
    Whether MinIO and restic would take a value.

    Args:
        label: one of LABELS.

        value: not empty.

    Returns:
        True for every RESTIC_PASSWORD, and for a key of the right length.
    """
    limits: Mapping[str, tuple[int, int]] = {ACCESS_KEY_ID: ACCESS_KEY_ID_LENGTH, SECRET_ACCESS_KEY: SECRET_LENGTH}
    if label not in limits:
        return True
    least, most = limits[label]
    return least <= len(value.reveal()) <= most


def _random(characters: int) -> Secret:
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(characters)))
