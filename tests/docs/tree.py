"""The rendered tree, and what its components make of it -> the names that the documentation may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.checks.docs import cluster
from scripts.checks.objects import Objects
from scripts.operate import apps
from scripts.operate.restore import kept
from scripts.render import Rendering

KINDS = cluster.KINDS | {
    word: kind
    for kind, words in (
        ("ConfigMap", "configmap"),
        ("Deployment", "deploy deployment"),
        ("Event", "events"),
        ("Pod", "pod pods"),
        ("Service", "svc"),
        ("ServiceMonitor", "servicemonitor"),
        ("StatefulSet", "statefulset"),
        ("VolumeSnapshot", "volumesnapshot"),
    )
    for word in words.split()
}
"""As kubectl is told -> the kind."""

MADE_BY_OTHERS = {
    # a name of the tree's settings, or of a chart: the charts are rendered by the cluster
    ("Service", "volsync-metrics"),
    ("ServiceMonitor", "volsync"),
    ("Deployment", "snapshot-controller"),
    ("Deployment", "volsync"),
}

CHART_LABELS = {
    ("app.kubernetes.io/name", "snapshot-controller"),
    ("app.kubernetes.io/name", "volsync"),
    ("app.kubernetes.io/created-by", "volsync"),
}
"""Source: backube/volsync@v0.12.0:controllers/utils/labels.go; helm/volsync/templates/_helpers.tpl."""

STATUS = {
    "ReplicationSource": {
        *("conditions", "lastManualSync", "lastSyncDuration", "lastSyncStartTime", "lastSyncTime"),
        *("latestMoverStatus", "nextSyncTime", "restic"),
    },
    "ReplicationDestination": {
        *("conditions", "lastManualSync", "lastSyncDuration", "lastSyncStartTime", "lastSyncTime"),
        *("latestImage", "latestMoverStatus", "nextSyncTime"),
    },
    "Pod": {"containerStatuses", "phase"},
    "VolumeSnapshot": {"boundVolumeSnapshotContentName", "error", "readyToUse"},
}
"""Kind -> fields of its status. Source: backube/volsync@v0.12.0:api/v1alpha1 and the snapshot API v1."""

CONDITIONS = {"Deployment": {"Available"}, "ExternalSecret": {"Ready"}, "Pod": {"Ready"}}
"""Kind -> conditions that can be waited for. A ReplicationSource has `Synchronizing` alone, which says nothing of success."""

PATCHED = {
    "ReplicationSource": {"spec.trigger.manual", "spec.restic.unlock"},
    "ReplicationDestination": {"spec.trigger.manual", "spec.restic.restoreAsOf", "spec.restic.capacity"},
}
"""Kind -> what a patch may set. A ReplicationSource has no restoreAsOf, a ReplicationDestination no unlock."""

SPECIFICATION = {
    "ReplicationDestination": {"restoreAsOf", "previous"},
    "ReplicationSource": {"unlock"},
}
"""Kind -> fields below spec.restic beyond those that the tree sets."""

OWN_KINDS = {("v1", "Pod"), ("snapshot.storage.k8s.io/v1", "VolumeSnapshot")}
"""What the documentation makes and the tree does not."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """
    What the documentation may speak of.

    Args:
        rendering: of the tree, with the app that the documentation is about.

        externals: kind -> names, of what others make.

        settings: key -> value of the cluster settings.
    """

    rendering: Rendering
    externals: Mapping[str, frozenset[str]]
    settings: Mapping[str, str]

    def documents(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """The objects of a kind."""
        return tuple(each.document for each in self.rendering.resources if each.id.kind == kind)

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Every apiVersion and kind that may stand in a block of YAML."""
        return {(each.id.api_version, each.id.kind) for each in self.rendering.resources} | OWN_KINDS

    @property
    def there(self) -> cluster.Known:
        """What `invoke validate` knows to be there."""
        return cluster.Known(objects=Objects(resources=self.rendering.resources, externals=self.externals))

    @property
    def namespaces(self) -> frozenset[str]:
        """Every namespace of the tree."""
        return self.there.namespaces

    @property
    def kustomizations(self) -> set[str]:
        """The names of the Flux Kustomizations."""
        return {each.name for each in self.rendering.kustomizations}

    @property
    def labels(self) -> set[tuple[str, str]]:
        """Every label that an object or a mover's pod carries."""
        found = set(CHART_LABELS)
        for each in self.rendering.resources:
            found |= set((each.document["metadata"].get("labels") or {}).items())
            found |= set((each.document.get("spec", {}).get("restic", {}).get("moverPodLabels") or {}).items())
        return found

    @property
    def secret_keys(self) -> set[str]:
        """The keys of an app's Secret."""
        return {key for each in self.documents("ExternalSecret") for key in each["spec"]["target"]["template"]["data"]}

    def names(self, kind: str) -> set[str]:
        """The names of a kind: in the tree, of others, and what VolSync and the tasks make of them."""
        found = self.there.names(kind) | {name for made, name in MADE_BY_OTHERS if made == kind}
        if kind == "VolumeSnapshot":
            # Source: backube/volsync@v0.12.0:controllers/volumehandler/volumehandler.go
            found |= {f"volsync-{each['metadata']['name']}-src" for each in self.documents("ReplicationSource")}
        if kind == "ConfigMap":
            found |= {kept.name(apps.of(each)) for each in self.documents("ReplicationSource")}
        return found

    def specification(self, kind: str) -> set[str]:
        """Every field below spec.restic that an object of a kind may have."""
        used = {field for each in self.documents(kind) for field in each["spec"].get("restic", {})}
        return used | SPECIFICATION.get(kind, set())
