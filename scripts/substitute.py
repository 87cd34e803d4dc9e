"""Flux's post-build substitution: `${NAME}` in the text of one object -> the text that the API server receives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
OPERATORS = (":=", ":-", "=", "-")


class Unset(Exception):
    """
    A variable without a value and without a default.

    Args:
        name: of the variable.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Unreadable(Exception):
    """
    An expression that is not closed, or that uses a string function.

    Args:
        expression: its text.
    """

    def __init__(self, expression: str) -> None:
        super().__init__(expression)
        self.expression = expression


@dataclass(frozen=True)
class _Position:
    text: str
    index: int


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """
    Put values in the place of `${NAME}`, `${NAME:=default}` and `${NAME:-default}`; a default may hold further ones.

    An empty value counts as none where there is a default, and `$${` stands for a literal `${`.

    Args:
        text: one object as YAML.

        variables: name -> value.

    Returns:
        The text with every expression replaced.

    Raises:
        Unset: where a variable has neither a value nor a default, as Flux decides with strict substitution.

        Unreadable: where an expression is not closed or asks for a function such as `${NAME^^}`.

    Source:
        fluxcd/pkg@envsubst/v1.8.0:envsubst/parse (the expressions), fluxcd/kustomize-controller@v1.9.4 (strict).
    """
    result, end = _until(_Position(text, 0), variables, closing=False)
    assert end == len(text)  # noqa: S101 - only a closing brace ends it earlier, and none is looked for
    return result


def _until(start: _Position, variables: Mapping[str, str], *, closing: bool) -> tuple[str, int]:
    text, index = start.text, start.index
    parts: list[str] = []
    while index < len(text):
        if text.startswith("$${", index):
            parts.append("${")
            index += 3
        elif text.startswith("${", index):
            value, index = _expression(_Position(text, index), variables)
            parts.append(value)
        elif closing and text[index] == "}":
            return "".join(parts), index
        else:
            parts.append(text[index])
            index += 1
    if closing:
        raise Unreadable(text[start.index : start.index + 40])
    return "".join(parts), index


def _expression(start: _Position, variables: Mapping[str, str]) -> tuple[str, int]:
    text, index = start.text, start.index + 2
    name = NAME.match(text, index)
    if name is None:
        raise Unreadable(text[start.index : start.index + 40].splitlines()[0])
    index = name.end()
    value = variables.get(name.group(), "")
    if text.startswith("}", index):
        if name.group() not in variables:
            raise Unset(name.group())
        return value, index + 1
    for operator in OPERATORS:
        if text.startswith(operator, index):
            # the default is read in any case, to find where it ends; what is unset in it matters only where it is used
            default_start = _Position(text, index + len(operator))
            if value:
                return value, _closing_brace(default_start) + 1
            default, end = _until(default_start, variables, closing=True)
            return default, end + 1
    raise Unreadable(text[start.index : start.index + 40].splitlines()[0])


def _closing_brace(start: _Position) -> int:
    depth, index = 0, start.index
    while index < len(start.text):
        if start.text.startswith("${", index):
            depth, index = depth + 1, index + 2
            continue
        if start.text[index] == "}":
            if depth == 0:
                return index
            depth -= 1
        index += 1
    raise Unreadable(start.text[start.index : start.index + 40].splitlines()[0])
