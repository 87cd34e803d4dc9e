"""The Job of a mover, as the API receives it."""

from datetime import datetime, timedelta

from scripts.cluster import Object
from scripts.e2e.selection import forget_options
from tests.cluster.operator_double import names
from tests.cluster.operator_double.machine import moment

IMAGE = "quay.io/backube/volsync:0.12.0"
BACKOFF_LIMIT = 8
CONTAINER = "restic"
PRUNE_DAYS = 7
REQUIRED = ("RESTIC_REPOSITORY", "RESTIC_PASSWORD")
OPTIONAL = (
    *(
        "RESTIC_COMPRESSION",
        "RESTIC_PACK_SIZE",
        "RESTIC_READ_CONCURRENCY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ),
    *("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_PROFILE"),
)
"""Those of the optional keys that an S3 repository takes."""

SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
}


def prune_is_due(custom_resource: Object, now: datetime) -> bool:
    """Tell whether a source's repository is pruned in this sync."""
    status = (custom_resource.get("status") or {}).get("restic") or {}
    last = moment(status.get("lastPruned") or custom_resource["metadata"]["creationTimestamp"])
    days = custom_resource["spec"]["restic"].get("pruneIntervalDays", PRUNE_DAYS)
    return now > last + timedelta(days=days)


def unlock_is_asked_for(custom_resource: Object) -> bool:
    """Tell whether a source's locks are removed in this sync."""
    status = (custom_resource.get("status") or {}).get("restic") or {}
    wanted = custom_resource["spec"]["restic"].get("unlock", "")
    return bool(wanted) and wanted != status.get("lastUnlocked", "")


def actions(custom_resource: Object, now: datetime) -> list[str]:
    """What the mover is told to do."""
    if names.direction(custom_resource) == "dst":
        return ["restore"]
    unlock = ["unlock"] if unlock_is_asked_for(custom_resource) else []
    return [*unlock, "backup", *(["prune"] if prune_is_due(custom_resource, now) else [])]


def document(
    custom_resource: Object, *, claim: Object, cache: Object, account: str, privileged: bool, now: datetime
) -> Object:
    """
    The Job of one sync.

    Args:
        custom_resource: that it is of.

        claim: that is mounted at /data.

        cache: that is mounted at /cache.

        account: name of the ServiceAccount.

        privileged: whether the namespace asks for privileged movers.

        now: says whether a prune is due.

    Returns:
        The Job.
    """
    return {
        "metadata": names.made(custom_resource, names.job(custom_resource), cleanup=True),
        "spec": {
            "backoffLimit": BACKOFF_LIMIT,
            "parallelism": 0 if custom_resource["spec"].get("paused") else 1,
            "template": {
                "metadata": {
                    "labels": {**names.CREATED_BY, **custom_resource["spec"]["restic"].get("moverPodLabels", {})}
                },
                "spec": _pod(
                    custom_resource, claim=claim, cache=cache, account=account, privileged=privileged, now=now
                ),
            },
        },
    }


def _pod(
    custom_resource: Object, *, claim: Object, cache: Object, account: str, privileged: bool, now: datetime
) -> Object:
    restic = custom_resource["spec"]["restic"]
    security = dict(SECURITY)
    if privileged:
        security |= {"capabilities": {"drop": ["ALL"], "add": ["DAC_OVERRIDE", "CHOWN", "FOWNER"]}, "runAsUser": 0}
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "cache", "mountPath": "/cache"}]
    volumes: list[Object] = [
        {"name": "data", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}},
        {"name": "cache", "persistentVolumeClaim": {"claimName": cache["metadata"]["name"]}},
        {"name": "tempdir", "emptyDir": {"medium": "Memory"}},
    ]
    return {
        "containers": [
            {
                "name": CONTAINER,
                "image": IMAGE,
                "command": ["/mover-restic/entry.sh"],
                "args": actions(custom_resource, now),
                "env": _environment(custom_resource, privileged),
                "resources": restic.get("moverResources", {}),
                "securityContext": security,
                "volumeMounts": [*mounts, {"name": "tempdir", "mountPath": "/tmp"}],
            }
        ],
        "restartPolicy": "Never",
        "serviceAccountName": account,
        "securityContext": restic.get("moverSecurityContext"),
        "affinity": restic.get("moverAffinity"),
        "volumes": volumes,
    }


def _environment(custom_resource: Object, privileged: bool) -> list[Object]:
    restic = custom_resource["spec"]["restic"]
    plain = {
        "FORGET_OPTIONS": " ".join(forget_options(restic.get("retain", {}))),
        "DATA_DIR": "/data",
        "RESTIC_CACHE_DIR": "/cache",
        "RESTORE_AS_OF": restic.get("restoreAsOf", ""),
        "SELECT_PREVIOUS": str(restic.get("previous", 0)),
        "RESTORE_OPTIONS": "--delete" if restic.get("enableFileDeletion") else "",
        "PRIVILEGED_MOVER": "1" if privileged else "0",
    }
    secret = restic["repository"]

    def reference(key: str, *, optional: bool) -> Object:
        return {"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, "optional": optional}}}

    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        *(reference(key, optional=False) for key in REQUIRED),
        *(reference(key, optional=True) for key in OPTIONAL),
    ]
