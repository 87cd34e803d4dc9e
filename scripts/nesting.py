"""YAML text -> whether it is nested deeper, or grows larger, than what reads it can follow."""

import re
from dataclasses import dataclass

import yaml

NESTING_LIMIT = 100
"""Levels; the YAML library recurses in C, and ends the process where a document is nested too deeply."""

GROWTH_LIMIT = 1_000_000
"""Nodes of a document, with those of an anchor counted again for each of its aliases. What walks a document meets them all."""

MAY_BE_DEEP = re.compile(r"^(?: {20}|\t|(?: *[-?] +){20})|(?:[\[{][^\[{]*){20}", re.MULTILINE)
"""
What a text has that is nested too deeply: an indentation of 20, 20 list items on a line, or 20 brackets. A text without it
has at most two levels for each column that a line is indented by, and one for each item and bracket.
"""

MAY_GROW = re.compile(r"(?:^|[\s\[{,])&[^\s\[\]{},]", re.MULTILINE)
"""An anchor, without which there is no alias either."""


@dataclass
class _Part:
    """
    What was read of a list or a mapping.

    Args:
        anchor: its name; None where it has none.

        nodes: in it, itself included.

        levels: below it, itself included.
    """

    anchor: str | None = None
    nodes: int = 1
    levels: int = 1

    def take(self, nodes: int, levels: int) -> None:
        self.nodes += nodes
        self.levels = max(self.levels, 1 + levels)


def excess(text: str) -> tuple[int, str] | None:
    """
    Look for what is nested deeper, or grows larger through its aliases, than what reads it can follow.

    Args:
        text: YAML.

    Returns:
        The line of the first, counted from 1, and what is wrong there; None where nothing is.

    Raises:
        yaml.YAMLError: where the text may be such a one, and is no YAML.
    """
    if MAY_BE_DEEP.search(text) is None and MAY_GROW.search(text) is None:
        return None
    outer = [_Part()]
    anchors: dict[str | None, tuple[int, int]] = {}
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            outer, anchors = [_Part()], {}
        elif isinstance(event, yaml.CollectionStartEvent):
            outer.append(_Part(anchor=event.anchor))
            if len(outer) > NESTING_LIMIT + 1:
                return line, f"nested more than {NESTING_LIMIT} levels deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            part = outer.pop()
            outer[-1].take(part.nodes, part.levels)
            anchors[part.anchor] = part.nodes, part.levels
        elif isinstance(event, yaml.AliasEvent):
            if any(part.anchor == event.anchor for part in outer[1:]):
                return line, f"the alias {event.anchor} stands in what it names"
            nodes, levels = anchors.get(event.anchor, (1, 0))
            if len(outer) - 1 + levels > NESTING_LIMIT:
                return line, f"nested more than {NESTING_LIMIT} levels deep"
            outer[-1].take(nodes, levels)
            if sum(part.nodes for part in outer) > GROWTH_LIMIT:
                return line, f"the alias {event.anchor} makes it grow to more than {GROWTH_LIMIT} nodes"
        elif isinstance(event, yaml.ScalarEvent):
            outer[-1].take(1, 0)
            anchors[event.anchor] = 1, 0
    return None
