"""Security contexts: fields of a pod in a container's, fields of a container in a pod's, and what a pod's loses."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart, Path
from scripts.checks.helm.facts import CONTAINER_SECURITY, POD_SECURITY
from scripts.checks.helm.keys import nearest
from scripts.checks.helm.release import Release
from scripts.document import mapping

RULE = "helm-security-context"
POD, CONTAINER = "podSecurityContext", "securityContext"
KEPT = ("runAsNonRoot", "seccompProfile")
"""What Pod Security `restricted` asks for and what a pod's context that is given has to repeat."""


def check(release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check the security contexts of the pods of a chart.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        What the API server refuses, what is lost, and what the container's own context overrides.
    """
    for section in chart.pods():
        pod = mapping(release.value(chart, (*section, POD)))
        container = mapping(release.value(chart, (*section, CONTAINER)))
        yield from _misplaced(release, section, POD, pod, (POD_SECURITY, CONTAINER_SECURITY))
        yield from _misplaced(release, section, CONTAINER, container, (CONTAINER_SECURITY, POD_SECURITY))
        if pod and chart.default_pod:
            yield from _lost(release, chart, (*section, POD), pod, container)
        yield from _overridden(release, chart, section, pod)
        both = {**pod, **container}
        if both.get("runAsUser") == 0 and both.get("runAsNonRoot") is True:
            path = (*section, POD if "runAsUser" not in container else CONTAINER, "runAsUser")
            found = "which is root, and runAsNonRoot is true: its pods never start"
            yield release.fault(RULE, path, found, "write the number of another user")


def _misplaced(
    release: Release, section: Path, name: str, given: Mapping[str, Any], known: tuple[frozenset[str], frozenset[str]]
) -> Iterator[Fault]:
    there, other = known
    other_name, owner = (CONTAINER, "a container") if name == POD else (POD, "a pod")
    for key in given:
        path = (*section, name, str(key))
        if key in there:
            continue
        if key in other:
            moved = ".".join((*section, other_name, str(key)))
            found = f"which is a field of {owner}'s security context, and this is not one"
            yield release.fault(RULE, path, found, f"write `{moved}`")
        else:
            yield release.fault(RULE, path, "which no security context has", nearest(path, there | other))


def _lost(
    release: Release, chart: Chart, path: Path, pod: Mapping[str, Any], container: Mapping[str, Any]
) -> Iterator[Fault]:
    for key in KEPT:
        if key in chart.default_pod and not pod.get(key) and not container.get(key):
            found = f"which replaces the chart's as a whole, and its {key} with it"
            yield release.fault(RULE, path, found, f"write `{'.'.join((*path, key))}` too")


def _overridden(release: Release, chart: Chart, section: Path, pod: Mapping[str, Any]) -> Iterator[Fault]:
    for key in sorted(POD_SECURITY & CONTAINER_SECURITY & set(pod)):
        wins = release.value(chart, (*section, CONTAINER, key))
        if wins is not None and wins != pod[key]:
            own = ".".join((*section, CONTAINER, key))
            found = f"which the container's own overrides: {own} is {wins}"
            yield release.fault(RULE, (*section, POD, key), found, f"write `{own}: {pod[key]}` too")
