"""What runs in a cluster around the backups: is it what the tree asks for, and ready."""

from collections.abc import Callable

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    KUSTOMIZATION,
    PROMETHEUS_RULE,
    SERVICE_MONITOR,
)
from scripts.cluster_e2e.prometheus import Prometheus
from scripts.e2e.steps import Shown, Steps
from scripts.errors import CouldNotRun, NotFound, ProofFailed, SettingsError
from scripts.model import Resource

NAMESPACE = "volsync-system"
FOLDER = "kubernetes/workloads/platform/backup"
PARTS = ("flux", "external-secrets", "prometheus")
"""What a cluster may lack, where --allow-missing names it."""

JOBS = {"volsync": "volsync-metrics", "snapshot-controller": "snapshot-controller"}
"""
ServiceMonitor and Deployment -> the job label that Prometheus gives to its targets.

Source: backube/volsync@v0.12.0:helm/volsync/templates, piraeusdatastore/helm-charts@snapshot-controller-3.0.6
"""


def parts(text: str) -> frozenset[str]:
    """
    Read --allow-missing.

    Args:
        text: names with commas between them.

    Returns:
        The names.

    Raises:
        SettingsError: where one of them is none of PARTS.
    """
    named = frozenset(filter(None, (each.strip() for each in text.split(","))))
    for each in sorted(named.difference(PARTS)):
        raise SettingsError("--allow-missing", f"{each} is no part of a cluster", f"name some of {', '.join(PARTS)}")
    return named


class Platform:
    """
    What runs around the backups.

    Args:
        cluster: that it runs in.

        tree: every object that the tree renders.

        store: the ClusterSecretStore that the ExternalSecret names.

        allowed: parts that may be missing.

        prometheus: that watches the cluster; None where nobody named one.
    """

    def __init__(
        self,
        cluster: Cluster,
        tree: tuple[Resource, ...],
        *,
        store: str,
        allowed: frozenset[str],
        prometheus: Prometheus | None,
    ) -> None:
        self._cluster = cluster
        self._tree = tree
        self._store = store
        self._allowed = allowed
        self._prometheus = prometheus
        self.lacks: set[str] = set()
        """Parts that are missing, and may be."""

    def steps(self) -> Steps:
        """The steps that look at it, as pairs of a title and what is done."""
        return (
            ("Flux has applied the platform", lambda: self._or_missing("flux", self._flux)),
            ("both controllers are ready", self._controllers),
            ("External Secrets reads 1Password", lambda: self._or_missing("external-secrets", self._secret_store)),
            ("Prometheus scrapes both and has the alerts", lambda: self._or_missing("prometheus", self._monitoring)),
        )

    def _or_missing(self, part: str, look: Callable[[], str]) -> Shown:
        try:
            return Shown(detail=look())
        except NotFound as missing:
            if missing.kind_is_known:
                raise ProofFailed(missing.where, missing.found, missing.next_step) from missing
            if part not in self._allowed:
                raise CouldNotRun(
                    missing.where,
                    f"{missing.found}, so that {part} is not checked",
                    f"install it, or say that it may be missing with --allow-missing {part}",
                ) from missing
            self.lacks.add(part)
            return Shown(detail=f"not checked, as was allowed: {missing.where} {missing.found}", is_checked=False)

    def _flux(self) -> str:
        told = []
        for each in self._rendered(KUSTOMIZATION):
            if FOLDER not in str(each["spec"].get("path", "")):
                continue
            name, namespace = each["metadata"]["name"], each["metadata"]["namespace"]
            found = self._cluster.get(KUSTOMIZATION, name, namespace)
            if found["spec"].get("suspend"):
                raise ProofFailed(f"Kustomization {namespace}/{name}", "is suspended", f"run `flux resume ks {name}`")
            self._refuse_unready(found)
            told.append(f"{name} at {found['status'].get('lastAppliedRevision', 'no revision')}")
        if not told:
            raise ProofFailed("the tree", f"renders no Flux Kustomization of {FOLDER}", "see what it renders")
        return "; ".join(told)

    def _controllers(self) -> Shown:
        told = []
        for name, wanted in self._replicas().items():
            found = self._cluster.get(DEPLOYMENT, name, NAMESPACE)
            status, generation = found.get("status") or {}, found["metadata"].get("generation")
            ready = status.get("readyReplicas", 0)
            numbers = (found["spec"].get("replicas", 1), ready, status.get("updatedReplicas", 0))
            if set(numbers) != {wanted} or status.get("observedGeneration") != generation:
                raise ProofFailed(
                    f"Deployment {NAMESPACE}/{name}",
                    f"has {ready} of the {wanted} pods ready that the tree asks for ({numbers[0]} wanted, {numbers[2]} updated)",
                    f"see `kubectl -n {NAMESPACE} describe deployment {name}`",
                )
            told.append(f"{name} {ready}/{wanted}")
        return Shown(detail=", ".join(told))

    def _secret_store(self) -> str:
        self._refuse_unready(self._cluster.get(CLUSTER_SECRET_STORE, self._store))
        return f"ClusterSecretStore {self._store} is ready"

    def _monitoring(self) -> str:
        for name in JOBS:
            self._cluster.get(SERVICE_MONITOR, name, NAMESPACE)
        alerts = self._alerts()
        if self._prometheus is None:
            return f"ServiceMonitors {', '.join(JOBS)} and {len(alerts)} alerts are there; without --prometheus nobody was asked whether they are loaded"
        self._prometheus.refuse_unless_loaded(alerts)
        targets = {job: self._prometheus.targets_up(job, NAMESPACE) for job in JOBS.values()}
        up = ", ".join(f"{count} of {job}" for job, count in targets.items())
        return f"targets up: {up}; {len(alerts)} alerts loaded"

    def _alerts(self) -> frozenset[str]:
        wanted: set[str] = set()
        for each in self._rendered(PROMETHEUS_RULE):
            found = self._cluster.get(PROMETHEUS_RULE, each["metadata"]["name"], each["metadata"]["namespace"])
            missing = _alerts_of(each) - _alerts_of(found)
            if missing:
                raise ProofFailed(
                    f"PrometheusRule {each['metadata']['namespace']}/{each['metadata']['name']}",
                    f"lacks the alerts {', '.join(sorted(missing))} of the tree",
                    "see what Flux applied",
                )
            wanted |= _alerts_of(each)
        return frozenset(wanted)

    def _replicas(self) -> dict[str, int]:
        values = {
            str(each.document["metadata"]["name"]): each.document["spec"].get("values") or {}
            for each in self._tree
            if each.id.kind == "HelmRelease" and each.id.namespace == NAMESPACE
        }
        return {
            "volsync": int(values["volsync"]["replicaCount"]),
            "snapshot-controller": int(values["snapshot-controller"]["controller"]["replicaCount"]),
        }

    def _rendered(self, kind: Kind) -> list[Object]:
        return [
            dict(each.document)
            for each in self._tree
            if (each.id.api_version, each.id.kind) == (kind.api_version, kind.kind)
        ]

    @staticmethod
    def _refuse_unready(found: Object) -> None:
        status = found.get("status") or {}
        ready: Object = next((each for each in status.get("conditions") or () if each.get("type") == "Ready"), {})
        behind = status.get("observedGeneration", found["metadata"].get("generation")) != found["metadata"].get(
            "generation"
        )
        if ready.get("status") != "True" or behind:
            told = (
                "its last change is not looked at yet" if behind else ready.get("message", "it says nothing of itself")
            )
            metadata = found["metadata"]
            where = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
            raise ProofFailed(f"{found['kind']} {where}", f"is not ready: {told}", "mend what it names")


def _alerts_of(rule: Object) -> set[str]:
    groups = (rule.get("spec") or {}).get("groups") or ()
    return {str(each["alert"]) for group in groups for each in group.get("rules") or () if "alert" in each}
