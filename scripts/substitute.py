"""Flux's post-build substitution: `${NAME}` in the text of one object -> the text that the API server receives."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scripts.glob import matches

DEFAULTS = frozenset({"=", ":=", ":-", ":?", ":+"})
"""Operators that give a default; `:?` and `:+` do the same in Flux as `:-`, and a bare `-` is refused."""


def _lower(value: str) -> str:
    return "".join(character.lower() if len(character.lower()) == 1 else character for character in value)


def _upper(value: str) -> str:
    # letter by letter, as Go: `ß`, whose capital is two letters, stays
    return "".join(character.upper() if len(character.upper()) == 1 else character for character in value)


CASES: Mapping[str, Callable[[str], str]] = {
    ",": lambda value: _lower(value[:1]) + value[1:],
    ",,": _lower,
    "^": lambda value: _upper(value[:1]) + value[1:],
    "^^": _upper,
}
HALF = re.compile("[\udc80-\udcff]")
"""What is left of a character that is cut between its bytes, as Flux cuts."""

TRIMS = frozenset({"#", "##", "%", "%%"})

REMEMBERED = 4096
"""Texts that are read once: the objects of a component are the same for each app before the values are in."""


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
    An expression that is not closed, or that has an operator which Flux does not know.

    Args:
        expression: its text.
    """

    def __init__(self, expression: str) -> None:
        super().__init__(expression)
        self.expression = expression


@dataclass(frozen=True, kw_only=True)
class Expression:
    """
    What stands between `${` and `}`.

    Args:
        name: of the variable.

        operator: "" for the value alone; ":=", "^^", "//" and so on.

        arguments: of the operator, each a text or a further expression.
    """

    name: str
    operator: str = ""
    arguments: "tuple[str | Expression, ...]" = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    """
    A text and the expressions in it.

    Args:
        parts: in the order of the text.
    """

    parts: tuple[str | Expression, ...]

    @property
    def needed(self) -> frozenset[str]:
        """
        The variables that have to have a value, for nothing gives them a default.

        One in a default counts even where the default is not used: Flux evaluates it all the same.
        """
        return frozenset(_needed(self.parts))

    def fill(self, variables: Mapping[str, str]) -> str:
        """
        Put values in the place of expressions.

        Args:
            variables: name -> value.

        Returns:
            The text.

        Raises:
            Unset: where a variable has neither a value nor a default, as Flux decides with strict substitution.
        """
        return "".join(_value(part, variables) for part in self.parts)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """
    Put values in the place of `${NAME}`, `${NAME:=default}` and the other forms that Flux knows; `$$` stands for `$`.

    Args:
        text: one object as YAML.

        variables: name -> value.

    Returns:
        The text with every expression replaced.

    Raises:
        Unset: where a variable has neither a value nor a default, as Flux decides with strict substitution.

        Unreadable: where an expression is not closed or is none that Flux knows.

    Source:
        fluxcd/pkg@envsubst/v1.8.0:envsubst (parse/parse.go, parse/scan.go, template.go, funcs.go);
        fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_varsub.go (strict).
    """
    return read(text).fill(variables)


@lru_cache(REMEMBERED)
def read(text: str) -> Template:
    """
    Find the expressions in a text.

    Args:
        text: one object as YAML.

    Returns:
        Its template.

    Raises:
        Unreadable: where an expression is not closed or is none that Flux knows.
    """
    parts: list[str | Expression] = []
    index = 0
    for found in re.finditer(r"\$\$|\$\{", text):
        if found.start() < index:
            continue
        parts.append(text[index : found.start()])
        if found.group() == "$$":
            parts.append("$")
            index = found.end()
        else:
            reader = _Reader(text, found.end())
            parts.append(reader.expression())
            index = reader.index
    parts.append(text[index:])
    return Template(parts=tuple(part for part in parts if part != ""))


class _Reader:
    """Reads one expression; `index` is behind what was read."""

    def __init__(self, text: str, index: int) -> None:
        self.text = text
        self.index = index
        self.start = index - 2

    def expression(self) -> Expression:
        if self._next_is("#"):
            self.index += 1
            name = self._name()
            return self._closed(Expression(name=name, operator="#"))
        name = self._name()
        for pattern, form in FORMS:
            if operator := pattern.match(self.text, self.index):
                self.index = operator.end()
                return form(self, name, operator.group())
        return self._closed(Expression(name=name))

    def default(self, name: str, operator: str) -> Expression:
        arguments: list[str | Expression] = []
        while not self._next_is("}"):
            arguments.append(self._argument("}"))
        return self._closed(Expression(name=name, operator=operator, arguments=tuple(arguments)))

    def part(self, name: str, operator: str) -> Expression:
        if not self.text[self.index : self.index + 1].isascii():
            # Flux goes back by the bytes of this character, and loses its place
            raise self._unreadable()
        first = self._argument(":}")
        if not self._next_is(":"):
            return self._closed(Expression(name=name, operator=operator, arguments=(first,)))
        self._skip(":")
        return self._closed(Expression(name=name, operator=operator, arguments=(first, self._argument("}"))))

    def trimmed(self, name: str, operator: str) -> Expression:
        return self._closed(Expression(name=name, operator=operator, arguments=(self._argument("}"),)))

    def replaced(self, name: str, operator: str) -> Expression:
        first = self._argument("/", is_escaped=True)
        if not self._next_is("/"):
            raise self._unreadable()
        self._skip("/")
        second = () if self._next_is("}") else (self._argument("}", is_escaped=True),)
        return self._closed(Expression(name=name, operator=operator, arguments=(first, *second)))

    def cased(self, name: str, operator: str) -> Expression:
        return self._closed(Expression(name=name, operator=operator))

    def _argument(self, ends: str, *, is_escaped: bool = False) -> str | Expression:
        """A further expression, or the text up to one of the ends; never nothing."""
        if self.text.startswith("${", self.index):
            inner = _Reader(self.text, self.index + 2)
            found = inner.expression()
            self.index = inner.index
            return found
        parts: list[str] = []
        while self.index < len(self.text) and self.text[self.index] not in ends:
            if self.text.startswith("${", self.index):
                break
            pair = self.text[self.index : self.index + 2]
            if is_escaped and pair in {"$$", "\\/", "\\\\"}:
                self.index += 1
            parts.append(self.text[self.index])
            self.index += 1
        if not parts:
            raise self._unreadable()
        return "".join(parts)

    def _name(self) -> str:
        start = self.index
        while self.index < len(self.text) and _is_of_name(self.text[self.index]):
            self.index += 1
        if self.index == start:
            raise self._unreadable()
        return self.text[start : self.index]

    def _next_is(self, character: str) -> bool:
        return self.text.startswith(character, self.index)

    def _skip(self, character: str) -> None:
        while self._next_is(character):
            self.index += 1

    def _closed(self, expression: Expression) -> Expression:
        if not self._next_is("}"):
            raise self._unreadable()
        self.index += 1
        return expression

    def _unreadable(self) -> Unreadable:
        return Unreadable(self.text[self.start : self.start + 40].splitlines()[0])


FORMS: tuple[tuple[re.Pattern[str], Callable[[_Reader, str, str], Expression]], ...] = (
    (re.compile(r":[-=?+]|="), _Reader.default),
    (re.compile(r":"), _Reader.part),
    (re.compile(r"/[/#%]?"), _Reader.replaced),
    (re.compile(r"##?|%%?"), _Reader.trimmed),
    (re.compile(r"[,^][,^]?"), _Reader.cased),
)
"""What follows a name, and how the rest of the expression is read."""


def _is_of_name(character: str) -> bool:
    return character.isalpha() or character.isdecimal() or character == "_"


def _needed(parts: tuple[str | Expression, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Expression):
            if part.operator not in DEFAULTS:
                yield part.name
            yield from _needed(part.arguments)


def _value(part: str | Expression, variables: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    arguments = tuple(_value(each, variables) for each in part.arguments)
    if part.operator in DEFAULTS:
        return variables.get(part.name) or "".join(arguments)
    if part.name not in variables:
        raise Unset(part.name)
    return _changed(variables[part.name], part.operator, arguments)


def _changed(value: str, operator: str, arguments: tuple[str, ...]) -> str:
    if operator in CASES:
        return CASES[operator](value)
    if operator == "#" and not arguments:
        return str(len(value.encode("utf-8", "surrogateescape")))
    if operator == ":":
        return _part(value, *arguments)
    if operator.startswith("/"):
        return _replaced(value, operator, *arguments)
    # "", and what is read as an operator and is none: ",^" and "^,"
    return _trimmed(value, operator, arguments[0]) if operator in TRIMS else value


def _part(value: str, start: str, length: str | None = None) -> str:
    content = value.encode("utf-8", "surrogateescape")
    try:
        first = _integer(start)
        count = None if length is None else _integer(length)
    except ValueError:
        return value
    if first < 0:
        first = max(0, len(content) + first)
    end = len(content) if count is None else len(content) + count if count < 0 else first + count
    return content[first:end].decode("utf-8", "surrogateescape") if first <= end else ""


def _integer(text: str) -> int:
    if re.fullmatch(r"[-+]?[0-9]+", text) is None:
        raise ValueError(text)
    return int(text)


def _replaced(value: str, operator: str, pattern: str, replacement: str | None = None) -> str:
    match operator:
        case "//":
            return value.replace(pattern, replacement or "")
        case "/":
            return value.replace(pattern, replacement or "", 1)
        case "/#" if replacement is not None and value.startswith(pattern):
            return replacement + value.removeprefix(pattern)
        case "/%" if replacement is not None and value.endswith(pattern):
            return value.removesuffix(pattern) + replacement
        case _:
            return value


def _trimmed(value: str, operator: str, pattern: str) -> str:
    if operator.startswith("%"):
        found = _trimmed(value[::-1], operator.replace("%", "#"), pattern[::-1])[::-1]
        return HALF.sub("\N{REPLACEMENT CHARACTER}", found)
    content = value.encode("utf-8", "surrogateescape")
    lengths = range(1, len(content) + 1) if operator == "#" else range(len(content), 0, -1)
    for length in lengths:
        is_match = matches(pattern, content[:length].decode("utf-8", "surrogateescape"))
        if is_match is None:
            return value
        if is_match:
            return content[length:].decode("utf-8", "surrogateescape")
    return value
