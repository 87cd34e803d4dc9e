"""
Rendered PrometheusRules -> whether each alert can fire, is tested, and leads a person to what to do.

    series      the series and labels that the pinned components expose
    labels      an expression -> the labels of its result, and the names that nothing has
    parts       a selector, a call -> what it asks for
    expression  an expression -> what makes it fire always
    templates   an annotation -> the labels that it shows
    tested      unit tests -> the alerts that they see fire and stay silent
    runbook     a link -> whether it leads to a heading
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import promql_parser as promql

from scripts.checks.alerts import expression, runbook
from scripts.checks.alerts.labels import Labels, Lookup, Reader
from scripts.checks.alerts.series import OPEN_FAMILIES, RULE_NAMES, SERIES, UNKNOWN, Series
from scripts.checks.alerts.templates import labels_used
from scripts.checks.alerts.tested import Tested
from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, field
from scripts.document import Location, items, mapping
from scripts.model import Resource

SEVERITIES = ("critical", "high", "warning", "info")
"""What the routes of Alertmanager are made for; an alert with another severity reaches nobody."""

EXTERNAL = "Series"
"""Key of kubernetes/tree.yaml, below `externals`: the series that others expose; `ceph_*` is all that begin so."""

NESTING_LIMIT = 200
"""Operators and brackets of an expression; the parser takes minutes for thousands, and what walks it recurses."""

BRACES = re.compile(r"\{[^{}]*\}")
MAY_NEST = re.compile(r"[-+*/%^(<>=\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One rule of a PrometheusRule.

    Args:
        resource: the PrometheusRule.

        location: of the rule in it.

        alert: its name; "" for a recording rule.

        record: the series that it makes; "" for an alert.

        expr: its expression; "" where there is none.

        runbook_url: where a person reads what to do; "" where it is not said.
    """

    resource: Resource
    location: Location
    alert: str
    record: str
    expr: str
    runbook_url: str

    def fault(self, rule: str, location: Location, found: str, next_step: str) -> Fault:
        """
        A fault of this rule.

        Args:
            rule: the id of the rule that is broken.

            location: of the field below this rule.

            found: what is wrong, as what follows the name in a sentence.

            next_step: what to do.

        Returns:
            The fault.
        """
        what = f"alert {self.alert}" if self.alert else f"rule {self.record}"
        return Fault(
            rule=rule,
            resource=self.resource,
            location=(*self.location, *location),
            message=f"{what} {found}",
            next_step=next_step,
        )


def rules(objects: Objects) -> tuple[Rule, ...]:
    """
    The rules of every PrometheusRule.

    Args:
        objects: of the tree.

    Returns:
        Alerts and recording rules, in the order of the rendering; what has neither name is told elsewhere.
    """
    return tuple(
        Rule(
            resource=resource,
            location=("spec", "groups", number, "rules", index),
            alert=str(rule.get("alert") or ""),
            record=str(rule.get("record") or ""),
            expr=str(rule.get("expr") or "").strip(),
            runbook_url=str(mapping(rule.get("annotations")).get("runbook_url") or ""),
        )
        for resource in objects.of("PrometheusRule", "monitoring.coreos.com/")
        for number, group in enumerate(items(field(resource, "spec", "groups")))
        for index, rule in enumerate(map(mapping, items(mapping(group).get("rules"))))
        if rule.get("alert") or rule.get("record")
    )


def alerts(objects: Objects) -> tuple[Rule, ...]:
    """
    The alerts of every PrometheusRule.

    Args:
        objects: of the tree.

    Returns:
        They, in the order of the rendering.
    """
    return tuple(each for each in rules(objects) if each.alert)


def unreadable(objects: Objects) -> tuple[str, ...]:
    """
    The expressions that are not looked at, because the parser does not take them; promtool says whether Prometheus does.

    Args:
        objects: of the tree.

    Returns:
        The names of their rules.
    """
    return tuple(each.alert or each.record for each in rules(objects) if each.expr and _parsed(each.expr) is None)


def check_series(objects: Objects) -> Iterator[Fault]:
    """
    Check that each rule is made of series and labels that exist, and can be silent; and that each alert reaches somebody.

    Args:
        objects: of the tree.

    Yields:
        What is wrong.
    """
    found = rules(objects)
    externals = objects.externals.get(EXTERNAL, frozenset())
    lookup = _lookup(frozenset(each.record for each in found), externals)
    names = (*SERIES, *(each.record for each in found if each.record), *externals)
    for rule in found:
        tree = _parsed(rule.expr) if rule.expr else None
        if tree is not None:
            reader = Reader(lookup, names)
            labels = reader.read(tree)
            yield from _names(rule, reader)
            yield from _statements(rule, tree, lookup)
            yield from _templates(rule, labels)
        yield from _severity(rule)


def check_tested(objects: Objects, tested: Tested) -> Iterator[Fault]:
    """
    Check that a test sees each alert fire, and one sees it stay silent.

    Args:
        objects: of the tree.

        tested: what the unit tests of the tree expect.

    Yields:
        One fault for each alert that lacks one or both.
    """
    for each in alerts(objects):
        if missing := tested.missing(each.alert):
            found = f"has no test in which it {', and none in which it '.join(missing)}"
            yield each.fault("alert-tested", ("alert",), found, "add it to a tests/alerts/*.test.yaml")


def check_runbooks(objects: Objects, pages: runbook.Pages) -> Iterator[Fault]:
    """
    Check that the link of each alert leads to a heading.

    Args:
        objects: of the tree.

        pages: of the tree.

    Yields:
        One fault for each link that leads nowhere; a missing one is told elsewhere.
    """
    for each in alerts(objects):
        if each.runbook_url and (wrong := runbook.fault(each.runbook_url, pages)):
            place = ("annotations", "runbook_url")
            yield each.fault("alert-runbook", place, f"has a runbook_url that {wrong}", "correct the link or the page")


def _parsed(text: str) -> promql.Expr | None:
    if len(MAY_NEST.findall(BRACES.sub("", text))) > NESTING_LIMIT:
        return None
    try:
        return promql.parse(text)
    except ValueError:
        return None


def _lookup(recorded: frozenset[str], externals: frozenset[str]) -> Lookup:
    def lookup(name: str) -> Series | None:
        is_open = name in recorded | RULE_NAMES or name.startswith(OPEN_FAMILIES)
        if is_open or any(fnmatchcase(name, each) for each in externals):
            return UNKNOWN
        return SERIES.get(name)

    return lookup


def _names(rule: Rule, reader: Reader) -> Iterator[Fault]:
    for each in reader.unknown:
        step = f"write {each.near}, or " if each.near else ""
        is_metric = each.rule == "alert-metric"
        rest = f"add it to kubernetes/tree.yaml below {EXTERNAL} if others expose it" if is_metric else "take it out"
        yield rule.fault(each.rule, ("expr",), each.message, f"{step}{rest}")


def _statements(rule: Rule, tree: promql.Expr, lookup: Lookup) -> Iterator[Fault]:
    if rule.alert:
        wait = str(field(rule.resource, *rule.location, "for") or "")
        for found, next_step in expression.check(tree, lookup, waits=any(each in "123456789" for each in wait)):
            yield rule.fault("alert-expression", ("expr",), found, next_step)


def _templates(rule: Rule, labels: Labels) -> Iterator[Fault]:
    for place in ("annotations", "labels"):
        for key, text in mapping(field(rule.resource, *rule.location, place)).items():
            for name in labels_used(str(text)):
                if labels is not None and name not in labels:
                    there = ", ".join(sorted(labels)) or "none"
                    found = f"shows the label {name} in {place}.{key}, and its result has {there}"
                    yield rule.fault(
                        "alert-label", (place, key), found, "keep the label in the expression, or take it out"
                    )


def _severity(rule: Rule) -> Iterator[Fault]:
    severity = str(mapping(field(rule.resource, *rule.location, "labels")).get("severity") or "")
    if rule.alert and severity and severity not in SEVERITIES and "{{" not in severity:
        found = f"has severity {severity}, and nobody is told of another than {', '.join(SEVERITIES)}"
        yield rule.fault("alert-severity", ("labels", "severity"), found, "write one of these")
