"""
For each rule the smallest trees that break it, and a valid twin.

`tests/trees/invalid/RULE/WHAT-IS-WRONG.patch` is what it takes to break the twin: first the finding that follows, then a
change as `git diff` writes it. The twin is `tests/trees/valid/minimal`, with `twin.patch` where the folder has one.
"""

import os
import subprocess

import pytest

from scripts import report
from scripts.checks import RULES
from scripts.errors import FindingsFound
from scripts.store import Store
from scripts.validate import conclude, validate
from tests.tools.trees import MINIMAL

INVALID = MINIMAL.parents[1] / "invalid"
TWIN = "twin.patch"
IN_COMMIT = "secret-in-commit"
PATCHES = sorted(patch for patch in INVALID.glob("*/*.patch") if patch.name != TWIN)

# put together here, so that no file holds a line that looks like a credential
MADE_UP = {
    "${ACCESS_KEY}": "AKIA" + "Q7ZP2M4XW8RT5VBN",  # pragma: allowlist secret - made up for the tests
    "${PASSPHRASE}": "hunter" + "2hunter" + "2",  # pragma: allowlist secret - made up for the tests
}
"""What stands in a patch -> what the tree gets in its place."""


def named(patches):
    return [pytest.param(patch, id=f"{patch.parent.name}/{patch.stem}") for patch in patches]


def apply(patch, root, *options):
    """Change a tree; as in a mail, what comes before the first `diff` is no part of the change."""
    text = patch.read_text(encoding="utf-8")
    for name, value in MADE_UP.items():
        text = text.replace(name, value)
    # git leaves files alone that are not in the repository around it
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}
    command = ["git", "-C", root, "apply", "--whitespace=nowarn", *options, "-"]
    subprocess.run(command, check=True, input=text.encode(), env=environment)


def expected(patch):
    """The rule, and how the finding begins."""
    return patch.parent.name, patch.read_text(encoding="utf-8").partition("\n")[0]


def assert_one_finding(found, patch):
    rule, beginning = expected(patch)

    assert [each.rule for each in found.findings] == [rule], [str(each) for each in found.findings]
    assert str(found.findings[0]).startswith(beginning)
    with pytest.raises(FindingsFound):
        conclude(found)
    for secret in MADE_UP.values():
        assert secret not in report.text(found)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One memory for all trees, which differ in little: it may not say of one what is true of another."""
    return tmp_path_factory.mktemp("store") / "results.sqlite3"


@pytest.fixture
def twin(request, tree, patch):
    """The valid tree that a patch breaks."""
    if patch.parent.name.startswith("helm-"):
        request.getfixturevalue("volsync_chart")
    if (patch.parent / TWIN).exists():
        apply(patch.parent / TWIN, tree)
    return tree


def test_each_rule_has_a_folder_with_trees_that_break_it_and_no_folder_is_without_a_rule():
    assert {folder.name for folder in INVALID.iterdir()} == set(RULES)
    assert {patch.parent.name for patch in PATCHES} == set(RULES)


@pytest.mark.parametrize("patch", named(patch for patch in PATCHES if patch.parent.name != IN_COMMIT))
def test_one_fault_is_one_finding_with_its_file_and_line(twin, tools, store, patch):
    apply(patch, twin)

    assert_one_finding(validate(twin, tools=tools, store=Store(store)), patch)


@pytest.mark.parametrize("patch", named(sorted(INVALID.glob(f"*/{TWIN}"))))
def test_the_twin_of_what_is_wrong_has_no_finding(twin, tools, store):
    conclude(validate(twin, tools=tools, store=Store(store)))


@pytest.mark.parametrize("patch", named(sorted(INVALID.glob(f"{IN_COMMIT}/*.patch"))))
def test_what_a_commit_adds_and_a_later_one_takes_back_is_one_finding(tree, tools, patch):
    def git(*words):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", tree, *identity, *words], check=True)

    def commit():
        git("add", "--all")
        git("commit", "--quiet", "--message=change")

    git("init", "--quiet", "--initial-branch=main")
    commit()
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("remote", "add", "origin", ".")
    pushed = validate(tree, tools=tools)
    apply(patch, tree)
    commit()
    apply(patch, tree, "--reverse")
    commit()

    conclude(pushed)
    assert_one_finding(validate(tree, tools=tools), patch)
