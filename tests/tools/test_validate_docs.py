"""README.md and docs/ of a tree: what they speak of and is not there, and trees that have none of it."""

import shutil

import pytest

from scripts.model import Status
from scripts.settings import REPOSITORY_ROOT
from scripts.validate import conclude, validate
from tests.tools.trees import both, places, replace, write

RUNBOOK = "docs/runbooks/volsync-backup-restore.md"
COMMANDS = "## Setup\n\n```bash\ninvoke validate --root .\nnox -s tests\n```\n"
OWN = both(
    write("README.md", f"# A tree\n\n[Runbook]({RUNBOOK}#restore)\n\n{COMMANDS}"),
    *(write(name, (REPOSITORY_ROOT / name).read_text(encoding="utf-8")) for name in ("tasks.py", "noxfile.py")),
)


FAULTS = [
    pytest.param(
        both(OWN, replace("README.md", "invoke validate", "invoke validatee")),
        ("docs-reference", "README.md", 8),
        id="a task that there is not",
    ),
    pytest.param(
        both(OWN, replace("README.md", "--root", "--rot")),
        ("docs-reference", "README.md", 8),
        id="a flag that there is not",
    ),
    pytest.param(
        both(OWN, replace("README.md", "-s tests", "-s test")),
        ("docs-reference", "README.md", 9),
        id="a session that there is not",
    ),
    pytest.param(
        both(OWN, replace("README.md", "#restore", "#restores")),
        ("docs-reference", "README.md", 3),
        id="a link to no heading",
    ),
    pytest.param(
        replace(RUNBOOK, "components/volsync/externalsecret", "components/volsync/secret"),
        ("docs-reference", RUNBOOK, 19),
        id="a path that is not there",
    ),
    pytest.param(
        replace(RUNBOOK, "pvc demo-data", "pvc demo"),
        ("docs-reference", RUNBOOK, 24),
        id="an object that nothing makes",
    ),
    pytest.param(
        replace(RUNBOOK, "-n demo", "-n dem"),
        ("docs-reference", RUNBOOK, 24),
        id="a namespace that nothing is in",
    ),
    pytest.param(
        replace(RUNBOOK, "cluster-apps-demo", "demo"),
        ("docs-reference", RUNBOOK, 39),
        id="a Flux Kustomization that there is not",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_one_fault_is_one_finding_with_its_file_and_line(tree, tools, edit, expected):
    edit(tree)

    assert places(validate(tree, tools=tools)) == [expected]


def outcome(found):
    (only,) = [each for each in found.outcomes if each.check == "docs"]
    return only


def test_a_tree_whose_commands_are_there_has_no_finding(tree, tools):
    OWN(tree)

    found = validate(tree, tools=tools)

    conclude(found)
    assert (outcome(found).status, outcome(found).reason) == (Status.PASSED, "")


def test_a_tree_without_tasks_says_that_its_tasks_were_not_checked(tree, tools):
    write("README.md", COMMANDS.replace("validate", "their-own"))(tree)

    found = validate(tree, tools=tools)

    conclude(found)
    assert outcome(found).reason == "not its tasks or sessions: tasks.py and noxfile.py not there, or not to be read"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        pytest.param(None, "there is no page", id="no page at all"),
        pytest.param("# Words\n", "no command that can be checked", id="a page of words"),
    ],
)
def test_a_tree_without_anything_to_check_in_its_pages_is_no_pass(tree, tools, page, reason):
    shutil.rmtree(tree / "docs")
    if page:
        write("README.md", page)(tree)

    found = outcome(validate(tree, tools=tools))

    assert found.status is Status.SKIPPED
    assert reason in found.reason
