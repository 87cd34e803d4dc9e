"""A git repository -> what the commits of the branch that are on no remote would publish."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.process import Completed, minimal_environment, run

TIMEOUT_S = 60.0
REGULAR = frozenset({"100644", "100755"})
"""Modes of a file, which a link and a repository within the repository have not."""


@dataclass(frozen=True, kw_only=True)
class Commits:
    """
    The commits that a push would publish.

    Args:
        ids: hexadecimal, lower case, whole; the newest first.

        remark: why there are none; "" where they were looked for.
    """

    ids: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Version:
    """
    A file as a commit leaves it.

    Args:
        commit: its id, shortened to 10 digits.

        path: of the file, relative to the root of the tree.

        text: what it holds.

        before: what it held in each parent of the commit; empty for a new file.
    """

    commit: str
    path: str
    text: str
    before: tuple[str, ...]


def commits(root: Path, git: Path) -> Commits | None:
    """
    List the commits that HEAD leads to and no remote has.

    Args:
        root: of the tree.

        git: the program.

    Returns:
        The commits; None where the tree is in no repository.

    Raises:
        CommandFailed: where git cannot tell.
    """
    if _git(root, git, "rev-parse", "--git-dir", accept=None).exit_code != 0:
        return None
    if not _git(root, git, "for-each-ref", "--count=1", "refs/remotes").stdout:
        return Commits(remark="the commits were not looked at, as there is no remote that they could be missing on")
    if _git(root, git, "rev-parse", "--verify", "--quiet", "HEAD", accept=None).exit_code != 0:
        return Commits(remark="there is no commit yet")
    return Commits(ids=tuple(_git(root, git, "rev-list", "HEAD", "--not", "--remotes").stdout.split()))


def versions(root: Path, git: Path, ids: tuple[str, ...]) -> tuple[Version, ...]:
    """
    Read the files that commits add or change.

    Args:
        root: of the tree; files outside of it do not count.

        git: the program.

        ids: of the commits.

    Returns:
        Those that hold text, in the order of the commits.

    Raises:
        CommandFailed: where git cannot read them in time.
    """
    if not ids:
        return ()
    inside = _git(root, git, "rev-parse", "--show-prefix").stdout.removesuffix("\n")
    words = ("diff-tree", "--stdin", "-r", "-z", "-c", "--root", "--no-renames", "--no-abbrev")
    listed = _git(root, git, *words, stdin="".join(f"{each}\n" for each in ids)).stdout
    changes = [change for change in _changes(listed) if change.path.startswith(inside)]
    texts = _texts(root, git, {blob for change in changes for blob in (change.after, *change.before)})
    return tuple(
        Version(
            commit=change.commit[:10],
            path=change.path.removeprefix(inside),
            text=texts[change.after],
            before=tuple(texts[blob] for blob in change.before if blob in texts),
        )
        for change in changes
        if change.after in texts
    )


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A file that a commit adds or changes, and the ids of what it holds."""

    commit: str
    path: str
    after: str
    before: tuple[str, ...]


def _changes(listed: str) -> Iterator[_Change]:
    """
    Read what `git diff-tree -z` tells of several commits.

    Source: git@v2.39.0:Documentation/diff-format.txt, "Raw output format" and "diff format for merges".
    """
    commit = ""
    words = iter(listed.split("\0"))
    for word in words:
        if not word.startswith(":"):
            commit = word
            continue
        path = next(words)
        parents = len(word) - len(word.lstrip(":"))
        fields = word.lstrip(":").split(" ")
        modes, blobs = fields[: parents + 1], fields[parents + 1 : -1]
        if modes[-1] in REGULAR:
            yield _Change(commit=commit, path=path, after=blobs[-1], before=tuple(blobs[:-1]))


def _texts(root: Path, git: Path, blobs: Iterable[str]) -> Mapping[str, str]:
    """Id -> what it holds, of those that are there and hold text."""
    told = _git(root, git, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in sorted(blobs)))
    content = told.stdout.encode("utf-8", "surrogateescape")
    texts: dict[str, str] = {}
    start = 0
    while start < len(content):
        end = content.index(b"\n", start)
        name, _, size = content[start:end].decode().partition(" blob ")
        start = end + 1
        if not size:
            continue  # of an id of zeros it says "missing"
        data = content[start : start + int(size)]
        start += int(size) + 1
        try:
            text = data.decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            texts[name] = text
    return texts


def _git(root: Path, git: Path, *words: str, stdin: str = "", accept: tuple[int, ...] | None = (0,)) -> Completed:
    return run(
        (git, "-C", root, *words),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment({"LC_ALL": "C"}),
        stdin=stdin,
        accept=accept,
        next_step="see what `git status` says",
    )
