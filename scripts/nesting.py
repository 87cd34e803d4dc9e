"""YAML text -> whether it is nested deeper than the YAML library can follow."""

import re

import yaml

NESTING_LIMIT = 100
"""Levels; the YAML library recurses in C, and ends the process where a document is nested too deeply."""

MAY_BE_DEEP = re.compile(r"^(?: {20}|\t|(?: *[-?] +){20})|(?:[\[{][^\[{]*){20}", re.MULTILINE)
"""
What a text has that is nested too deeply: an indentation of 20, 20 list items on a line, or 20 brackets. A text without it
has at most two levels for each column that a line is indented by, and one for each item and bracket.
"""


def too_deep(text: str) -> int:
    """
    Look for what is nested deeper than the YAML library can follow.

    Args:
        text: YAML.

    Returns:
        The line of the first, counted from 1; 0 where there is none.

    Raises:
        yaml.YAMLError: where the text may be deep, and is no YAML.
    """
    if MAY_BE_DEEP.search(text) is None:
        return 0
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > NESTING_LIMIT:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0
