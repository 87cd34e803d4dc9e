"""A schema and a field that it does not have -> the field that was meant, and where it belongs."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.checks.schema.library import Library, Node, group_of
from scripts.document import Location

ALIKE = 0.85
"""From here on a name is the other one, mistyped."""

PERHAPS = 0.75
"""From here on it may be, where nothing else is known."""

PLAIN = re.compile(r"[\w-]+")
DEEPEST = 12
"""Levels; some definitions hold themselves."""

SHOWN = 12
"""Fields of an object that a message lists."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """
    The field that was meant with one that is none.

    Args:
        found: what is known of it, as what follows "there is no such field" in a sentence.

        next_step: what to do.

        location: of the field that was meant; () where nobody knows.
    """

    found: str
    next_step: str
    location: Location = ()


def dotted(location: Location) -> str:
    """
    A location as people write it.

    Args:
        location: keys and indexes, from the top.

    Returns:
        For example "spec.dataFrom[0].extract".
    """
    return "".join(map(_step, location)).removeprefix(".")


def read(document: Any, location: Location) -> Any:  # noqa: ANN401 - a manifest may hold anything
    """
    What stands at a location.

    Args:
        document: an object, or a part of it.

        location: keys and indexes, from there on.

    Returns:
        The value; None where there is none.
    """
    for step in location:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def placed(library: Library, document: Mapping[str, Any], location: Location) -> Placed:
    """
    Find out what was meant with a field that is none.

    Args:
        library: that the schema is of.

        document: the object.

        location: of the field, in the object.

    Returns:
        What was meant, as far as that can be told.
    """
    api_version, kind = str(document["apiVersion"]), str(document["kind"])
    root = library.root(api_version, kind)
    assert root is not None  # noqa: S101 - it is what found the fault
    name, around = str(location[-1]), location[:-1]
    known = sorted(_fields(library, _at(library, root, around)))
    if near := _nearest(name, known, ALIKE):
        return _mistyped(near, around)
    if place := _elsewhere(library, root, document, location):
        shown = dotted(place)
        return Placed(found=f"it belongs to {dotted(place[:-1])}", next_step=f"move it to {shown}", location=place)
    if near := _nearest(name, known, PERHAPS):
        return _mistyped(near, around)
    for sibling in library.kinds(group_of(api_version)):
        other = library.root(api_version, sibling)
        if other is not None and sibling != kind and name in _fields(library, _at(library, other, around)):
            return Placed(found=f"it is a field of a {sibling}", next_step=f"take it out, or write it in the {sibling}")
    listed = f"{', '.join(known[:SHOWN])}{', ...' if len(known) > SHOWN else ''}"
    return Placed(found=f"there are {listed}" if known else "there are none", next_step="take it out")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if PLAIN.fullmatch(step) else f'["{step}"]'


def _mistyped(near: str, around: Location) -> Placed:
    return Placed(found=f"the nearest is {near}", next_step=f"write `{near}`", location=(*around, near))


def _nearest(name: str, known: list[str], alike: float) -> str:
    lowered = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), lowered, 1, alike)
    return lowered[found[0]] if found else ""


def _expanded(library: Library, node: Node) -> Iterator[Node]:
    """A schema and all that it refers to, each of which holds for the same value."""
    yield node
    if reference := node.schema.get("$ref"):
        yield from _expanded(library, library.follow(node, reference))
    for each in node.schema.get("allOf", ()):
        yield from _expanded(library, Node(address=node.address, schema=each))


def _fields(library: Library, nodes: list[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for each in _expanded(library, node):
            for name, schema in each.schema.get("properties", {}).items():
                found.setdefault(name, []).append(Node(address=each.address, schema=schema))
    return found


def _within(library: Library, nodes: list[Node], keyword: str) -> list[Node]:
    """What holds for the entries of a list (items), or for what a mapping has no names for (additionalProperties)."""
    every = (each for node in nodes for each in _expanded(library, node))
    return [
        Node(address=each.address, schema=each.schema[keyword])
        for each in every
        if isinstance(each.schema.get(keyword), dict)
    ]


def _at(library: Library, root: Node, location: Location) -> list[Node]:
    nodes = [root]
    for step in location:
        if isinstance(step, int):
            nodes = _within(library, nodes, "items")
        else:
            named = _fields(library, nodes).get(step)
            nodes = named if named is not None else _within(library, nodes, "additionalProperties")
    return nodes


def _elsewhere(library: Library, root: Node, document: Mapping[str, Any], location: Location) -> Location:
    """The nearest place for a field of this name, in an object that is there rather than not; () where there is none."""
    places = [
        place for place in _places(library, [root], str(location[-1]), document, ()) if place[:-1] != location[:-1]
    ]
    return min(places, key=lambda place: (read(document, place[:-1]) is None, -_shared(place, location)), default=())


def _shared(one: Location, other: Location) -> int:
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _places(library: Library, nodes: list[Node], name: str, value: object, around: Location) -> Iterator[Location]:
    """Where an object that is there, or one that it could have one level further down, has a field of this name."""
    if len(around) > DEEPEST:
        return
    fields = _fields(library, nodes)
    if name in fields:
        yield (*around, name)
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _places(library, _within(library, nodes, "items"), name, each, (*around, index))
    elif isinstance(value, dict):
        for field, schemas in fields.items():
            if field in value:
                yield from _places(library, schemas, name, value[field], (*around, field))
            elif name in _fields(library, schemas):
                yield (*around, field, name)
