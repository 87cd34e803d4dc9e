"""Patterns as Go's path.Match reads them."""

import re
from functools import lru_cache


def matches(pattern: str, text: str) -> bool | None:
    r"""
    Tell whether a text is matched by a pattern, as a whole.

    Args:
        pattern: `*` and `?` stand for anything but `/`, `[a-z]` and `[^a-z]` for one character, `\` takes the next as it is.

        text: any text.

    Returns:
        Whether it is; None where the pattern is malformed.

    Source:
        golang/go@go1.26:src/path/match.go
    """
    compiled = _compiled(pattern)
    return None if compiled is None else compiled.fullmatch(text) is not None


@lru_cache(256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    parts: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character in "*?":
            parts.append("[^/]*" if character == "*" else "[^/]")
            index += 1
        elif character == "[":
            found = re.compile(r"\[(\^?)((?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+)\]", re.DOTALL).match(
                pattern, index
            )
            if found is None:
                return None
            inner = re.sub(r"\\(.)|([\[&~|^])", r"\\\1\2", found[2], flags=re.DOTALL)
            parts.append(f"[{'^' if found[1] else ''}{inner}]")
            index = found.end()
        elif character == "\\":
            if index + 1 == len(pattern):
                return None
            parts.append(re.escape(pattern[index + 1]))
            index += 2
        else:
            parts.append(re.escape(character))
            index += 1
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:  # a range that runs backwards
        return None
