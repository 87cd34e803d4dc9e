"""What mounts a claim: the workloads that are scaled, and the pods that are waited for."""

import re
from collections.abc import Iterator

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import DEPLOYMENT, POD, STATEFUL_SET
from scripts.errors import NotFound
from scripts.operate.restore.journal import Stopped

KINDS = {kind.kind: kind for kind in (DEPLOYMENT, STATEFUL_SET)}
ENDED = frozenset({"Succeeded", "Failed"})


def mounting(cluster: Cluster, namespace: str, claim: str) -> tuple[Object, ...]:
    """
    Find the Deployments and StatefulSets whose pods mount a claim.

    Args:
        cluster: that they are on.

        namespace: of the claim.

        claim: its name.

    Returns:
        The objects.
    """
    return tuple(
        each
        for kind in KINDS.values()
        for each in cluster.list(kind, namespace)
        if claim in _claims(each["spec"]["template"]["spec"]) or _is_of_template(each, claim)
    )


def stopped(workload: Object) -> Stopped:
    """
    Remember how many replicas a workload has.

    Args:
        workload: the object.

    Returns:
        What there is to give back.
    """
    replicas = workload["spec"].get("replicas", 1)
    return Stopped(kind=workload["kind"], name=workload["metadata"]["name"], replicas=replicas)


def scale(cluster: Cluster, namespace: str, each: Stopped, replicas: int) -> None:
    """
    Scale a workload; one that is not there any more has nothing to be scaled.

    Args:
        cluster: that it is on.

        namespace: of it.

        each: which.

        replicas: how many pods it is to have.
    """
    try:
        change = {"spec": {"replicas": replicas}}
        cluster.patch(KINDS[each.kind], each.name, namespace, change, subresource="scale")
    except NotFound as missing:
        if not missing.kind_is_known:
            raise


def start(cluster: Cluster, namespace: str, each: Stopped) -> None:
    """
    Give a workload the replicas back that it had, unless somebody else has scaled it since.

    Args:
        cluster: that it is on.

        namespace: of it.

        each: which.
    """
    found = cluster.find(KINDS[each.kind], each.name, namespace)
    if found is not None and found["spec"].get("replicas") == 0:
        scale(cluster, namespace, each, each.replicas)


def users(cluster: Cluster, namespace: str, claim: str) -> tuple[Object, ...]:
    """
    Find the pods that have a claim mounted, or will.

    Args:
        cluster: that they are on.

        namespace: of the claim.

        claim: its name.

    Returns:
        The pods that have not ended.
    """
    return tuple(
        pod
        for pod in cluster.list(POD, namespace)
        if claim in _claims(pod["spec"]) and (pod.get("status") or {}).get("phase") not in ENDED
    )


def _claims(pod: Object) -> Iterator[str]:
    for volume in pod.get("volumes") or ():
        yield (volume.get("persistentVolumeClaim") or {}).get("claimName", "")


def _is_of_template(workload: Object, claim: str) -> bool:
    # Source: kubernetes/kubernetes@v1.33.0:pkg/controller/statefulset/stateful_set_utils.go (getPersistentVolumeClaimName)
    name = workload["metadata"]["name"]
    return any(
        re.fullmatch(rf"{re.escape(each['metadata']['name'])}-{re.escape(name)}-\d+", claim)
        for each in workload["spec"].get("volumeClaimTemplates") or ()
    )
