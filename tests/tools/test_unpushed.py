"""What the commits that are yet to be pushed would publish, with a real git."""

import shutil
import subprocess

import pytest

from scripts.errors import CommandFailed
from scripts.model import Status
from scripts.settings import REPOSITORY_ROOT
from scripts.source import read
from scripts.store import Store
from scripts.toolchain import get
from scripts.validate import secret_scan, unpushed, validate
from scripts.validate.tools import locate

# put together here, so that this file holds no line that looks like a credential
KEY_ID = "AKIA" + "Q7ZP2M4XW5RT5VBN"


class Repository:
    """A git repository with one pushed commit, and what a user does in it."""

    def __init__(self, root):
        self.root = root / "clone"
        self.root.mkdir()
        self.bare = root / "bare"
        self("init", "--quiet", "--initial-branch=main", ".")
        self("config", "user.name", "a")
        self("config", "user.email", "a@example.org")
        self.commit({"a.yaml": "---\na: 1\n"})

    def __call__(self, *words):
        command = ("git", "-C", self.root, "-c", "commit.gpgsign=false", *words)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files):
        """Write files (None: remove) and commit them; gives the first digits of the commit."""
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                (self.root / path).unlink()
            else:
                (self.root / path).write_text(text)
        self("add", "--all")
        self("commit", "--quiet", "--message=change")
        return self("rev-parse", "HEAD")[:10]

    def push(self):
        if not self.bare.exists():
            self("clone", "--quiet", "--bare", ".", str(self.bare))
            self("remote", "add", "origin", str(self.bare))
        self("push", "--quiet", "origin", "HEAD")
        self("fetch", "--quiet", "origin")

    def outcome(self, root=None):
        folder, git = root or self.root, get("git").path
        (found,) = secret_scan.outcomes(read(folder, git=git), locate(), unpushed.commits(folder, git))
        return found

    def findings(self, root=None):
        return [
            (each.rule, each.file, each.line, each.message.partition("commit ")[2][:10])
            for each in self.outcome(root).findings
        ]


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path)
    made.push()
    return made


def test_a_credential_that_a_later_commit_takes_out_is_still_told(repository):
    commit = repository.commit({"b/c d.md": f"x\n{KEY_ID}\n"})
    repository.commit({"b/c d.md": "x\n"})

    outcome = repository.outcome()

    assert repository.findings() == [("secret-in-commit", "b/c d.md", 2, commit)]
    assert "rewrite the history" in outcome.findings[0].next_step
    assert outcome.subject.endswith("2 commits to be pushed")
    assert KEY_ID not in str(outcome)


def test_what_was_pushed_is_not_told_again(repository):
    repository.commit({"b.md": f"{KEY_ID}\n"})
    repository.commit({"b.md": None})
    repository.push()

    assert repository.findings() == []


def test_a_commit_is_not_blamed_for_lines_that_it_found(repository):
    repository.commit({"b.md": f"{KEY_ID}\n", "c.yaml": "---\nRESTIC_PASSWORD: x1\n"})
    repository.push()
    repository.commit({"b.md": f"one line more\n{KEY_ID}\n", "c.yaml": "---\na: 1\nRESTIC_PASSWORD: x1\n"})
    repository.commit({"b.md": None, "c.yaml": None})

    assert repository.findings() == []


def test_a_credential_in_the_tree_and_in_the_commit_is_told_of_both(repository):
    commit = repository.commit({"b.md": f"{KEY_ID}\n"})

    assert repository.findings() == [("secret-in-tree", "b.md", 1, ""), ("secret-in-commit", "b.md", 1, commit)]


def test_a_secret_object_in_a_commit_is_told(repository):
    commit = repository.commit({"b.yaml": "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  a: eA==\n"})
    repository.commit({"b.yaml": None})

    assert repository.findings() == [("secret-in-commit", "b.yaml", 5, commit)]


def test_a_line_that_is_allowed_in_its_commit_or_since_is_not_told(repository):
    why = "pragma: allowlist secret - made up for the tests"
    repository.commit({"b.md": f"{KEY_ID}\n", "c.md": f"{KEY_ID} {why}\n", "d.md": f"{KEY_ID}\n"})
    repository.commit(
        {
            "b.md": f"{KEY_ID} <!-- {why} -->\n",
            "c.md": "x\n",
            "d.md": f"<!-- {why.replace('secret', 'nextline secret')} -->\n{KEY_ID}\n",
        }
    )

    assert repository.findings() == []


def test_a_line_that_is_allowed_without_a_reason_is_told_of_the_tree_alone(repository):
    repository.commit({"b.md": f"{KEY_ID} pragma: allowlist secret\n"})

    assert [rule for rule, *_ in repository.findings()] == ["secret-allowed-without-reason"]


def test_a_merge_is_blamed_for_what_it_adds_itself(repository):
    repository("switch", "--quiet", "--create", "other")
    theirs = repository.commit({"a.yaml": "---\na: 2\n", "b.md": f"{KEY_ID}\n"})
    repository("switch", "--quiet", "main")
    repository.commit({"a.yaml": "---\na: 3\n"})
    subprocess.run(["git", "-C", repository.root, "merge", "--quiet", "other"], check=False, capture_output=True)
    merge = repository.commit({"a.yaml": f"---\na: {KEY_ID}\n"})
    repository.commit({"a.yaml": "---\na: 1\n", "b.md": None})

    assert sorted(repository.findings()) == sorted(
        [("secret-in-commit", "a.yaml", 2, merge), ("secret-in-commit", "b.md", 1, theirs)]
    )


@pytest.mark.parametrize("name", ["-x", "a\nb", 'a"b', "é", "a\tb", "\udcff"])
def test_a_file_is_read_whatever_its_name(repository, name):
    commit = repository.commit({name: f"{KEY_ID}\n"})
    repository.commit({name: None})

    assert repository.findings() == [("secret-in-commit", name, 1, commit)]


def test_what_is_no_text_no_file_or_outside_of_the_tree_is_passed_over(repository):
    sub = repository.root / "sub"
    sub.mkdir()
    (sub / "binary").write_bytes(b"\x00" + KEY_ID.encode())
    (sub / "latin").write_bytes(b"\xe9" + KEY_ID.encode())
    (sub / KEY_ID).write_text("x\n")
    (sub / "link").symlink_to(KEY_ID)
    (sub / "empty").write_text("")
    commit = repository.commit({"sub/b.md": f"{KEY_ID}\n", "c.md": f"{KEY_ID}\n"})

    found = repository.findings(repository.root / "sub")

    assert found == [("secret-in-tree", "b.md", 1, ""), ("secret-in-commit", "b.md", 1, commit)]


def test_the_settings_of_the_repository_hide_nothing(repository):
    (repository.root / ".gitattributes").write_text("*.md -diff\n")
    (repository.root / ".gitleaksignore").write_text("b.md:aws-key-id:1\nb.md:aws-access-token:1\n")
    (repository.root / ".gitleaks.toml").write_text("[allowlist]\npaths = ['.*']\n")
    repository("config", "diff.noprefix", "true")
    commit = repository.commit({"b.md": f"{KEY_ID}\n"})

    assert repository.findings() == [("secret-in-tree", "b.md", 1, ""), ("secret-in-commit", "b.md", 1, commit)]


def test_without_a_remote_it_is_said_that_no_commit_was_looked_at(tmp_path):
    repository = Repository(tmp_path)
    repository.commit({"b.md": f"{KEY_ID}\n"})
    repository.commit({"b.md": None})

    outcome = repository.outcome()

    assert outcome.status is Status.PASSED
    assert "commits were not looked at" in outcome.reason


def test_a_repository_without_a_commit_and_a_folder_without_a_repository_are_no_fault(tmp_path, repository):
    git = get("git").path
    repository("switch", "--quiet", "--orphan", "new")

    assert unpushed.commits(repository.root, git) == unpushed.Commits(remark="there is no commit yet")
    assert unpushed.commits(tmp_path, git) is None


def test_a_detached_head_is_looked_at(repository):
    commit = repository.commit({"b.md": f"{KEY_ID}\n"})
    repository("switch", "--quiet", "--detach")
    repository.commit({"b.md": None})

    assert repository.findings() == [("secret-in-commit", "b.md", 1, commit)]


def test_a_git_that_does_not_end_is_no_pass(repository, tmp_path, monkeypatch):
    repository.commit({"b.md": "x\n"})
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(unpushed, "TIMEOUT_S", 0.5)

    with pytest.raises(CommandFailed, match="did not end within"):
        unpushed.commits(repository.root, slow)


def test_a_result_that_is_remembered_is_not_told_of_other_commits(repository, tmp_path):
    store = tmp_path / "results"
    shutil.copytree(REPOSITORY_ROOT / "tests/trees/valid/minimal", repository.root, dirs_exist_ok=True)
    repository.commit({})
    repository.push()
    clean = validate(repository.root, store=Store(store))
    repository.commit({"b.md": f"{KEY_ID}\n"})
    repository.commit({"b.md": None})

    found = validate(repository.root, store=Store(store))

    assert [each.rule for each in clean.findings] == []
    assert [each.rule for each in found.findings] == ["secret-in-commit"]
