"""The volume populator: a claim that names a ReplicationDestination is filled from its latest image."""

from scripts.cluster import Object
from scripts.cluster.kinds import (
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_DESTINATION,
    STORAGE_CLASS,
    VOLUME_SNAPSHOT,
)
from scripts.errors import Conflict
from tests.cluster.doubles import events
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key
from tests.cluster.doubles.volumes import SELECTED_NODE, WAITS, reference
from tests.cluster.operator_double import names
from tests.cluster.operator_double.claims import COMPONENT

POPULATES = "volsync.backube/populator-pvc-for"
IN_USE_BY = "volsync.backube/volpop-pvc-"
LOOK_AGAIN_S = 0.2


class Populator:
    """
    Fills claims.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._cluster = hub.cluster
        self.controller = Controller("populator", hub, self._reconcile, threads=2)
        self.controller.looks_at(PERSISTENT_VOLUME_CLAIM)
        self.controller.looks_where(
            PERSISTENT_VOLUME_CLAIM,
            lambda change: [
                (change.object["metadata"]["namespace"], value)
                for label, value in (change.object["metadata"].get("labels") or {}).items()
                if label == POPULATES
            ],
        )
        self.controller.looks_where(REPLICATION_DESTINATION, lambda change: self._waiting(key(dict(change.object))))

    def _waiting(self, destination: Key) -> list[Key]:
        return [
            key(each)
            for each in self._hub.list(PERSISTENT_VOLUME_CLAIM, destination[0])
            if (each["spec"].get("dataSourceRef") or {}).get("name") == destination[1]
        ]

    def _reconcile(self, name: Key) -> float | None:
        claim = self._cluster.find(PERSISTENT_VOLUME_CLAIM, name[1], name[0])
        if claim is None or "deletionTimestamp" in claim["metadata"] or not _is_for_volsync(claim):
            return None
        prime = self._cluster.find(PERSISTENT_VOLUME_CLAIM, names.populated(claim), name[0])
        if claim["spec"].get("volumeName"):
            if claim["status"]["phase"] != "Bound":
                return LOOK_AGAIN_S
            if prime is not None:
                self._cluster.delete(PERSISTENT_VOLUME_CLAIM, prime["metadata"]["name"], name[0])
                self._tell(claim, "Normal", "VolSyncPopulatorFinished", "Populator finished")
            return None
        if prime is not None and prime["status"].get("phase") == "Bound":
            return self._rebind(claim, prime)
        if prime is None and not self._waits_for_a_pod(claim):
            snapshot = self._image(claim)
            if snapshot is not None:
                self._make_prime(claim, snapshot)
        return None

    def _image(self, claim: Object) -> str | None:
        name = claim["spec"]["dataSourceRef"]["name"]
        found = self._cluster.find(REPLICATION_DESTINATION, name, claim["metadata"]["namespace"])
        if found is None:
            message = f"Unable to populate volume: replicationdestination {name} not found"
            self._tell(claim, "Warning", "VolSyncPopulatorReplicationDestinationMissing", message)
            return None
        if found["spec"].get("restic", {}).get("copyMethod") != "Snapshot":
            message = f"Unable to populate volume: replicationdestination {name} copyMethod is not Snapshot"
            self._tell(claim, "Warning", "VolSyncPopulatorError", message)
            return None
        image = (found.get("status") or {}).get("latestImage")
        if not image:
            message = f"Unable to populate volume, waiting for replicationdestination {name} to have latestImage"
            self._tell(claim, "Warning", "VolSyncPopulatorReplicationDestinationNoLatestImage", message)
            return None
        return str(image["name"])

    def _make_prime(self, claim: Object, snapshot: str) -> None:
        namespace, uid = claim["metadata"]["namespace"], claim["metadata"]["uid"]
        annotations = claim["metadata"].get("annotations") or {}
        document = {
            "metadata": {
                "name": names.populated(claim),
                "namespace": namespace,
                "labels": {**names.CREATED_BY, POPULATES: claim["metadata"]["name"]},
                "annotations": {name: value for name, value in annotations.items() if name == SELECTED_NODE},
                "ownerReferences": [names.owner(claim)],
            },
            "spec": {
                "accessModes": claim["spec"]["accessModes"],
                "resources": claim["spec"]["resources"],
                "storageClassName": claim["spec"].get("storageClassName"),
                "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": snapshot},
            },
        }
        try:
            prime = self._cluster.create(PERSISTENT_VOLUME_CLAIM, document)
        except Conflict:
            return
        message = f"Populator pvc created from snapshot: {snapshot}"
        self._tell(claim, "Normal", "VolSyncPopulatorPVCCreated", message)
        held = self._cluster.find(VOLUME_SNAPSHOT, snapshot, namespace)
        if held is not None:
            own = {
                key: value
                for key, value in names.owner(prime).items()
                if key not in ("controller", "blockOwnerDeletion")
            }
            change = {
                "labels": {f"{IN_USE_BY}{uid}": "true"},
                "ownerReferences": [*(held["metadata"].get("ownerReferences") or ()), own],
            }
            with gone_is_fine():
                self._cluster.patch(VOLUME_SNAPSHOT, snapshot, namespace, {"metadata": change})

    def _rebind(self, claim: Object, prime: Object) -> float | None:
        volume = prime["spec"]["volumeName"]
        change = {"spec": {"claimRef": {**reference(claim), "resourceVersion": None}}}
        self._cluster.patch(PERSISTENT_VOLUME, volume, "", change)
        return LOOK_AGAIN_S

    def _waits_for_a_pod(self, claim: Object) -> bool:
        of = self._cluster.find(STORAGE_CLASS, claim["spec"].get("storageClassName") or "-")
        waits = of is not None and of.get("volumeBindingMode") == WAITS
        return waits and SELECTED_NODE not in (claim["metadata"].get("annotations") or {})

    def _tell(self, claim: Object, type: str, reason: str, message: str) -> None:
        events.record(self._cluster, claim, type=type, reason=reason, message=message, component=COMPONENT)


def _is_for_volsync(claim: Object) -> bool:
    source = claim["spec"].get("dataSourceRef") or {}
    return (source.get("apiGroup"), source.get("kind")) == ("volsync.backube", "ReplicationDestination")
