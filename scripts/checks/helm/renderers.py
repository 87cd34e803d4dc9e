"""spec.postRenderers -> patches that Helm's objects do not get, and labels by which Prometheus would find them."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart
from scripts.checks.helm.made import names
from scripts.checks.helm.release import Release
from scripts.checks.objects import Objects, fault, field
from scripts.document import Location, items, mapping

OPERATIONS = frozenset({"add", "copy", "move", "remove", "replace", "test"})
WITH_VALUE = frozenset({"add", "replace", "test"})
SELECTED_BY = "prometheus"
"""The label by which a Prometheus is told which ServiceMonitors and PrometheusRules are its own."""

ROLE = ("role", "alert-rules")
"""
The label beside it that a PrometheusRule has.

Source: prometheus-operator/prometheus-operator@v0.93.0:Documentation/developer/alerting.md
"""


def check(release: Release) -> Iterator[Fault]:
    """
    Check that each patch is one, and says what it is for.

    Args:
        release: the HelmRelease.

    Yields:
        What kustomize would refuse, so that the release is not installed.

    Source:
        kubernetes-sigs/kustomize@api/v0.20.1:api/internal/builtins/PatchTransformer.go (a JSON patch needs a target)
    """
    for location, patch in _patches(release):
        operations = _operations(patch)
        if operations is None:
            continue
        target = mapping(patch.get("target"))
        if not target.get("kind") and not target.get("name"):
            found = "has a patch without a kind or a name in its target"
            yield _fault(release, (*location, "target"), found, "name the kind of what it is for")
        for each in operations:
            name, path = each.get("op"), str(each.get("path") or "")
            if name not in OPERATIONS or not path.startswith("/") or (name in WITH_VALUE and "value" not in each):
                found = f"has a patch whose operation {name or '(none)'} {path or '(no path)'} is none"
                yield _fault(release, (*location, "patch"), found, "write op, path, and value where it needs one")


def check_selected(objects: Objects, release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check that one Prometheus reads both the metrics of a chart and the rules that are about them.

    Args:
        objects: of the tree.

        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        A ServiceMonitor, or PrometheusRule, without the label that the other has.
    """
    series = tuple(each.format(**names(release, chart)) for each in chart.series)
    added = _labels(release)
    for rules in objects.of("PrometheusRule", "monitoring.coreos.com/"):
        groups = map(mapping, items(field(rules, "spec", "groups")))
        expressions = [str(mapping(rule).get("expr")) for group in groups for rule in items(group.get("rules"))]
        if not any(one in expression for expression in expressions for one in series):
            continue
        labels = mapping(field(rules, "metadata", "labels"))
        own, other = labels.get(SELECTED_BY), added.get(SELECTED_BY)
        if other is not None and (own is None or labels.get(ROLE[0]) != ROLE[1]):
            missing = f"{SELECTED_BY}: {other}" if own is None else ": ".join(ROLE)
            found = (
                f"has no label `{missing}`, and the ServiceMonitor of {release.resource.id} has one for its Prometheus"
            )
            yield fault("alert-selected", rules, ("metadata", "labels"), found, f"label it `{missing}`")
        elif own != other:
            found = f"makes a ServiceMonitor whose label {SELECTED_BY} is {other or 'missing'}, and {rules.id}, which "
            found += f"reads its metrics, is for {own}"
            step = f"add `/metadata/labels/{SELECTED_BY}` with {own} to the ServiceMonitor in spec.postRenderers"
            yield _fault(release, ("spec", "postRenderers"), found, step, rule="alert-selected")


def _fault(
    release: Release, location: Location, found: str, next_step: str, *, rule: str = "helm-post-renderer"
) -> Fault:
    return fault(rule, release.resource, location, found, next_step)


def _patches(release: Release) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    for number, renderer in enumerate(map(mapping, items(field(release.resource, "spec", "postRenderers")))):
        patches = items(mapping(renderer.get("kustomize")).get("patches"))
        for index, patch in enumerate(map(mapping, patches)):
            yield ("spec", "postRenderers", number, "kustomize", "patches", index), patch


def _operations(patch: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The operations of a JSON patch; None where it is a patch of another kind, which is an object."""
    try:
        value = yaml.load(str(patch.get("patch") or ""), Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return [{}]
    if isinstance(value, dict) and value.get("kind"):
        return None
    return [mapping(each) for each in value] if isinstance(value, list) and value else [{}]


def _labels(release: Release) -> Mapping[str, Any]:
    """The labels that its ServiceMonitor is given."""
    start = "/metadata/labels/"
    return {
        path.removeprefix(start): each.get("value")
        for _, patch in _patches(release)
        if mapping(patch.get("target")).get("kind") == "ServiceMonitor"
        for each in _operations(patch) or ()
        if (path := str(each.get("path") or "")).startswith(start)
    }
