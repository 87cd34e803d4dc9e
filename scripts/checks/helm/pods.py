"""Values that a chart hands on to its pods -> what the API server would refuse, or leave out unasked."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart, Path
from scripts.checks.helm.release import Release
from scripts.checks.pods import resource_faults
from scripts.checks.schema.library import Library
from scripts.checks.schema.sentences import sentences
from scripts.document import Location, mapping

CONTAINER: Location = ("spec", "containers", 0)
PLACES: Mapping[str, Location] = {
    "affinity": ("spec", "affinity"),
    "nodeSelector": ("spec", "nodeSelector"),
    "podSecurityContext": ("spec", "securityContext"),
    "resources": (*CONTAINER, "resources"),
    "securityContext": (*CONTAINER, "securityContext"),
    "tolerations": ("spec", "tolerations"),
}
"""Value of a chart -> where its templates put it into a pod."""


def check(release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Hold what a release says of its pods against the schema of a pod.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        What is wrong within each value; of its own keys, and of what it is itself, others tell.
    """
    library, validator = _pod()
    for section in chart.pods():
        for name, place in PLACES.items():
            given = _given(release, (*section, name))
            if not isinstance(given, dict | list):
                continue
            document = _document(place, given)
            for each in sentences(library, document, list(validator.iter_errors(document))):
                inner = tuple(map(str, each.location[len(place) :]))
                is_own = len(inner) == 1 and (each.rule == "schema-field" or isinstance(given, list))
                is_told = not inner or is_own
                if each.location[: len(place)] == place and not is_told:
                    yield _fault(release, (*section, name, *inner), each.found, each.next_step)
        for where, found in resource_faults(mapping(_given(release, (*section, "resources")))):
            path = (*section, "resources", *map(str, where))
            yield release.fault("pod-resources", path, f"which is {found}", "correct it, or take it out")


def _fault(release: Release, path: Path, found: str, next_step: str) -> Fault:
    return release.fault("helm-value", path, f"with which its pod {found}", next_step)


def _given(release: Release, path: Path) -> Any:  # noqa: ANN401 - a value may be anything
    given: Any = release.values.values
    for key in path:
        given = given.get(key) if isinstance(given, dict) else None
    return given


def _document(place: Location, given: object) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "manager", "image": "manager"}
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {"containers": [container]},
    }
    around = container if place[: len(CONTAINER)] == CONTAINER else document["spec"]
    around[str(place[-1])] = given
    return document


@cache
def _pod() -> tuple[Library, jsonschema_rs.Draft202012Validator]:
    library = Library(frozenset({("v1", "Pod")}))
    validator = library.validator("v1", "Pod")
    assert validator is not None  # noqa: S101 - every cluster has pods
    return library, validator
