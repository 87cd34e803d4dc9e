"""Names, labels and owners of what VolSync makes."""

import zlib

from scripts.cluster import Object

CREATED_BY = {"app.kubernetes.io/created-by": "volsync"}
CLEANUP = "volsync.backube/cleanup"
DO_NOT_DELETE = "volsync.backube/do-not-delete"
SNAPSHOT_NAME = "volsync.backube/snapname"
LONGEST_JOB = 63


def direction(custom_resource: Object) -> str:
    """ "src" or "dst", as it is part of names."""
    return "src" if custom_resource["kind"] == "ReplicationSource" else "dst"


def job(custom_resource: Object) -> str:
    """The Job; the only name that is shortened."""
    prefix, name = f"volsync-{direction(custom_resource)}-", custom_resource["metadata"]["name"]
    if len(prefix) + len(name) <= LONGEST_JOB:
        return prefix + name
    return f"{prefix}{zlib.crc32(name.encode()):08x}"


def service_account(custom_resource: Object) -> str:
    """The ServiceAccount, its Role and its RoleBinding."""
    return f"volsync-{direction(custom_resource)}-{custom_resource['metadata']['name']}"


def temporary(custom_resource: Object) -> str:
    """The claim of a sync, and the snapshot that it is made from."""
    kind = "src" if direction(custom_resource) == "src" else "dest"
    return f"volsync-{custom_resource['metadata']['name']}-{kind}"


def cache(custom_resource: Object) -> str:
    """The claim of restic's cache; source and destination of one name fight over it."""
    return f"volsync-{custom_resource['metadata']['name']}-cache"


def populated(claim: Object) -> str:
    """The claim that is filled in the place of another one."""
    return f"vs-prime-{claim['metadata']['uid']}"


def owner(document: Object) -> Object:
    """The reference to the one that controls what it made."""
    metadata = document["metadata"]
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def labels(custom_resource: Object, *, cleanup: bool) -> dict[str, str]:
    """The labels of what it made, with the mark that lets it go after a sync."""
    return CREATED_BY | ({CLEANUP: custom_resource["metadata"]["uid"]} if cleanup else {})


def made(custom_resource: Object, name: str, *, cleanup: bool) -> Object:
    """The metadata of something that a custom resource owns."""
    return {
        "name": name,
        "namespace": custom_resource["metadata"]["namespace"],
        "labels": labels(custom_resource, cleanup=cleanup),
        "ownerReferences": [owner(custom_resource)],
    }
