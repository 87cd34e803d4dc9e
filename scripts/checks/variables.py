"""The text of built objects -> the variables that Flux would find no value for."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from scripts.checks.document import Document, items, mapping
from scripts.checks.flux import finding
from scripts.model import Finding
from scripts.render import SUBSTITUTION_SWITCH, FluxKustomization
from scripts.substitute import Unreadable, Unset, substitute

VARIABLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)")

Names = Mapping[str, str]
"""Name of a variable -> the first object that uses it."""


def unset(texts: tuple[str, ...], variables: Mapping[str, str]) -> Names:
    """
    Find the variables without a value and without a default.

    Args:
        texts: built objects as YAML, one each.

        variables: name -> value.

    Returns:
        The variables in the order in which they are met.
    """
    found: dict[str, str] = {}
    for text in texts:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        if not _is_switched_off(document):
            for name in _unset(text, variables):
                found.setdefault(name, _object(document))
    return found


def literal(texts: tuple[str, ...]) -> Names:
    """
    Find the variables that stand in the names of objects, where nothing replaces them.

    Args:
        texts: built objects as YAML, one each.

    Returns:
        The variables in the order in which they are met.
    """
    found: dict[str, str] = {}
    for text in texts:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        metadata = mapping(document.get("metadata"))
        for field in ("name", "namespace"):
            for name in VARIABLE.findall(str(metadata.get(field, ""))):
                found.setdefault(name, _object(document))
    return found


def inline(kustomization: FluxKustomization) -> dict[str, str]:
    """
    The values that a Flux Kustomization gives itself.

    Args:
        kustomization: as it was built.

    Returns:
        Name -> value.
    """
    values = mapping(_post_build(kustomization).get("substitute"))
    return {name: str(value) for name, value in values.items()}


def from_config_maps(
    kustomization: FluxKustomization, config_maps: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, str]:
    """
    The values that a Flux Kustomization takes from ConfigMaps of the tree.

    Args:
        kustomization: as it was built.

        config_maps: (namespace, name) -> data.

    Returns:
        Name -> value.
    """
    values: dict[str, str] = {}
    for reference in map(mapping, items(_post_build(kustomization).get("substituteFrom"))):
        if reference.get("kind") == "ConfigMap":
            data = config_maps.get((kustomization.namespace, reference.get("name", "")), {})
            values |= {name: str(value) for name, value in data.items()}
    return values


def check(
    kustomization: FluxKustomization,
    texts: tuple[str, ...],
    config_maps: Mapping[tuple[str, str], Mapping[str, Any]],
    place: Document | None,
) -> tuple[Finding, ...]:
    """
    Check that every variable in what a Flux Kustomization applies comes to something, in the cluster and without one.

    Args:
        kustomization: as it was built.

        texts: what it applies, as YAML, one object each.

        config_maps: (namespace, name) -> data.

        place: where it is written down.

    Returns:
        One finding for each variable.
    """
    if not _post_build(kustomization):
        message = "is applied literally, for the Kustomization has no spec.postBuild"
        return _findings("variable-unset", kustomization, place, literal(texts), message)
    own = inline(kustomization)
    in_cluster = unset(texts, {**from_config_maps(kustomization, config_maps), **own})
    offline = {name: user for name, user in unset(texts, own).items() if name not in in_cluster}
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


def _post_build(kustomization: FluxKustomization) -> Mapping[str, Any]:
    return mapping(mapping(kustomization.document.get("spec")).get("postBuild"))


def _unset(text: str, variables: Mapping[str, str]) -> Iterator[str]:
    known = dict(variables)
    while True:
        try:
            substitute(text, known)
        except Unset as unset_variable:
            yield unset_variable.name
            known[unset_variable.name] = "unset"
        except Unreadable:
            # the renderer refuses it and says where
            return
        else:
            return


def _is_switched_off(document: Mapping[str, Any]) -> bool:
    metadata = mapping(document.get("metadata"))
    switches = (mapping(metadata.get(field)).get(SUBSTITUTION_SWITCH) for field in ("labels", "annotations"))
    return "disabled" in switches


def _object(document: Mapping[str, Any]) -> str:
    return f"{document.get('kind')} {mapping(document.get('metadata')).get('name')}"
