"""The state of a git work tree -> a reason to leave it alone, or none."""

from pathlib import Path

from scripts.errors import CommitRefused
from scripts.process import last_words
from scripts.publish.message import belongs
from scripts.publish.repository import IN_PROGRESS, Repository


def refuse(repository: Repository) -> None:
    """
    Refuse a work tree in which a commit could take in more than what was asked for, or land where nobody finds it.

    Args:
        repository: the work tree.

    Raises:
        CommitRefused: with the first reason.
    """
    _refuse_other_folders(repository)
    _refuse_unfinished_work(repository)
    _refuse_nameless(repository)
    _refuse_staged(repository)


def _refuse_other_folders(repository: Repository) -> None:
    found = repository.run("rev-parse", "--show-toplevel", accept=None)
    if found.exit_code != 0:
        raise CommitRefused("this folder", f"is no git work tree ({last_words(found)})", "run it in a clone")
    if Path(found.stdout.removesuffix("\n")).resolve() != repository.root.resolve():
        raise CommitRefused("this folder", "is not the top of its git work tree", "run it in a clone of its own")


def _refuse_unfinished_work(repository: Repository) -> None:
    for name, thing in IN_PROGRESS.items():
        path = repository.run("rev-parse", "--git-path", name).stdout.removesuffix("\n")
        if (repository.root / path).exists():
            raise CommitRefused("git", f"{thing} is going on", "finish or abort it (`git status` says how)")
    if unmerged := repository.paths("diff", "--name-only", "-z", "--diff-filter=U"):
        raise CommitRefused(unmerged[0], "has a conflict", "resolve it and run `git add` on it")
    if repository.run("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)).exit_code != 0:
        raise CommitRefused("git", "HEAD is detached, so the commit would be on no branch", "run `git switch BRANCH`")


def _refuse_nameless(repository: Repository) -> None:
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        # without this setting git makes a name up from the name of the machine
        found = repository.run("-c", "user.useConfigOnly=true", "var", who, accept=None)
        if found.exit_code != 0:
            raise CommitRefused(
                "git",
                "does not know who you are",
                "run `git config user.name NAME` and `git config user.email ADDRESS`",
            )


def _refuse_staged(repository: Repository) -> None:
    staged = repository.paths("diff", "--cached", "--name-only", "-z", "--no-renames")
    others = sorted(path for path in staged if not belongs(path))
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise CommitRefused(
            f"{others[0]}{more}", "is staged and no part of the story", "commit it apart, or run `git restore --staged`"
        )
    changed_since = set(repository.paths("diff", "--name-only", "-z", "--no-renames"))
    halves = sorted(changed_since & set(staged))
    if halves:
        raise CommitRefused(
            halves[0],
            "is staged with other content than it has now, and only one of both can be meant",
            "run `git add` on it to commit what it is now, or `git restore` to commit what is staged",
        )
