"""A Report -> SARIF 2.1.0, with what GitHub code scanning asks for beyond it."""

import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from scripts.checks import RULES, SECRET_RULES, severity
from scripts.model import Finding, Outcome, Report, Status
from scripts.report.as_text import printable
from scripts.report.verdict import Verdict, obstacles, verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""What every path is relative to: the root of the tree, wherever that is."""

INCOMPLETE = "could-not-run"
"""The rule of a check that could not run: where there is no result, GitHub closes its alerts as if all were well."""

SECURITY_SEVERITY = "8.0"
"""Of a credential in the tree, on the scale of CVSS: high."""

Json = dict[str, Any]


def text(report: Report) -> str:
    """
    Write a report as SARIF.

    Args:
        report: what to write.

    Returns:
        One log with one run, in ASCII; the same findings give the same bytes. What could not run is a result of its own
        only where nothing was found, for elsewhere it may follow from what was found.

    Source:
        SARIF 2.1.0 (OASIS), sections 3.13 to 3.52; GitHub's reference "SARIF support for code scanning".
    """
    found = verdict(report)
    stopped = obstacles(report)
    findings = report.findings if found is Verdict.FINDINGS else tuple(_as_finding(each) for each in stopped)
    rules = {**RULES, INCOMPLETE: "Every check runs to its end.", **_unknown(findings)}
    run = {
        "tool": {"driver": {"name": "apps-backup", "rules": [_rule(*each) for each in rules.items()]}},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the tree."}}},
        "invocations": [
            {"executionSuccessful": not stopped, "toolExecutionNotifications": _notifications(report, stopped)}
        ],
        "columnKind": "unicodeCodePoints",
        "results": _results(findings, tuple(rules)),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _unknown(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {each.rule: each.rule for each in findings if each.rule not in RULES and each.rule != INCOMPLETE}


def _rule(name: str, demand: str) -> Json:
    secret: Json = {"security-severity": SECURITY_SEVERITY} if name in SECRET_RULES else {}
    return {
        "id": name,
        "shortDescription": {"text": demand},
        "fullDescription": {"text": demand},
        "help": {"text": f"{demand} Each finding says what to do; all rules are in docs/reference/rules.md."},
        "defaultConfiguration": {"level": severity(name).value},
        "properties": {"precision": "high", "tags": ["security"] if secret else ["reliability"], **secret},
    }


def _results(findings: tuple[Finding, ...], rules: tuple[str, ...]) -> list[Json]:
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        mark = _fingerprint(finding)
        seen[mark] += 1
        results.append(
            {
                "ruleId": finding.rule,
                "ruleIndex": rules.index(finding.rule),
                "level": severity(finding.rule).value,
                "message": {"text": printable(f"{finding.message}; {finding.next_step}")},
                "locations": [{"physicalLocation": _place(finding)}],
                # the name that GitHub looks for; two findings that read the same are told apart by their order
                "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
            }
        )
    return results


def _place(finding: Finding) -> Json:
    return {
        "artifactLocation": {"uri": quote(finding.file.encode("utf-8", "backslashreplace")), "uriBaseId": ROOT},
        # GitHub shows no result without a line
        "region": {"startLine": finding.line or 1},
    }


def _fingerprint(finding: Finding) -> str:
    # not the line: a finding stays the same one where lines are put above it
    parts = (finding.rule, finding.file, finding.message)
    text = "\0".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:16]


def _as_finding(outcome: Outcome) -> Finding:
    return Finding(
        rule=INCOMPLETE,
        file=outcome.subject if outcome.subject.startswith("kubernetes/") else "kubernetes",
        line=0,
        message=f"{outcome.check}, {outcome.subject}: {outcome.reason}",
        next_step="remove the cause and run it again",
    )


def _notifications(report: Report, stopped: tuple[Outcome, ...]) -> list[Json]:
    skipped = (each for each in report.outcomes if each.status is Status.SKIPPED)
    return [
        *(_notification("error", f"could not run: {each.check}, {each.subject}: {each.reason}") for each in stopped),
        *(_notification("note", f"skipped: {each.check}, {each.subject}: {each.reason}") for each in skipped),
        *(_notification("note", each) for each in report.notes),
    ]


def _notification(level: str, message: str) -> Json:
    return {"level": level, "message": {"text": printable(message)}}
