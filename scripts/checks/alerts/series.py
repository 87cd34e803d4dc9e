"""The series that the pinned components expose -> their labels, and the values of those labels that have few."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

SCRAPED = frozenset({"job", "instance", "endpoint", "service"})
OWN_POD = SCRAPED | {"namespace", "pod", "container"}
"""
What the scrape adds through a ServiceMonitor. With honorLabels an object's own `namespace` stays; the pod and container of
kube-state-metrics itself are no labels to select an object by.

Source: prometheus-operator/prometheus-operator@v0.77.1:pkg/prometheus/promcfg.go.
"""


@dataclass(frozen=True, kw_only=True)
class Series:
    """
    What is known of a series.

    Args:
        labels: every label that it can have; None where that depends on who exposes it.

        values: label -> every value that it can have, for those that have few.

        is_state: whether it is there only while what it says is so, which needs no comparison.
    """

    labels: frozenset[str] | None
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_state: bool = False

    @property
    def is_summary(self) -> bool:
        """Whether there is one series for each quantile."""
        return "quantile" in self.values


UNKNOWN = Series(labels=None, is_state=True)
"""Of a recording rule, or of what others expose: nothing is said of it."""

RULE_NAMES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
OPEN_FAMILIES = ("go_", "process_", "probe_", "rest_client_", "workqueue_")
"""
What each component exposes by the libraries that it is built with, with labels of their own.

Source: kubernetes-sigs/controller-runtime@v0.19.0:pkg/metrics; prometheus/blackbox_exporter@v0.25.0 (probe_success).
"""

BOOLEAN = frozenset({"true", "false", "unknown"})
CONTROLLERS = frozenset({"replicationsource", "replicationdestination", "volsync-volume-populator"})
RESULTS = frozenset({"success", "error", "requeue", "requeue_after"})
POD_PHASES = frozenset({"Pending", "Running", "Succeeded", "Failed", "Unknown"})
CLAIM_PHASES = frozenset({"Pending", "Bound", "Lost"})


def _series(labels: str, base: frozenset[str], **values: frozenset[str]) -> Series:
    return Series(labels=base | set(labels.split()) | values.keys(), values=values)


def _volsync() -> Iterator[tuple[str, Series]]:
    """
    The three families of VolSync, for the one mover that this tree uses, and what controller-runtime adds.

    Source: backube/volsync@v0.12.0:controllers/metrics.go, main.go (the lease); kubernetes-sigs/controller-runtime@v0.19.0:
    pkg/internal/controller/metrics/metrics.go, pkg/metrics/leaderelection.go.
    """
    known = {"role": frozenset({"source", "destination"}), "method": frozenset({"restic"})}
    names = "obj_name obj_namespace"
    for name in ("volsync_missed_intervals_total", "volsync_volume_out_of_sync"):
        yield name, _series(names, OWN_POD, **known)
    for suffix in ("_sum", "_count"):
        yield f"volsync_sync_duration_seconds{suffix}", _series(names, OWN_POD, **known)
    quantiles = frozenset({"0.5", "0.9", "0.99"})
    yield "volsync_sync_duration_seconds", _series(names, OWN_POD, **known, quantile=quantiles)
    yield "controller_runtime_reconcile_errors_total", _series("", OWN_POD, controller=CONTROLLERS)
    yield "controller_runtime_reconcile_total", _series("", OWN_POD, controller=CONTROLLERS, result=RESULTS)
    yield "leader_election_master_status", _series("", OWN_POD, name=frozenset({"b95b3104.backube"}))


def _snapshot_controller() -> Iterator[tuple[str, Series]]:
    """
    Two families; there is no status for a failure.

    Source: kubernetes-csi/external-snapshotter@v8.1.0:pkg/metrics/metrics.go.
    """
    yield "snapshot_controller_operations_in_flight", _series("", OWN_POD)
    known = {
        "operation_name": frozenset({"CreateSnapshot", "CreateSnapshotAndReady", "DeleteSnapshot"}),
        "operation_status": frozenset({"success", "cancel"}),
        "snapshot_type": frozenset({"dynamic", "pre-provisioned"}),
    }
    for suffix, more in (("_bucket", " le"), ("_sum", ""), ("_count", "")):
        yield f"snapshot_controller_operation_total_seconds{suffix}", _series(f"driver_name{more}", OWN_POD, **known)


def _kube_state_metrics() -> Iterator[tuple[str, Series]]:
    """
    Jobs, pods, volumes and Deployments.

    Source: kubernetes/kube-state-metrics@v2.14.0:docs/metrics/workload, docs/metrics/storage.
    """
    job, pod, claim = "namespace job_name", "namespace pod uid", "namespace persistentvolumeclaim"
    for name in ("info", "created", "status_active", "status_succeeded", "status_start_time", "status_completion_time"):
        yield f"kube_job_{name}", _series(job, SCRAPED)
    yield "kube_job_status_failed", _series(f"{job} reason", SCRAPED)
    yield "kube_job_owner", _series(f"{job} owner_kind owner_name owner_is_controller", SCRAPED)
    for name in ("complete", "failed"):
        yield f"kube_job_{name}", _series(job, SCRAPED, condition=BOOLEAN)
    for name in ("created", "start_time", "completion_time"):
        yield f"kube_pod_{name}", _series(pod, SCRAPED)
    yield "kube_pod_owner", _series(f"{pod} owner_kind owner_name owner_is_controller", SCRAPED)
    yield "kube_pod_status_phase", _series(pod, SCRAPED, phase=POD_PHASES)
    for name in ("waiting", "terminated", "last_terminated"):
        yield (
            f"kube_pod_container_status_{name}_reason",
            replace(_series(f"{pod} container reason", SCRAPED), is_state=True),
        )
    yield "kube_persistentvolumeclaim_info", _series(f"{claim} storageclass volumename volumemode", SCRAPED)
    yield "kube_persistentvolumeclaim_created", _series(claim, SCRAPED)
    yield "kube_persistentvolumeclaim_resource_requests_storage_bytes", _series(claim, SCRAPED)
    yield "kube_persistentvolumeclaim_status_phase", _series(claim, SCRAPED, phase=CLAIM_PHASES)
    for name in ("status_replicas", "status_replicas_available", "status_replicas_unavailable", "spec_replicas"):
        yield f"kube_deployment_{name}", _series("namespace deployment", SCRAPED)


def _kubelet() -> Iterator[tuple[str, Series]]:
    """
    The fill level of mounted volumes.

    Source: kubernetes/kubernetes@v1.33.0:pkg/kubelet/metrics/collectors/volume_stats.go.
    """
    for name in ("available_bytes", "capacity_bytes", "used_bytes", "inodes", "inodes_free", "inodes_used"):
        yield f"kubelet_volume_stats_{name}", _series("namespace persistentvolumeclaim node metrics_path", SCRAPED)


SERIES: Mapping[str, Series] = MappingProxyType(
    {
        "up": _series("node metrics_path", OWN_POD),
        **dict((*_volsync(), *_snapshot_controller(), *_kube_state_metrics(), *_kubelet())),
    }
)
"""Name of a series -> what is known of it."""
