"""Built objects -> what Flux applies: common metadata and the values of variables are in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import yaml

from scripts import scalars
from scripts.document import items, mapping
from scripts.errors import RenderError
from scripts.render.flux import FluxKustomization
from scripts.store import digest_of, key
from scripts.substitute import Template, Unreadable, read

SUBSTITUTION_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
REMEMBERED = 4096

ConfigMaps = Mapping[tuple[str, str], Mapping[str, Any]]
"""(namespace, name) -> data."""

Documents = tuple[Mapping[str, Any], ...]


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

        are_used: whether Flux substitutes at all.
    """

    inline: Mapping[str, str]
    all: Mapping[str, str]
    are_open: bool
    are_used: bool


@dataclass(frozen=True, kw_only=True)
class Applied:
    """
    What the objects of one Flux Kustomization come to.

    Args:
        documents: as the API server would receive them, in the order of the build.

        unset: name of a variable without value and default -> the first object that uses it.

        offline_unset: likewise where ConfigMaps are not read, of those that have a value where they are.

        error: where and what, where an object cannot be made; None where all can.
    """

    documents: Documents
    unset: Mapping[str, str]
    offline_unset: Mapping[str, str]
    error: tuple[str, str, str] | None = None


def variables(
    kustomization: FluxKustomization, config_maps: ConfigMaps, secrets: frozenset[tuple[str, str]]
) -> Variables:
    """
    Gather the values that a Flux Kustomization puts in.

    Args:
        kustomization: any.

        config_maps: those that the tree makes.

        secrets: (namespace, name) of those that the tree, or somebody else, makes.

    Returns:
        The values; a later source wins over an earlier one, and what the Flux Kustomization says itself over all.

    Raises:
        NotYet: where a source that is not optional is not there.

    Source:
        fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_varsub.go (LoadVariables; line breaks are taken out of values)
    """
    post_build = kustomization.specification.get("postBuild")
    found: dict[str, str] = {}
    are_open = False
    for reference in map(mapping, items(mapping(post_build).get("substituteFrom"))):
        kind, name = str(reference.get("kind")), str(reference.get("name"))
        place = kustomization.namespace, name
        if kind == "ConfigMap" and place in config_maps:
            found |= _texts(config_maps[place])
        elif kind == "Secret" and place in secrets:
            are_open = True
        elif not reference.get("optional"):
            raise NotYet(
                RenderError(
                    f"Kustomization {kustomization.name}",
                    f"substitutes from {kind} {name}, which the tree does not hold",
                    "name a ConfigMap of the tree, or mark it `optional: true`",
                )
            )
    inline = _texts(mapping(mapping(post_build).get("substitute")))
    return Variables(inline=inline, all=found | inline, are_open=are_open, are_used=post_build is not None)


def applied_key(build_key: str, kustomization: FluxKustomization, values: Variables) -> str:
    """
    Name what `apply` gives.

    Args:
        build_key: names the build.

        kustomization: that applies it.

        values: of its variables.

    Returns:
        A key of the store; "" where the build has none.
    """
    common = json.dumps(mapping(kustomization.specification.get("commonMetadata")), sort_keys=True, default=str)
    flags = f"{values.are_open} {values.are_used}"
    digests = digest_of(values.inline), digest_of(values.all)
    return key("applied", build_key, kustomization.name, common, flags, *digests) if build_key else ""


def apply(kustomization: FluxKustomization, texts: tuple[str, ...], values: Variables) -> Applied:
    """
    Make of built objects what the API server receives.

    Args:
        kustomization: that applies them.

        texts: each object as YAML.

        values: of its variables.

    Returns:
        The objects, or what is in the way of the first that cannot be made.
    """
    unset: dict[str, str] = {}
    offline: dict[str, str] = {}
    documents: list[Mapping[str, Any]] = []
    common = mapping(kustomization.specification.get("commonMetadata"))
    for text in texts:
        before = load(text)
        if not values.are_used or not _is_substituted(before):
            documents.append(_with_common(before, common))
            continue
        shown = f"{before.get('kind')} {mapping(before.get('metadata')).get('name')}"
        try:
            template = _template(text)
            needed = template.needed
            if not values.are_open:
                unset |= {name: shown for name in sorted(needed - values.all.keys()) if name not in unset}
                offline |= {name: shown for name in sorted(needed - values.inline.keys()) if name not in offline}
            known = _Literal(values.all) if values.are_open or needed - values.all.keys() else values.all
            after = load(template.fill(known)) if template.parts != (text,) else before
        except Unreadable as unreadable:
            found = f"`{unreadable.expression}` is no variable that can be substituted"
            return _stopped(kustomization, shown, found, "write $${...} where it is meant literally")
        except yaml.YAMLError:
            found = "is no YAML any more once the variables are in"
            return _stopped(kustomization, shown, found, "quote the value that breaks it")
        if not isinstance(after, dict):
            return _stopped(kustomization, shown, "is no object once the variables are in", "correct the values")
        documents.append(_with_common(after, common))
    return Applied(
        documents=tuple(documents),
        unset=unset,
        offline_unset={name: shown for name, shown in offline.items() if name not in unset},
    )


@lru_cache(REMEMBERED)
def load(text: str) -> Mapping[str, Any]:
    """
    Read one object.

    Args:
        text: YAML.

    Returns:
        The object, not to be changed.
    """
    return cast("Mapping[str, Any]", scalars.load(text))


class _Literal(dict[str, str]):
    """Values of variables; one without a value stays as it is written."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name) if super().__contains__(name) else f"${{{name}}}"


def _template(text: str) -> Template:
    return read(text)


def _is_substituted(document: Mapping[str, Any]) -> bool:
    metadata = mapping(document.get("metadata"))
    switches = (mapping(metadata.get(field)).get(SUBSTITUTION_SWITCH) for field in ("labels", "annotations"))
    return "disabled" not in switches


def _with_common(document: Mapping[str, Any], common: Mapping[str, Any]) -> Mapping[str, Any]:
    added = {name: dict(mapping(common.get(name))) for name in ("annotations", "labels") if common.get(name)}
    if not added:
        return document
    metadata = dict(mapping(document.get("metadata")))
    for name, pairs in added.items():
        metadata[name] = {**mapping(metadata.get(name)), **pairs}
    return {**document, "metadata": metadata}


def _stopped(kustomization: FluxKustomization, shown: str, found: str, next_step: str) -> Applied:
    where = f"Kustomization {kustomization.name}: {shown}"
    return Applied(documents=(), unset={}, offline_unset={}, error=(where, found, next_step))


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value).replace("\n", "") for name, value in values.items()}


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
