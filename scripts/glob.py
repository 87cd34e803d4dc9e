"""Patterns as those of Go's path.Match, in which a `*` stands for slashes too, as in Flux's own copy of it."""

import re
from functools import lru_cache

CHARACTER = r"(?:\\.|[^\\\]-])"
CLASS = re.compile(rf"\[(\^?)((?:{CHARACTER}(?:-{CHARACTER})?)+)\]", re.DOTALL)
RANGE = re.compile(rf"({CHARACTER})(?:-({CHARACTER}))?", re.DOTALL)


def matches(pattern: str, text: str) -> bool | None:
    r"""
    Tell whether a text is matched by a pattern, as a whole.

    Args:
        pattern: `*` stands for any text and `?` for any character, `[a-z]` and `[^a-z]` for one, `\` takes the next as it is.

        text: any text.

    Returns:
        Whether it is; None where the pattern is malformed.

    Source:
        fluxcd/pkg@envsubst/v1.8.0:envsubst/path/match.go
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
            parts.append(".*" if character == "*" else ".")
        elif character == "[":
            found = CLASS.match(pattern, index)
            if found is None:
                return None
            parts.append(_class(found[2], is_negated=bool(found[1])))
            index = found.end() - 1
        elif character == "\\":
            index += 1
            if index == len(pattern):
                return None
            parts.append(re.escape(pattern[index]))
        else:
            parts.append(re.escape(character))
        index += 1
    return re.compile("".join(parts), re.DOTALL)


def _class(inner: str, *, is_negated: bool) -> str:
    bounds = [(low[-1], (high or low)[-1]) for low, high in RANGE.findall(inner)]
    # a range that runs backwards holds nothing
    ranges = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in bounds if low <= high)
    if not ranges:
        return "." if is_negated else "(?!)"
    return f"[{'^' if is_negated else ''}{ranges}]"
