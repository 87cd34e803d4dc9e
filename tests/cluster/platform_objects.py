"""What the tree's platform is on a cluster: what Flux applies, what Helm makes of it, and the classes that apps name."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    KUSTOMIZATION,
    NAMESPACE,
    PROMETHEUS_RULE,
    SERVICE_MONITOR,
    STORAGE_CLASS,
    VOLUME_SNAPSHOT_CLASS,
)
from scripts.cluster_e2e.platform import JOBS
from scripts.cluster_e2e.platform import NAMESPACE as SYSTEM
from scripts.cluster_settings import ClusterSettings
from scripts.model import Resource
from tests.cluster.doubles.volumes import PROVISIONER
from tests.processes import eventually

PAUSE = ["python3", "-c", "import time; time.sleep(3600)"]
IMAGE = "quay.io/backube/volsync:0.12.0"


def install(cluster: Cluster, tree: tuple[Resource, ...], settings: ClusterSettings) -> None:
    """Let a cluster have it all, ready, whatever it had of it."""
    for name, mode in ((settings.storage_class, "Immediate"), (settings.cache_storage_class, "WaitForFirstConsumer")):
        cluster.apply(
            STORAGE_CLASS, {"metadata": {"name": name}, "provisioner": PROVISIONER, "volumeBindingMode": mode}
        )
    snapshots = {"metadata": {"name": settings.snapshot_class}, "driver": PROVISIONER, "deletionPolicy": "Delete"}
    cluster.apply(VOLUME_SNAPSHOT_CLASS, snapshots)
    cluster.apply(CLUSTER_SECRET_STORE, {"metadata": {"name": "onepassword"}, "spec": {}})
    for name in (SYSTEM, "flux-system"):
        cluster.apply(NAMESPACE, {"metadata": {"name": name}})
    for each in tree:
        for kind in (KUSTOMIZATION, PROMETHEUS_RULE):
            if (each.id.api_version, each.id.kind) == (kind.api_version, kind.kind):
                # anew: what an earlier test changed of it is gone
                cluster.delete(kind, each.id.name, each.id.namespace)
                cluster.apply(kind, dict(each.document))
    for name in JOBS:
        monitor = {"selector": {}, "endpoints": [{"port": "https"}]}
        cluster.apply(SERVICE_MONITOR, {"metadata": {"name": name, "namespace": SYSTEM}, "spec": monitor})
        cluster.apply(DEPLOYMENT, deployment(name), force=True)
    eventually(lambda: all(_is_ready(cluster.get(DEPLOYMENT, name, SYSTEM)) for name in JOBS))
    eventually(lambda: all(each.get("status") for each in cluster.list(KUSTOMIZATION, "flux-system")))


def deployment(name: str, *, replicas: int = 2) -> Object:
    """A controller that does nothing: its double does the work."""
    container = {"name": "manager", "image": IMAGE, "command": PAUSE}
    labels = {"app.kubernetes.io/name": name}
    return {
        "metadata": {"name": name, "namespace": SYSTEM},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _is_ready(found: Object) -> bool:
    status = found.get("status") or {}
    current = status.get("observedGeneration") == found["metadata"]["generation"]
    return current and status.get("readyReplicas") == status.get("updatedReplicas") == 2
