"""Documents -> credentials whose value stands in them; findings and the text they are about -> what is left of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.document import Document, Location
from scripts.model import Finding

ENVIRONMENT_NAME = re.compile(
    r"(?:[A-Z0-9]+_)*(?:PASSWORD|PASSWD|ACCESS_KEY|ACCESS_KEY_ID|SECRET_KEY|API_KEY|APIKEY|PRIVATE_KEY|TOKEN)"
)
"""A variable that holds a credential, as RESTIC_PASSWORD or AWS_SECRET_ACCESS_KEY."""

FLAG = re.compile(r"--?(?:[a-z0-9]+[-_])*(?:password|passwd|access-key|secret-key|api-key|token)(?:=(?P<value>.*))?")
"""An argument that holds a credential."""

TEMPLATE = re.compile(r"\{\{|^\$[({]")
"""A value that is put in later: `{{ .RESTIC_PASSWORD }}`, `${PASSWORD}`, `$(PASSWORD)`."""

OTHER_NAME = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
"""A value that is but the name of another variable."""

ALLOWED = re.compile(r"pragma:\s*(?:allow|white)list\s+(?P<next>nextline\s+)?secret\b(?P<reason>.*)")
REASON_LENGTH = 10
"""Characters that a reason has at least: shorter than that is none."""

NEXT_STEP = "take it out, and replace the credential, for it counts as known"


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """
    Lines that give a credential away, or seem to.

    Args:
        finding: what is wrong, on the first of the lines.

        last: the last of the lines.
    """

    finding: Finding
    last: int


def check(document: Document) -> tuple[Exposure, ...]:
    """
    Find the values of credentials in a document.

    Args:
        document: any document.

    Returns:
        In the order of the file; a credential itself is never part of it.
    """
    found: list[Exposure] = []
    if document.kind == "Secret" and document.api_version == "v1":
        found += _secret_object(document)
    inside = [range(each.finding.line, each.last + 1) for each in found]
    for location, value in document.scalars():
        if not any(document.line(*location) in lines for lines in inside):
            found += _scalar(document, location, value)
    return tuple(found)


def _secret_object(document: Document) -> Iterator[Exposure]:
    for field in ("data", "stringData"):
        values = document.get(field)
        if isinstance(values, dict) and any(_is_literal(value) for value in values.values()):
            message = f"Secret {document.name} has values in {field}"
            yield _exposure("secret-object", document, (field,), message)


def _scalar(document: Document, location: Location, value: object) -> Iterator[Exposure]:
    if not location or not _is_literal(value):
        return
    key, parent = location[-1], location[:-1]
    name = document.get(*parent, "name") if key == "value" else key
    if isinstance(name, str) and ENVIRONMENT_NAME.fullmatch(name) and not OTHER_NAME.fullmatch(str(value)):
        yield _exposure("secret-value", document, location, f"the value of {name} is written out")
    elif isinstance(key, int) and isinstance(value, str) and (flag := FLAG.fullmatch(value)):
        given = flag["value"] if flag["value"] is not None else document.get(*parent, key + 1)
        if _is_literal(given) and not str(given).startswith("-"):
            name = value.partition("=")[0]
            yield _exposure("secret-value", document, location, f"the value of {name} is written out")


def _is_literal(value: object) -> bool:
    if value is None or isinstance(value, bool | dict | list):
        return False
    return str(value) != "" and TEMPLATE.search(str(value)) is None


def _exposure(rule: str, document: Document, location: Location, message: str) -> Exposure:
    span = document.spans[location]
    finding = Finding(rule=rule, file=document.file, line=span.first, message=message, next_step=NEXT_STEP)
    return Exposure(finding=finding, last=span.last)


def settle(text: str, exposures: tuple[Exposure, ...]) -> tuple[tuple[Finding, ...], int]:
    """
    Leave one finding for each credential, and none where a comment allows the line and says why.

    Args:
        text: of the file that the exposures are about.

        exposures: of this file; of two that share a line the first one counts.

    Returns:
        The findings by line, and how many were allowed.
    """
    lines = text.split("\n")
    findings: dict[int, Finding] = {}
    seen: set[int] = set()
    allowed = 0
    for each in exposures:
        line = each.finding.line
        if line in seen:
            continue
        seen.update(range(line, each.last + 1))
        reason = _reason(lines, line)
        if reason is None:
            findings[line] = each.finding
        elif len(reason) < REASON_LENGTH:
            findings[line] = Finding(
                rule="secret-allowed-without-reason",
                file=each.finding.file,
                line=line,
                message="a comment allows what looks like a credential and does not say why",
                next_step="write the reason behind it: `pragma: allowlist secret - REASON`",
            )
        else:
            allowed += 1
    return tuple(findings[line] for line in sorted(findings)), allowed


def allows(text: str, line: str) -> bool:
    """
    Tell whether a text has a line that is allowed, and says why.

    Args:
        text: of a file.

        line: as it may stand in another version of the file, without the comment.

    Returns:
        Whether the text has it, or a line that it is part of, with a comment and a reason.
    """
    lines = text.split("\n")
    return any(
        line.strip() in each and len(_reason(lines, number) or "") >= REASON_LENGTH
        for number, each in enumerate(lines, start=1)
    )


def _reason(lines: list[str], line: int) -> str | None:
    """What a comment on the line, or on the one above it, gives as its reason; None where none allows the line."""
    for number, of_next in ((line, False), (line - 1, True)):
        found = ALLOWED.search(lines[number - 1]) if 0 < number <= len(lines) else None
        if found and bool(found["next"]) == of_next:
            return found["reason"].strip(" \t-:()*/>#\u2013\u2014")
    return None
