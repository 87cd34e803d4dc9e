"""The claims that VolSync makes: for a sync's data, and for restic's cache."""

from datetime import UTC, datetime

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import PERSISTENT_VOLUME_CLAIM
from scripts.errors import Conflict, Forbidden, Refused
from tests.cluster.doubles import events
from tests.cluster.doubles.timing import Timing
from tests.cluster.operator_double import names
from tests.cluster.operator_double.problem import Problem, missing

COMPONENT = "volsync-controller"


class Claims:
    """
    Makes claims, and says what is wrong with them.

    Args:
        cluster: that they are on.

        timing: when it warns of one that is not bound.
    """

    def __init__(self, cluster: Cluster, timing: Timing) -> None:
        self._cluster = cluster
        self._timing = timing

    def existing(self, name: str, namespace: str) -> Object:
        """A claim of the user's."""
        claim = self._cluster.find(PERSISTENT_VOLUME_CLAIM, name, namespace) if name else None
        if claim is None:
            raise missing("PersistentVolumeClaim", name)
        return claim

    def own(self, custom_resource: Object, name: str, spec: Object, *, cleanup: bool) -> Object | None:
        """
        A claim of its own, made or brought up to date.

        Returns:
            The claim, which need not be bound; None where the one before is still being removed.
        """
        namespace = custom_resource["metadata"]["namespace"]
        claim = self._cluster.find(PERSISTENT_VOLUME_CLAIM, name, namespace)
        if claim is None:
            document = {"metadata": names.made(custom_resource, name, cleanup=cleanup), "spec": spec}
            try:
                claim = self._cluster.create(PERSISTENT_VOLUME_CLAIM, document)
            except Conflict:
                return None
            except (Forbidden, Refused) as refused:
                # a quota, say
                raise Problem(refused.found) from refused
            self.tell(custom_resource, "PersistentVolumeClaimCreated", f"created PersistentVolumeClaim/{name}")
            return claim
        refuse_foreign(custom_resource, claim)
        if "deletionTimestamp" in claim["metadata"]:
            return None
        claim = self._brought_up_to_date(custom_resource, claim, spec, cleanup=cleanup)
        self._warn_unless_bound(custom_resource, claim)
        return claim

    def _brought_up_to_date(self, custom_resource: Object, claim: Object, spec: Object, *, cleanup: bool) -> Object:
        metadata = claim["metadata"]
        mark = custom_resource["metadata"]["uid"] if cleanup else None
        change: Object = {}
        if metadata.get("labels", {}).get(names.CLEANUP) != mark:
            change["metadata"] = {"labels": {names.CLEANUP: mark}}
        if (
            claim["spec"]["resources"]["requests"] != spec["resources"]["requests"]
            and claim["status"]["phase"] == "Bound"
        ):
            change["spec"] = {"resources": spec["resources"]}
        if not change:
            return claim
        try:
            return self._cluster.patch(PERSISTENT_VOLUME_CLAIM, metadata["name"], metadata["namespace"], change)
        except (Forbidden, Refused) as refused:
            raise Problem(refused.found) from refused

    def _warn_unless_bound(self, custom_resource: Object, claim: Object) -> None:
        name = claim["metadata"]["name"]
        age = datetime.now(UTC) - datetime.fromisoformat(claim["metadata"]["creationTimestamp"])
        if claim["status"]["phase"] != "Bound" and age.total_seconds() > self._timing.claim_not_bound_s:
            message = (
                f"waiting for PersistentVolumeClaim/{name} to bind; check StorageClass name and CSI driver capabilities"
            )
            self.tell(custom_resource, "PersistentVolumeClaimNotBound", message, type="Warning")

    def tell(self, custom_resource: Object, reason: str, message: str, *, type: str = "Normal") -> None:
        """Record an event on the custom resource."""
        events.record(self._cluster, custom_resource, type=type, reason=reason, message=message, component=COMPONENT)


def refuse_foreign(custom_resource: Object, found: Object) -> None:
    """
    Refuse an object that another one controls.

    Raises:
        Problem: where it is.
    """
    for each in found["metadata"].get("ownerReferences") or ():
        if each.get("controller") and each["uid"] != custom_resource["metadata"]["uid"]:
            place = f"{found['metadata']['namespace']}/{found['metadata']['name']}"
            raise Problem(f"Object {place} is already owned by another {each['kind']} controller {each['name']}")


def spec_of(*, capacity: str, modes: list[str], class_name: str | None, source: Object | None = None) -> Object:
    """The spec of a claim; a class of None is the cluster's default."""
    spec: Object = {"accessModes": modes, "resources": {"requests": {"storage": capacity}}}
    if class_name is not None:
        spec["storageClassName"] = class_name
    if source is not None:
        spec["dataSource"] = source
    return spec
