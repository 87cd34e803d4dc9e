"""A Report -> JSON, in the shape of docs/reference/validate-report.schema.json."""

import json
from typing import Any

from scripts.checks import severity
from scripts.model import Finding, Outcome, Report, Status
from scripts.report.verdict import obstacles, verdict

VERSION = 1
"""Of the shape; raised where something that was there goes, or means something else."""


def text(report: Report) -> str:
    """
    Write a report as JSON.

    Args:
        report: what to write.

    Returns:
        One object, indented, in ASCII.
    """
    document = {
        "version": VERSION,
        "title": _sound(report.title),
        "verdict": verdict(report).value,
        "counts": {**{each.value: report.count(each) for each in Status}, "findings": len(report.findings)},
        "outcomes": [_outcome(each) for each in report.outcomes],
        "obstacles": [
            {"check": _sound(each.check), "subject": _sound(each.subject), "reason": _sound(each.reason)}
            for each in obstacles(report)
        ],
        "notes": [_sound(each) for each in report.notes],
    }
    return json.dumps(document, indent=2) + "\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "check": _sound(outcome.check),
        "subject": _sound(outcome.subject),
        "status": outcome.status.value,
        "reason": _sound(outcome.reason),
        "duration_s": round(outcome.duration_s, 3),
        "findings": [_finding(each) for each in outcome.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": severity(finding.rule).value,
        "file": _sound(finding.file),
        "line": finding.line or None,
        "message": _sound(finding.message),
        "next_step": _sound(finding.next_step),
    }


def _sound(value: str) -> str:
    # half a surrogate pair, which stands for a byte that is no UTF-8, would not be read back everywhere
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
