"""`invoke validate --base`: what a change is to blame for."""

import shutil
import subprocess

import pytest

from scripts.errors import FindingsFound, SettingsError
from scripts.validate import run
from tests.tools.trees import CLUSTER, DEMO, MINIMAL, replace

OLD = replace(f"{CLUSTER}/volsync.yaml", "  timeout: ", "  retryInterval: ")
NEW = replace(DEMO, "- namespace.yaml", "- nosuch.yaml")


def git(root, *words):
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    subprocess.run(["git", "-C", root, *identity, *words], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    OLD(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=chore: begin")
    return root


def told(capsys, root, **options):
    """How a run ends, and the lines of its report that name a finding."""
    ending = None
    try:
        run(root, **options)
    except FindingsFound as error:
        ending = error
    return ending, [line for line in capsys.readouterr().out.splitlines() if "kubernetes/" in line and ": " in line]


def test_a_change_that_is_sound_ends_well_in_a_tree_with_an_old_fault(tree, capsys):
    assert told(capsys, tree)[0] is not None
    replace(DEMO, "- namespace.yaml", "- ./namespace.yaml")(tree)

    ending, _ = told(capsys, tree, base="HEAD")

    assert ending is None


def test_a_change_that_breaks_something_is_told_alone(tree, capsys):
    NEW(tree)

    ending, lines = told(capsys, tree, base="HEAD")

    assert "1 finding" in str(ending)
    assert any("nosuch.yaml" in line for line in lines)


def test_an_old_fault_in_a_file_that_changes_is_told(tree, capsys):
    replace(f"{CLUSTER}/volsync.yaml", "spec:\n", "spec:\n  suspend: false\n")(tree)

    assert "1 finding" in str(told(capsys, tree, base="HEAD")[0])


def test_a_file_that_git_does_not_know_yet_is_part_of_the_change(tree, capsys):
    (tree / "kubernetes" / "more.yaml").write_text("a: 1\n", encoding="utf-8")

    assert "1 finding" in str(told(capsys, tree, base="HEAD")[0])


@pytest.mark.parametrize("base", ["nosuch", "--help", ""])
def test_a_base_that_is_no_commit_is_refused_or_asks_for_everything(tree, capsys, base):
    if base:
        with pytest.raises(SettingsError, match=r"names no commit"):
            run(tree, base=base)
    else:
        assert told(capsys, tree, base=base)[0] is not None
