"""What the Kubernetes API calls each kind of object that this project reads or writes."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Kind:
    """
    One kind of object.

    Args:
        api_version: group and version ("apps/v1"; "v1" for the core group).

        kind: as in a manifest ("Pod").

        plural: as in a path ("pods").

        namespaced: whether its objects are in a namespace.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def resource(self) -> str:
        """What a Role calls it: "pods", or "replicationsources.volsync.backube"."""
        group, _, version = self.api_version.partition("/")
        return f"{self.plural}.{group}" if version else self.plural

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """
        Where the API serves it.

        Args:
            namespace: "" for all of them, or for a kind without namespaces.

            name: of one object; "" for the collection.

            subresource: "status" and the like; "" for the object itself.

        Returns:
            A path from the root of the API.
        """
        root = "apis" if "/" in self.api_version else "api"
        inside = ("namespaces", namespace) if namespace and self.namespaced else ()
        parts = (root, *self.api_version.split("/"), *inside, self.plural, name, subresource)
        return "/" + "/".join(quote(part, safe="") for part in parts if part)


NAMESPACE = Kind(api_version="v1", kind="Namespace", plural="namespaces", namespaced=False)
NODE = Kind(api_version="v1", kind="Node", plural="nodes", namespaced=False)
PERSISTENT_VOLUME = Kind(api_version="v1", kind="PersistentVolume", plural="persistentvolumes", namespaced=False)
PERSISTENT_VOLUME_CLAIM = Kind(api_version="v1", kind="PersistentVolumeClaim", plural="persistentvolumeclaims")
POD = Kind(api_version="v1", kind="Pod", plural="pods")
SECRET = Kind(api_version="v1", kind="Secret", plural="secrets")
CONFIG_MAP = Kind(api_version="v1", kind="ConfigMap", plural="configmaps")
EVENT = Kind(api_version="v1", kind="Event", plural="events")
SERVICE = Kind(api_version="v1", kind="Service", plural="services")
SERVICE_ACCOUNT = Kind(api_version="v1", kind="ServiceAccount", plural="serviceaccounts")
DEPLOYMENT = Kind(api_version="apps/v1", kind="Deployment", plural="deployments")
STATEFUL_SET = Kind(api_version="apps/v1", kind="StatefulSet", plural="statefulsets")
JOB = Kind(api_version="batch/v1", kind="Job", plural="jobs")
ROLE = Kind(api_version="rbac.authorization.k8s.io/v1", kind="Role", plural="roles")
ROLE_BINDING = Kind(api_version="rbac.authorization.k8s.io/v1", kind="RoleBinding", plural="rolebindings")
CLUSTER_ROLE = Kind(
    api_version="rbac.authorization.k8s.io/v1", kind="ClusterRole", plural="clusterroles", namespaced=False
)
CLUSTER_ROLE_BINDING = Kind(
    api_version="rbac.authorization.k8s.io/v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    namespaced=False,
)
STORAGE_CLASS = Kind(api_version="storage.k8s.io/v1", kind="StorageClass", plural="storageclasses", namespaced=False)
CUSTOM_RESOURCE_DEFINITION = Kind(
    api_version="apiextensions.k8s.io/v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
)
REPLICATION_SOURCE = Kind(api_version="volsync.backube/v1alpha1", kind="ReplicationSource", plural="replicationsources")
REPLICATION_DESTINATION = Kind(
    api_version="volsync.backube/v1alpha1", kind="ReplicationDestination", plural="replicationdestinations"
)
VOLUME_SNAPSHOT = Kind(api_version="snapshot.storage.k8s.io/v1", kind="VolumeSnapshot", plural="volumesnapshots")
VOLUME_SNAPSHOT_CLASS = Kind(
    api_version="snapshot.storage.k8s.io/v1",
    kind="VolumeSnapshotClass",
    plural="volumesnapshotclasses",
    namespaced=False,
)
VOLUME_SNAPSHOT_CONTENT = Kind(
    api_version="snapshot.storage.k8s.io/v1",
    kind="VolumeSnapshotContent",
    plural="volumesnapshotcontents",
    namespaced=False,
)
EXTERNAL_SECRET = Kind(api_version="external-secrets.io/v1", kind="ExternalSecret", plural="externalsecrets")
CLUSTER_SECRET_STORE = Kind(
    api_version="external-secrets.io/v1", kind="ClusterSecretStore", plural="clustersecretstores", namespaced=False
)
KUSTOMIZATION = Kind(api_version="kustomize.toolkit.fluxcd.io/v1", kind="Kustomization", plural="kustomizations")
HELM_RELEASE = Kind(api_version="helm.toolkit.fluxcd.io/v2", kind="HelmRelease", plural="helmreleases")
GIT_REPOSITORY = Kind(api_version="source.toolkit.fluxcd.io/v1", kind="GitRepository", plural="gitrepositories")
SERVICE_MONITOR = Kind(api_version="monitoring.coreos.com/v1", kind="ServiceMonitor", plural="servicemonitors")
PROMETHEUS_RULE = Kind(api_version="monitoring.coreos.com/v1", kind="PrometheusRule", plural="prometheusrules")
