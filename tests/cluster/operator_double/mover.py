"""One sync: claim, cache, account, Secret, Job, image, in this order; what is not there yet is waited for."""

from datetime import datetime

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import CONFIG_MAP, JOB, NAMESPACE, POD, SECRET
from scripts.errors import BackupError, Conflict, Forbidden, Refused
from tests.cluster.doubles.events import stamp
from tests.cluster.doubles.hub import gone_is_fine
from tests.cluster.doubles.timing import Timing
from tests.cluster.operator_double import job, logs, names, service_account
from tests.cluster.operator_double.claims import Claims, refuse_foreign, spec_of
from tests.cluster.operator_double.job import BACKOFF_LIMIT, CONTAINER, REQUIRED
from tests.cluster.operator_double.machine import Clock, Synced
from tests.cluster.operator_double.problem import Problem, missing
from tests.cluster.operator_double.volume_handler import VolumeHandler

CACHE_CAPACITY = "1Gi"
PRIVILEGED = "volsync.backube/privileged-movers"


class Mover:
    """
    Takes the steps of a sync.

    Args:
        cluster: that it is on.

        timing: how long it waits.

        clock: gives the time.
    """

    def __init__(self, cluster: Cluster, timing: Timing, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._claims = Claims(cluster, timing)
        self._volumes = VolumeHandler(cluster, self._claims, timing)

    def synchronize(self, custom_resource: Object) -> Synced | None:
        """
        Take the steps that can be taken now.

        Returns:
            What was done; None where it goes on.

        Raises:
            Problem: where a step cannot be taken.
        """
        is_source = names.direction(custom_resource) == "src"
        claim = self._volumes.source(custom_resource) if is_source else self._volumes.destination(custom_resource)
        if claim is None:
            return None
        cache = self._cache(custom_resource, claim)
        if cache is None:
            return None
        account = service_account.ensure(self._cluster, custom_resource)
        self._check_repository(custom_resource)
        self._check_authority(custom_resource)
        now = self._clock()
        wanted = job.document(
            custom_resource,
            claim=claim,
            cache=cache,
            account=account,
            privileged=self._is_privileged(custom_resource),
            now=now,
        )
        if not self._moved(custom_resource, wanted):
            return None
        if is_source:
            return Synced(restic=_restic_status(custom_resource, now))
        image = self._volumes.image(custom_resource, claim)
        return None if image is None else Synced(image=image)

    def _cache(self, custom_resource: Object, claim: Object) -> Object | None:
        restic = custom_resource["spec"]["restic"]
        modes = restic.get("cacheAccessModes") or restic.get("accessModes") or claim["spec"]["accessModes"]
        spec = spec_of(
            capacity=restic.get("cacheCapacity", CACHE_CAPACITY),
            modes=modes,
            class_name=restic.get("cacheStorageClassName", restic.get("storageClassName")),
        )
        cleanup = names.direction(custom_resource) == "dst" and bool(restic.get("cleanupCachePVC"))
        return self._claims.own(custom_resource, names.cache(custom_resource), spec, cleanup=cleanup)

    def _check_repository(self, custom_resource: Object) -> None:
        name = custom_resource["spec"]["restic"].get("repository", "")
        found = self._cluster.find(SECRET, name, custom_resource["metadata"]["namespace"]) if name else None
        if found is None:
            raise missing("Secret", name)
        data = found.get("data") or {}
        if len(data) < len(REQUIRED):
            raise Problem(f"secret should have fields: [{' '.join(REQUIRED)}]")
        for key in REQUIRED:
            if key not in data:
                raise Problem(f"secret is missing field: {key}")

    def _check_authority(self, custom_resource: Object) -> None:
        wanted = custom_resource["spec"]["restic"].get("customCA") or {}
        key = wanted.get("key")
        for field, kind in (("secretName", SECRET), ("configMapName", CONFIG_MAP)):
            if key and wanted.get(field):
                found = self._cluster.find(kind, wanted[field], custom_resource["metadata"]["namespace"])
                if found is None:
                    raise missing(kind.kind, wanted[field])
                if key not in (found.get("data") or {}):
                    raise Problem(f"key {key} was not found in {kind.kind} {wanted[field]}")
                return

    def _is_privileged(self, custom_resource: Object) -> bool:
        namespace = self._cluster.find(NAMESPACE, custom_resource["metadata"]["namespace"])
        annotations = (namespace or {}).get("metadata", {}).get("annotations") or {}
        return str(annotations.get(PRIVILEGED, "")).lower() == "true"

    def _moved(self, custom_resource: Object, wanted: Object) -> bool:
        namespace, name = wanted["metadata"]["namespace"], wanted["metadata"]["name"]
        found = self._cluster.find(JOB, name, namespace)
        if found is None:
            try:
                self._cluster.create(JOB, wanted)
            except Conflict:
                pass
            except (Forbidden, Refused) as refused:
                raise Problem(refused.found) from refused
            return False
        refuse_foreign(custom_resource, found)
        if "deletionTimestamp" in found["metadata"]:
            return False
        found = self._brought_up_to_date(found, wanted)
        status = found.get("status") or {}
        if status.get("failed", 0) >= BACKOFF_LIMIT:
            self._outcome(custom_resource, "Failed", logs.of_failure(self._said(found, "Failed")))
            self._cluster.delete(JOB, name, namespace)
            return False
        if not status.get("succeeded"):
            return False
        self._outcome(custom_resource, "Successful", logs.of_success(self._said(found, "Succeeded")))
        return True

    def _brought_up_to_date(self, found: Object, wanted: Object) -> Object:
        metadata = found["metadata"]
        change = {"spec": {"parallelism": wanted["spec"]["parallelism"], "template": wanted["spec"]["template"]}}
        try:
            return self._cluster.patch(JOB, metadata["name"], metadata["namespace"], change)
        except Refused as refused:
            with gone_is_fine():
                self._cluster.delete(JOB, metadata["name"], metadata["namespace"])
            raise Problem("unable to update object. Deleting object so it can be recreated") from refused

    def _said(self, found: Object, phase: str) -> str:
        namespace = found["metadata"]["namespace"]
        of_job = f"batch.kubernetes.io/controller-uid={found['metadata']['uid']}"
        pods = [
            each
            for each in self._cluster.list(POD, namespace, labels=of_job)
            if each.get("status", {}).get("phase") == phase
        ]
        if not pods:
            return ""
        newest = max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])
        try:
            return self._cluster.logs(newest["metadata"]["name"], namespace, container=CONTAINER)
        except BackupError:
            return ""

    def _outcome(self, custom_resource: Object, result: str, text: str) -> None:
        metadata = custom_resource["metadata"]
        change = {"status": {"latestMoverStatus": {"result": result, "logs": text}}}
        with gone_is_fine():
            kind = kind_of(custom_resource)
            self._cluster.patch(kind, metadata["name"], metadata["namespace"], change, subresource="status")


def kind_of(custom_resource: Object):
    """What the API calls it."""
    from scripts.cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE  # noqa: PLC0415

    return REPLICATION_SOURCE if custom_resource["kind"] == "ReplicationSource" else REPLICATION_DESTINATION


def _restic_status(custom_resource: Object, now: datetime) -> Object:
    changes: Object = {}
    if job.prune_is_due(custom_resource, now):
        changes["lastPruned"] = stamp(now)
    changes["lastUnlocked"] = custom_resource["spec"]["restic"].get("unlock") or None
    return changes
