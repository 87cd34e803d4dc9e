"""A tree of YAML files -> every single mistake of some classes that somebody could make in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

from scripts.document import Location
from scripts.scalars import KustomizeLoader

RENAMED = "key renamed"
DROPPED = "key dropped"
MOVED = "key moved"
RETYPED = "value re-typed"
BROKEN = "reference broken"
UNSET = "variable unset"
ZEROED = "number zeroed"
SHORTENED = "item dropped"
FILE = "file dropped or emptied"
CLASSES = (RENAMED, DROPPED, MOVED, RETYPED, BROKEN, UNSET, ZEROED, SHORTENED, FILE)

VARIABLES = (("data",), ("spec", "postBuild", "substitute"))
"""Where variables get their values; the first one in a ConfigMap."""

REFERENCES = re.compile(
    r"apiGroup|apiVersion|chart|claimName|fieldPath|key|kind|name|namespace|path|repository|sourcePVC|url|version"
    r"|\w*[cC]lassName|\w*[sS]elector"
)
"""Keys whose text names something."""

LISTS_OF_REFERENCES = frozenset({"components", "resources", "fieldPaths"})

NUMBER = re.compile(r"(?<![\w.*/$-])\d+(?:\.\d+)?(?=(?:ms|[smhdw]|m|[KMGTPE]i?)?(?![\w.:/-]))")
"""A whole number, a duration or a quantity, in a text that is nothing else; a default of a variable too."""

VARIABLE = re.compile(r"\$\{(\w+)")
DEFAULT = re.compile(r"(\$\{\w+):=(?:[^{}]|\$\{\w+\})*\}")


Edit = Callable[[Any], None]
"""Changes a document."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """
    One mistake.

    Args:
        kind: one of CLASSES.

        file: that it is made in.

        path: keys and indexes of the place, with slashes between them ("spec/restic/retain"); "" for the whole file.

        change: what is there now, in a few words.

        edit: makes the mistake in the document; None where the whole file is dropped.

        number: of the document in its file.
    """

    kind: str
    file: str
    path: str
    change: str
    edit: Edit | None
    number: int = 0

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}: {self.path or 'all of it'}: {self.change}"

    def text(self, before: str) -> str | None:
        """
        The file with the mistake in it.

        Args:
            before: what the file holds.

        Returns:
            What it holds then; None where there is no such file any more.
        """
        if self.edit is None:
            return None
        documents = _read(before)
        self.edit(documents[self.number])
        return _written([each for each in documents if each])


def rewritten(text: str) -> str:
    """
    A file as it would be with a mistake in it, without the mistake.

    Args:
        text: of the file.

    Returns:
        YAML that reads as the same documents.
    """
    return _written(_read(text))


def mutations(path: str, text: str) -> Iterator[Mutation]:
    """
    Every mistake in one file, in an order that depends on nothing but the file.

    Args:
        path: of the file, relative to the root of the tree.

        text: what it holds.

    Yields:
        Each mistake.
    """
    documents = _read(text)
    yield Mutation(kind=FILE, file=path, path="", change="dropped", edit=None)
    yield Mutation(kind=FILE, file=path, path="", change="emptied", edit=lambda document: document.clear())
    for number, document in enumerate(documents):
        for location, kind, change, edit in _mistakes(document):
            place = "/".join(map(str, location if len(documents) == 1 else (number, *location)))
            yield Mutation(kind=kind, file=path, path=place, change=change, edit=edit, number=number)


def _read(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=KustomizeLoader))


def _written(documents: list[Any]) -> str:
    return yaml.dump_all(
        documents, Dumper=yaml.CSafeDumper, explicit_start=True, sort_keys=False, allow_unicode=True, width=1000
    )


Mistake = tuple[Location, str, str, Edit]
"""Where, of which class, what is there then, and what makes it."""


def _mistakes(document: Any) -> Iterator[Mistake]:
    for location, value in _places(document, ()):
        if location:
            yield from _of_entry(document, location)
            yield from _of_value(location, value)


def _places(value: Any, location: Location) -> Iterator[tuple[Location, Any]]:
    yield location, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*location, key))


def _of_entry(document: Any, location: Location) -> Iterator[Mistake]:
    key, drop = location[-1], partial(_drop, location=location)
    if isinstance(key, int):
        yield location, SHORTENED, "gone", drop
        return
    yield location, UNSET if location[:-1] in VARIABLES else DROPPED, "gone", drop
    yield location, RENAMED, f"now {_misspelt(key)}", partial(_rename, location=location, name=_misspelt(key))
    for change, target in _neighbours(document, location):
        to = "/".join(map(str, target)) or "the top"
        yield location, MOVED, f"{change}, to {to}", partial(_move, location=location, target=target)


def _of_value(location: Location, value: Any) -> Iterator[Mistake]:
    for kind, change, other in (*_others(value), *(_other_texts(location, value) if isinstance(value, str) else ())):
        yield location, kind, change, partial(_set, location=location, value=other)


def _others(value: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        yield RETYPED, "a list of its values", list(value.values())
        yield RETYPED, "a text", ", ".join(map(str, value))
    elif isinstance(value, list):
        yield RETYPED, "a mapping", {f"item{number}": each for number, each in enumerate(value)}
        yield RETYPED, "its first item alone", value[0] if value else ""
    elif isinstance(value, str):
        yield RETYPED, "a list of it", [value]
        yield RETYPED, "a number", 1
        yield RETYPED, "a mapping", {"value": value}
    else:
        yield RETYPED, "a text", str(value).lower()
        yield RETYPED, "a list of it", [value]
        if value and not isinstance(value, bool):
            yield ZEROED, f"{value} is 0", 0


def _other_texts(location: Location, value: str) -> Iterator[tuple[str, str, str]]:
    if _is_reference(location):
        yield BROKEN, "with an x at its end", f"{value}x"
    for found in VARIABLE.finditer(value):
        yield BROKEN, f"{found[1]} is {found[1]}X", f"{value[: found.end()]}X{value[found.end() :]}"
    for found in DEFAULT.finditer(value):
        yield UNSET, f"no default in {found[1]}}}", f"{value[: found.start()]}{found[1]}}}{value[found.end() :]}"
    lines = value.splitlines(keepends=True)
    for number, line in enumerate(lines if len(lines) > 1 else ()):
        yield SHORTENED, f"without the line {line.strip()}", "".join((*lines[:number], *lines[number + 1 :]))
    for found in NUMBER.finditer(value) if len(lines) == 1 else ():
        other = f"{value[: found.start()]}0{value[found.end() :]}"
        if other != value:
            yield ZEROED, f"{value} is {other}", other


def _is_reference(location: Location) -> bool:
    key = location[-1]
    if isinstance(key, int):
        return location[-2:-1] != () and location[-2] in LISTS_OF_REFERENCES
    return REFERENCES.fullmatch(str(key)) is not None


def _neighbours(document: Any, location: Location) -> Iterator[tuple[str, Location]]:
    """Mappings that a key could be moved to by mistake: the one around its own, and the next one beside it."""
    key, own = location[-1], location[:-1]
    around = own[:-1]
    while around and not isinstance(_at(document, around), dict):
        around = around[:-1]
    if own and isinstance(_at(document, around), dict) and key not in _at(document, around):
        yield "up", around
    for name, beside in _at(document, own).items():
        if name != key and isinstance(beside, dict) and key not in beside:
            yield "down", (*own, name)
            return


def _misspelt(key: str) -> str:
    """Two letters in the middle are the wrong way round."""
    for index in (*range(len(key) // 2, len(key)), *range(len(key) // 2, 0, -1)):
        if 0 < index < len(key) and key[index - 1] != key[index] and key[index - 1 : index + 1].isalnum():
            return f"{key[: index - 1]}{key[index]}{key[index - 1]}{key[index + 1 :]}"
    return f"{key}x"


def _at(value: Any, location: Location) -> Any:
    for step in location:
        value = value[step]
    return value


def _set(document: Any, *, location: Location, value: Any) -> None:
    _at(document, location[:-1])[location[-1]] = value


def _drop(document: Any, *, location: Location) -> Any:
    return _at(document, location[:-1]).pop(location[-1])


def _move(document: Any, *, location: Location, target: Location) -> None:
    # found first: what is dropped changes no other place, as keys alone are moved
    around = _at(document, target)
    around[location[-1]] = _drop(document, location=location)


def _rename(document: Any, *, location: Location, name: str) -> None:
    own = _at(document, location[:-1])
    entries = [(name if key == location[-1] else key, value) for key, value in own.items()]
    own.clear()
    own.update(entries)
