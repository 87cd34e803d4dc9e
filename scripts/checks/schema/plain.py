"""An object as YAML has it -> the same as JSON could have it, and what had to be changed."""

import datetime
from typing import Any

from scripts.checks.schema.fields import dotted
from scripts.checks.schema.sentences import QUOTE, Said, what
from scripts.document import Location

SCALARS = (type(None), bool, int, float)
DEEPEST = 200
"""Levels; the validator gives up at 255."""


def plain(document: object) -> tuple[Any, tuple[Said, ...]]:
    """
    Make of an object what JSON can hold.

    Args:
        document: as it was read from YAML.

    Returns:
        The object with text in the place of what JSON has no word for, and a sentence about each of them.
    """
    said: list[Said] = []
    return _plain(document, (), said), tuple(said)


def _plain(value: object, location: Location, said: list[Said]) -> Any:  # noqa: ANN401 - any JSON
    if len(location) > DEEPEST:
        found = f"has {dotted(location[:2])}, which is nested more than {DEEPEST} levels deep"
        said.append(Said(rule="schema-value", location=location[:2], found=found, next_step="make it flatter"))
        return None
    if isinstance(value, dict):
        return {
            _key(key, (*location, str(key)), said): _plain(each, (*location, str(key)), said)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_plain(each, (*location, index), said) for index, each in enumerate(value)]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, SCALARS):
        return value
    found = f"has {dotted(location)}, which is {what(value)} to YAML, and wanted is text"
    said.append(Said(rule="schema-value", location=location, found=found, next_step=QUOTE))
    return value.isoformat() if isinstance(value, datetime.date) else ""


def _key(key: object, location: Location, said: list[Said]) -> str:
    if not isinstance(key, str):
        found = f"has {dotted(location)}, whose name is {what(key)}, and wanted is text"
        said.append(Said(rule="schema-value", location=location, found=found, next_step="quote the name"))
    return str(key)
