"""The MinIO policy of the movers' user: one bucket, and never what could destroy a backup for good."""

import json
from collections.abc import Mapping
from typing import Any

VERSION = "2012-10-17"
"""The version of the policy language, which is the only one there is."""

BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
OBJECT_ACTIONS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)
"""What restic needs for init, backup, forget, prune and check; large packs are uploaded in parts."""

DENIED_BUCKET_ACTIONS = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:ForceDeleteBucket",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
DENIED_OBJECT_ACTIONS = ("s3:BypassGovernanceRetention", "s3:DeleteObjectVersion")
"""
What would make a deletion final.

An explicit denial, since MinIO lets a client that may delete objects delete their versions too, in a multi-delete.
"""

BUILT_IN = frozenset({"consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly"})
"""
The policies that every MinIO has; other users rely on them.

Source: minio/pkg@v3.1.3:policy/constants.go (DefaultPolicies)
"""


def document(bucket: str) -> dict[str, Any]:
    """
    The policy of a bucket.

    Args:
        bucket: its name.

    Returns:
        The policy as MinIO takes it.
    """
    bucket_resource, object_resource = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"
    return {
        "Version": VERSION,
        "Statement": [
            _statement("Allow", BUCKET_ACTIONS, bucket_resource),
            _statement("Allow", OBJECT_ACTIONS, object_resource),
            _statement("Deny", DENIED_BUCKET_ACTIONS, bucket_resource),
            _statement("Deny", DENIED_OBJECT_ACTIONS, object_resource),
        ],
    }


def is_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """
    Whether two policies say the same, in whatever order; MinIO gives them back in another one.

    Args:
        found: a policy.

        wanted: another.

    Returns:
        True where they allow and deny the same.
    """
    return _canonical(found) == _canonical(wanted)


def _statement(effect: str, actions: tuple[str, ...], resource: str) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": [resource]}


def _canonical(policy: Mapping[str, Any]) -> tuple[Any, list[str]]:
    found = policy.get("Statement") or []
    statements = found if isinstance(found, list) else [found]
    return policy.get("Version"), sorted(_canonical_statement(statement) for statement in statements)


def _canonical_statement(statement: Mapping[str, Any]) -> str:
    # a Sid is a label; one action or resource may be written without its list
    kept = {
        key: sorted([value] if isinstance(value, str) else value) if key in {"Action", "Resource"} else value
        for key, value in statement.items()
        if key != "Sid"
    }
    return json.dumps(kept, sort_keys=True)
