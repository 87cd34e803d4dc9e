"""The storage of the cluster: claims are bound to volumes, which are directories."""

from pathlib import Path

from scripts.cluster import Object
from scripts.cluster.kinds import (
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    STORAGE_CLASS,
    VOLUME_SNAPSHOT,
)
from scripts.e2e import storage
from scripts.errors import Conflict
from tests.cluster.doubles import events
from tests.cluster.doubles.control_plane import claims
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key

PROVISIONER = "directories.tests"
WAITS = "WaitForFirstConsumer"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
LOOK_AGAIN_S = 0.2


class Volumes:
    """
    Provisions claims, binds them, and removes volumes that nobody claims any more.

    Args:
        hub: the cluster.

        root: an existing directory of its own.
    """

    def __init__(self, hub: Hub, root: Path) -> None:
        self._hub = hub
        self._root = root
        self.controller = Controller("volumes", hub, self._reconcile)
        self.controller.looks_at(PERSISTENT_VOLUME_CLAIM)
        self.controller.looks_where(PERSISTENT_VOLUME, lambda change: _claimed_by(dict(change.object)))
        self.controller.looks_where(STORAGE_CLASS, lambda _: self._pending())
        self.controller.looks_where(VOLUME_SNAPSHOT, lambda _: self._pending())
        self.controller.looks_where(
            POD, lambda change: [(change.object["metadata"]["namespace"], name) for name in claims(dict(change.object))]
        )
        self.leftovers = Controller("volumes of removed claims", hub, self._reconcile_volume)
        self.leftovers.looks_at(PERSISTENT_VOLUME)
        self.leftovers.looks_where(PERSISTENT_VOLUME_CLAIM, lambda change: _volume_of(dict(change.object)))

    @property
    def storage(self) -> storage.Storage:
        """The directories, by the names of volumes and of snapshot contents."""
        return storage.Storage(
            root=self._root,
            storage_classes=frozenset(each["metadata"]["name"] for each in self._hub.list(STORAGE_CLASS)),
            volume_snapshot_classes=frozenset(),
        )

    def directory(self, name: str, namespace: str) -> Path:
        """
        Where the content of a bound claim is.

        Args:
            name: of the claim.

            namespace: of the claim.

        Returns:
            A directory.
        """
        claim = self._hub.cluster.get(PERSISTENT_VOLUME_CLAIM, name, namespace)
        return self.storage.volume(claim["spec"]["volumeName"])

    def _pending(self) -> list[Key]:
        return [
            key(each)
            for each in self._hub.list(PERSISTENT_VOLUME_CLAIM)
            if each.get("status", {}).get("phase") == "Pending"
        ]

    def _reconcile(self, name: Key) -> float | None:
        claim = self._hub.cluster.find(PERSISTENT_VOLUME_CLAIM, name[1], name[0])
        if claim is None or "deletionTimestamp" in claim["metadata"]:
            return None
        if claim["status"].get("phase") == "Bound":
            self._grow(claim)
            return None
        uid = claim["metadata"]["uid"]
        volume = next(
            (
                each
                for each in self._hub.cluster.list(PERSISTENT_VOLUME)
                if (each["spec"].get("claimRef") or {}).get("uid") == uid
            ),
            None,
        )
        if volume is None:
            volume = self._provisioned(claim)
        if volume is None:
            return None
        self._bind(claim, volume)
        return None

    def _provisioned(self, claim: Object) -> Object | None:
        class_name = claim["spec"].get("storageClassName")
        if not class_name:
            self._warn(
                claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set"
            )
            return None
        found = self._hub.cluster.find(STORAGE_CLASS, class_name)
        if found is None:
            self._warn(claim, "ProvisioningFailed", f'storageclass.storage.k8s.io "{class_name}" not found')
            return None
        if found.get("volumeBindingMode") == WAITS and SELECTED_NODE not in (
            claim["metadata"].get("annotations") or {}
        ):
            return None
        name = f"pvc-{claim['metadata']['uid']}"
        if not self._filled(claim, name, class_name):
            return None
        volume = {
            "metadata": {"name": name},
            "spec": {
                "accessModes": claim["spec"]["accessModes"],
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "claimRef": reference(claim),
                "csi": {"driver": PROVISIONER, "volumeHandle": name},
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": class_name,
            },
        }
        try:
            return self._hub.cluster.create(PERSISTENT_VOLUME, volume)
        except Conflict:
            return self._hub.cluster.get(PERSISTENT_VOLUME, name)

    def _filled(self, claim: Object, name: str, class_name: str) -> bool:
        source = claim["spec"].get("dataSourceRef")
        target = self.storage.volume(name)
        if target.exists():
            return True
        if source is None:
            self.storage.create(name, storage_class=class_name)
            return True
        namespace = claim["metadata"]["namespace"]
        match source.get("apiGroup", ""), source["kind"]:
            case "snapshot.storage.k8s.io", "VolumeSnapshot":
                snapshot = self._hub.cluster.find(VOLUME_SNAPSHOT, source["name"], namespace)
                status = (snapshot or {}).get("status") or {}
                if not status.get("readyToUse"):
                    return False
                storage.copy(self._root / "snapshots" / status["boundVolumeSnapshotContentName"], target)
            case "", "PersistentVolumeClaim":
                cloned = self._hub.cluster.find(PERSISTENT_VOLUME_CLAIM, source["name"], namespace)
                if cloned is None or cloned["status"].get("phase") != "Bound":
                    return False
                storage.copy(self.storage.volume(cloned["spec"]["volumeName"]), target)
            case _:
                # a populator's
                return False
        return True

    def _bind(self, claim: Object, volume: Object) -> None:
        namespace, name = key(claim)
        with gone_is_fine():
            if not claim["spec"].get("volumeName"):
                self._hub.cluster.patch(
                    PERSISTENT_VOLUME_CLAIM, name, namespace, {"spec": {"volumeName": volume["metadata"]["name"]}}
                )
            self._hub.cluster.patch(
                PERSISTENT_VOLUME, volume["metadata"]["name"], "", {"status": {"phase": "Bound"}}, subresource="status"
            )
            status = {
                "phase": "Bound",
                "accessModes": volume["spec"]["accessModes"],
                "capacity": volume["spec"]["capacity"],
            }
            self._hub.cluster.patch(PERSISTENT_VOLUME_CLAIM, name, namespace, {"status": status}, subresource="status")

    def _grow(self, claim: Object) -> None:
        # the API itself refuses to shrink, and to grow where the class does not allow it
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if claim["status"].get("capacity", {}).get("storage") == wanted:
            return
        namespace, name = key(claim)
        with gone_is_fine():
            status = {"status": {"capacity": {"storage": wanted}}}
            self._hub.cluster.patch(PERSISTENT_VOLUME_CLAIM, name, namespace, status, subresource="status")

    def _reconcile_volume(self, name: Key) -> float | None:
        volume = self._hub.cluster.find(PERSISTENT_VOLUME, name[1])
        if volume is None:
            return None
        claimed = volume["spec"]["claimRef"]
        claim = self._hub.cluster.find(PERSISTENT_VOLUME_CLAIM, claimed["name"], claimed["namespace"])
        if claim is not None and claim["metadata"]["uid"] == claimed["uid"]:
            return None
        if volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
            self._hub.cluster.delete(PERSISTENT_VOLUME, name[1])
            self.storage.delete(name[1])
        return None

    def _warn(self, claim: Object, reason: str, message: str) -> None:
        events.record(
            self._hub.cluster,
            claim,
            type="Warning",
            reason=reason,
            message=message,
            component="persistentvolume-controller",
        )


def reference(document: Object) -> Object:
    """What names an object from within another one."""
    metadata = document["metadata"]
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def _claimed_by(volume: Object) -> list[Key]:
    claimed = volume["spec"].get("claimRef")
    return [(claimed["namespace"], claimed["name"])] if claimed else []


def _volume_of(claim: Object) -> list[Key]:
    name = claim["spec"].get("volumeName")
    return [("", name)] if name else []
