"""What is said of the chart itself: its version, its CRDs, and whether what the alerts read is scraped."""

import difflib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart
from scripts.checks.helm.facts import CHARTS
from scripts.checks.helm.made import names
from scripts.checks.helm.release import Release, oci_repository
from scripts.checks.objects import Objects, fault, field
from scripts.document import items, mapping

EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
ALIKE = 0.85
"""Of two names, from 0 to 1; above it one is taken for a typing error in the other."""

IN_GIT = frozenset({"Bucket", "GitRepository"})
"""
Sources of which the version of a chart is not asked.

Source: fluxcd/helm-controller@v1.6.3:api/v2/helmrelease_types.go (HelmChartTemplateSpec.Version)
"""

CREDENTIALS = frozenset({"authorization", "basicAuth", "bearerTokenFile", "bearerTokenSecret", "oauth2"})
"""
How an endpoint of a ServiceMonitor says who asks.

Source: prometheus-operator/prometheus-operator@v0.93.0:example/prometheus-operator-crd/
monitoring.coreos.com_servicemonitors.yaml (spec.endpoints)
"""


def check_chart(objects: Objects, release: Release) -> Iterator[Fault]:
    """
    Check that a release asks for a chart that is there.

    Args:
        objects: of the tree.

        release: the HelmRelease.

    Yields:
        A fault where it asks for none, or for one that looks like a typing error in one that is known here.
    """
    resource = release.resource
    if not field(resource, "spec", "chart") and not field(resource, "spec", "chartRef"):
        found = "names no chart, so that nothing is installed"
        yield fault("helm-chart", resource, ("spec", "chart"), found, "write spec.chart, or spec.chartRef")
        return
    known = {name for name, _ in CHARTS}
    near = difflib.get_close_matches(release.chart, known, 1, ALIKE)
    if near and release.chart not in known:
        found = f"asks for the chart {release.chart}, which looks like {near[0]}"
        place = ("spec", "chart", "spec", "chart")
        yield fault("helm-chart", resource, place, found, f"write `chart: {near[0]}`, if that is what is meant")
    reference = mapping(field(resource, "spec", "chart", "spec", "sourceRef"))
    namespace = str(reference.get("namespace") or resource.id.namespace)
    repository = objects.get("HelmRepository", namespace, str(reference.get("name") or ""))
    url = str(field(repository, "spec", "url") or "").rstrip("/") if repository else ""
    wanted = release.facts.repository if release.facts else ""
    if repository and wanted and url != wanted and urlsplit(url)[:2] == urlsplit(wanted)[:2]:
        found = f"is asked for the chart {release.chart}, which is at {wanted}/, and has the address {url}/"
        yield fault("helm-chart", repository, ("spec", "url"), found, f"write `url: {wanted}/`")


def check_version(objects: Objects, release: Release) -> Iterator[Fault]:
    """
    Check that a release says exactly which version of a chart it means.

    Args:
        objects: of the tree.

        release: the HelmRelease.

    Yields:
        A fault where it does not.

    Source:
        fluxcd/source-controller@v1.9.1:config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml (spec.ref: digest
        before semver before tag)
    """
    resource = release.resource
    next_step = "write one version, as in `version: 1.2.3`"
    if artifact := oci_repository(objects, resource):
        reference = mapping(field(artifact, "spec", "ref"))
        if not reference.get("digest") and (reference.get("semver") or not EXACT.fullmatch(release.version)):
            found = "does not name one version of the chart, so that a new one comes without a commit"
            yield fault("helm-version", artifact, ("spec", "ref"), found, "write `tag:` with one version, or `digest:`")
        return
    asked = mapping(field(resource, "spec", "chart", "spec"))
    if not asked or mapping(asked.get("sourceRef")).get("kind") in IN_GIT or EXACT.fullmatch(release.version):
        return
    is_given = "asks for the version {} of the chart {}" if release.version else "names no version of the chart {1}"
    found = is_given.format(repr(release.version), release.chart) + ", so that a new one comes without a commit"
    yield fault("helm-version", resource, ("spec", "chart", "spec", "version"), found, next_step)


def check_crds(release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check that CRDs which Helm does not upgrade are upgraded all the same.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        What is wrong with spec.install and spec.upgrade.

    Source:
        fluxcd/helm-controller@v1.6.3:api/v2/helmrelease_types.go (Install.CRDs is Create, Upgrade.CRDs is Skip by default)
    """
    resource, next_step = release.resource, "write `crds: CreateReplace`"
    if not chart.crds_in_folder:
        if said := [
            each for each in ("install", "upgrade") if field(resource, "spec", each, "crds") == "CreateReplace"
        ]:
            found = f"has {said[-1]}.crds: CreateReplace, which is ignored: the CRDs of its chart are templates"
            next_step = " and ".join(f"take spec.{each}.crds out" for each in said)
            yield fault("helm-crds", resource, ("spec", said[-1], "crds"), found, next_step)
        return
    if field(resource, "spec", "install", "crds") == "Skip" or field(resource, "spec", "install", "skipCRDs"):
        found = "does not install the CRDs of its chart"
        yield fault("helm-crds", resource, ("spec", "install", "crds"), found, next_step)
    if field(resource, "spec", "upgrade", "crds") != "CreateReplace":
        found = "does not upgrade the CRDs of its chart, which are in its folder crds/"
        yield fault("helm-crds", resource, ("spec", "upgrade", "crds"), found, next_step)


def check_scraped(objects: Objects, release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check that the metrics which the alerts of the tree read are scraped.

    Args:
        objects: of the tree.

        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        A fault where they are not.
    """
    switch, why = chart.scraped
    if release.value(chart, switch) or _is_scraped_otherwise(objects, release):
        return
    series = tuple(each.format(**names(release, chart)) for each in chart.series)
    for rules in objects.of("PrometheusRule", "monitoring.coreos.com/"):
        groups = map(mapping, items(field(rules, "spec", "groups")))
        expressions = (str(mapping(rule).get("expr")) for group in groups for rule in items(group.get("rules")))
        if any(one in expression for expression in expressions for one in series):
            found = f"which is not on, and {rules.id} reads the metrics: {why}"
            yield release.fault("helm-metrics", switch, found, f"write `{'.'.join(switch)}: true`")
            return


def _is_scraped_otherwise(objects: Objects, release: Release) -> bool:
    own = (
        mapping(endpoint)
        for each in objects.of("ServiceMonitor", "monitoring.coreos.com/")
        if each.id.namespace == release.namespace
        for endpoint in items(field(each, "spec", "endpoints"))
    )
    rendered = str(field(release.resource, "spec", "postRenderers") or "")
    return any(CREDENTIALS & set(each) for each in own) or any(each in rendered for each in CREDENTIALS)
