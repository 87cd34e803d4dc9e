"""A YAML file and an entry that it should have -> the file with those lines in it, and everything else as it was."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from scripts.document import Document, load, mapping
from scripts.errors import Drift, SettingsError

HEAD = ("apiVersion", "kind", "metadata")
"""Keys that come first in a document, whatever the alphabet says."""

STEP = "  "
"""Of the indentation."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    What a document should have.

    Args:
        kind: of the document.

        name: of the document; "" where it has none.

        location: keys, from the top; what is missing of them is made, in the order of the alphabet.

        value: the text that stands there, or the item, a text or a flat mapping, that the list there has.

        is_item: whether it is an item.

        comment: that is written above it.
    """

    kind: str
    name: str
    location: tuple[str, ...]
    value: str | Mapping[str, str]
    is_item: bool = False
    comment: str = ""


def put(path: str, text: str, entry: Entry) -> str:
    """
    Let a document of a file have an entry.

    Args:
        path: of the file.

        text: what it holds.

        entry: that it should have.

    Returns:
        What it is to hold; the same text where the entry is there.

    Raises:
        SettingsError: where there is no such document.

        Drift: where something else stands there, or the file is written in a way that no lines can be added to.
    """
    document = _document(path, text, entry)
    held = document.get(*entry.location)
    if held == entry.value or (entry.is_item and isinstance(held, list) and entry.value in held):
        return text
    if held is not None and not entry.is_item:
        raise Drift(
            f"{path}:{document.line(*entry.location)}",
            f"has {entry.location[-1]}: {held}, and {entry.value} would be written",
            "remove that line, or leave the app as it is",
        )
    after, lines = _in_list(text, document, entry) if isinstance(held, list) and held else _new(text, document, entry)
    kept = text.removesuffix("\n").split("\n")
    edited = "\n".join((*kept[:after], *lines, *kept[after:])) + "\n"
    wanted = _with(document.value, entry)
    if all(each.value != wanted for each in load(path, edited).documents):
        raise Drift(
            f"{path}:{document.line(*entry.location)}",
            "is written in a way that no lines can be added to",
            "write lists and mappings with one entry a line",
        )
    return edited


def _document(path: str, text: str, entry: Entry) -> Document:
    file = load(path, text)
    if file.fault:
        raise SettingsError(f"{path}:{file.fault.line}", file.fault.message, file.fault.next_step)
    for each in file.documents:
        if (each.kind, each.name) == (entry.kind, entry.name):
            return each
    raise SettingsError(path, f"holds no {entry.kind} {entry.name}".rstrip(), "see where the app's is")


def _with(document: Any, entry: Entry) -> Any:  # noqa: ANN401 - a YAML file may hold anything
    whole = copy.deepcopy(document)
    within = whole
    for key in entry.location[:-1]:
        within[key] = within.get(key) or {}
        within = within[key]
    key = entry.location[-1]
    within[key] = [*(within.get(key) or []), entry.value] if entry.is_item else entry.value
    return whole


def _in_list(text: str, document: Document, entry: Entry) -> tuple[int, list[str]]:
    indent = _indent(text, document.spans[(*entry.location, 0)].first)
    return document.spans[entry.location].last, [f"{indent}{line}" for line in _value(entry)]


def _new(text: str, document: Document, entry: Entry) -> tuple[int, list[str]]:
    depth = next(n for n in range(len(entry.location) - 1, -1, -1) if mapping(document.get(*entry.location[:n])))
    parent, missing = entry.location[:depth], entry.location[depth:]
    siblings = {key: document.spans[(*parent, key)].first for key in mapping(document.get(*parent))}
    indent = _indent(text, min(siblings.values()))
    lines = [f"{indent}{STEP * level}{key}:" for level, key in enumerate(missing)]
    if entry.is_item:
        lines += [f"{indent}{STEP * len(missing)}{line}" for line in _value(entry)]
    else:
        lines[-1] += f" {_value(entry)[0]}"
        lines[-1:-1] = [f"{indent}{STEP * (len(missing) - 1)}# {entry.comment}"] if entry.comment else []
    later = [line for key, line in siblings.items() if key > missing[0] and (parent or key not in HEAD)]
    return (_above_comments(text, min(later)) if later else document.spans[parent].last), lines


def _above_comments(text: str, line: int) -> int:
    # the comments right above an entry are its own
    lines, at = text.split("\n"), line - 1
    while lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _indent(text: str, line: int) -> str:
    found = text.split("\n")[line - 1]
    return found[: len(found) - len(found.lstrip())]


def _value(entry: Entry) -> list[str]:
    if isinstance(entry.value, str):
        return [f"- {_scalar(entry.value)}" if entry.is_item else _scalar(entry.value)]
    first, *others = [f"{key}: {_scalar(value)}" for key, value in entry.value.items()]
    return [f"- {first}", *(f"  {line}" for line in others)]


def _scalar(value: str) -> str:
    is_plain = " " not in value and yaml.safe_load(value) == value
    return value if is_plain else f'"{value}"'
