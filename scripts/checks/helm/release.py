"""A HelmRelease -> what Helm is asked for: which chart, under which name, with which values."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart, Path
from scripts.checks.helm.facts import CHARTS
from scripts.checks.helm.values import Merged, merge
from scripts.checks.objects import Objects, field
from scripts.document import mapping
from scripts.model import Resource

NAME_LENGTH = 53
HASH_LENGTH = 12


@dataclass(frozen=True, kw_only=True)
class Release:
    """
    A HelmRelease, read.

    Args:
        resource: the HelmRelease.

        chart: name of the chart; "" where none is named.

        version: as it is written; "" where there is none.

        values: what Helm is given.
    """

    resource: Resource
    chart: str
    version: str
    values: Merged

    @property
    def namespace(self) -> str:
        """
        Where its objects go.

        Source: fluxcd/helm-controller@v1.6.3:api/v2/helmrelease_types.go (GetReleaseNamespace)
        """
        return str(field(self.resource, "spec", "targetNamespace") or self.resource.id.namespace)

    @property
    def name(self) -> str:
        """
        Name of the release.

        Source: fluxcd/helm-controller@v1.6.3:api/v2/helmrelease_types.go (GetReleaseName), internal/release/name.go
        """
        target = field(self.resource, "spec", "targetNamespace")
        default = f"{target}-{self.resource.id.name}" if target else self.resource.id.name
        name = str(field(self.resource, "spec", "releaseName") or default)
        if len(name) <= NAME_LENGTH:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
        return f"{name[: NAME_LENGTH - HASH_LENGTH - 1]}-{digest}"

    @cached_property
    def facts(self) -> Chart | None:
        """What is known of this version of the chart; None where nothing is."""
        return CHARTS.get((self.chart, self.version.removeprefix("v")))

    def value(self, chart: Chart, path: Path) -> Any:  # noqa: ANN401 - a value may be anything
        """
        What the templates of the chart see.

        Args:
            chart: the facts of it.

            path: of the value.

        Returns:
            What the release gives, the chart's default where it gives nothing.
        """
        given: Any = self.values.values
        for key in path:
            if not isinstance(given, dict) or key not in given:
                return chart.default(path)
            given = given[key]
        return given

    def fault(self, rule: str, path: Path, found: str, next_step: str) -> Fault:
        """
        A fault of one of its values.

        Args:
            rule: its id.

            path: of the value.

            found: what is wrong, as what follows "HelmRelease x has the value y, ".

            next_step: what to do.

        Returns:
            The fault, at the place that the value comes from.
        """
        resource, location = self.values.place(path)
        message = f"{self.resource.id} has the value {'.'.join(path)}, {found}"
        return Fault(rule=rule, resource=resource, location=location, message=message, next_step=next_step)


def releases(objects: Objects) -> Iterator[Release]:
    """
    Read the HelmReleases of a tree.

    Args:
        objects: of the tree.

    Yields:
        Each of them.
    """
    for resource in objects.of("HelmRelease", "helm.toolkit.fluxcd.io/"):
        asked = mapping(field(resource, "spec", "chart", "spec"))
        name, version = str(asked.get("chart") or ""), str(asked.get("version") or "")
        if artifact := oci_repository(objects, resource):
            name = str(field(artifact, "spec", "url") or "").rstrip("/").rpartition("/")[2]
            version = str(field(artifact, "spec", "ref", "tag") or "")
        yield Release(resource=resource, chart=name, version=version, values=merge(objects, resource))


def oci_repository(objects: Objects, release: Resource) -> Resource | None:
    """
    The OCIRepository that a HelmRelease takes its chart from.

    Args:
        objects: of the tree.

        release: the HelmRelease.

    Returns:
        It; None where the release names none, or one that the tree does not hold.
    """
    reference = mapping(field(release, "spec", "chartRef"))
    namespace = str(reference.get("namespace") or release.id.namespace)
    return objects.get("OCIRepository", namespace, str(reference.get("name") or ""))
