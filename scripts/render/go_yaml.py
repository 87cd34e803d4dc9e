"""The YAML of one object -> the values that Flux's own library reads in it, which are not those that PyYAML reads."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from scripts.nesting import excess

PLAIN = "plain"
"""The tag of a scalar without quotes, whose text decides what it is."""

TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
NULL = frozenset({"", "~", "null", "Null", "NULL"})
WORDS: Mapping[str, bool | None] = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False) | dict.fromkeys(NULL)

INTEGER = re.compile(
    r"[-+]?(?:0[bB](?P<two>[01]+)|0[xX](?P<sixteen>[0-9a-fA-F]+)|0[oO]?(?P<eight>[0-7]+)|[1-9][0-9]*|0)"
)
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NO_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
MAY_BE_NUMBER = frozenset("+-.0123456789")
LONGEST_INTEGER = 100
"""Characters; Python refuses to read one of thousands."""

INTEGERS = range(-(2**63), 2**63)
"""What is beyond is read as a number with a fraction, whose last digits are lost."""

LARGEST_WHOLE = 1e21
"""Below this Go writes a float without a fraction as an integer."""


class _Loader(yaml.CSafeLoader):
    """Composes nodes; what a plain scalar is, is told later."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:  # noqa: ANN401, ARG002 - PyYAML asks so
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else "tag:yaml.org,2002:str"
        return ""


def read(text: str) -> Any:  # noqa: ANN401 - YAML may hold anything
    """
    Read a document.

    Args:
        text: YAML; of several documents the first counts.

    Returns:
        What Kubernetes makes of it: dates are texts, `y` and `on` are true, `1e3` and `0644` are numbers, keys are texts.

    Raises:
        yaml.YAMLError: where it is no YAML, or holds what JSON cannot.

    Source:
        kubernetes-sigs/yaml@v1.6.0:yaml.go (YAMLToJSON); yaml/go-yaml@v2.4.4:resolve.go, decode.go.
    """
    try:
        if excess(text):
            raise yaml.YAMLError("is nested too deeply")
        loader = _Loader(text)
    except UnicodeEncodeError as error:
        # half of a character is left where a variable is cut between its bytes
        raise yaml.YAMLError("holds half of a character") from error
    try:
        node = loader.get_node() if loader.check_node() else None
        return None if node is None else _value(node, {})
    finally:
        loader.dispose()


def _value(node: yaml.Node, known: dict[yaml.Node, Any]) -> Any:  # noqa: ANN401
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if node in known:
        # an alias; one that stands within its own anchor has no value yet
        if known[node] is None:
            raise yaml.constructor.ConstructorError(None, None, "an anchor contains itself", node.start_mark)
        return known[node]
    known[node] = None
    found: Any = [_value(each, known) for each in node.value] if isinstance(node, yaml.SequenceNode) else {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == PLAIN and key.value == "<<":
                for each in _merged(value):
                    found |= _value(each, known)
            else:
                found[_key(key)] = _value(value, known)
    known[node] = found
    return found


def _merged(node: yaml.Node) -> list[yaml.Node]:
    """The mappings that a merge key brings in, the one that wins last."""
    nodes = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
    for each in nodes:
        if not isinstance(each, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "merges what is no mapping", node.start_mark)
    return list(nodes)


def _key(node: yaml.Node) -> str:
    value = _scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise yaml.constructor.ConstructorError(None, None, "a key is no text", node.start_mark)
    return str(value)


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if node.tag == PLAIN:
        if text in WORDS:
            return WORDS[text]
        if text[0] not in MAY_BE_NUMBER:
            return text
        if NO_JSON.fullmatch(text):
            raise yaml.constructor.ConstructorError(None, None, f"{text} is no number of JSON", node.start_mark)
        return _number(text)
    if node.tag == "tag:yaml.org,2002:str" or not node.tag.startswith("tag:yaml.org,2002:"):
        return text
    raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag} is not followed", node.start_mark)


def _number(text: str) -> str | int | float:
    digits = text if text.startswith(".") else text.replace("_", "")
    found = INTEGER.fullmatch(digits)
    if found and len(digits) <= LONGEST_INTEGER:
        base = {"two": 2, "eight": 8, "sixteen": 16}.get(found.lastgroup or "", 10)
        value = int(found[found.lastgroup or 0], base) * (-1 if base != 10 and digits.startswith("-") else 1)
        if value in INTEGERS:
            return value
    if FLOAT.fullmatch(digits):
        number = float(digits)
        if not math.isinf(number):
            # as it is written down, and not the many digits that it stands for
            return int(Decimal(repr(number))) if number.is_integer() and abs(number) < LARGEST_WHOLE else number
    return text
