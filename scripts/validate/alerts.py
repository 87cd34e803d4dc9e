"""PrometheusRules and their unit tests -> what promtool says of them, and what the rendered alerts come to."""

import posixpath
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import yaml

from scripts.checks import alert_rules, alerts
from scripts.checks.alerts import tested
from scripts.checks.docs.markdown import Page, parse
from scripts.checks.fault import Fault, Places, settle
from scripts.checks.objects import Objects
from scripts.document import Document, Span, YamlFile, items, mapping
from scripts.model import Finding, Outcome
from scripts.process import SHORT_LIVED, Completed, last_words, minimal_environment, run
from scripts.source import Tree
from scripts.store import digest_of, key
from scripts.validate.outcome import blocked, concluded, skipped
from scripts.validate.tools import Tools

CHECK_RULES = "promtool check rules"
TEST_RULES = "promtool test rules"
SERIES = "alert series"
TESTED = "alerts tested"
RUNBOOKS = "alert runbooks"
RENDERED = (SERIES, TESTED, RUNBOOKS)
"""The checks of what is rendered."""

TIMEOUT_S = 120.0
WORKERS = 2
TESTS = re.compile(r"tests/alerts/[^/]+\.test\.yaml")

FAULT = re.compile(r"^(?P<file>[^:\s]+): (?:(?P<line>\d+):\d+: )?(?P<message>.+)$", re.MULTILINE)
FAILED_ALERT = re.compile(r"alertname: (?P<alert>[^,\s]+), time: (?P<time>[^,\s]+)")


def outcomes(tree: Tree, tools: Tools) -> tuple[Outcome, ...]:
    """
    Check the syntax of every rule, and run every unit test of the alerts.

    Args:
        tree: what was read.

        tools: the programs.

    Returns:
        One outcome for each PrometheusRule and one for each test.

    Raises:
        ToolMissing: where promtool cannot be had.

        CommandFailed: where it takes too long.
    """
    rules = tuple(
        each
        for each in tree.documents
        if each.file.startswith("kubernetes/")
        and alert_rules.is_prometheus_rule(each)
        and items(each.get("spec", "groups"))
    )
    tests = tuple(file for file in tree.yaml_files if TESTS.fullmatch(file.path))
    if not rules:
        return (skipped(CHECK_RULES, "kubernetes", "there is no PrometheusRule with groups"),)
    promtool = tools.get("promtool")
    files = {each.file for each in rules} | {file.path for file in tests}
    name = key("promtool", digest_of({path: tree.digests[path] for path in files}), promtool.identity)
    known: tuple[Outcome, ...] | None = tree.store.get([name]).get(name)
    if known is None:
        known = _asked(tree, promtool.path, rules, tests)
        tree.store.put(name, known)
    return known


def _asked(tree: Tree, promtool: Path, rules: tuple[Document, ...], tests: tuple[YamlFile, ...]) -> tuple[Outcome, ...]:
    with tempfile.TemporaryDirectory(prefix="alerts-") as name:
        folder = Path(name)
        for each in reversed(rules):
            text = alert_rules.rules_text(each, tree.texts[each.file])
            (folder / file_name(each)).write_text(text, encoding="utf-8")
        for file in tests:
            _lay_out(folder / _place(file), file, tree.texts[file.path], rules)
        with ThreadPoolExecutor(WORKERS) as workers:
            checked = tuple(workers.map(partial(_check, promtool, folder, rules), rules))
        broken = {file_name(each) for each, outcome in zip(rules, checked, strict=True) if outcome.findings}
        tested = _tested(promtool, folder, tests, frozenset(map(file_name, rules)), broken)
    if not tests:
        tested = (skipped(TEST_RULES, "tests/alerts", "there is no *.test.yaml"),)
    return (*checked, *tested)


def rendered(tree: Tree, pages: Mapping[str, Page], objects: Objects, places: Places) -> tuple[Outcome, ...]:
    """
    Check the alerts that the cluster would receive.

    Args:
        tree: what was read.

        pages: of its documentation.

        objects: that it renders to.

        places: where they are written down.

    Returns:
        One outcome for what the alerts ask for, one for whether they are tested, one for their runbooks, and one for the
        expressions that could not be read, where there are any.
    """
    found = alerts.alerts(objects)
    if not alerts.rules(objects):
        return tuple(skipped(check, "kubernetes", "no rule is applied") for check in RENDERED)
    subject = f"{len(found)} alerts"
    unread = alerts.unreadable(objects)
    reason = "the parser does not take its expression, and promtool says whether Prometheus does"
    return (
        _settled(SERIES, subject, alerts.check_series(objects), places),
        *(blocked(SERIES, name, reason) for name in unread),
        _tests_of(tree, objects, places, subject),
        _runbooks_of(tree, pages, objects, places, subject),
    )


def _tests_of(tree: Tree, objects: Objects, places: Places, subject: str) -> Outcome:
    tests = tuple(file for file in tree.yaml_files if TESTS.fullmatch(file.path))
    if not tests:
        return skipped(TESTED, subject, "there is no tests/alerts/*.test.yaml")
    if unread := next((each.path for each in tests if each.fault), ""):
        return blocked(TESTED, subject, f"{unread} cannot be read")
    expected = tested.read(document for file in tests for document in file.documents)
    return _settled(TESTED, subject, alerts.check_tested(objects, expected), places)


def _runbooks_of(tree: Tree, pages: Mapping[str, Page], objects: Objects, places: Places, subject: str) -> Outcome:
    anchors = {path: frozenset(page.headings) for path, page in pages.items()}
    others = {path: frozenset(parse(tree.texts[path]).headings) for path in _linked(tree, objects) - pages.keys()}
    return _settled(RUNBOOKS, subject, alerts.check_runbooks(objects, anchors | others), places)


def _linked(tree: Tree, objects: Objects) -> set[str]:
    """The pages that an alert may name, to judge by the names of their files."""
    links = "".join(each.runbook_url for each in alerts.alerts(objects))
    return {path for path in tree.texts if path.endswith(".md") and posixpath.basename(path) in links}


def _settled(check: str, subject: str, faults: Iterator[Fault], places: Places) -> Outcome:
    findings, allowed = settle(faults, places)
    return concluded(check, subject, findings, reason=f"{allowed} allowed with a reason" if allowed else "")


def _place(test: YamlFile) -> str:
    """The folder of a test, beside the files of rules; promtool reads what a test names from there."""
    return posixpath.basename(test.path).removesuffix(".test.yaml")


def _lay_out(folder: Path, test: YamlFile, text: str, rules: tuple[Document, ...]) -> None:
    """Write a test, and of the rules those that it is about: promtool evaluates all that it is given, minute by minute."""
    folder.mkdir()
    (folder / posixpath.basename(test.path)).write_text(text, encoding="utf-8")
    tests = list(map(mapping, items(_document(test).get("tests"))))
    named = {str(mapping(each).get("alertname")) for one in tests for each in items(one.get("alert_rule_test"))}
    is_about_all = any(one.get("promql_expr_test") for one in tests)
    for rule in reversed(rules):
        groups = [dict(mapping(group)) for group in items(rule.get("spec", "groups"))]
        for group in groups if not is_about_all else ():
            kept = (mapping(each) for each in items(group.get("rules")))
            group["rules"] = [dict(each) for each in kept if "alert" not in each or str(each["alert"]) in named]
        (folder / file_name(rule)).write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")


def file_name(rule: Document) -> str:
    """
    The name by which a unit test refers to the rules of a PrometheusRule, beside which it is put to be run.

    Args:
        rule: the PrometheusRule.

    Returns:
        Its metadata.name and ".rules.yaml".
    """
    return f"{rule.name}.rules.yaml"


def _check(promtool: Path, folder: Path, rules: tuple[Document, ...], rule: Document) -> Outcome:
    first = next(each for each in rules if each.name == rule.name)
    if first is not rule:
        finding = Finding(
            rule="alert-rule",
            file=rule.file,
            line=rule.line("metadata", "name"),
            message=f"has the name of the PrometheusRule in {first.file}, and a unit test names one of them",
            next_step="give it another name",
        )
        return concluded(CHECK_RULES, rule.file, (finding,))
    completed = _promtool(promtool, folder, "check", "rules", "--lint-fatal", file_name(rule))
    if completed.exit_code == 0:
        return concluded(CHECK_RULES, rule.file, (), duration_s=completed.duration_s)
    faults = {(found["line"], found["message"]): None for found in FAULT.finditer(completed.stderr)}
    if not faults:
        faults = {(None, last_words(completed)): None}
    findings = tuple(
        Finding(
            rule="alert-syntax",
            file=rule.file,
            line=int(line) if line else rule.line_of(message),
            message=f"promtool refuses it: {message}",
            next_step="correct the rule",
        )
        for line, message in faults
    )
    return concluded(CHECK_RULES, rule.file, findings, duration_s=completed.duration_s)


def _tested(
    promtool: Path, folder: Path, tests: tuple[YamlFile, ...], held: frozenset[str], broken: set[str]
) -> tuple[Outcome, ...]:
    stopped = {test.path: outcome for test in tests if (outcome := _stopped(test, held, broken))}
    names = [f"{_place(test)}/{posixpath.basename(test.path)}" for test in tests if test.path not in stopped]
    with ThreadPoolExecutor(WORKERS) as workers:
        # a start of promtool costs as much as a test: few for all of them, and one each where something fails
        shares = [names[start::WORKERS] for start in range(WORKERS) if names[start::WORKERS]]
        together = tuple(workers.map(lambda share: _promtool(promtool, folder, "test", "rules", *share), shares))
        if all(each.exit_code == 0 for each in together):
            share_s = sum(each.duration_s for each in together) / max(len(names), 1)
            return tuple(
                stopped.get(test.path) or concluded(TEST_RULES, test.path, (), duration_s=share_s) for test in tests
            )
        return tuple(workers.map(lambda test: stopped.get(test.path) or _test(promtool, folder, test), tests))


def _promtool(promtool: Path, folder: Path, *arguments: str) -> Completed:
    environment = minimal_environment(SHORT_LIVED)
    return run((promtool, *arguments), timeout_s=TIMEOUT_S, cwd=folder, environment=environment, accept=None)


def _stopped(test: YamlFile, held: frozenset[str], broken: set[str]) -> Outcome | None:
    """What keeps a test from being run; None where nothing does."""
    if test.fault:
        return blocked(TEST_RULES, test.path, f"{test.path} cannot be read")
    document = _document(test)
    wanted = {str(each): index for index, each in enumerate(items(document.get("rule_files")))}
    if missing := tuple(_missing(document, wanted, held)):
        return concluded(TEST_RULES, test.path, missing)
    if causes := sorted(broken & wanted.keys()):
        cause = causes[0].removesuffix(".rules.yaml")
        return blocked(TEST_RULES, test.path, f"PrometheusRule {cause} has a finding")
    return None


def _test(promtool: Path, folder: Path, test: YamlFile) -> Outcome:
    name = f"{_place(test)}/{posixpath.basename(test.path)}"
    completed = _promtool(promtool, folder, "test", "rules", name)
    findings = (_test_finding(_document(test), completed.stderr),) if completed.exit_code else ()
    return concluded(TEST_RULES, test.path, findings, duration_s=completed.duration_s)


def _document(test: YamlFile) -> Document:
    return (
        test.documents[0] if test.documents else Document(file=test.path, value={}, spans={(): Span(first=1, last=1)})
    )


def _missing(document: Document, wanted: Mapping[str, int], held: frozenset[str]) -> Iterator[Finding]:
    if not wanted:
        yield _finding(document, document.line("rule_files"), "names no rule_files")
    for name, index in wanted.items():
        # promtool itself only warns, and a test that expects silence passes
        if name not in held:
            known = ", ".join(sorted(held))
            yield _finding(document, document.line("rule_files", index), f"names {name}, and there is {known}")


def _test_finding(document: Document, said: str) -> Finding:
    text = " ".join(said.replace("FAILED:", "").split())
    found = FAILED_ALERT.search(said)
    line = 0
    for location, value in document.scalars() if found else ():
        same_time = str(document.get(*location[:-1], "eval_time")) == found["time"] if found else False
        if found and location[-1:] == ("alertname",) and value == found["alert"] and same_time:
            line = document.line(*location)
            break
    return _finding(document, line or document.line_of(text), f"fails: {text}")


def _finding(document: Document, line: int, message: str) -> Finding:
    return Finding(
        rule="alert-test",
        file=document.file,
        line=line,
        message=message,
        next_step="correct the test or the rule",
    )
