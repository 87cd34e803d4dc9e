"""What Flux applies an app with: found by the labels that Flux puts on what it applies, suspended and resumed."""

from collections.abc import Iterable

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import HELM_RELEASE, KUSTOMIZATION
from scripts.errors import NotFound
from scripts.operate.restore.journal import Suspended

LABELS = {KUSTOMIZATION: "kustomize.toolkit.fluxcd.io", HELM_RELEASE: "helm.toolkit.fluxcd.io"}
"""
Kind -> the prefix of the labels `name` and `namespace` of what it applies.

Source: fluxcd/kustomize-controller@v1.9.0:internal/controller; fluxcd/helm-controller@v1.6.0:internal/postrender
"""

KINDS = {kind.kind: kind for kind in LABELS}


def running(cluster: Cluster, documents: Iterable[Object]) -> tuple[Suspended, ...]:
    """
    Find what applies an app and is not suspended.

    Args:
        cluster: that the app is on.

        documents: of the app.

    Returns:
        HelmReleases, and after them Kustomizations, also those that apply the HelmReleases.

    Raises:
        NotFound: where a label names a kind that the cluster does not serve.
    """
    documents = tuple(documents)
    releases = _found(cluster, HELM_RELEASE, documents)
    kustomizations = _found(cluster, KUSTOMIZATION, (*documents, *releases))
    return tuple(
        Suspended(kind=kind.kind, namespace=each["metadata"]["namespace"], name=each["metadata"]["name"])
        for kind, found in ((HELM_RELEASE, releases), (KUSTOMIZATION, kustomizations))
        for each in found
        if not each["spec"].get("suspend")
    )


def suspend(cluster: Cluster, each: Suspended, *, suspended: bool) -> None:
    """
    Suspend or resume one.

    Args:
        cluster: that it is on.

        each: which.

        suspended: whether it is to be.
    """
    try:
        # what is not suspended does not say so, as after `flux resume`
        cluster.patch(KINDS[each.kind], each.name, each.namespace, {"spec": {"suspend": suspended or None}})
    except NotFound as missing:
        # what is not there any more applies nothing
        if not missing.kind_is_known:
            raise


def _found(cluster: Cluster, kind: Kind, documents: Iterable[Object]) -> tuple[Object, ...]:
    prefix = LABELS[kind]
    labels = (each["metadata"].get("labels") or {} for each in documents)
    named = {
        (each[f"{prefix}/namespace"], each[f"{prefix}/name"])
        for each in labels
        if f"{prefix}/name" in each and f"{prefix}/namespace" in each
    }
    found = (cluster.find(kind, name, namespace) for namespace, name in sorted(named))
    return tuple(each for each in found if each is not None)
