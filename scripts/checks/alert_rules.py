"""PrometheusRule -> what is missing in its rules, and the text that promtool reads."""

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from scripts.document import Document, Location
from scripts.model import Finding

ALERT_NEEDS = (
    ("labels", "severity", "who is woken up follows from it"),
    ("annotations", "summary", "it is the first thing a person reads"),
    ("annotations", "runbook_url", "it says what to do"),
)


def is_prometheus_rule(document: Document) -> bool:
    """
    Tell a PrometheusRule from other documents.

    Args:
        document: any document.

    Returns:
        Whether it is one.
    """
    return document.kind == "PrometheusRule" and document.api_version.startswith("monitoring.coreos.com/")


def check(document: Document) -> tuple[Finding, ...]:
    """
    Check what promtool does not: that there are rules, and that each has what a person needs.

    Args:
        document: a PrometheusRule.

    Returns:
        What is wrong, in the order of the file.
    """
    groups = document.get("spec", "groups")
    if not isinstance(groups, list) or not groups:
        return (
            _finding(document, ("spec", "groups"), f"PrometheusRule {document.name} has no groups", "add its rules"),
        )
    return tuple(_group_findings(document, groups))


def _group_findings(document: Document, groups: list[Any]) -> Iterator[Finding]:
    for number, _ in enumerate(groups):
        group: Location = ("spec", "groups", number)
        rules = document.get(*group, "rules")
        if not isinstance(rules, list) or not rules:
            yield _finding(document, group, "the group has no rules", "add rules or remove it")
            continue
        for index, _ in enumerate(rules):
            yield from _rule_findings(document, (*group, "rules", index))


def _rule_findings(document: Document, rule: Location) -> Iterator[Finding]:
    alert, record = document.get(*rule, "alert"), document.get(*rule, "record")
    if not alert and not record:
        yield _finding(document, rule, "the rule has neither `alert` nor `record`", "give it a name")
        return
    name = f"rule {alert or record}"
    expression = document.get(*rule, "expr")
    if expression is None or not str(expression).strip():
        yield _finding(document, (*rule, "expr"), f"{name} has no `expr`", "write what it watches")
    for field, key, reason in ALERT_NEEDS if alert else ():
        if not document.get(*rule, field, key):
            yield _finding(document, (*rule, field), f"{name} has no {field}.{key}, and {reason}", "add it")


def rules_text(document: Document, text: str) -> str:
    """
    Cut the groups out of a PrometheusRule, as a file that promtool reads.

    Args:
        document: a PrometheusRule whose spec.groups is a list.

        text: of the file that it stands in.

    Returns:
        YAML, its lines with the numbers that they have in the file wherever that can be, so that a message of
        promtool fits the file.
    """
    groups = {"groups": document.get("spec", "groups")}
    span = document.spans["spec", "groups"]
    kept = text.splitlines()[span.first - 1 : span.last]
    cut = "\n" * (span.first - 1) + textwrap.dedent("\n".join(kept)) + "\n"
    try:
        if yaml.load(cut, Loader=yaml.CSafeLoader) == groups:
            return cut
    except yaml.YAMLError:
        pass
    # groups in flow style, or with an alias to elsewhere, cannot be cut out by lines
    return yaml.safe_dump(groups, sort_keys=False)


def _finding(document: Document, location: Location, message: str, next_step: str) -> Finding:
    return Finding(
        rule="alert-rule",
        file=document.file,
        line=document.line(*location),
        message=message,
        next_step=next_step,
    )
