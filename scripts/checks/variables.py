"""A rendering -> the variables that Flux would find no value for."""

import re
from collections.abc import Mapping

from scripts.checks.flux import finding
from scripts.document import Document
from scripts.model import Finding, Resource
from scripts.render import FluxKustomization, Rendering

VARIABLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)")

Names = Mapping[str, str]
"""Name of a variable -> the first object that uses it."""


def literal(resources: tuple[Resource, ...]) -> Names:
    """
    Find the variables that stand in the names of objects, where nothing replaces them.

    Args:
        resources: of one Flux Kustomization that substitutes nothing.

    Returns:
        The variables in the order in which they are met.
    """
    found: dict[str, str] = {}
    for resource in resources:
        for name in VARIABLE.findall(f"{resource.id.name} {resource.id.namespace}"):
            found.setdefault(name, f"{resource.id.kind} {resource.id.name}")
    return found


def check(
    kustomization: FluxKustomization, rendering: Rendering, resources: tuple[Resource, ...], place: Document | None
) -> tuple[Finding, ...]:
    """
    Check that every variable in what a Flux Kustomization applies comes to something, in the cluster and without one.

    Args:
        kustomization: as it was built.

        rendering: of the tree.

        resources: what it applies.

        place: where it is written down.

    Returns:
        One finding for each variable.
    """
    if kustomization.identity in rendering.literal:
        message = "is applied literally, for Flux substitutes nothing where spec.postBuild gives no value"
        return _findings("variable-unset", kustomization, place, literal(resources), message)
    in_cluster = rendering.unset.get(kustomization.identity, {})
    offline = rendering.offline_unset.get(kustomization.identity, {})
    return (
        *_findings("variable-unset", kustomization, place, in_cluster, "has no value and no default"),
        *_findings(
            "variable-without-default",
            kustomization,
            place,
            offline,
            "has its value from a ConfigMap alone, which a build without the cluster skips, and no default",
        ),
    )


def _findings(
    rule: str, kustomization: FluxKustomization, place: Document | None, names: Names, found: str
) -> tuple[Finding, ...]:
    next_steps = {
        "variable-unset": "set {0} in spec.postBuild.substitute of that Kustomization",
        "variable-without-default": "write ${{{0}:=DEFAULT}} in the template",
    }
    return tuple(
        finding(
            rule,
            place,
            ("spec", "postBuild", "substitute"),
            f"variable {name}, used by {user}, {found} (Kustomization {kustomization.name})",
            next_steps[rule].format(name),
        )
        for name, user in names.items()
    )
