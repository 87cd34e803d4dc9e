"""A component that is built without Flux -> whether it comes to what Flux makes of it."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.checks.flux import finding
from scripts.checks.unapplied import BELOW
from scripts.checks.variables import VARIABLE
from scripts.document import Document, items, mapping
from scripts.model import Finding, Resource, ResourceId

DEFAULT = re.compile(r"\$\{(\w+)(?::=([^{}$]*)\}|:=)?")
"""A variable, and its default where that holds no further one."""


def check_built(place: Document, built: tuple[Resource, ...], rendered: tuple[Resource, ...]) -> Iterator[Finding]:
    """
    Hold what kustomize alone makes of a component against what Flux makes of it.

    Args:
        place: the kustomization that builds without Flux.

        built: its objects.

        rendered: those of the tree, as Flux applies them.

    Yields:
        One finding for each object that has a variable left, or that differs from the one of the same name.
    """
    by_flux: Mapping[ResourceId, Mapping[str, Any]] = {each.id: each.document for each in rendered}
    for each in built:
        left = sorted(set(VARIABLE.findall(str(each.document))))
        differing = sorted(_differing(each.document, by_flux.get(each.id, each.document), ""))
        if left:
            message = f"makes {each.id} with ${{{'}, ${'.join(left)}}} in it, which nothing replaces without Flux"
        elif differing:
            message = f"makes {each.id} with another {', '.join(differing[:3])} than Flux does"
        else:
            continue
        step = "correct the replacements of the component, or the values here"
        yield finding("component-without-flux", place, ("components",), message, step)


def check_there(place: Document, missing: frozenset[str]) -> Iterator[Finding]:
    """
    Tell of what a kustomization outside of kubernetes/ takes from there in vain.

    Args:
        place: the kustomization.

        missing: paths that it names and the tree does not hold.

    Yields:
        One finding for each.
    """
    for path in sorted(missing):
        message = f"is built from {path}, which is not there, or holds no kustomization.yaml"
        yield finding("kustomize-build", place, ("components",), message, "restore it from git, or correct the path")


def _differing(one: object, other: object, above: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {*one, *other}:
            yield from _differing(one.get(key), other.get(key), f"{above}.{key}" if above else str(key))
    elif one != other:
        yield above


def replacing(documents: tuple[Document, ...]) -> frozenset[str]:
    """
    The components that put values in the place of variables, which Flux would do by itself.

    Args:
        documents: of the tree.

    Returns:
        Their folders; what stands below one of them are its parameters.
    """
    return frozenset(
        posixpath.dirname(each.file)
        for each in documents
        if each.kind == "Component" and each.get("replacements") and each.file.startswith(BELOW)
    )


def check_parameters(documents: tuple[Document, ...]) -> Iterator[Finding]:
    """
    Hold the parameters that a component brings for builds without Flux against the variables of its templates.

    Args:
        documents: of the tree.

    Yields:
        One finding for each variable that is no parameter, or whose default is another; and for each replacement that
        reaches beyond the component, or nothing.
    """
    for folder in sorted(replacing(documents)):
        around = posixpath.dirname(folder)
        within = [each for each in documents if each.file.startswith(f"{around}/")]
        for each in within:
            if each.kind == "ConfigMap" and each.file.startswith(f"{folder}/"):
                yield from _parameters(each, within)
            if posixpath.dirname(each.file) == folder:
                yield from _targets(each)


def _parameters(parameters: Document, within: list[Document]) -> Iterator[Finding]:
    given = mapping(parameters.get("data"))
    named = {name for each in within for name in _replaced(each)}
    for document in within:
        if document is parameters:
            continue
        for location, value in document.scalars():
            for name, default in DEFAULT.findall(value) if isinstance(value, str) else ():
                if name not in named | given.keys() or (default and name not in given):
                    message = f"uses {name}, which is no parameter of the component"
                elif name in given and f"${{{name}:=" not in value:
                    message = f"has no default for {name}, and the component says {given[name]}"
                elif name in given and str(given[name]) != default:
                    message = f"has the default {default} for {name}, and the component says {given[name]}"
                else:
                    continue
                step = f"write the same here and in {parameters.file}"
                yield finding("component-parameter", document, location, message, step)


def _replaced(document: Document) -> Iterator[str]:
    for each in map(mapping, items(document.get("replacements"))):
        yield str(mapping(each.get("source")).get("fieldPath") or "").removeprefix("data.")


def _targets(document: Document) -> Iterator[Finding]:
    for number, replacement in enumerate(map(mapping, items(document.get("replacements")))):
        for index, target in enumerate(map(mapping, items(replacement.get("targets")))):
            location = ("replacements", number, "targets", index)
            if not mapping(target.get("select")).get("labelSelector"):
                message = "has a replacement that reaches the app's own objects too"
                yield finding("component-parameter", document, location, message, "select by a labelSelector")
            if not items(target.get("fieldPaths")):
                message = "has a replacement without fieldPaths, which replaces nothing, or the name"
                yield finding("component-parameter", document, location, message, "name the fields")
    for number, patch in enumerate(map(mapping, items(document.get("patches")))):
        if not mapping(patch.get("target")).get("labelSelector"):
            message = "has a patch that reaches the app's own objects too"
            yield finding("component-parameter", document, ("patches", number), message, "target by a labelSelector")
