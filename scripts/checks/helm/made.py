"""A HelmRelease -> the objects that its chart makes: those it was seen to make, else those that are known of it."""

from collections.abc import Mapping

from scripts.checks.helm.chart import Chart
from scripts.checks.helm.release import Release
from scripts.checks.objects import Objects

CLUSTER_WIDE = frozenset(
    [
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PriorityClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
        "VolumeSnapshotClass",
    ]
)
"""Kinds that live in no namespace, of those that charts make."""

NAME_LENGTH = 63

Key = tuple[str, str, str]
"""Kind, namespace ("" for what lives in none) and name of an object."""


def key(kind: str, namespace: str, name: str) -> Key:
    """
    What tells one object from the others.

    Args:
        kind: of the object.

        namespace: that it is in, or would be.

        name: of the object.

    Returns:
        A key, of an object that lives in no namespace without the namespace.
    """
    return kind, "" if kind in CLUSTER_WIDE else namespace, name


def made(objects: Objects, release: Release) -> frozenset[Key] | None:
    """
    What a release makes.

    Args:
        objects: of the tree, with what charts were seen to make.

        release: the HelmRelease.

    Returns:
        The key of each object; None where they are not known.
    """
    if release.resource.id in objects.made:
        seen = objects.made[release.resource.id]
        if seen is None:
            return None
        return frozenset(key(each.kind, each.namespace or release.namespace, each.name) for each in seen)
    chart = release.facts
    if chart is None or release.values.unknown:
        return None
    return frozenset(
        key(each.kind, release.namespace, each.name.format(**names(release, chart)))
        for each in chart.makes
        if all(release.value(chart, switch) for switch in each.where)
    )


def names(release: Release, chart: Chart) -> Mapping[str, str]:
    """
    The names that the templates of a chart compute.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Returns:
        Placeholder of Made.name -> name.

    Source:
        backube/volsync@v0.12.0:helm/volsync/templates/_helpers.tpl;
        piraeusdatastore/helm-charts@snapshot-controller-3.0.6:charts/snapshot-controller/templates/_helpers.tpl
    """
    part = chart.name
    if "nameOverride" in chart.values:
        part = str(release.value(chart, ("nameOverride",)) or chart.name)
    found: dict[str, str] = {}
    for placeholder, (override, fixed) in chart.full_names.items():
        computed = (fixed or release.name) if part in release.name else f"{release.name}-{fixed or part}"
        found[placeholder] = str(release.value(chart, override) or computed)[:NAME_LENGTH].removesuffix("-")
    return found
