"""What a sync reads or fills: the claim itself, a copy of it, and the image that a restore leaves."""

from datetime import UTC, datetime

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT
from scripts.errors import Conflict, Forbidden, Refused
from tests.cluster.doubles.timing import Timing
from tests.cluster.operator_double import names
from tests.cluster.operator_double.claims import Claims, refuse_foreign, spec_of
from tests.cluster.operator_double.problem import Problem

DIRECT = ("Direct", "None")
GROUP = "snapshot.storage.k8s.io"


class VolumeHandler:
    """
    Copies and images of volumes.

    Args:
        cluster: that they are on.

        claims: that it makes.

        timing: when it warns of a snapshot that is not bound.
    """

    def __init__(self, cluster: Cluster, claims: Claims, timing: Timing) -> None:
        self._cluster = cluster
        self._claims = claims
        self._timing = timing

    def source(self, custom_resource: Object) -> Object | None:
        """
        The claim that a backup reads.

        Returns:
            The claim; None where it is not there yet.

        Raises:
            Problem: where there cannot be one.
        """
        restic, namespace = custom_resource["spec"]["restic"], custom_resource["metadata"]["namespace"]
        claim = self._claims.existing(custom_resource["spec"].get("sourcePVC", ""), namespace)
        match restic.get("copyMethod"):
            case "Direct" | "None":
                return claim
            case "Clone":
                source = {"kind": "PersistentVolumeClaim", "name": claim["metadata"]["name"]}
                return self._copy(custom_resource, claim, source, "")
            case "Snapshot":
                name = names.temporary(custom_resource)
                snapshot = self._snapshot(custom_resource, name, claim)
                if snapshot is None or snapshot["status"].get("readyToUse") is False:
                    return None
                source = {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": name}
                return self._copy(custom_resource, claim, source, snapshot["status"].get("restoreSize", ""))
            case other:
                raise _unsupported(other, "Direct, None, Clone, or Snapshot")

    def destination(self, custom_resource: Object) -> Object | None:
        """
        The claim that a restore fills.

        Returns:
            The claim; None where it is not there yet.

        Raises:
            Problem: where there cannot be one.
        """
        restic, namespace = custom_resource["spec"]["restic"], custom_resource["metadata"]["namespace"]
        if "destinationPVC" in restic:
            return self._claims.existing(restic["destinationPVC"], namespace)
        if "capacity" not in restic:
            raise Problem("capacity must be provided when destinationPVC is not")
        if "accessModes" not in restic:
            raise Problem("accessModes must be provided when destinationPVC is not")
        spec = spec_of(
            capacity=restic["capacity"], modes=restic["accessModes"], class_name=restic.get("storageClassName")
        )
        cleanup = bool(restic.get("cleanupTempPVC"))
        return self._claims.own(custom_resource, names.temporary(custom_resource), spec, cleanup=cleanup)

    def image(self, custom_resource: Object, claim: Object) -> Object | None:
        """
        What a restore leaves.

        Returns:
            A reference to it; None where it is not bound yet: whether it is ready is not asked.

        Raises:
            Problem: where the method makes none.
        """
        method, own = custom_resource["spec"]["restic"].get("copyMethod"), claim["metadata"]
        if method in DIRECT:
            return {"apiGroup": "", "kind": "PersistentVolumeClaim", "name": own["name"]}
        if method != "Snapshot":
            raise _unsupported(method, "Direct, None, or Snapshot")
        name = (own.get("annotations") or {}).get(names.SNAPSHOT_NAME)
        if name is None:
            name = f"{own['name']}-{datetime.now(UTC):%Y%m%d%H%M%S}"
            mark = {"metadata": {"annotations": {names.SNAPSHOT_NAME: name}}}
            self._cluster.patch(PERSISTENT_VOLUME_CLAIM, own["name"], own["namespace"], mark)
        snapshot = self._snapshot(custom_resource, name, claim, cleanup=False)
        return None if snapshot is None else {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": name}

    def _copy(self, custom_resource: Object, claim: Object, source: Object, size: str) -> Object | None:
        restic = custom_resource["spec"]["restic"]
        held = claim["status"].get("capacity") or claim["spec"]["resources"]["requests"]
        spec = spec_of(
            capacity=restic.get("capacity") or size or held["storage"],
            modes=restic.get("accessModes") or claim["spec"]["accessModes"],
            class_name=restic.get("storageClassName", claim["spec"].get("storageClassName")),
            source=source,
        )
        return self._claims.own(custom_resource, names.temporary(custom_resource), spec, cleanup=True)

    def _snapshot(self, custom_resource: Object, name: str, claim: Object, *, cleanup: bool = True) -> Object | None:
        namespace = custom_resource["metadata"]["namespace"]
        snapshot = self._cluster.find(VOLUME_SNAPSHOT, name, namespace)
        if snapshot is None:
            spec: Object = {"source": {"persistentVolumeClaimName": claim["metadata"]["name"]}}
            wanted = custom_resource["spec"]["restic"].get("volumeSnapshotClassName")
            if wanted is not None:
                spec["volumeSnapshotClassName"] = wanted
            try:
                self._cluster.create(
                    VOLUME_SNAPSHOT, {"metadata": names.made(custom_resource, name, cleanup=cleanup), "spec": spec}
                )
            except Conflict:
                return None
            except (Forbidden, Refused) as refused:
                raise Problem(refused.found) from refused
            self._claims.tell(custom_resource, "VolumeSnapshotCreated", f"created VolumeSnapshot/{name}")
            return None
        refuse_foreign(custom_resource, snapshot)
        if "deletionTimestamp" in snapshot["metadata"]:
            return None
        if (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName"):
            return snapshot
        self._warn(custom_resource, snapshot)
        return None

    def _warn(self, custom_resource: Object, snapshot: Object) -> None:
        age = datetime.now(UTC) - datetime.fromisoformat(snapshot["metadata"]["creationTimestamp"])
        if age.total_seconds() > self._timing.snapshot_not_bound_s:
            name = snapshot["metadata"]["name"]
            message = (
                f"waiting for VolumeSnapshot/{name} to bind; "
                "check VolumeSnapshotClass name and ensure CSI driver supports volume snapshots"
            )
            self._claims.tell(custom_resource, "VolumeSnapshotNotBound", message, type="Warning")


def _unsupported(method: object, supported: str) -> Problem:
    return Problem(f"unsupported copyMethod: {method or ''} -- must be {supported}")
