"""A HelmRelease -> which chart it wants, and from which repository."""

import re
from dataclasses import dataclass

from scripts.checks.helm.policy import EXACT
from scripts.checks.helm.release import Release, oci_repository
from scripts.checks.objects import Objects, field
from scripts.document import mapping
from scripts.model import Resource

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ADDRESS = re.compile(r"(https?|oci)://[^\s@]+")
LOGIN = ("secretRef", "certSecretRef", "proxySecretRef", "serviceAccountName")
"""Fields of a repository that name what only the cluster has."""


@dataclass(frozen=True, kw_only=True, order=True)
class ChartSource:
    """
    One version of a chart in a repository.

    Args:
        repository: its address, without a slash at the end ("https://example.org/charts", "oci://example.org/charts").

        name: of the chart.

        version: exactly one.
    """

    repository: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} of {self.repository}"


def source(objects: Objects, release: Release) -> ChartSource | str:
    """
    Find out where the chart of a HelmRelease is.

    Args:
        objects: of the tree.

        release: the HelmRelease.

    Returns:
        The chart; in words why nobody but the cluster can get it, where that is so ("its chart ...").
    """
    resource = release.resource
    if field(resource, "spec", "chartRef"):
        artifact = oci_repository(objects, resource)
        if artifact is None:
            return "its chartRef names no OCIRepository of the tree"
        address = str(field(artifact, "spec", "url") or "").rstrip("/").rpartition("/")[0]
        return _source(release, artifact, address)
    reference = mapping(field(resource, "spec", "chart", "spec", "sourceRef"))
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    repository = objects.get(kind, str(reference.get("namespace") or resource.id.namespace), name)
    if kind != "HelmRepository" or repository is None:
        return f"its chart is in {kind or 'no repository'} {name}".rstrip() + (
            ", which is not in the tree" if kind == "HelmRepository" else ", and not in a HelmRepository"
        )
    return _source(release, repository, str(field(repository, "spec", "url") or ""))


def _source(release: Release, repository: Resource, address: str) -> ChartSource | str:
    specification = mapping(repository.document.get("spec"))
    needed = [each for each in LOGIN if specification.get(each)]
    if needed or specification.get("provider", "generic") != "generic":
        return f"its chart is behind a login ({', '.join(needed) or 'provider'} of {repository.id}), which only the cluster has"
    if not ADDRESS.fullmatch(address):
        return f"its chart is in {repository.id}, which has no address that can be read"
    if not NAME.fullmatch(release.chart) or not EXACT.fullmatch(release.version):
        return "its chart has no name, or not exactly one version"
    return ChartSource(repository=address.rstrip("/"), name=release.chart, version=release.version)
