"""The acceptance criteria of the story: each with what it came to, and none passed without something looked at."""

import shutil

import pytest

from scripts.errors import ToolMissing
from scripts.model import Outcome, Status
from scripts.source import read
from scripts.validate import story, validate
from scripts.validate.tools import Tools
from tests.tools.trees import CLUSTER, COMPONENT, MINIMAL, SYSTEM, both, places, remove, replace

SNAPSHOTS = f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml"
OPERATOR = f"{SYSTEM}/volsync/app/helmrelease.yaml"
RUNBOOK = "docs/runbooks/volsync-backup-restore.md"


def checklist(found):
    return {each.subject.partition(" ")[0]: each for each in found.outcomes if each.check == "story"}


FAULTS = [
    pytest.param(
        replace(SNAPSHOTS, "      replicaCount: 2\n", ""),
        ("story-content", SNAPSHOTS, 20),
        id="the snapshot controller has no replicas",
    ),
    pytest.param(
        replace(SNAPSHOTS, "      resources:\n        limits:\n          memory: 128Mi\n", ""),
        ("story-content", SNAPSHOTS, 20),
        id="the snapshot controller has no limits",
    ),
    pytest.param(
        replace(RUNBOOK, "sha256sum", "ls"),
        ("story-content", RUNBOOK, 0),
        id="the runbook compares no checksums",
    ),
    pytest.param(remove("docs/architecture.md"), ("story-path", "docs/architecture.md", 0), id="a document is missing"),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_what_a_criterion_asks_for_and_is_not_there_is_one_finding(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [expected]
    (failed,) = [name for name, each in checklist(found).items() if each.status is Status.FAILED]
    assert f"{failed} asks for it" in found.findings[0].message


def test_a_valid_tree_passes_every_criterion_but_the_one_that_commits(tree, tools):
    found = checklist(validate(tree, tools=tools))

    assert list(found) == [f"AC{number}" for number in range(1, 11)]
    assert [name for name, each in found.items() if each.status is not Status.PASSED] == ["AC10"]
    assert "`invoke commit`" in found["AC10"].reason
    assert all(each.reason for each in found.values())


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(replace(RUNBOOK, "# Backup", "# Backup\u00a0"), set(), id="nothing"),
        pytest.param(
            replace(f"{CLUSTER}/volsync.yaml", "external-secrets", "external-secret"),
            {"AC1", "AC2", "AC3", "AC4", "AC5", "AC6", "AC7", "AC8", "AC9"},
            id="a dependency with a typo",
        ),
        pytest.param(
            replace(f"{CLUSTER}/cluster-settings.yaml", "\ndata:\n", "\ndata: \n"), {"AC7"}, id="a blank at an end"
        ),
        pytest.param(
            replace(f"{SYSTEM}/volsync/app/prometheusrule.yaml", "sync{role", "snyc{role"), {"AC4"}, id="an alert"
        ),
    ],
)
def test_a_criterion_that_rests_on_a_check_that_failed_is_open_and_names_it(tree, tools, edit, expected):
    edit(tree)

    found = checklist(validate(tree, tools=tools))

    assert {name for name, each in found.items() if each.status is not Status.PASSED} == expected | {"AC10"}
    assert all(each.reason for each in found.values())


def test_a_folder_that_is_missing_is_told_by_one_criterion_and_leaves_the_others_open(tree, tools):
    shutil.rmtree(tree / COMPONENT / "pvc")
    both(replace(f"{COMPONENT}/kustomization.yaml", "  - pvc\n", ""))(tree)

    found = validate(tree, tools=tools)
    states = {name: each.status for name, each in checklist(found).items()}

    assert ("story-path", f"{COMPONENT}/pvc", 0) in places(found)
    assert (states["AC5"], states["AC9"]) == (Status.FAILED, Status.SKIPPED)


def test_a_check_that_cannot_run_leaves_its_criteria_open(tree, tools):
    missing = ToolMissing("promtool", "cannot be had", "install promtool")
    found = {name: each for name, each in tools.found.items() if name != "promtool"}
    without = Tools(found=found, missing={**tools.missing, "promtool": missing})

    states = checklist(validate(tree, tools=without))

    assert {name for name, each in states.items() if each.status is not Status.PASSED} == {"AC4", "AC10"}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="nothing was checked"),
        pytest.param(
            tuple(
                Outcome(check=check, subject="s", status=Status.SKIPPED, reason="there is none")
                for check in {check for each in story.story.CRITERIA for check in each.checks}
            ),
            id="every check was skipped",
        ),
    ],
)
def test_no_criterion_passes_without_a_check_that_passed(before):
    found = story.outcomes(read(MINIMAL, git=None), before)

    assert {each.status for each in found} == {Status.SKIPPED}
