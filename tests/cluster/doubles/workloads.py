"""Deployments and StatefulSets: as many pods as there are replicas."""

from scripts.cluster import Kind, Object
from scripts.cluster.kinds import DEPLOYMENT, POD, STATEFUL_SET
from scripts.errors import Conflict, Forbidden
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine
from tests.cluster.operator_double.names import owner


class Workloads:
    """
    Runs the pods of Deployments and StatefulSets; they are owned without a ReplicaSet between.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.controllers = [self._controller(kind) for kind in (DEPLOYMENT, STATEFUL_SET)]

    def _controller(self, kind: Kind) -> Controller:
        made = Controller(kind.plural, self._hub, lambda name: self._reconcile(kind, name))
        made.looks_at(kind)
        made.looks_at_owner(POD, kind)
        return made

    def _reconcile(self, kind: Kind, name: Key) -> float | None:
        found = self._hub.cluster.find(kind, name[1], name[0])
        if found is None or "deletionTimestamp" in found["metadata"]:
            return None
        wanted = {f"{name[1]}-{number}" for number in range(found["spec"].get("replicas", 1))}
        uid = found["metadata"]["uid"]
        pods = {
            each["metadata"]["name"]: each
            for each in self._hub.cluster.list(POD, name[0])
            if uid in {reference["uid"] for reference in each["metadata"].get("ownerReferences") or ()}
        }
        for pod in sorted(pods.keys() - wanted):
            self._hub.cluster.delete(POD, pod, name[0], grace_s=1)
        for pod in sorted(wanted - pods.keys()):
            try:
                self._hub.cluster.create(POD, _pod(found, pod))
            except (Conflict, Forbidden):
                continue
        ready = sum(_is_ready(pods[pod]) for pod in wanted & pods.keys())
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready,
            "updatedReplicas": len(wanted & pods.keys()),
            "availableReplicas": ready,
        }
        held = found.get("status") or {}
        if any(held.get(field, 0) != value for field, value in status.items()):
            with gone_is_fine():
                self._hub.cluster.patch(kind, name[1], name[0], {"status": status}, subresource="status")
        return None


def _pod(found: Object, name: str) -> Object:
    template = found["spec"]["template"]
    metadata = {
        "name": name,
        "namespace": found["metadata"]["namespace"],
        "labels": template["metadata"]["labels"],
        "ownerReferences": [owner(found)],
    }
    return {"metadata": metadata, "spec": template["spec"]}


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
