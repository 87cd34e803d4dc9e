import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.errors import CommitRefused, CouldNotRun, FindingsFound
from scripts.process import wait_until
from scripts.publish import run
from scripts.publish.message import RELATED, SUBJECT
from scripts.settings import cache_directory

MINIMAL = Path(__file__).parent.parent / "trees" / "valid" / "minimal"
CLUSTER = "kubernetes/clusters/apps"
SETTINGS = f"{CLUSTER}/cluster-settings.yaml"
PASSPHRASE = "hunter" + "2hunter" + "2"  # pragma: allowlist secret - made up for the tests


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("APPS_BACKUP_CACHE", str(cache_directory()))
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    (folder / ".gitconfig").write_text(
        "[user]\nname = Someone\nemail = someone@example.org\n[init]\ndefaultBranch = main\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def git(home):
    """A work tree in which the minimal tree is not yet committed."""
    root = home.parent / "work"
    shutil.copytree(MINIMAL, root)
    # the app of the minimal tree has another name than the story's
    workloads = root / CLUSTER / "workloads.yaml"
    (root / CLUSTER / "demo.yaml").rename(workloads)
    kustomization = root / CLUSTER / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("demo.yaml", "workloads.yaml"))
    (root / "kubernetes/workloads/apps/demo").rename(root / "kubernetes/workloads/apps/volsync-test")
    workloads.write_text(workloads.read_text().replace("apps/demo", "apps/volsync-test"))

    def call(*words, check=True):
        return subprocess.run(
            ["git", "-C", root, *words], check=check, capture_output=True, text=True, env={**os.environ}
        ).stdout.strip()

    call("init", "-q")
    (root / "README.md").write_text("# Readme\n", encoding="utf-8")
    call("add", "README.md")
    call("commit", "-q", "-m", "docs: begin")
    call.root = root
    return call


def state(git):
    """Everything that a refusal must leave as it was."""
    head = git("rev-parse", "HEAD")
    return head, git("diff", "--cached", "--name-status"), git("status", "--porcelain", "-uall")


def test_the_story_is_committed_as_it_was_validated(git, capsys):
    (git.root / "notes.txt").write_text("mine\n", encoding="utf-8")
    run(git.root)

    message = git("log", "-1", "--format=%B")
    assert message.splitlines()[0] == SUBJECT
    assert message.splitlines()[-1] == RELATED
    assert "- snapshot-controller: add app/helmrelease.yaml, app/kustomization.yaml," in message
    assert max(map(len, message.splitlines()[1:])) <= 72
    assert git("status", "--porcelain") == "?? notes.txt"
    assert capsys.readouterr().out.splitlines()[-1].endswith("on main; nothing was pushed")


def test_a_second_run_has_nothing_to_commit_and_says_so(git, capsys):
    run(git.root)
    before = state(git)
    capsys.readouterr()

    run(git.root)

    assert state(git) == before
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing to commit: ")


def test_the_message_tells_what_was_added_changed_and_removed(git):
    run(git.root)
    settings = git.root / SETTINGS
    settings.write_text(settings.read_text() + "  VOLSYNC_SITE: home\n", encoding="utf-8")
    (git.root / "tests/alerts/volsync.test.yaml").unlink()
    (git.root / "docs/decisions").mkdir()
    (git.root / "docs/decisions/0001-story-and-real-components.md").write_text("# Decision\n", encoding="utf-8")

    run(git.root)

    assert git("log", "-1", "--format=%B").splitlines()[2:-2] == [
        "- entry point of the cluster: change cluster-settings.yaml",
        "- unit tests of the alerts: remove volsync.test.yaml",
        "- documentation: add 0001-story-and-real-components.md",
    ]


def test_the_first_commit_of_a_repository_can_be_the_storys(git):
    git("update-ref", "-d", "HEAD")
    git("rm", "-q", "--cached", "README.md")

    run(git.root)

    assert git("rev-list", "--count", "HEAD") == "1"


def unrelated(git):
    (git.root / "README.md").write_text("# Other\n", encoding="utf-8")
    git("add", "README.md")


def half_staged(git):
    git("add", SETTINGS)
    (git.root / SETTINGS).write_text("---\n", encoding="utf-8")


def merging(git):
    git("checkout", "-q", "-b", "other")
    (git.root / "README.md").write_text("# Other\n", encoding="utf-8")
    git("commit", "-q", "-am", "docs: other")
    git("checkout", "-q", "main")
    (git.root / "README.md").write_text("# Mine\n", encoding="utf-8")
    git("commit", "-q", "-am", "docs: mine")
    git("merge", "other", check=False)


def rebasing(git):
    merging(git)
    git("merge", "--abort")
    git("rebase", "other", check=False)


def conflict(git):
    merging(git)
    (git.root / ".git/MERGE_HEAD").unlink()


def nameless(git):
    git("config", "--global", "--unset", "user.name")


def hook(git, text):
    file = git.root / ".git/hooks/pre-commit"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def failing_hook(git):
    hook(git, "echo 'the moon is wrong' >&2\nexit 1")


def secret(git):
    text = f"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: {PASSPHRASE}\n"
    (git.root / "kubernetes/workloads/apps/volsync-test/secret.yaml").write_text(text, encoding="utf-8")


def nested_repository(git):
    folder = git.root / "kubernetes/components/volsync/nested"
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "commit", "-q", "--allow-empty", "-m", "x"], check=True)


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        pytest.param(unrelated, "README.md: is staged and no part of the story", id="another file is staged"),
        pytest.param(half_staged, f"{SETTINGS}: is staged with other content", id="a file is staged as it was"),
        pytest.param(merging, "a merge is going on", id="a merge is going on"),
        pytest.param(rebasing, "a rebase is going on", id="a rebase is going on"),
        pytest.param(conflict, "README.md: has a conflict", id="a file has a conflict"),
        pytest.param(lambda git: git("checkout", "-q", "--detach"), "HEAD is detached", id="HEAD is detached"),
        pytest.param(nameless, "does not know who you are", id="git has no name for the author"),
        pytest.param(failing_hook, "the moon is wrong", id="a hook refuses"),
        pytest.param(secret, "secret.yaml:6: Secret x has values in stringData", id="a secret would go in"),
        pytest.param(nested_repository, "nested: is a repository of its own", id="a repository is within"),
        pytest.param(lambda git: shutil.rmtree(git.root / ".git"), "is no git work tree", id="there is no repository"),
    ],
)
def test_a_commit_that_is_refused_says_why_and_changes_nothing(git, arrange, said, capsys):
    arrange(git)
    is_repository = (git.root / ".git").exists()
    before = state(git) if is_repository else ()

    with pytest.raises(CommitRefused) as refusal:
        run(git.root)

    assert said in str(refusal.value)
    assert (state(git) if is_repository else ()) == before
    captured = capsys.readouterr()
    assert PASSPHRASE not in f"{refusal.value}{captured.out}{captured.err}"


def test_a_folder_within_another_work_tree_is_refused(git):
    with pytest.raises(CommitRefused, match="is not the top of its git work tree"):
        run(git.root / "docs")


def test_what_would_not_go_in_is_not_what_is_validated(git):
    """The tree is whole here, but a file that it needs is ignored by git."""
    (git.root / ".gitignore").write_text("helmrelease.yaml\n", encoding="utf-8")
    before = state(git)

    with pytest.raises(FindingsFound):
        run(git.root)

    assert state(git) == before


def test_a_fault_in_a_file_that_does_not_go_in_is_no_obstacle(git):
    (git.root / "broken.yaml").write_text("a: [\n", encoding="utf-8")

    run(git.root)

    assert git("status", "--porcelain") == "?? broken.yaml"


def test_a_tree_that_cannot_be_validated_is_not_committed(git):
    (git.root / ".yamllint.yaml").unlink()
    before = state(git)

    with pytest.raises(CouldNotRun):
        run(git.root)

    assert state(git) == before


def test_a_hook_that_changes_what_goes_in_is_told(git):
    hook(git, "echo more >> docs/architecture.md\ngit add docs/architecture.md")

    with pytest.raises(CommitRefused, match="a hook changed what went in"):
        run(git.root)


PROGRAM = """
import pathlib, sys
from scripts.interrupts import signals_as_interrupts
from scripts.publish import run
with signals_as_interrupts():
    run(pathlib.Path(sys.argv[1]))
"""


def test_a_run_that_is_ended_while_it_commits_leaves_all_as_it_was_and_can_be_run_again(git, tmp_path):
    started = tmp_path / "started"
    waiting = hook(git, f"touch {started}\nexec sleep 60")
    before = state(git)
    with subprocess.Popen([sys.executable, "-c", PROGRAM, git.root], stderr=subprocess.PIPE, text=True) as program:
        wait_until(
            lambda: started.exists() or program.poll() is not None, timeout_s=60, every_s=0.05, what="the hook to start"
        )
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)

    assert "scripts.errors.Interrupted: SIGTERM" in said
    assert state(git) == before
    waiting.unlink()
    run(git.root)
    assert git("log", "-1", "--format=%s") == SUBJECT


def test_a_run_that_was_killed_after_staging_can_be_run_again(git):
    git("add", "--all", "kubernetes", "docs", "tests", ".yamllint.yaml")

    run(git.root)

    assert git("log", "-1", "--format=%s") == SUBJECT


def test_nothing_is_ever_pushed(git, tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    git("remote", "add", "origin", str(remote))
    git("push", "-q", "-u", "origin", "main")
    pushed = git("rev-parse", "origin/main")

    run(git.root)

    assert git("ls-remote", "origin", "main").split()[0] == pushed
