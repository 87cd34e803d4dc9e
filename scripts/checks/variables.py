"""A rendering -> the variables that Flux would find no value for."""

import difflib
import re
from collections.abc import Iterator, Mapping

from scripts.checks.flux import finding
from scripts.cluster_settings import KEYS
from scripts.document import Document, items, mapping
from scripts.model import Finding, Resource
from scripts.render import FluxKustomization, Rendering

VARIABLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)")

ALIKE = 0.85
"""Of two names, from 0 to 1; above it one is taken for a typing error in the other."""

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


def check_values(
    kustomization: FluxKustomization, used: frozenset[str], settings: Document | None, place: Document | None
) -> tuple[Finding, ...]:
    """
    Check that the values of a Flux Kustomization meet the variables that they are for.

    Args:
        kustomization: any.

        used: the variables in what it applies.

        settings: the ConfigMap cluster-settings; None where the tree has none.

        place: where the Flux Kustomization is written down.

    Returns:
        One finding for each value that is ignored.
    """
    post_build = mapping(kustomization.specification.get("postBuild"))
    inline = mapping(post_build.get("substitute"))
    location = ("spec", "postBuild", "substitute")
    found = []
    for name in inline:
        if name not in used:
            near = difflib.get_close_matches(name, used - inline.keys(), 1)
            message = f"Kustomization {kustomization.name} sets {name}, which nothing that it applies uses"
            step = f"write {near[0]}" if near else "take it out"
            found.append(finding("variable-unused", place, (*location, name), message, step))
    shared = sorted((used & mapping(settings.get("data")).keys()) - inline.keys()) if settings else []
    read = {(mapping(each).get("kind"), mapping(each).get("name")) for each in items(post_build.get("substituteFrom"))}
    if (
        settings
        and shared
        and ("ConfigMap", settings.name) not in read
        and settings.namespace == kustomization.namespace
    ):
        message = (
            f"Kustomization {kustomization.name} uses {', '.join(shared)} and does not take them from {settings.name}"
        )
        step = f"name the ConfigMap {settings.name} in spec.postBuild.substituteFrom"
        found.append(finding("variable-ignored", place, ("spec", "postBuild", "substituteFrom"), message, step))
    return tuple(found)


def check_settings(settings: Document, used: frozenset[str]) -> Iterator[Finding]:
    """
    Find the settings whose names are typing errors, so that a default is taken for them.

    Args:
        settings: the ConfigMap cluster-settings.

        used: every variable of the tree.

    Yields:
        One finding for each that nothing uses, and that looks like one which is missing.
    """
    there, read = mapping(settings.get("data")), frozenset(KEYS.values())
    for name in there:
        # one of those that a task reads is told where it is missing
        missing = used - there.keys() - read
        near = difflib.get_close_matches(name, missing, 1, ALIKE) if name not in used | read else ()
        if near:
            message = f"ConfigMap {settings.name} has {name}, which nothing uses, and has no {near[0]}"
            yield finding("variable-unused", settings, ("data", name), message, f"write {near[0]}")


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
