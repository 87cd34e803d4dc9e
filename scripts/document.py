"""YAML text -> documents that know the line of each of their entries."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from scripts.model import Finding
from scripts.nesting import excess
from scripts.scalars import KustomizeLoader

QUOTE = re.compile(r"""['"`]""")
WORD = re.compile(r"[A-Za-z]{4,}")

Location = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Span:
    """
    Where an entry stands in its file.

    Args:
        first: line of its key (of its first character in a list), counted from 1.

        last: line of the end of its value.
    """

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    One document of a YAML file.

    Args:
        file: relative to the root of the tree.

        value: the document itself; not to be changed.

        spans: where each entry stands; () is the whole document. Entries of an alias stand where its anchor is.

        ambiguous: line and text of each scalar that is read in more than one way.
    """

    file: str
    value: Any
    spans: Mapping[Location, Span]
    ambiguous: tuple[tuple[int, str], ...] = ()

    @property
    def api_version(self) -> str:
        """The field apiVersion; "" where there is none."""
        return str(self.value.get("apiVersion") or "") if isinstance(self.value, dict) else ""

    @property
    def kind(self) -> str:
        """The field kind; "" where there is none."""
        return str(self.value.get("kind") or "") if isinstance(self.value, dict) else ""

    @property
    def name(self) -> str:
        """The field metadata.name; "" where there is none."""
        return str(self.get("metadata", "name") or "")

    @property
    def namespace(self) -> str:
        """The field metadata.namespace; "" where there is none."""
        return str(self.get("metadata", "namespace") or "")

    def get(self, *location: str | int) -> Any:  # noqa: ANN401 - a YAML file may hold anything
        """
        What stands at a location.

        Args:
            location: keys and indexes, from the top.

        Returns:
            The value; None where there is none.
        """
        value = self.value
        for step in location:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def line(self, *location: str | int) -> int:
        """
        Where a location stands, or the nearest thing around it that is there.

        Args:
            location: keys and indexes, from the top.

        Returns:
            A line, counted from 1.
        """
        while location not in self.spans:
            location = location[:-1]
        return self.spans[location].first

    def line_of(self, message: str) -> int:
        """
        Where a message of a tool points that has no line of its own.

        Args:
            message: which quotes an entry or a field, or names a field.

        Returns:
            The line of the first that is found, counted from 1; 0 where none is.
        """
        keys = {str(location[-1]): span.first for location, span in reversed(tuple(self.spans.items())) if location}
        values = {value: self.line(*location) for location, value in self.scalars() if isinstance(value, str)}
        # quotes stand within quotes, so any text between two of them may be the one that is meant
        for quoted in QUOTE.split(message)[1:-1]:
            if line := values.get(quoted) or keys.get(quoted):
                return line
        return next((keys[word] for word in WORD.findall(message) if word in keys), 0)

    def scalars(self) -> Iterator[tuple[Location, Any]]:
        """
        Every value that is neither a mapping nor a list.

        Yields:
            Its location and the value, in the order of the file.
        """
        for location in self.spans:
            value = self.get(*location)
            if not isinstance(value, dict | list):
                yield location, value


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """
    What reading a file came to.

    Args:
        path: relative to the root of the tree.

        documents: those that hold something; none where the file has a fault.

        fault: what keeps the file from being read; None where nothing does.
    """

    path: str
    documents: tuple[Document, ...] = ()
    fault: Finding | None = None


def mapping(value: object) -> Mapping[str, Any]:
    """
    A field that should be a mapping.

    Args:
        value: of the field.

    Returns:
        The value; an empty mapping where it is something else, which the tool that reads the field will say.
    """
    # dict first: to ask whether a value is a Mapping takes ten times as long
    return value if isinstance(value, dict | Mapping) else {}


def items(value: object) -> list[Any]:
    """
    A field that should be a list.

    Args:
        value: of the field.

    Returns:
        The value; an empty list where it is something else, which the tool that reads the field will say.
    """
    return value if isinstance(value, list) else []


class _Fault(Exception):
    def __init__(self, line: int, found: str) -> None:
        super().__init__(line, found)
        self.line = line
        self.found = found


def load(path: str, text: str) -> YamlFile:
    """
    Read the documents of a YAML file.

    Args:
        path: relative to the root of the tree.

        text: what the file holds.

    Returns:
        Its documents, or the first fault in it.
    """
    try:
        if found_there := excess(text):
            raise _Fault(*found_there)
        return YamlFile(path=path, documents=tuple(_documents(path, text)))
    except _Fault as fault:
        line, found = fault.line, fault.found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, found = (mark.line + 1 if mark else 0), str(error.problem or error.context)
    except yaml.reader.ReaderError as error:
        line, found = text.count("\n", 0, error.position) + 1, "holds a character that YAML does not allow"
    except ValueError as error:
        # a date that no calendar has, a number with too many digits
        line, found = 0, f"holds a value that cannot be read ({error})"
    message, next_step = f"is not YAML: {found}", "correct the file"
    return YamlFile(
        path=path, fault=Finding(rule="yaml-syntax", file=path, line=line, message=message, next_step=next_step)
    )


def _documents(path: str, text: str) -> Iterator[Document]:
    loader = KustomizeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # noqa: S101 - check_node has just said so
            spans: dict[Location, Span] = {}
            _place(node, (), node.start_mark.line + 1, spans, set())
            loader.ambiguous.clear()
            try:
                value = loader.construct_document(node)
            except (AttributeError, KeyError) as error:
                # PyYAML has no error of its own for `!!timestamp x` and `!!bool x`
                raise ValueError("its tag does not fit it") from error
            if value is not None:
                yield Document(file=path, value=value, spans=spans, ambiguous=tuple(loader.ambiguous))
    finally:
        loader.dispose()


def _place(node: yaml.Node, location: Location, first: int, spans: dict[Location, Span], seen: set[int]) -> int:
    """Note where a node and all within it stand; gives the last line of the node."""
    # an alias is the very node of its anchor: to follow each one could take for ever
    if id(node) in seen:
        spans[location] = Span(first=first, last=first)
        return first
    seen.add(id(node))
    spans[location] = Span(first=first, last=first)  # before those of its entries, so that it comes before them
    ends: list[int] = []
    if isinstance(node, yaml.SequenceNode):
        ends = [
            _place(item, (*location, index), item.start_mark.line + 1, spans, seen)
            for index, item in enumerate(node.value)
        ]
    elif isinstance(node, yaml.MappingNode):
        ends = _place_entries(node, location, spans, seen)
    # the mark at the end of a block is where the next thing begins, which may be lines below
    is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    last = max(ends) if ends and is_block else _last_line(node)
    spans[location] = Span(first=first, last=last)
    return last


def _place_entries(
    node: yaml.MappingNode, location: Location, spans: dict[Location, Span], seen: set[int]
) -> list[int]:
    names: set[str] = set()
    ends: list[int] = []
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = key.value if isinstance(key, yaml.ScalarNode) else repr(key.start_mark)
        if name in names:
            raise _Fault(line, f"the key {name} is there twice")
        names.add(name)
        ends.append(max(line, _place(value, (*location, name), line, spans, seen)))
    return ends


def _last_line(node: yaml.Node) -> int:
    end = node.end_mark
    # a block of text ends at the start of a later line
    at_start_of_line = end.column == 0 and end.line > node.start_mark.line
    return int(end.line) + (0 if at_start_of_line else 1)
