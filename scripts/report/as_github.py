"""A Report -> commands that GitHub shows as annotations of a pull request."""

from collections.abc import Iterator

from scripts.checks import severity
from scripts.model import Finding, Outcome, Report
from scripts.report.as_text import printable, summary
from scripts.report.verdict import Verdict, obstacles, verdict


def text(report: Report) -> str:
    """
    Write a report as workflow commands.

    Args:
        report: what to write.

    Returns:
        One command a line: an error or a warning for each finding, or an error for each check that could not run where
        nothing was found; then what else there is to know. GitHub shows the first ten of a kind, so that the last line says how many there are.

    Source:
        GitHub's reference "Workflow commands for GitHub Actions" (the commands), actions/runner@079cdb1d05fe:src/Runner.Common/ActionCommand.cs
        (how they are read).
    """
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    found = verdict(report)
    for finding in report.findings:
        yield _annotation(finding)
    for outcome in obstacles(report):
        yield _command("warning" if found is Verdict.FINDINGS else "error", _obstacle(outcome), title="could not run")
    for note in report.notes:
        yield _command("notice", note)
    yield _command("notice" if found is Verdict.CLEAN else "error", summary(report), title=found.value)


def _annotation(finding: Finding) -> str:
    place = {"file": finding.file} | ({"line": str(finding.line)} if finding.line else {})
    return _command(
        severity(finding.rule).value, f"{finding.message}; {finding.next_step}", **place, title=finding.rule
    )


def _obstacle(outcome: Outcome) -> str:
    return f"{outcome.check}: {outcome.subject}: {outcome.reason}"


def _command(name: str, message: str, **properties: str) -> str:
    held = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {held}::{_data(message)}" if held else f"::{name}::{_data(message)}"


def _data(value: str) -> str:
    return printable(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
