"""A git work tree -> the state it is in, and the commit that is made in it."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import CommandFailed, CommitRefused
from scripts.process import Completed, last_words, minimal_environment, run
from scripts.publish.message import STORY_PATHS, VERBS, Change, belongs
from scripts.settings import Secret, environment

TIMEOUT_S = 60.0
COMMIT_TIMEOUT_S = 900.0
"""Hooks of the repository may run its tests."""

IN_PROGRESS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}
"""What git keeps while a thing is going on -> the thing."""

PERSONAL = (
    *(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "XDG_CONFIG_HOME"),
    *("GNUPGHOME", "GPG_TTY", "SSH_AUTH_SOCK", "VIRTUAL_ENV"),
)
"""Variables that say who commits, with which key, and in which environment hooks run."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """
    A git work tree.

    Args:
        git: the program.

        root: the top of the work tree.
    """

    git: Path
    root: Path

    def run(
        self,
        *words: str | Path,
        index: Path | None = None,
        stdin: str = "",
        accept: tuple[int, ...] | None = (0,),
        timeout_s: float = TIMEOUT_S,
    ) -> Completed:
        """
        Run git in the work tree.

        Args:
            words: the command and its arguments.

            index: a file to use in the place of the repository's own index.

            stdin: what git reads.

            accept: exit codes that are no failure; None for all.

            timeout_s: after which it is ended, in seconds.

        Returns:
            What git wrote.

        Raises:
            CommandFailed: where its exit code is not accepted, or the time is over.
        """
        command = (self.git, "--literal-pathspecs", "-C", self.root, *words)
        variables: dict[str, str | Secret] = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", **_personal()}
        if index:
            variables["GIT_INDEX_FILE"] = str(index)
        return run(
            command,
            timeout_s=timeout_s,
            environment=minimal_environment(variables),
            stdin=stdin,
            accept=accept,
            next_step="mend what git says and run `invoke commit` again",
        )

    def paths(self, *words: str | Path, index: Path | None = None) -> tuple[str, ...]:
        """
        Run a git command that lists paths.

        Args:
            words: the command and its arguments, with -z among them.

            index: a file to use in the place of the repository's own index.

        Returns:
            The paths, relative to the root.
        """
        return tuple(path for path in self.run(*words, index=index).stdout.split("\0") if path)


def _personal() -> Mapping[str, str]:
    found = environment()
    return {name: found[name] for name in PERSONAL if name in found}


def head_tree(repository: Repository) -> str:
    """
    The content of the last commit.

    Args:
        repository: the work tree.

    Returns:
        Hexadecimal name of its tree, lower case; that of the empty tree before the first commit.
    """
    found = repository.run("rev-parse", "--verify", "--quiet", "HEAD^{tree}", accept=(0, 1))
    return found.stdout.strip() or repository.run("hash-object", "-t", "tree", "--stdin").stdout.strip()


def candidate(repository: Repository, folder: Path) -> str:
    """
    The content that a commit of the story's paths would have, without touching the index.

    Args:
        repository: the work tree.

        folder: for an index that is thrown away.

    Returns:
        Hexadecimal name of its tree, lower case.

    Raises:
        CommitRefused: where a repository of its own would go in as a reference.
    """
    index = folder / "index"
    own = repository.root / repository.run("rev-parse", "--git-path", "index").stdout.strip()
    if own.exists():
        shutil.copyfile(own, index)
    stage(repository, index=index)
    tree = repository.run("write-tree", index=index).stdout.strip()
    entries = (line.partition("\t") for line in repository.paths("ls-tree", "-r", "-z", tree))
    nested = [path for mode, _, path in entries if mode.startswith("160000") and belongs(path)]
    if nested:
        raise CommitRefused(nested[0], "is a repository of its own, whose files would not go in", "remove its .git")
    return tree


def stage(repository: Repository, index: Path | None = None) -> None:
    """
    Put the story's paths into an index as they are in the work tree, deletions included.

    Args:
        repository: the work tree.

        index: a file to use in the place of the repository's own index.
    """
    known = [
        path
        for _, path in STORY_PATHS
        if repository.paths("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", path, index=index)
    ]
    if known:
        repository.run("add", "--all", "--", *known, index=index)


def export(repository: Repository, tree: str, folder: Path) -> Path:
    """
    Write a tree to a folder.

    Args:
        repository: the work tree.

        tree: hexadecimal name.

        folder: an empty one.

    Returns:
        The folder that holds the files.
    """
    index, files = folder / "export-index", folder / "files"
    files.mkdir()
    # an index made anew has no flags that would leave a file out
    repository.run("read-tree", tree, index=index)
    repository.run("checkout-index", "--all", f"--prefix={files}/", index=index)
    return files


def changes(repository: Repository, before: str, after: str) -> tuple[Change, ...]:
    """
    What lies between two trees.

    Args:
        repository: the work tree.

        before: hexadecimal name of a tree.

        after: likewise.

    Returns:
        The files that differ, sorted by path.
    """
    words = repository.paths("diff-tree", "-r", "-z", "--no-renames", "--name-status", before, after)
    pairs = zip(words[0::2], words[1::2], strict=True)
    return tuple(Change(path=path, verb=VERBS[letter]) for letter, path in pairs)


@contextlib.contextmanager
def index_kept(repository: Repository) -> Iterator[None]:
    """
    Give the index back the content that it had, where what is done to it fails and no commit was made.

    Args:
        repository: the work tree.
    """
    before, head = repository.run("write-tree").stdout.strip(), head_tree(repository)
    try:
        yield
    except BaseException:
        with contextlib.suppress(CommandFailed):
            if head_tree(repository) == head:
                repository.run("read-tree", before)
                repository.run("update-index", "-q", "--refresh", accept=None)
        raise


def commit(repository: Repository, text: str) -> None:
    """
    Commit what is staged.

    Args:
        repository: the work tree.

        text: the whole message.

    Raises:
        CommitRefused: where git or a hook refuses, in its own words.
    """
    done = repository.run("commit", "--file=-", stdin=text, accept=None, timeout_s=COMMIT_TIMEOUT_S)
    if done.exit_code != 0:
        raise CommitRefused("git commit", last_words(done, lines=40), "mend that and run `invoke commit` again")
