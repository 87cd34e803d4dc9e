"""What of a sync is removed after it, and which image of a restore stays."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT
from tests.cluster.doubles.hub import gone_is_fine
from tests.cluster.operator_double import names

REMOVED = (JOB, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT)


def after_a_sync(cluster: Cluster, custom_resource: Object) -> None:
    """Remove everything that is marked."""
    namespace, uid = custom_resource["metadata"]["namespace"], custom_resource["metadata"]["uid"]
    if names.direction(custom_resource) == "dst":
        _unmark_destination(cluster, custom_resource)
    for kind in REMOVED:
        for each in cluster.list(kind, namespace, labels=f"{names.CLEANUP}={uid}"):
            if "deletionTimestamp" in each["metadata"]:
                continue
            with gone_is_fine():
                if names.DO_NOT_DELETE in each["metadata"]["labels"]:
                    _let_go(cluster, each)
                else:
                    cluster.delete(kind, each["metadata"]["name"], namespace, uid=each["metadata"]["uid"])


def replaced_image(cluster: Cluster, custom_resource: Object, image: Object) -> None:
    """Mark the image of before, once there is a newer one."""
    before = (custom_resource.get("status") or {}).get("latestImage") or {}
    if before.get("kind") != "VolumeSnapshot" or before["name"] == image.get("name"):
        return
    namespace, uid = custom_resource["metadata"]["namespace"], custom_resource["metadata"]["uid"]
    with gone_is_fine():
        cluster.patch(VOLUME_SNAPSHOT, before["name"], namespace, {"metadata": {"labels": {names.CLEANUP: uid}}})


def _let_go(cluster: Cluster, snapshot: Object) -> None:
    metadata = snapshot["metadata"]
    change = {"metadata": {"labels": {names.CLEANUP: None}, "ownerReferences": None}}
    cluster.patch(VOLUME_SNAPSHOT, metadata["name"], metadata["namespace"], change)


def _unmark_destination(cluster: Cluster, custom_resource: Object) -> None:
    namespace = custom_resource["metadata"]["namespace"]
    name = custom_resource["spec"]["restic"].get("destinationPVC") or names.temporary(custom_resource)
    claim = cluster.find(PERSISTENT_VOLUME_CLAIM, name, namespace)
    if claim is not None and names.SNAPSHOT_NAME in (claim["metadata"].get("annotations") or {}):
        with gone_is_fine():
            mark = {"metadata": {"annotations": {names.SNAPSHOT_NAME: None}}}
            cluster.patch(PERSISTENT_VOLUME_CLAIM, name, namespace, mark)
