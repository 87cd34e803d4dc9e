"""A Flux Kustomization and the ConfigMaps of the tree -> the values that it puts in the place of variables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.document import items, mapping
from scripts.errors import RenderError
from scripts.render.flux import FluxKustomization

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Of a variable. Source: fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_varsub.go (varsubRegex)"""

ConfigMaps = Mapping[tuple[str, str], Mapping[str, Any]]
"""(namespace, name) -> data."""


class NotYet(Exception):
    """
    A Flux Kustomization takes values from a ConfigMap that nothing has made so far.

    Args:
        error: what to say where nothing ever does.
    """

    def __init__(self, error: RenderError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Variables:
    """
    What a Flux Kustomization puts in the place of variables.

    Args:
        inline: name -> value, of spec.postBuild.substitute.

        all: those, and those of ConfigMaps, over which they win.

        are_open: whether a Secret may hold further ones, whose values nobody here knows.

        are_used: whether Flux substitutes at all, which it does not without any value unless it is told to.
    """

    inline: Mapping[str, str]
    all: Mapping[str, str]
    are_open: bool
    are_used: bool


def variables(
    kustomization: FluxKustomization,
    config_maps: ConfigMaps,
    secrets: frozenset[tuple[str, str]],
    *,
    is_complete: bool = True,
) -> Variables:
    """
    Gather the values that a Flux Kustomization puts in.

    Args:
        kustomization: any.

        config_maps: those that the tree makes.

        secrets: (namespace, name) of those that the tree, or somebody else, makes.

        is_complete: whether nothing makes further ones; until then an optional one that is missing may still come.

    Returns:
        The values; a later source wins over an earlier one, and what the Flux Kustomization says itself over all.

    Raises:
        NotYet: where a source is not there that is not optional, or may still come.

        RenderError: where a value is no text, or a name is none that Flux takes.

    Source:
        fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_varsub.go (SubstituteVariables, LoadVariables, varSubstitution);
        fluxcd/kustomize-controller@v1.9.4:api/v1/kustomization_types.go (SubstituteStrategy)
    """
    post_build = mapping(kustomization.specification.get("postBuild"))
    found: dict[str, str] = {}
    are_open = False
    for reference in map(mapping, items(post_build.get("substituteFrom"))):
        kind, name = str(reference.get("kind")), str(reference.get("name"))
        place = kustomization.namespace, name
        if kind == "ConfigMap" and place in config_maps:
            found |= _texts(config_maps[place], kustomization, f"ConfigMap {name}")
        elif kind == "Secret" and place in secrets:
            are_open = True
        elif not (reference.get("optional") and is_complete):
            raise NotYet(
                RenderError(
                    f"Kustomization {kustomization.name}",
                    f"substitutes from {kind} {name}, which the tree does not hold",
                    "name a ConfigMap of the tree, or mark it `optional: true`",
                )
            )
    inline = _texts(mapping(post_build.get("substitute")), kustomization, "spec.postBuild.substitute")
    is_always = post_build.get("substituteStrategy") == "Always"
    return Variables(
        inline=inline,
        all=found | inline,
        are_open=are_open,
        are_used=is_always or are_open or bool(found or inline),
    )


def config_maps(documents: Iterator[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """
    The ConfigMaps among objects.

    Args:
        documents: any objects.

    Returns:
        (namespace, name) -> data.
    """
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for document in documents:
        if document.get("kind") == "ConfigMap":
            metadata = mapping(document.get("metadata"))
            found[str(metadata.get("namespace") or ""), str(metadata.get("name") or "")] = mapping(document.get("data"))
    return found


def _texts(values: Mapping[str, Any], kustomization: FluxKustomization, source: str) -> dict[str, str]:
    for name, value in values.items():
        if not isinstance(value, str):
            found, next_step = f"has a value for {name} that is no text", "quote it"
        elif NAME.fullmatch(name) is None:
            found, next_step = f"has the name {name!r}, which is none of a variable", "use letters, digits and _"
        else:
            continue
        raise RenderError(f"Kustomization {kustomization.name}", f"{source} {found}", next_step)
    # as Flux: a value is one line
    return {name: value.replace("\n", "") for name, value in values.items()}
