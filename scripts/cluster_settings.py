"""kubernetes/clusters/apps/cluster-settings.yaml as a value: every shared setting of the tree, held once."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.errors import SettingsError

PATH = Path("kubernetes/clusters/apps/cluster-settings.yaml")


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """
    What the tree and the set-up tasks have to agree on.

    Args:
        endpoint: URL of MinIO, scheme and port included ("http://10.25.11.3:9000").

        bucket: that holds one restic repository per app.

        region: the name that S3 clients sign with.

        user: the MinIO user that the movers sign in as.

        policy: the MinIO policy of that user.

        vault: title of the 1Password vault.

        item: title of the 1Password item.

        snapshot_class: name of the VolumeSnapshotClass.

        cache_storage_class: name of the StorageClass of the movers' caches.

        storage_class: name of the StorageClass of the apps' PVCs.
    """

    endpoint: str
    bucket: str
    region: str
    user: str
    policy: str
    vault: str
    item: str
    snapshot_class: str
    cache_storage_class: str
    storage_class: str


KEYS = {
    "endpoint": "VOLSYNC_ENDPOINT",
    "bucket": "VOLSYNC_BUCKET",
    "region": "VOLSYNC_REGION",
    "user": "VOLSYNC_MINIO_USER",
    "policy": "VOLSYNC_MINIO_POLICY",
    "vault": "VOLSYNC_VAULT",
    "item": "VOLSYNC_ITEM",
    "snapshot_class": "VOLSYNC_SNAPSHOTCLASS",
    "cache_storage_class": "VOLSYNC_CACHE_SC",
    "storage_class": "STORAGE_CLASS",
}
"""Field of ClusterSettings -> key of the ConfigMap."""


def read(root: Path) -> ClusterSettings:
    """
    Read the settings of a tree.

    Args:
        root: the folder that holds `kubernetes/`.

    Returns:
        The settings.

    Raises:
        SettingsError: where the file is missing, is no ConfigMap, or lacks a key.
    """
    file = root / PATH
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        data = document["data"]
        return ClusterSettings(**{field: str(data[key]) for field, key in KEYS.items()})
    except OSError as error:
        raise SettingsError(str(PATH), f"cannot be read ({error.strerror})", "restore it from git") from error
    except yaml.YAMLError as error:
        raise SettingsError(str(PATH), "is not YAML", "run `invoke validate`") from error
    except KeyError as error:
        raise SettingsError(str(PATH), f"has no key {error.args[0]}", "add it below `data:`") from error
    except TypeError as error:
        raise SettingsError(str(PATH), "is no ConfigMap with data", "restore it from git") from error
