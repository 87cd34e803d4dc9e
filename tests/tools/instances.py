"""A JSON Schema -> objects that it takes, one for each of its fields, and what a person may have got wrong in them."""

import re
from functools import cache

import jsonschema_rs

ITEM, ENTRY = "[]", "{}"
"""Steps of a path of a schema: into a list, and into a mapping that has no names of its own."""

TEXTS = (
    *(
        "name",
        "5m",
        "1h30m",
        "https://example.org/path",
        "oci://example.org/chart",
        "10Gi",
        "1",
        "0 3 * * 1-5",
        "@daily",
    ),
    *("15MB", "abort", "image.tag", "10s", "In", "Exists", "TCP", "ReadWriteOnce", "Filesystem", "ClusterIP", "3d5h"),
    *("RuntimeDefault", "Always", "Merge", "7"),
)
KNOWN = {
    "accessModes": "ReadWriteOnce",
    "cacheAccessModes": "ReadWriteOnce",
    "configAccessModes": "ReadWriteOnce",
    "fsGroupChangePolicy": "Always",
    "last": "7",
    "operator": "Exists",
    "serviceType": "ClusterIP",
    "supplementalGroupsPolicy": "Merge",
    "volumeMode": "Block",
    "within": "3d5h",
    "appArmorProfile.type": "RuntimeDefault",
    "seccompProfile.type": "RuntimeDefault",
}
"""Field -> a value that both sides take, where the definition itself takes any text."""

NUMBERS = (0, 5, -1, 1.5, 65535, 65536, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 2**64)
OTHERS = (None, True, [], ["x"], {}, {"x": "y"})
WORDS = (
    *("", "text", "5", "true", "x y", "x\ny", "x" * 300, "2026-01-31", "2026-01-31T02:00:00", "2026-01-31T02:00:00Z"),
    *("@dailyfoo", "0 0 0 * * *", "10 3 * *", "1e3", "1GB", "0.5", ".5Gi", "-1", "1K", "1k", "1m", "1Mi", "1e", "0"),
    *("10 minutes", "5m5", "1d", "1h 30m", "1y2w3d4h5m6s7ms", "3days", "ftp://x", "ssh://x/y", "s3://x/y"),
    *("name/with", "Name", "-x", "x..y"),
)
VALUES = (*NUMBERS, *OTHERS, *WORDS, *TEXTS)
"""What a field may come to hold by mistake."""

CONSTRAINED = frozenset({"allOf", "maxProperties", "minProperties"})
"""What an object that is put together field by field may not keep; then another one is tried."""


def paths(schema, above=()):
    """Every place of a schema that may hold a value."""
    for name, each in schema.get("properties", {}).items():
        yield (*above, name)
        yield from paths(each, (*above, name))
    for keyword, step in (("items", ITEM), ("additionalProperties", ENTRY)):
        if isinstance(schema.get(keyword), dict):
            yield (*above, step)
            yield from paths(schema[keyword], (*above, step))


def instance(schema, chance, path, name=""):
    """An object that a schema takes, with a value at the path, and a few of its other fields."""
    if not CONSTRAINED & schema.keys():
        return _value(schema, chance, path, name)
    for _ in range(200):
        found = _value(schema, chance, path, name)
        if _validator(id(schema), schema).is_valid(found):
            return found
    raise AssertionError(f"nothing was found that is valid at {path}")


def _value(schema, chance, path, name):
    if "enum" in schema:
        return chance.choice([each for each in schema["enum"] if each is not None])
    kinds = schema.get("type")
    kind = chance.choice([each for each in kinds if each != "null"]) if isinstance(kinds, list) else kinds
    if kind == "object":
        return _object(schema, chance, path, name)
    if kind == "array":
        count = max(schema.get("minItems", 0), chance.choice((0, 1, 2)), 1 if path else 0)
        return [instance(schema["items"], chance, path[1:], name) for _ in range(count)]
    if kind == "string":
        return _text(schema, chance, name)
    if kind == "integer":
        return chance.choice([each for each in (0, 1, 7, 1000) if each <= schema.get("maximum", each)])
    return chance.choice((True, False)) if kind == "boolean" else {"any": "thing"}


def _object(schema, chance, path, above):
    found = {}
    for name, each in schema.get("properties", {}).items():
        is_wanted = path[:1] == (name,) or name in schema.get("required", ())
        if is_wanted or chance.random() < 0.15:
            inner = path[1:] if path[:1] == (name,) else ()
            full = f"{above}.{name}"
            found[name] = instance(each, chance, inner, full if full in KNOWN else name)
    if isinstance(schema.get("additionalProperties"), dict):
        inner = path[1:] if path[:1] == (ENTRY,) else ()
        found |= {
            key: instance(schema["additionalProperties"], chance, inner)
            for key in ("one", "other")[: 1 if path else chance.choice((0, 1, 2))]
        }
    return found


def _text(schema, chance, name):
    if schema.get("format") == "date-time":
        return "2026-01-31T02:00:00Z"
    if name in KNOWN and "pattern" not in schema:
        return KNOWN[name]
    matching = [each for each in TEXTS if re.search(schema.get("pattern", ""), each)]
    return chance.choice(matching)


def mutations(document, location=()):
    """(what is done, where, the place to change, what it becomes) for all that is in a document below a location."""
    value = at(document, location)
    if len(location) > 1:
        yield from (("another value", location, location, each) for each in VALUES if each != value)
    if isinstance(value, str):
        yield "another case", location, location, value.swapcase()
        yield "more", location, location, f"{value}!"
    if isinstance(value, dict):
        yield "an unknown field", (*location, "unknown"), location, {**value, "unknown": "x"}
        for name in value:
            rest = {key: each for key, each in value.items() if key != name}
            yield "left out", (*location, name), location, rest
            yield "mistyped", (*location, name.swapcase()), location, {**rest, name.swapcase(): value[name]}
            yield from mutations(document, (*location, name))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from mutations(document, (*location, index))


def at(document, location):
    for step in location:
        document = document[step]
    return document


def replaced(document, location, value):
    """A copy of a document in which one value is another."""
    if not location:
        return value
    first, rest = location[0], location[1:]
    found = dict(document) if isinstance(document, dict) else list(document)
    found[first] = replaced(document[first], rest, value)
    return found


def path_of(location):
    """The place of a schema that holds for a location of an object made here."""
    return tuple(ITEM if isinstance(step, int) else ENTRY if step == "one" else step for step in location)


def places(document, path, location=()):
    """Where in a document the values are that a path of the schema holds for."""
    if not path:
        yield location
        return
    value = at(document, location)
    steps = range(len(value)) if path[0] == ITEM else ("one" if path[0] == ENTRY else path[0],)
    for step in steps:
        yield from places(document, path[1:], (*location, step))


def named(location):
    """A location of an object, without the indexes."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")


@cache
def _kept():
    return {}


def _validator(identity, schema):
    # the schema is kept with it, so that no other one gets its identity
    found = _kept().setdefault(identity, (schema, jsonschema_rs.Draft202012Validator(schema, validate_formats=True)))
    return found[1]
