"""README.md and docs/ of a tree: what they speak of and is not there, and trees that have none of it."""

import shutil

import pytest

from scripts.model import Status
from scripts.settings import REPOSITORY_ROOT
from scripts.validate import conclude, validate
from tests.docs import example
from tests.tools.trees import both, write

RUNBOOK = "docs/runbooks/volsync-backup-restore.md"
COMMANDS = "## Setup\n\n```bash\ninvoke validate --root .\nnox -s tests\n```\n"
OWN = both(
    write("README.md", f"# A tree\n\n[Runbook]({RUNBOOK}#restore)\n\n{COMMANDS}"),
    *(write(name, (REPOSITORY_ROOT / name).read_text(encoding="utf-8")) for name in ("tasks.py", "noxfile.py")),
)


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


def test_the_app_of_the_readme_is_one_without_a_finding(tmp_path, tools):
    example.known(tmp_path)

    found = validate(tmp_path, tools=tools)

    assert [str(each) for each in found.findings if each.file.startswith((example.APP, "kubernetes/components"))] == []
    assert ("cluster-apps-demo-app", Status.PASSED) in {
        (each.subject, each.status) for each in found.outcomes if each.check == "flux build"
    }
