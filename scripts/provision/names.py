"""The cluster settings -> the names of what is set up in MinIO, as far as they can be right."""

from dataclasses import dataclass

from minio.helpers import check_bucket_name

from scripts import cluster_settings
from scripts.cluster_settings import ClusterSettings
from scripts.errors import SettingsError
from scripts.provision import policy
from scripts.provision.credentials import ACCESS_KEY_ID_LENGTH, AccessKey

RESERVED_CHARACTERS = frozenset("=,")
"""
What the name of a MinIO user must not have.

Source: minio/minio@7aac2a2c5b7c:internal/auth/credentials.go
"""


@dataclass(frozen=True, kw_only=True)
class Names:
    """
    What the objects in MinIO are called.

    Args:
        bucket: of the repositories.

        policy: of the user.

        user: that the movers sign in as.
    """

    bucket: str
    policy: str
    user: str


def checked_names(settings: ClusterSettings, administrator: AccessKey | None = None) -> Names:
    """
    The names of what is set up in MinIO, as far as they can be right.

    Args:
        settings: of the cluster.

        administrator: of MinIO, who must not be the movers' user.

    Returns:
        The names.

    Raises:
        SettingsError: where MinIO would not take one, or one belongs to somebody else.
    """
    where = str(cluster_settings.PATH)
    least, most = ACCESS_KEY_ID_LENGTH
    if not least <= len(settings.user) <= most or RESERVED_CHARACTERS & set(settings.user):
        found = f"VOLSYNC_MINIO_USER is `{settings.user}`"
        raise SettingsError(where, found, f"give it {least} to {most} characters, none of them = or ,")
    if administrator is not None and settings.user == administrator.id:
        found = f"VOLSYNC_MINIO_USER is `{settings.user}`, which is MinIO's administrator"
        raise SettingsError(where, found, "give the movers a user of their own")
    if settings.policy in policy.BUILT_IN or not settings.policy or "," in settings.policy:
        found = f"VOLSYNC_MINIO_POLICY is `{settings.policy}`, which is MinIO's own or no name"
        raise SettingsError(where, found, "give the movers a policy of their own")
    try:
        check_bucket_name(settings.bucket, strict=True)
    except ValueError:
        found = f"VOLSYNC_BUCKET is `{settings.bucket}`, which is no name of a bucket"
        raise SettingsError(where, found, "give it 3 to 63 lower-case letters, digits and hyphens") from None
    return Names(bucket=settings.bucket, policy=settings.policy, user=settings.user)
