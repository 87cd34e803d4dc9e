"""What the validator says -> the rule, the location and the sentence of a finding."""

import datetime
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from scripts.checks.schema.fields import dotted, placed
from scripts.checks.schema.library import Library
from scripts.document import Location, mapping

QUOTE = "quote it"
LONGEST = 60
"""Characters of a value that a message shows."""

TYPES: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}

FOUND: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "nothing"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    ((dict,), "a mapping"),
    ((list, tuple), "a list"),
    (datetime.date, "a date"),
    (bytes, "binary data"),
)
"""Bool is an int to Python, and so stands before it."""

LIMITS: Mapping[str, str] = {
    "maxItems": "a list of at most {}",
    "maxLength": "at most {} characters",
    "maxProperties": "at most {} of its fields",
    "maximum": "at most {}",
    "minItems": "a list of at least {}",
    "minLength": "at least {} character",
    "minProperties": "at least {} of its fields",
    "minimum": "at least {}",
}


@dataclass(frozen=True, kw_only=True)
class Meant:
    """
    What should have been written.

    Args:
        location: of the field.

        value: of it.
    """

    location: Location
    value: object


@dataclass(frozen=True, kw_only=True)
class Said:
    """
    One thing that is wrong with an object.

    Args:
        rule: the id of the rule that is broken.

        location: of the field.

        found: what is wrong, as what follows the object's name in a sentence.

        next_step: what to do.

        keyword: of JSON Schema that the field does not keep; "" where none says it.

        meant: what should have been written; None where nobody knows.
    """

    rule: str
    location: Location
    found: str
    next_step: str
    keyword: str = ""
    meant: Meant | None = None


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    name: str
    next_step: str
    value: object = None


def what(value: object) -> str:
    """
    What a value is, without showing it.

    Args:
        value: of a field.

    Returns:
        For example "a number".
    """
    return next((name for kinds, name in FOUND if isinstance(value, kinds)), type(value).__name__)


def sentences(
    library: Library, document: Mapping[str, Any], errors: list[jsonschema_rs.ValidationError]
) -> Iterator[Said]:
    """
    Say what the validator found.

    Args:
        library: that the schema is of.

        document: the object.

        errors: of the validator.

    Yields:
        One thing for each field.
    """
    told: dict[Location, Said] = {}
    # of a value that is of another type, nothing else has to be said
    for error in sorted(errors, key=lambda each: each.kind.name != "type"):
        for said in _said(library, document, error):
            told.setdefault(said.location, said)
    # a field that is missing because it is mistyped or misplaced is told as that
    found = {each.meant.location for each in told.values() if each.meant and each.rule == "schema-field"}
    yield from (each for each in told.values() if each.rule != "schema-missing" or each.location not in found)


def _said(library: Library, document: Mapping[str, Any], error: jsonschema_rs.ValidationError) -> Iterator[Said]:
    around: Location = tuple(error.instance_path)
    match error.kind:
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield _unknown(library, document, (*around, name), mapping(error.instance).get(name))
        case ValidationErrorKind.Required(property=name):
            place = dotted((*around, name))
            yield Said(
                rule="schema-missing", location=(*around, name), found=f"has no {place}", next_step=f"add {place}"
            )
        case ValidationErrorKind.PropertyNames(error=inner):
            entry: Any = inner.instance
            found = f"has {shown(entry)} in {dotted(around)}, which is no name that may stand there"
            yield Said(rule="schema-value", location=(*around, entry), found=found, next_step="correct the name")
        case _:
            yield _wrong(library, around, error)


def _wrong(library: Library, location: Location, error: jsonschema_rs.ValidationError) -> Said:
    wanted = _wanted(library, error)
    # a value of another type may be a secret; one of the type that is wanted is a field of the API
    is_other = error.kind.name == "type"
    value = f"{dotted(location)}, which is {what(error.instance)}" if is_other else _shown(location, error.instance)
    return Said(
        rule="schema-value",
        location=location,
        found=f"has {value}, and wanted is {wanted.name}",
        next_step=wanted.next_step,
        keyword=error.kind.name,
        meant=None if wanted.value is None else Meant(location=location, value=wanted.value),
    )


def _unknown(library: Library, document: Mapping[str, Any], location: Location, value: object) -> Said:
    place = placed(library, document, location)
    return Said(
        rule="schema-field",
        location=location,
        found=f"has {dotted(location)}, and there is no such field: {place.found}",
        next_step=place.next_step,
        meant=Meant(location=place.location, value=value) if place.location else None,
    )


def shown(value: object) -> str:
    """
    A value in a message.

    Args:
        value: any.

    Returns:
        It, on one line and not longer than a line bears.
    """
    text = " ".join(str(value).split())
    return f"`{text if len(text) <= LONGEST else f'{text[:LONGEST]}...'}`"


def _shown(location: Location, value: object) -> str:
    return f"{dotted(location)}: {shown(value)}" if isinstance(value, str | int | float) else dotted(location)


def _wanted(library: Library, error: jsonschema_rs.ValidationError) -> _Wanted:
    address, _, keyword = str(error.absolute_keyword_location).rpartition("/")
    schema = library.at(address).schema
    title = schema.get("title")
    if keyword in {"enum", "const"}:
        return _option(
            [each for each in schema.get("enum", (schema.get("const"),)) if each is not None], error.instance
        )
    if keyword == "type":
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        names = " or ".join(TYPES[each] for each in types if each != "null")
        return _retyped(title if title and len(types) > 1 else names, types, error.instance)
    if title is None:
        title = f"text that matches {schema['pattern']}" if keyword == "pattern" else _limit(keyword, schema)
    return _Wanted(name=str(title), next_step="correct the value")


def _option(options: list[str], value: object) -> _Wanted:
    near = difflib.get_close_matches(str(value), options, 1)
    name = f"one of {', '.join(options)}" if len(options) > 1 else options[0]
    if near:
        return _Wanted(name=name, next_step=f"write `{near[0]}`", value=near[0])
    return _Wanted(name=name, next_step="write one of them" if len(options) > 1 else "write it")


def _limit(keyword: str, schema: Mapping[str, Any]) -> str:
    return LIMITS.get(keyword, f"what {keyword} allows").format(schema.get(keyword))


def _retyped(name: str, types: list[str], value: object) -> _Wanted:
    if "string" in types and isinstance(value, bool | int | float):
        return _Wanted(name=name, next_step=QUOTE, value=json.dumps(value))
    if isinstance(value, str) and {"integer", "number", "boolean"} & set(types):
        number = int(value) if value.isdecimal() and "integer" in types else None
        return _Wanted(name=name, next_step="write it without quotes", value=number)
    return _Wanted(name=name, next_step="correct the value" if value is not None else "give it a value")
