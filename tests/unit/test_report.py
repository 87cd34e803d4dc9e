import io

import pytest
from rich.console import Console

from scripts import report
from scripts.model import Finding, Outcome, Report, Status

FINDING = Finding(rule="yaml-lint", file="a.yaml", line=3, message="too long", next_step="correct the line")
OUTCOMES = (
    Outcome(check="read", subject="2 files", status=Status.PASSED),
    Outcome(check="yamllint", subject="2 files", status=Status.FAILED, findings=(FINDING,)),
    Outcome(check="flux build", subject="app", status=Status.BLOCKED, reason="flate cannot be had"),
    Outcome(check="promtool", subject="tests", status=Status.SKIPPED, reason="there are none"),
)
FOUND = Report(title="validate", outcomes=OUTCOMES, notes=("flate spoke.",))


def console(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=200, highlight=False, color_system=None)


def shown(result, *, terminal):
    target = console(terminal=terminal)
    report.show(result, target)
    return target.file.getvalue()


def test_the_text_has_each_outcome_each_finding_the_notes_and_the_sum():
    assert report.text(FOUND).splitlines() == [
        "passed: read: 2 files",
        "FAILED: yamllint: 2 files",
        "    a.yaml:3: warning: too long; correct the line [yaml-lint]",
        "COULD NOT RUN: flux build: app (flate cannot be had)",
        "skipped: promtool: tests (there are none)",
        "flate spoke.",
        "validate: 1 passed, 1 failed, 1 could not run, 1 skipped; 1 finding",
    ]


def test_where_there_is_no_terminal_the_lines_are_plain():
    assert shown(FOUND, terminal=False) == report.text(FOUND)


def test_a_terminal_gets_a_table_with_the_same_facts():
    lines = [" ".join(line.split()) for line in shown(FOUND, terminal=True).splitlines()]

    assert lines == [
        "result check on",
        "passed read 2 files",
        "FAILED yamllint 2 files 1 finding",
        "COULD NOT RUN flux build app flate cannot be had",
        "skipped promtool tests there are none",
        "a.yaml:3: warning: too long; correct the line [yaml-lint]",
        "flate spoke.",
        "validate: 1 passed, 1 failed, 1 could not run, 1 skipped; 1 finding",
    ]


@pytest.mark.parametrize("terminal", [pytest.param(True, id="a terminal"), pytest.param(False, id="a file")])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("a\nb", r"a\nb", id="a new line"),
        pytest.param("\x1b[2Ja", r"\x1b[2Ja", id="a terminal's own commands"),
        pytest.param("a\udcffb", r"a\udcffb", id="bytes that are no UTF-8"),
        pytest.param("[red]a[/]", "[red]a[/]", id="the table's own markup"),
        pytest.param("é", "é", id="an accent"),
    ],
)
def test_a_name_shows_as_it_is_and_commands_nothing(name, expected, terminal):
    found = Report(title="validate", outcomes=(Outcome(check="read", subject=name, status=Status.PASSED),))

    assert expected in shown(found, terminal=terminal)
    assert expected in shown((name,), terminal=terminal)


def test_a_finding_without_a_line_names_the_file_alone():
    finding = Finding(rule="story-path", file="docs", line=0, message="is missing", next_step="add it")
    found = Report(title="x", outcomes=(Outcome(check="c", subject="s", status=Status.FAILED, findings=(finding,)),))

    assert "    docs: warning: is missing; add it [story-path]\n" in report.text(found)


def test_nothing_checked_does_not_read_like_a_pass():
    assert report.summary(Report(title="validate", outcomes=())) == "validate: 0 passed; 0 findings"
