"""What a change does -> the lines that a person reads."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from scripts.review.compare import ABSENT, Difference, FieldChange, ObjectChange
from scripts.review.dangers import Danger
from scripts.settings import REDACTED

LONGEST = 120
"""Characters of a value; what is longer is cut."""


def lines(changes: tuple[ObjectChange, ...], dangers: tuple[Danger, ...], *, base: str) -> tuple[str, ...]:
    """
    Write a change object by object, what is dangerous below its object, and the sum.

    Args:
        changes: what differs.

        dangers: what of it is dangerous for backups.

        base: what it was compared with.

    Returns:
        Lines; never a value of a Secret.
    """
    written = [line for change in changes for line in _object(change, dangers)]
    counts = Counter(change.difference for change in changes)
    sums = ", ".join(f"{counts[each]} {each.value}" for each in Difference)
    risk = f"{len(dangers)} dangerous for backups" if dangers else "nothing dangerous for backups"
    return (*written, f"against {base}: {sums}; {risk}")


def _object(change: ObjectChange, dangers: tuple[Danger, ...]) -> Iterator[str]:
    stays = change.difference is Difference.REMOVED and not change.is_pruned
    remark = ", stays in the cluster, for nothing prunes it" if stays else ""
    yield f"{change.difference.value} {change.id} ({change.kustomization}{remark})"
    is_secret = change.id.kind == "Secret"
    for each in change.fields:
        yield f"    {_field(each, is_secret=is_secret)}"
    for danger in dangers:
        if danger.subject == change.id:
            yield f"    DANGER: {danger.message} [{danger.rule}]"


def _field(change: FieldChange, *, is_secret: bool) -> str:
    is_hidden = is_secret and change.path[0] in {"data", "stringData"}
    before, after = (_value(each, is_hidden=is_hidden) for each in (change.before, change.after))
    return f"{'.'.join(map(str, change.path))}: {before} -> {after}"


def _value(value: Any, *, is_hidden: bool) -> str:  # noqa: ANN401 - a field holds anything
    if value is ABSENT:
        return str(ABSENT.value)
    if is_hidden:
        return REDACTED
    text = str(value) if isinstance(value, str) and value else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
