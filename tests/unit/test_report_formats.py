"""What machines read: each format against its own rules, and what could not run against looking clean."""

import json
import re
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import report
from scripts.checks import RULES, SECRET_RULES, WARNINGS
from scripts.model import Finding, Outcome, Report, Status
from scripts.report import FORMATS, Verdict, obstacles, verdict
from scripts.settings import REPOSITORY_ROOT

SCHEMA = json.loads((REPOSITORY_ROOT / "docs/reference/validate-report.schema.json").read_text(encoding="utf-8"))

FINDING = Finding(rule="yaml-lint", file="a b/c.yaml", line=3, message="too long: 121, not 120", next_step="break it")
LEAK = Finding(rule="secret-in-tree", file="docs/a.md", line=0, message="looks like a key", next_step="remove it")
PASSED = Outcome(check="read", subject="2 files", status=Status.PASSED, duration_s=0.25)
FAILED = Outcome(check="yamllint", subject="2 files", status=Status.FAILED, findings=(FINDING, LEAK), reason="it spoke")
BLOCKED = Outcome(check="flux build", subject="kubernetes/apps", status=Status.BLOCKED, reason="flate cannot be had")
SKIPPED = Outcome(check="promtool", subject="tests", status=Status.SKIPPED, reason="there are none")
NOTE = "flate spoke, 100% of it."


def made(*outcomes, notes=(NOTE,)):
    return Report(title="validate", outcomes=outcomes, notes=notes)


CLEAN = made(PASSED, SKIPPED)
FOUND = made(PASSED, FAILED, BLOCKED, SKIPPED)
STOPPED = made(PASSED, BLOCKED)
NOTHING = made(SKIPPED)
EMPTY = made(notes=())

CASES = [
    pytest.param(CLEAN, Verdict.CLEAN, id="clean"),
    pytest.param(FOUND, Verdict.FINDINGS, id="findings and something that could not run"),
    pytest.param(made(FAILED), Verdict.FINDINGS, id="findings alone"),
    pytest.param(STOPPED, Verdict.COULD_NOT_RUN, id="something could not run"),
    pytest.param(NOTHING, Verdict.COULD_NOT_RUN, id="everything was skipped"),
    pytest.param(EMPTY, Verdict.COULD_NOT_RUN, id="nothing was checked"),
]

words = st.text(st.characters() | st.sampled_from("\udcff\x00\x1b\n\r%,:;]&<>\"'"), min_size=1, max_size=20)
findings = st.builds(
    Finding, rule=st.sampled_from(sorted(RULES)), file=words, line=st.integers(0, 9), message=words, next_step=words
)
outcomes = st.one_of(
    st.builds(Outcome, check=words, subject=words, status=st.just(Status.PASSED), reason=words),
    st.builds(
        Outcome, check=words, subject=words, status=st.sampled_from([Status.BLOCKED, Status.SKIPPED]), reason=words
    ),
    st.builds(
        Outcome,
        check=words,
        subject=words,
        status=st.just(Status.FAILED),
        findings=st.lists(findings, min_size=1, max_size=3).map(tuple),
    ),
)
reports = st.builds(
    Report,
    title=st.just("validate"),
    outcomes=st.lists(outcomes, max_size=4).map(tuple),
    notes=st.lists(words, max_size=2).map(tuple),
)


def as_json(found):
    return json.loads(FORMATS["json"](found))


def run_of(found):
    (run,) = json.loads(FORMATS["sarif"](found))["runs"]
    return run


def suite_of(found):
    (suite,) = ElementTree.fromstring(FORMATS["junit"](found))  # noqa: S314 - written by this project
    return suite


def commands(found):
    """The annotations, read the way the runner of GitHub's workflows reads a line."""
    for line in FORMATS["github"](found).splitlines():
        head, separator, message = line.removeprefix("::").partition("::")
        assert line.startswith("::")
        assert separator
        name, _, properties = head.partition(" ")
        pairs = (each.split("=", 1) for each in properties.split(",") if each)
        yield name, {key: _read(value) for key, value in pairs}, _read(message)


def _read(value):
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(written, meant)
    return value


# ---------------------------------------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(("found", "expected"), CASES)
def test_a_report_comes_to_the_same_in_every_format(found, expected):
    assert verdict(found) is expected
    assert as_json(found)["verdict"] == expected.value
    assert list(commands(found))[-1][1]["title"] == expected.value
    assert (run_of(found)["results"] == []) is (expected is Verdict.CLEAN)
    suite = suite_of(found)
    assert (suite.get("failures") != "0") is (expected is Verdict.FINDINGS)
    assert (suite.get("failures") == "0" and suite.get("errors") != "0") is (expected is Verdict.COULD_NOT_RUN)


@given(reports)
def test_nothing_but_a_clean_report_looks_clean(found):
    clean = verdict(found) is Verdict.CLEAN

    assert (run_of(found)["results"] == []) is clean
    assert any(name == "error" for name, _, _ in commands(found)) is not clean
    suite = suite_of(found)
    # what blocked a check may have been found: the suite has both, and neither in a clean one
    assert (suite.get("failures") == suite.get("errors") == "0") is clean
    assert (as_json(found)["verdict"] == "clean") is clean


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(format_name):
    assert FORMATS[format_name](FOUND) == FORMATS[format_name](FOUND)
    assert FORMATS[format_name](FOUND).endswith("\n")


@pytest.mark.parametrize("format_name", sorted(FORMATS))
@given(found=reports)
def test_whatever_a_file_is_called_the_report_can_be_written_as_utf_8(format_name, found):
    assert FORMATS[format_name](found).encode("utf-8")


# ------------------------------------------------------------------------------------------------------------------ JSON


def schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("found", [pytest.param(case.values[0], id=case.id) for case in CASES])
def test_the_json_is_what_its_schema_says(found):
    assert list(schema().iter_errors(as_json(found))) == []


@given(reports)
def test_any_report_is_what_the_schema_says(found):
    assert list(schema().iter_errors(as_json(found))) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda it: it.update(verdict="clean"), id="clean with a finding"),
        pytest.param(lambda it: it.update(version=2), id="another version"),
        pytest.param(lambda it: it.update(extra=1), id="a field that is not in it"),
        pytest.param(lambda it: it.pop("obstacles"), id="a field is missing"),
        pytest.param(lambda it: it["outcomes"][0].update(status="ok"), id="a status that there is not"),
        pytest.param(lambda it: it["outcomes"][0].update(status="failed"), id="a failure without a finding"),
        pytest.param(lambda it: it["outcomes"][1]["findings"][0].pop("severity"), id="a finding without a severity"),
        pytest.param(lambda it: it["outcomes"][1]["findings"][0].update(severity="note"), id="a severity there is not"),
        pytest.param(lambda it: it["outcomes"][1]["findings"][0].update(line=0), id="a line that no file has"),
    ],
)
def test_what_the_schema_does_not_say_is_refused(change):
    document = as_json(FOUND)
    change(document)

    assert not schema().is_valid(document)


def test_the_json_holds_what_the_report_holds():
    document = as_json(FOUND)

    assert document["counts"] == {"passed": 1, "failed": 1, "blocked": 1, "skipped": 1, "findings": 2}
    assert document["outcomes"][0]["duration_s"] == 0.25
    assert document["outcomes"][1]["findings"] == [
        {
            "rule": "yaml-lint",
            "severity": "warning",
            "file": "a b/c.yaml",
            "line": 3,
            "message": "too long: 121, not 120",
            "next_step": "break it",
        },
        {
            "rule": "secret-in-tree",
            "severity": "error",
            "file": "docs/a.md",
            "line": None,
            "message": LEAK.message,
            "next_step": "remove it",
        },
    ]
    assert document["obstacles"] == [
        {"check": "flux build", "subject": "kubernetes/apps", "reason": "flate cannot be had"}
    ]
    assert document["notes"] == [NOTE]


def test_a_byte_that_is_no_utf_8_is_written_as_an_escape_that_anything_can_read():
    outcome = Outcome(check="read", subject="a\udcffb", status=Status.PASSED)

    assert as_json(made(outcome))["outcomes"][0]["subject"] == r"a\udcffb"


# ----------------------------------------------------------------------------------------------------------------- SARIF


@given(reports)
def test_a_sarif_log_has_what_code_scanning_asks_for(found):
    log = json.loads(FORMATS["sarif"](found))
    run = run_of(found)
    rules = run["tool"]["driver"]["rules"]
    marks = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]

    assert (log["version"], log["$schema"].rpartition("/")[2]) == ("2.1.0", "sarif-schema-2.1.0.json")
    assert run["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == rules[result["ruleIndex"]]["defaultConfiguration"]["level"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        uri = urlsplit(place["artifactLocation"]["uri"])
        assert uri.path
        assert (uri.scheme, uri.netloc, uri.query, uri.fragment) == ("", "", "", "")
    assert all(re.fullmatch(r"[0-9a-f]{16}:\d+", mark) for mark in marks)
    assert len(set(marks)) == len(marks)


def test_a_result_says_what_where_and_what_to_do():
    first, second = run_of(FOUND)["results"]

    assert (first["ruleId"], first["message"]["text"]) == ("yaml-lint", "too long: 121, not 120; break it")
    place = first["locations"][0]["physicalLocation"]
    assert (unquote(place["artifactLocation"]["uri"]), place["region"]) == ("a b/c.yaml", {"startLine": 3})
    # GitHub shows no result without a line
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_every_rule_is_in_the_log_and_a_credential_is_a_matter_of_security():
    rules = {rule["id"]: rule for rule in run_of(CLEAN)["tool"]["driver"]["rules"]}

    assert {name: rules[name]["fullDescription"]["text"] for name in RULES} == dict(RULES)
    assert {name for name, rule in rules.items() if "security-severity" in rule["properties"]} == SECRET_RULES


def test_the_level_of_a_rule_and_of_its_results_is_its_severity():
    run = run_of(FOUND)
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in run["tool"]["driver"]["rules"]}

    assert {name for name, level in levels.items() if level == "warning"} == WARNINGS
    assert levels["could-not-run"] == "error"
    assert [each["level"] for each in run["results"]] == ["warning", "error"]


def marks(*found):
    run = run_of(made(Outcome(check="c", subject="s", status=Status.FAILED, findings=found)))
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]


def moved(finding, **changes):
    return Finding(**{**vars(finding), **changes})


def test_a_finding_keeps_its_fingerprint_where_lines_are_put_above_it_and_others_come():
    assert marks(moved(FINDING, line=40), LEAK)[0] == marks(FINDING)[0]
    assert marks(LEAK, FINDING)[1] == marks(FINDING)[0]


@pytest.mark.parametrize(
    "changes", [{"rule": "render"}, {"file": "b.yaml"}, {"message": "too short"}], ids=lambda each: next(iter(each))
)
def test_another_finding_has_another_fingerprint(changes):
    assert marks(moved(FINDING, **changes)) != marks(FINDING)


def test_what_could_not_run_is_a_result_only_where_nothing_was_found():
    (stopped,) = run_of(STOPPED)["results"]
    (nothing,) = run_of(NOTHING)["results"]

    assert [each["ruleId"] for each in run_of(FOUND)["results"]] == ["yaml-lint", "secret-in-tree"]
    assert stopped["ruleId"] == nothing["ruleId"] == "could-not-run"
    assert "flate cannot be had" in stopped["message"]["text"]
    assert stopped["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "kubernetes/apps"
    assert "nothing was checked" in nothing["message"]["text"]


@pytest.mark.parametrize(("found", "expected"), [(CLEAN, True), (FOUND, False), (STOPPED, False), (EMPTY, False)])
def test_a_log_says_whether_every_check_ran_and_what_kept_it(found, expected):
    (invocation,) = run_of(found)["invocations"]
    said = [(each["level"], each["message"]["text"]) for each in invocation["toolExecutionNotifications"]]

    assert invocation["executionSuccessful"] is expected
    assert [text for level, text in said if level == "error"] == [
        f"could not run: {each.check}, {each.subject}: {each.reason}" for each in obstacles(found)
    ]
    assert [text for level, text in said if level == "note" and "skipped" not in text] == list(found.notes)


# ----------------------------------------------------------------------------------------------------------------- JUnit


@given(reports)
def test_a_suite_counts_what_it_holds(found):
    suite = suite_of(found)
    cases = suite.findall("testcase")

    assert int(suite.get("tests")) == len(cases) >= 1
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(name)) == sum(case.find(tag) is not None for case in cases)
    assert all(len(case) <= 1 and case.get("classname") and case.get("name") for case in cases)


def test_each_outcome_is_a_test_case_that_ended_its_way():
    ended = {case.get("classname"): [each.tag for each in case] for case in suite_of(FOUND).findall("testcase")}

    assert ended == {"read": [], "yamllint": ["failure"], "flux build": ["error"], "promtool": ["skipped"]}


def test_a_failure_has_every_finding_with_its_rule():
    (failure,) = suite_of(FOUND).iter("failure")

    assert failure.get("message") == "2 findings"
    assert failure.get("type") == "yaml-lint, secret-in-tree"
    assert failure.text.splitlines() == [
        "a b/c.yaml:3: warning: too long: 121, not 120; break it [yaml-lint]",
        "docs/a.md: error: looks like a key; remove it [secret-in-tree]",
    ]


def test_that_nothing_was_checked_is_a_test_case_with_an_error():
    (case,) = suite_of(EMPTY).findall("testcase")

    assert case.find("error").get("message") == "nothing was checked"


# ---------------------------------------------------------------------------------------------------------------- GitHub


def test_the_annotations_say_what_where_and_what_else():
    assert list(commands(FOUND)) == [
        ("warning", {"file": "a b/c.yaml", "line": "3", "title": "yaml-lint"}, "too long: 121, not 120; break it"),
        ("error", {"file": "docs/a.md", "title": "secret-in-tree"}, "looks like a key; remove it"),
        ("warning", {"title": "could not run"}, "flux build: kubernetes/apps: flate cannot be had"),
        ("notice", {}, NOTE),
        ("error", {"title": "findings"}, report.summary(FOUND)),
    ]


@pytest.mark.parametrize(
    ("file", "message", "expected"),
    [
        pytest.param("a,b:c.yaml", "x", "::error file=a%2Cb%3Ac.yaml,title=render::x; y", id="a comma and a colon"),
        pytest.param("a.yaml", "10%: no", "::error file=a.yaml,title=render::10%25: no; y", id="a percent sign"),
        pytest.param(
            "a\n::error::b", "x", r"::error file=a\n%3A%3Aerror%3A%3Ab,title=render::x; y", id="a command in a name"
        ),
    ],
)
def test_nothing_that_is_said_can_be_a_command_or_a_property(file, message, expected):
    finding = Finding(rule="render", file=file, line=0, message=message, next_step="y")
    found = made(Outcome(check="c", subject="s", status=Status.FAILED, findings=(finding,)), notes=())

    assert FORMATS["github"](found).splitlines()[0] == expected


@given(reports)
def test_what_was_written_is_what_the_runner_reads(found):
    read = list(commands(found))

    assert len(read) == len(found.findings) + len(obstacles(found)) + len(found.notes) + 1
    assert [properties["title"] for _, properties, _ in read[: len(found.findings)]] == [
        each.rule for each in found.findings
    ]
