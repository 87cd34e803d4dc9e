"""
A HelmRelease -> the values that helm-controller hands to Helm, and where each of them is written.

Source: fluxcd/pkg@chartutil/v1.27.1:chartutil/values.go (ChartValuesFromReferences, ReplacePathValue), merge.go (MergeMaps);
helm/helm@v3.22.0:pkg/strvals/parser.go (key, typedVal)
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts import particulars
from scripts.checks.helm.chart import Path
from scripts.checks.objects import Objects, field
from scripts.document import Location, items, load, mapping
from scripts.model import Resource

DEFAULT_KEY = "values.yaml"
UNESCAPED_DOT = re.compile(r"(?<!\\)\.")
SYNTAX = frozenset(",[]{}=\\")
"""What `helm --set` reads as more than a text, and is not followed here."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    One place that values come from.

    Args:
        resource: the HelmRelease itself, or a ConfigMap.

        location: of the field that holds them.

        values: what it gives.

        target: where among the values it goes; () where it is merged into all of them.
    """

    resource: Resource
    location: Location
    values: Any
    target: Path = ()


@dataclass(frozen=True, kw_only=True)
class Broken:
    """
    A reference that helm-controller cannot follow.

    Args:
        location: of the reference in the HelmRelease.

        found: what is wrong with it, as what follows the HelmRelease's name in a sentence.

        next_step: what to do.
    """

    location: Location
    found: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Merged:
    """
    What the values of a HelmRelease come to.

    Args:
        values: all that are known; not to be changed.

        sources: where they come from; of two that give the same value the last one is named.

        unknown: sources that the tree does not hold, in words ("Secret volsync-values").

        broken: references that lead nowhere.
    """

    values: Mapping[str, Any]
    sources: tuple[Source, ...]
    unknown: tuple[str, ...]
    broken: tuple[Broken, ...]

    def place(self, path: Path) -> tuple[Resource, Location]:
        """
        Where a value is written, or would be.

        Args:
            path: of the value.

        Returns:
            The object, and the location in it: the field of the source that gives the value (of a text there is no line
            to be had), in the HelmRelease where none does.
        """
        release = next(each for each in self.sources if each.location == ("spec", "values"))
        for length in range(len(path), 0, -1):
            wanted = _get(self.values, path[:length])
            for source in reversed(self.sources) if wanted is not None else ():
                if _get(_at(source.target, source.values), path[:length]) == wanted:
                    own = path if source is release else ()
                    return source.resource, (*source.location, *own)
        return release.resource, (*release.location, *path)


def merge(objects: Objects, release: Resource) -> Merged:
    """
    Merge the values of a HelmRelease as helm-controller does.

    Args:
        objects: of the tree.

        release: the HelmRelease.

    Returns:
        The values, and what of them is not known.
    """
    inline = copy.deepcopy(dict(mapping(field(release, "spec", "values"))))
    own = Source(resource=release, location=("spec", "values"), values=field(release, "spec", "values"))
    references = items(field(release, "spec", "valuesFrom"))
    read = [_read(objects, release, index, mapping(each)) for index, each in enumerate(references)]
    found = tuple(each for each in read if isinstance(each, Source))
    merged: dict[str, Any] = {}
    for source in found:
        if source.target:
            # the maps of both are shared from here on, as in the controller: what is set goes into spec.values too
            merged = _merged(merged, inline)
            _set(merged, source.target, source.values)
        else:
            merged = _merged(merged, source.values)
    return Merged(
        values=_merged(merged, inline),
        sources=(*(each for each in found if not each.target), own, *(each for each in found if each.target)),
        unknown=tuple(each for each in read if isinstance(each, str)),
        broken=tuple(each for each in read if isinstance(each, Broken)),
    )


def _read(
    objects: Objects, release: Resource, index: int, reference: Mapping[str, Any]
) -> Source | Broken | str | None:
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    location = ("spec", "valuesFrom", index)
    if kind == "Secret":
        return f"{kind} {name}"
    if kind != "ConfigMap":
        found = f"takes values from {kind or '(no kind)'} {name}, and only ConfigMap and Secret hold any"
        return Broken(location=(*location, "kind"), found=found, next_step="write `kind: ConfigMap`")
    held = objects.get(kind, release.id.namespace, name)
    if held is None and objects.has_external(kind, release.id.namespace, name):
        return f"{kind} {name}, which is external"
    key = str(reference.get("valuesKey") or DEFAULT_KEY)
    text = field(held, "data", key) if held else None
    if held is None or text is None:
        if reference.get("optional"):
            return None
        missing = f"{kind} {release.id.namespace}/{name}" + (f" with the key {key}" if held else "")
        return Broken(
            location=(*location, "valuesKey" if held else "name"),
            found=f"takes values from {missing}, which nothing makes",
            next_step=f"correct the reference, add what it names, or name it in {particulars.PATH}",
        )
    return _given(held, ("data", key), str(text), location, reference)


def _given(
    held: Resource, place: Location, text: str, location: Location, reference: Mapping[str, Any]
) -> Source | Broken | str:
    target = str(reference.get("targetPath") or "")
    if not target:
        file = load(f"{held.id}", text)
        values = file.documents[0].value if file.documents else {}
        if file.fault or not isinstance(values, dict):
            found = f"takes values from {held.id}, whose {place[-1]} is no mapping in YAML"
            return Broken(location=(*location, "name"), found=found, next_step="correct that text")
        return Source(resource=held, location=place, values=values)
    quotes = ("'", '"')
    is_quoted = text.startswith(quotes) and text.endswith(quotes)
    plain = text if reference.get("literal") else text.strip("'\"") if is_quoted else text
    path = UNESCAPED_DOT.split(target)
    if any(SYNTAX & set(key.replace("\\.", "")) for key in path) or (
        SYNTAX & set(plain) and not reference.get("literal")
    ):
        return f"{held.id} at {target}, which is read as `helm --set` reads it"
    value = plain if is_quoted or reference.get("literal") else _typed(plain)
    return Source(resource=held, location=place, values=value, target=tuple(key.replace("\\.", ".") for key in path))


def _typed(text: str) -> Any:  # noqa: ANN401 - a value may be anything
    fixed = {"true": True, "false": False, "null": None, "0": 0}
    if text.lower() in fixed:
        return fixed[text.lower()]
    return int(text) if re.fullmatch(r"[+-]?\d+", text) and not text.startswith("0") else text


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _set(values: dict[str, Any], path: Path, value: Any) -> None:  # noqa: ANN401 - a value may be anything
    for key in path[:-1]:
        if not isinstance(values.get(key), dict):
            values[key] = {}
        values = values[key]
    values[path[-1]] = value


def _at(path: Path, value: Any) -> Any:  # noqa: ANN401 - a value may be anything
    for key in reversed(path):
        value = {key: value}
    return value


def _get(values: Any, path: Path) -> Any:  # noqa: ANN401 - a value may be anything
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values
