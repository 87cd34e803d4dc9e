"""The CustomResourceDefinitions that the tests' API server serves."""

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    CUSTOM_RESOURCE_DEFINITION,
    EXTERNAL_SECRET,
    GIT_REPOSITORY,
    HELM_RELEASE,
    KUSTOMIZATION,
    PROMETHEUS_RULE,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    SERVICE_MONITOR,
    VOLUME_SNAPSHOT,
    VOLUME_SNAPSHOT_CLASS,
    VOLUME_SNAPSHOT_CONTENT,
)
from tests.cluster.structural import schema_of

CUSTOM = (
    REPLICATION_SOURCE,
    REPLICATION_DESTINATION,
    VOLUME_SNAPSHOT,
    VOLUME_SNAPSHOT_CLASS,
    VOLUME_SNAPSHOT_CONTENT,
    EXTERNAL_SECRET,
    CLUSTER_SECRET_STORE,
    KUSTOMIZATION,
    HELM_RELEASE,
    GIT_REPOSITORY,
    SERVICE_MONITOR,
    PROMETHEUS_RULE,
)
WITHOUT_STATUS = frozenset({VOLUME_SNAPSHOT_CLASS, SERVICE_MONITOR, PROMETHEUS_RULE})
ESTABLISHED_S = 60.0


def definition(kind: Kind) -> Object:
    """
    A CustomResourceDefinition with one version.

    Args:
        kind: that it defines.

    Returns:
        The object.
    """
    group, _, version = kind.api_version.partition("/")
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema_of(kind)},
        "subresources": {} if kind in WITHOUT_STATUS else {"status": {}},
    }
    metadata: Object = {"name": f"{kind.plural}.{group}"}
    if group.endswith((".k8s.io", ".kubernetes.io")):
        # the API server asks who allowed a group of Kubernetes' own domain
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, for tests"}
    return {
        "metadata": metadata,
        "spec": {
            "group": group,
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
            },
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [served],
        },
    }


def install(cluster: Cluster) -> None:
    """
    Let an API server serve the custom resources.

    Args:
        cluster: with an administrator's context.
    """
    for kind in CUSTOM:
        cluster.apply(CUSTOM_RESOURCE_DEFINITION, definition(kind))
    for kind in CUSTOM:
        cluster.wait(
            CUSTOM_RESOURCE_DEFINITION,
            definition(kind)["metadata"]["name"],
            "",
            _is_established,
            timeout_s=ESTABLISHED_S,
            what="the custom resource to be served",
        )


def _is_established(found: Object | None) -> bool:
    conditions = ((found or {}).get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
