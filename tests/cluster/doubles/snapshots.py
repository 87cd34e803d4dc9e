"""The snapshot controller: a VolumeSnapshot is bound to a content, which is a copy of a directory."""

import shutil
from pathlib import Path

from scripts.cluster import Object
from scripts.cluster.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    VOLUME_SNAPSHOT,
    VOLUME_SNAPSHOT_CLASS,
    VOLUME_SNAPSHOT_CONTENT,
)
from scripts.e2e import storage
from tests.cluster.doubles import events
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key
from tests.cluster.doubles.volumes import PROVISIONER, Volumes, reference

DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"


class Snapshots:
    """
    Takes VolumeSnapshots.

    Args:
        hub: the cluster.

        volumes: what they are taken of.

        root: the directory of the volumes.
    """

    def __init__(self, hub: Hub, volumes: Volumes, root: Path) -> None:
        self._hub = hub
        self._volumes = volumes
        self._folder = root / "snapshots"
        self._folder.mkdir()
        self.never_ready: set[str] = set()
        """Names of classes whose driver fails: the content is bound, and never ready."""
        self.controller = Controller("snapshots", hub, self._reconcile)
        self.controller.looks_at(VOLUME_SNAPSHOT)
        self.controller.looks_where(VOLUME_SNAPSHOT_CLASS, lambda _: [key(each) for each in hub.list(VOLUME_SNAPSHOT)])
        self.controller.looks_where(PERSISTENT_VOLUME_CLAIM, lambda change: self._of_claim(key(dict(change.object))))
        self.leftovers = Controller("contents of removed snapshots", hub, self._reconcile_content)
        self.leftovers.looks_at(VOLUME_SNAPSHOT_CONTENT)
        self.leftovers.looks_where(VOLUME_SNAPSHOT, lambda change: [("", _content_name(dict(change.object)))])

    def _of_claim(self, claim: Key) -> list[Key]:
        return [
            key(each)
            for each in self._hub.list(VOLUME_SNAPSHOT, claim[0])
            if each["spec"]["source"].get("persistentVolumeClaimName") == claim[1]
        ]

    def _reconcile(self, name: Key) -> float | None:
        snapshot = self._hub.cluster.find(VOLUME_SNAPSHOT, name[1], name[0])
        if snapshot is None or "deletionTimestamp" in snapshot["metadata"]:
            return None
        if (snapshot.get("status") or {}).get("readyToUse"):
            return None
        found = self._class_of(snapshot)
        if found is None:
            return None
        claim = self._hub.cluster.find(
            PERSISTENT_VOLUME_CLAIM, snapshot["spec"]["source"]["persistentVolumeClaimName"], name[0]
        )
        if claim is None or claim["status"].get("phase") != "Bound":
            return None
        content = self._taken(snapshot, claim, found)
        ready = found["metadata"]["name"] not in self.never_ready
        status = {
            "boundVolumeSnapshotContentName": content,
            "creationTime": events.stamp(),
            "readyToUse": ready,
            "restoreSize": claim["status"]["capacity"]["storage"],
            "error": None,
        }
        with gone_is_fine():
            self._hub.cluster.patch(VOLUME_SNAPSHOT, name[1], name[0], {"status": status}, subresource="status")
        return None

    def _taken(self, snapshot: Object, claim: Object, found: Object) -> str:
        name = _content_name(snapshot)
        if not (self._folder / name).exists():
            storage.copy(self._volumes.storage.volume(claim["spec"]["volumeName"]), self._folder / name)
        content = {
            "metadata": {"name": name},
            "spec": {
                "deletionPolicy": found["deletionPolicy"],
                "driver": found["driver"],
                "source": {"volumeHandle": claim["spec"]["volumeName"]},
                "volumeSnapshotClassName": found["metadata"]["name"],
                "volumeSnapshotRef": reference(snapshot),
            },
        }
        self._hub.cluster.apply(VOLUME_SNAPSHOT_CONTENT, content, force=True)
        return name

    def _class_of(self, snapshot: Object) -> Object | None:
        wanted = snapshot["spec"].get("volumeSnapshotClassName")
        if wanted is not None:
            found = self._hub.cluster.find(VOLUME_SNAPSHOT_CLASS, wanted)
            if found is None:
                missing = f'volumesnapshotclass.snapshot.storage.k8s.io "{wanted}" not found'
                self._fail(snapshot, "GetSnapshotClassFailed", f"failed to get input parameters: {missing}")
            return found
        defaults = [
            each
            for each in self._hub.cluster.list(VOLUME_SNAPSHOT_CLASS)
            if (each["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
            and each["driver"] == PROVISIONER
        ]
        if len(defaults) != 1:
            found_ones = f"{len(defaults)} default snapshot classes were found for driver {PROVISIONER}, not one"
            self._fail(snapshot, "SetDefaultSnapshotClassFailed", found_ones)
            return None
        name = defaults[0]["metadata"]["name"]
        namespace, own = key(snapshot)
        with gone_is_fine():
            self._hub.cluster.patch(VOLUME_SNAPSHOT, own, namespace, {"spec": {"volumeSnapshotClassName": name}})
        return defaults[0]

    def _fail(self, snapshot: Object, reason: str, message: str) -> None:
        namespace, name = key(snapshot)
        if ((snapshot.get("status") or {}).get("error") or {}).get("message") == message:
            return
        status = {"readyToUse": False, "error": {"message": message, "time": events.stamp()}}
        with gone_is_fine():
            self._hub.cluster.patch(VOLUME_SNAPSHOT, name, namespace, {"status": status}, subresource="status")
        events.record(
            self._hub.cluster,
            snapshot,
            type="Warning",
            reason=reason,
            message=message,
            component="snapshot-controller",
        )

    def _reconcile_content(self, name: Key) -> float | None:
        content = self._hub.cluster.find(VOLUME_SNAPSHOT_CONTENT, name[1])
        if content is None:
            return None
        of = content["spec"]["volumeSnapshotRef"]
        snapshot = self._hub.cluster.find(VOLUME_SNAPSHOT, of["name"], of["namespace"])
        if snapshot is None or snapshot["metadata"]["uid"] != of["uid"]:
            self._hub.cluster.delete(VOLUME_SNAPSHOT_CONTENT, name[1])
            shutil.rmtree(self._folder / name[1], ignore_errors=True)
        return None


def _content_name(snapshot: Object) -> str:
    return f"snapcontent-{snapshot['metadata']['uid']}"
