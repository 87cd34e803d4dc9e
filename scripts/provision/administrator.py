"""The administrator's key of MinIO: from the environment or from a 1Password item, never from a flag."""

from collections.abc import Callable

from scripts.errors import Drift, SettingsError
from scripts.provision.connect_client import Document, Vault
from scripts.provision.credentials import AccessKey
from scripts.settings import Secret

ACCESS_KEY_VARIABLE = "MINIO_ADMIN_ACCESS_KEY"
SECRET_KEY_VARIABLE = "MINIO_ADMIN_SECRET_KEY"  # noqa: S105 the name of a variable
ITEM_VARIABLE = "MINIO_ADMIN_ITEM"


def from_values(access_key: str, secret_key: str, item: str, open_vault: Callable[[], Vault]) -> AccessKey:
    """
    The administrator's key.

    Args:
        access_key: of MINIO_ADMIN_ACCESS_KEY; "" where unset.

        secret_key: of MINIO_ADMIN_SECRET_KEY; "" where unset.

        item: title of the item that holds both, of MINIO_ADMIN_ITEM; "" where unset. The environment's key wins.

        open_vault: gives the vault that the item is in; called only where it is needed.

    Returns:
        The key.

    Raises:
        SettingsError: where it is given neither way, or only half of it.

        Drift: where the item is there more than once.

        Unreachable, Refused: where 1Password Connect does not give it.
    """
    if access_key and secret_key:
        return AccessKey(id=access_key, secret=Secret(secret_key))
    if access_key or secret_key:
        missing = SECRET_KEY_VARIABLE if access_key else ACCESS_KEY_VARIABLE
        other = ACCESS_KEY_VARIABLE if access_key else SECRET_KEY_VARIABLE
        raise SettingsError(
            f"environment variable {missing}", f"is not set, but {other} is", f"run `export {missing}=...`"
        )
    if not item:
        raise SettingsError(
            f"environment variable {ACCESS_KEY_VARIABLE}",
            "is not set; MinIO's administrator makes the bucket and the user",
            f"run `export {ACCESS_KEY_VARIABLE}=... {SECRET_KEY_VARIABLE}=...`, "
            f"or `export {ITEM_VARIABLE}=` with the title of the 1Password item that has them",
        )
    return from_item(open_vault(), item)


def from_item(vault: Vault, title: str) -> AccessKey:
    """
    The key that a Login item holds.

    Args:
        vault: that holds the item.

        title: of the item.

    Returns:
        Its username and password.

    Raises:
        SettingsError: where there is no such item, or a field of it is missing or empty.

        Drift: where it is there more than once.

        Unreachable, Refused: where 1Password Connect does not give it.
    """
    where = f"1Password item {title} of vault {vault.title}"
    found = [
        item
        for item in vault.items()
        if item.get("title") == title and not item.get("trashed") and not item.get("state")
    ]
    if not found:
        raise SettingsError(where, "does not exist", f"put the title of the administrator's item into {ITEM_VARIABLE}")
    if len(found) > 1:
        raise Drift(where, f"is there {len(found)} times", "rename the one that is not MinIO's administrator")
    item = vault.item(str(found[0]["id"]))
    return AccessKey(id=_value(item, "username", where), secret=Secret(_value(item, "password", where)))


def _value(item: Document, label: str, where: str) -> str:
    fields = item.get("fields") or ()
    by_purpose = [field for field in fields if field.get("purpose") == label.upper()]
    by_label = [field for field in fields if (field.get("label") or "").lower() == label]
    for field in (*by_purpose, *by_label):
        if field.get("value"):
            return str(field["value"])
    raise SettingsError(where, f"has no value for {label}", "give it the administrator's username and password")
