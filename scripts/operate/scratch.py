"""The objects of one restore drill: a ReplicationDestination of its own, and what belongs to it and goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import JOB, PERSISTENT_VOLUME_CLAIM, POD, REPLICATION_DESTINATION, VOLUME_SNAPSHOT
from scripts.cluster.pods import exit_code
from scripts.errors import CouldNotRun, Drift, Unreachable
from scripts.operate import restoring, seen
from scripts.operate.apps import App
from scripts.operate.attempt import Died
from scripts.operate.times import moment, stamp
from scripts.process import wait_until

DRILL = "apps-backup/drill"
"""Label of all that a drill makes: the name of its ReplicationDestination."""

ENDS_AT = "apps-backup/drill-ends-at"
"""Annotation of its ReplicationDestination: when it has ended in any case; what is there later was left by one that was killed."""

COPY_S = 300.0
"""Within which the storage has to copy the live volume, in seconds."""

GONE_S = 300.0
"""Within which what was removed has to be gone, in seconds."""

OWNED = (JOB, POD, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT)
LOOK_EVERY_S = 0.3


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """
    The place of one drill.

    Args:
        cluster: that it is on.

        app: whose restore is tried.

        source: its ReplicationSource.

        claim: the live PVC, which is read and never changed.

        name: of the drill, which no other has.
    """

    cluster: Cluster
    app: App
    source: Object
    claim: Object
    name: str

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"ReplicationDestination {self.app.namespace}/{self.name}"

    @property
    def volume(self) -> str:
        """
        The PVC that is restored to; VolSync makes it.

        Source:
            backube/volsync@v0.12.0:controllers/mover/restic/mover.go
        """
        return f"volsync-{self.name}-dest"

    @property
    def user(self) -> Mapping[str, Any]:
        """The PodSecurityContext of the mover; SettingsError where it is root's."""
        return restoring.user(self.source)

    def restore(self, tag: str, ends_at: datetime, timeout_s: float) -> str:
        """
        Restore the newest snapshot, as VolSync chooses it.

        Args:
            tag: of the trigger.

            ends_at: when this drill has ended in any case.

            timeout_s: for the restore, in seconds.

        Returns:
            The id of the snapshot that the mover says it restored, 8 hex digits or more.

        Raises:
            MoverFailed: as soon as the mover fails, or VolSync cannot go on.

            Unreachable: where the time is over.
        """
        made = self.cluster.apply(REPLICATION_DESTINATION, self._destination(tag, ends_at))
        owner = made["metadata"]["uid"]

        def ended(found: Object | None) -> str:
            pods = [each for each in self._of(owner, POD, JOB) if each["kind"] == POD.kind]
            state = restoring.look(self.where, tag, found, pods)
            if isinstance(state, Died):
                log = seen.log(self.cluster, state.pod)
                raise restoring.failure(self.where, state.pod, log, exit_code(state.pod))
            restored[0] = state or ""
            return restored[0]

        restored = [""]
        self.cluster.wait(
            REPLICATION_DESTINATION, self.name, self.app.namespace, ended, timeout_s=timeout_s, what="its restore"
        )
        return restored[0]

    def copy(self) -> str:
        """
        Let the storage copy the live volume as it is now, the way that the source's backups do.

        Returns:
            The name of the copy's PVC.

        Raises:
            CouldNotRun: where the storage does not.
        """
        restic, name = self.source["spec"]["restic"], f"{self.name}-live"
        live = self.claim["metadata"]["name"]
        match restic.get("copyMethod"):
            case "Snapshot":
                size = self._snapshot(name, live, restic.get("volumeSnapshotClassName"))
                origin = {"apiGroup": "snapshot.storage.k8s.io", "kind": VOLUME_SNAPSHOT.kind, "name": name}
            case "Clone":
                size, origin = "", {"kind": PERSISTENT_VOLUME_CLAIM.kind, "name": live}
            case other:
                raise CouldNotRun(
                    self.app.where, f"copyMethod {other} makes no copy", "use Snapshot where it can be had"
                )
        held = self.claim["spec"]
        spec = {
            "accessModes": restic.get("accessModes") or held["accessModes"],
            "resources": {"requests": {"storage": size or _size(self.claim)}},
            "dataSource": origin,
            **_given(storageClassName=restic.get("storageClassName", held.get("storageClassName"))),
        }
        self.cluster.apply(PERSISTENT_VOLUME_CLAIM, {"metadata": self._owned(name), "spec": spec})
        return name

    def remove(self) -> None:
        """
        Remove all that the drill made.

        Raises:
            Drift: where something of it stays.
        """
        found = self.cluster.find(REPLICATION_DESTINATION, self.name, self.app.namespace)
        owner = "" if found is None else found["metadata"]["uid"]
        remove(self.cluster, self.app.namespace, self.name)
        try:
            wait_until(
                lambda: not self._of(owner, *OWNED), timeout_s=GONE_S, every_s=LOOK_EVERY_S, what="what a drill made"
            )
        except Unreachable as vain:
            left = ", ".join(f"{each['kind']} {each['metadata']['name']}" for each in self._of(owner, *OWNED))
            if not left:
                raise
            raise Drift(
                f"namespace {self.app.namespace}", f"{left} of the drill {self.name} is still there", "remove it"
            ) from vain

    def _of(self, owner: str, *kinds: Kind) -> tuple[Object, ...]:
        found = [each for kind in kinds for each in self.cluster.list(kind, self.app.namespace)]
        jobs = {each["metadata"]["uid"] for each in found if each["kind"] == JOB.kind and _is_owned(each, {owner})}
        return tuple(
            each
            for each in sorted(found, key=lambda each: str(each["metadata"]["creationTimestamp"]))
            if _is_owned(each, {owner, *jobs}) or (each["metadata"].get("labels") or {}).get(DRILL) == self.name
        )

    def _snapshot(self, name: str, live: str, class_name: str | None) -> str:
        spec = {"source": {"persistentVolumeClaimName": live}, **_given(volumeSnapshotClassName=class_name)}
        self.cluster.apply(VOLUME_SNAPSHOT, {"metadata": self._owned(name), "spec": spec})
        try:
            ready = self.cluster.wait(
                VOLUME_SNAPSHOT, name, self.app.namespace, _is_ready, timeout_s=COPY_S, what="a copy of the live volume"
            )
        except Unreachable as error:
            raise CouldNotRun(error.where, error.found, error.next_step) from error
        return str(((ready or {}).get("status") or {}).get("restoreSize") or "")

    def _owned(self, name: str) -> Object:
        made = self.cluster.get(REPLICATION_DESTINATION, self.name, self.app.namespace)
        owner = {
            "apiVersion": REPLICATION_DESTINATION.api_version,
            "kind": REPLICATION_DESTINATION.kind,
            "name": self.name,
            "uid": made["metadata"]["uid"],
        }
        return {**self._labelled(name), "ownerReferences": [owner]}

    def _labelled(self, name: str) -> Object:
        labels = {"app.kubernetes.io/managed-by": "apps-backup", DRILL: self.name}
        return {"name": name, "namespace": self.app.namespace, "labels": labels}

    def _destination(self, tag: str, ends_at: datetime) -> Object:
        restic, held = self.source["spec"]["restic"], self.claim["spec"]
        spec = {
            **{key: restic[key] for key in restoring.TAKEN_OVER if key in restic},
            "accessModes": [each for each in held["accessModes"] if each != "ReadOnlyMany"] or ["ReadWriteOnce"],
            "capacity": _size(self.claim),
            "copyMethod": "Direct",
            **_given(storageClassName=held.get("storageClassName")),
        }
        metadata = self._labelled(self.name) | {"annotations": {ENDS_AT: stamp(ends_at)}}
        return {"metadata": metadata, "spec": {"restic": spec, "trigger": {"manual": tag}}}


def remove_leftovers(cluster: Cluster, namespace: str, now: datetime) -> tuple[str, ...]:
    """
    Remove what drills that were killed have left behind.

    Args:
        cluster: that it is on.

        namespace: of the drills.

        now: the time.

    Returns:
        Their names.
    """
    found = cluster.list(REPLICATION_DESTINATION, namespace, labels=DRILL)
    left = [
        each["metadata"]["name"]
        for each in found
        if (ends_at := moment((each["metadata"].get("annotations") or {}).get(ENDS_AT))) and ends_at < now
    ]
    for name in left:
        remove(cluster, namespace, name)
    return tuple(left)


def remove(cluster: Cluster, namespace: str, name: str) -> None:
    """
    Remove a drill; what it owns goes after it.

    Args:
        cluster: that it is on.

        namespace: of it.

        name: of it.
    """
    # the pods first: without the ReplicationDestination nobody would find them
    for pod in cluster.list(POD, namespace, labels=f"{DRILL}={name}"):
        cluster.delete(POD, pod["metadata"]["name"], namespace)
    cluster.delete(REPLICATION_DESTINATION, name, namespace)


def _is_owned(each: Object, owners: set[str]) -> bool:
    return any(owner["uid"] in owners for owner in each["metadata"].get("ownerReferences") or ())


def _is_ready(snapshot: Object | None) -> bool:
    return bool(((snapshot or {}).get("status") or {}).get("readyToUse"))


def _size(claim: Object) -> str:
    capacity = (claim.get("status") or {}).get("capacity") or claim["spec"]["resources"]["requests"]
    return str(capacity["storage"])


def _given(**fields: Any) -> Object:  # noqa: ANN401 - fields of the API
    return {name: value for name, value in fields.items() if value is not None}
