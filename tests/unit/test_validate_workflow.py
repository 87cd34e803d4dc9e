"""The workflow that validates a pull request: what it runs, what it uploads, and what it may do."""

import re
import shlex

import pytest
import yaml

from scripts.checks.docs import own
from scripts.report import FORMATS
from scripts.settings import REPOSITORY_ROOT

PATH = REPOSITORY_ROOT / ".github/workflows/validate.yml"
TEXT = PATH.read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
(JOB,) = WORKFLOW["jobs"].values()
STEPS = JOB["steps"]
COMMANDS = own.read(
    (REPOSITORY_ROOT / "tasks.py").read_text(encoding="utf-8"),
    (REPOSITORY_ROOT / "noxfile.py").read_text(encoding="utf-8"),
)


def validation():
    (step,) = [step for step in STEPS if step.get("id") == "validate"]
    # a runner puts a path without blanks in the place of an expression
    words = shlex.split(step["run"].replace("${{ runner.temp }}", "/tmp"))
    assert words[0] == ".venv/bin/invoke"
    return words[1:]


def using(action):
    (step,) = [step for step in STEPS if step.get("uses", "").startswith(f"{action}@")]
    return step


def outputs():
    words = validation()
    given = [words[index + 1] for index, word in enumerate(words) if word == "--output"]
    return dict(each.split("=", 1) for each in given)


def test_a_pull_request_is_validated():
    assert "pull_request" in WORKFLOW[True]  # YAML 1.1 reads the key `on` as true
    assert list(own.check("invoke", tuple(validation()), COMMANDS)) == []


def test_a_flag_that_the_task_does_not_have_would_be_found():
    words = (*validation(), "--nosuch")

    assert list(own.check("invoke", words, COMMANDS)) != []


def test_the_findings_are_annotations_and_alerts():
    words = validation()

    assert words[words.index("--format") + 1] == "github"
    assert using("github/codeql-action/upload-sarif")["with"]["sarif_file"].endswith("/validate.sarif")
    assert outputs()["sarif"] == "/tmp/validate.sarif"
    assert set(outputs()) <= set(FORMATS)


@pytest.mark.parametrize("action", ["github/codeql-action/upload-sarif", "actions/upload-artifact"])
def test_a_validation_that_found_something_is_reported_all_the_same(action):
    assert using(action)["if"].startswith("!cancelled() && ")


def test_a_step_cannot_turn_a_failure_into_a_pass():
    assert "continue-on-error" not in TEXT
    assert "||" not in " ".join(step.get("run", "") for step in STEPS)


def test_it_may_do_no_more_than_it_has_to():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert JOB["permissions"] == {"contents": "read", "security-events": "write"}
    assert using("actions/checkout")["with"] == {"persist-credentials": False}


def test_every_action_has_a_version():
    used = [step["uses"] for step in STEPS if "uses" in step]

    assert used
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@v\d+", each)] == []


def test_no_expression_stands_where_what_a_stranger_wrote_would_be_run():
    runs = " ".join(step.get("run", "") for step in STEPS)

    assert set(re.findall(r"\$\{\{ ([^}]+) \}\}", runs)) == {"runner.temp"}
