"""A Report -> what a person reads."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from scripts.checks import severity
from scripts.model import Finding, Outcome, Report, Status

WORDS = {
    Status.PASSED: "passed",
    Status.FAILED: "FAILED",
    Status.BLOCKED: "COULD NOT RUN",
    Status.SKIPPED: "skipped",
}
STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.BLOCKED: "bold yellow", Status.SKIPPED: "dim"}


def text(report: Report) -> str:
    """
    Write a report as plain lines: one for each outcome, one for each finding below it, the notes, the sum.

    Args:
        report: what to write.

    Returns:
        Lines, each ended by a newline; the same report gives the same text.
    """
    return "".join(f"{printable(line)}\n" for line in _lines(report))


def table(report: Report) -> Table:
    """
    Write the outcomes of a report as a table for a terminal.

    Args:
        report: what to write.

    Returns:
        One row for each outcome.
    """
    result = Table("result", "check", box=None, pad_edge=False, header_style="dim")
    result.add_column("on", overflow="fold")
    result.add_column("", overflow="fold")
    for outcome in report.outcomes:
        style = STYLES[outcome.status]
        remark = outcome.reason if outcome.status is not Status.FAILED else counted(len(outcome.findings))
        cells = (escape(printable(cell)) for cell in (outcome.check, outcome.subject, remark))
        result.add_row(f"[{style}]{WORDS[outcome.status]}[/]", *cells)
    return result


def summary(report: Report) -> str:
    """
    Say in one line what a report comes to.

    Args:
        report: what to sum up.

    Returns:
        How many checks passed, failed, could not run and were skipped, and the number of findings.
    """
    counts = (
        (report.count(Status.PASSED), "passed"),
        (report.count(Status.FAILED), "failed"),
        (report.count(Status.BLOCKED), "could not run"),
        (report.count(Status.SKIPPED), "skipped"),
    )
    checks = ", ".join(f"{count} {word}" for count, word in counts if count or word == "passed")
    return f"{report.title}: {checks}; {counted(len(report.findings))}"


def _lines(report: Report) -> Iterator[str]:
    for outcome in report.outcomes:
        yield _outcome_line(outcome)
        for finding in outcome.findings:
            place, rest = finding_parts(finding)
            yield f"    {place}: {rest} [{finding.rule}]"
    yield from report.notes
    yield summary(report)


def counted(count: int) -> str:
    """
    Say a number of findings in words.

    Args:
        count: 0 or more.

    Returns:
        As in "1 finding".
    """
    return f"{count} finding{'' if count == 1 else 's'}"


def _outcome_line(outcome: Outcome) -> str:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{WORDS[outcome.status]}: {outcome.check}: {outcome.subject}{reason}"


def finding_parts(finding: Finding) -> tuple[str, str]:
    """
    Split a finding into where it is, and what it says.

    Args:
        finding: what is wrong.

    Returns:
        File and line, as in "a.yaml:3"; how bad it is, what was found, what is wanted and what to do.
    """
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    return place, f"{severity(finding.rule).value}: {finding.message}; {finding.next_step}"


def printable(line: str) -> str:
    """
    Take out of a line what a terminal would act on, or could not show: names of files may hold anything.

    Args:
        line: any text.

    Returns:
        One line of printable characters; the others are written as escapes.
    """
    shown = line.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in shown)
