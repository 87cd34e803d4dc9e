"""Built objects -> what Flux applies: common metadata and the values of variables are in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import yaml

from scripts.document import mapping
from scripts.render import go_yaml
from scripts.render.flux import FluxKustomization
from scripts.render.variables import Variables
from scripts.store import digest_of, key
from scripts.substitute import Template, Unreadable, read

SUBSTITUTION_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
REMEMBERED = 4096

Documents = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """
    What the objects of one Flux Kustomization come to.

    Args:
        documents: as the API server would receive them, in the order of the build.

        unset: name of a variable without value and default -> the first object that uses it.

        offline_unset: likewise where ConfigMaps are not read, of those that have a value where they are.

        is_literal: whether Flux substitutes nothing, so that variables stay as they are written.

        error: where and what, where an object cannot be made; None where all can.
    """

    documents: Documents
    unset: Mapping[str, str]
    offline_unset: Mapping[str, str]
    is_literal: bool = False
    error: tuple[str, str, str] | None = None


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
        try:
            document, needed = _made(text, values)
        except _Unusable as unusable:
            return _stopped(kustomization, *unusable.args)
        if needed and not values.are_open:
            shown = _shown(load(text))
            unset |= dict.fromkeys(sorted(needed - values.all.keys() - unset.keys()), shown)
            offline |= dict.fromkeys(sorted(needed - values.inline.keys() - offline.keys()), shown)
        documents.append(_with_common(document, common))
    if twice := _twice(documents):
        return _stopped(kustomization, twice, "is there twice once the variables are in", "correct a name")
    return Applied(
        documents=tuple(documents),
        unset=unset,
        offline_unset={name: shown for name, shown in offline.items() if name not in unset},
        is_literal=not values.are_used,
    )


@lru_cache(REMEMBERED)
def load(text: str) -> Mapping[str, Any]:
    """
    Read one object.

    Args:
        text: YAML, as kustomize writes it.

    Returns:
        The object, not to be changed.
    """
    return cast("Mapping[str, Any]", go_yaml.read(text))


class _Unusable(Exception):
    """An object that cannot be made: which, what is wrong with it, and what to do next."""


class _Literal(dict[str, str]):
    """Values of variables; one without a value stays as it is written."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name) if super().__contains__(name) else f"${{{name}}}"


def _made(text: str, values: Variables) -> tuple[Mapping[str, Any], frozenset[str]]:
    """An object with the values in, and the variables that have to have one."""
    try:
        document = load(text)
    except yaml.YAMLError as error:
        raise _Unusable(text[:40], "cannot be read", "make it simpler") from error
    if not (values.are_used and _is_substituted(document)):
        return document, frozenset()
    try:
        template = read(text)
    except Unreadable as unreadable:
        found = f"`{unreadable.expression}` is no variable that can be substituted"
        raise _Unusable(_shown(document), found, "write $${...} where it is meant literally") from unreadable
    return _filled(template, text, values), template.needed


def _filled(template: Template, text: str, values: Variables) -> Mapping[str, Any]:
    """An object with the values in; one without a value stays as it is written."""
    before = load(text)
    if template.parts == (text,):
        return before
    known = _Literal(values.all) if template.needed - values.all.keys() else values.all
    try:
        found = load(template.fill(known))
    except yaml.YAMLError as error:
        wrong = "is no YAML any more once the variables are in", "quote the value that breaks it"
        raise _Unusable(_shown(before), *wrong) from error
    name = mapping(mapping(found).get("metadata")).get("name")
    if not isinstance(name, str) or not name:
        wrong = f"has the name {name!r}, which is no text, once the variables are in", "quote its name"
        raise _Unusable(_shown(before), *wrong)
    return found


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


def _twice(documents: list[Mapping[str, Any]]) -> str:
    """An object that is there twice; "" where none is."""
    met: set[tuple[str, ...]] = set()
    for document in documents:
        metadata = mapping(document.get("metadata"))
        place = metadata.get("namespace") or "default", metadata.get("name")
        # what is no text is for the schemas to tell
        identity = tuple(map(str, (document.get("apiVersion"), document.get("kind"), *place)))
        if identity in met:
            return _shown(document)
        met.add(identity)
    return ""


def _shown(document: Mapping[str, Any]) -> str:
    return f"{document.get('kind')} {mapping(document.get('metadata')).get('name')}"


def _stopped(kustomization: FluxKustomization, shown: str, found: str, next_step: str) -> Applied:
    where = f"Kustomization {kustomization.name}: {shown}"
    return Applied(documents=(), unset={}, offline_unset={}, error=(where, found, next_step))
