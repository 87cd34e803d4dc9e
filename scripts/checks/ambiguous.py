"""YAML text without quotes -> what is read in another way than it is written, or by one reader and not by another."""

from scripts.document import Document
from scripts.model import Finding
from scripts.scalars import reading


def check(document: Document) -> tuple[Finding, ...]:
    """
    Find text without quotes that may be taken for something else.

    Args:
        document: any document.

    Returns:
        One finding for each.
    """
    readings = ((line, text, reading(text)) for line, text in document.ambiguous)
    return tuple(
        Finding(
            rule="yaml-ambiguous",
            file=document.file,
            line=line,
            message=f"`{text}` has no quotes, and is {found.found}",
            next_step=found.next_step,
        )
        for line, text, found in readings
        if found
    )
