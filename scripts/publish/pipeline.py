"""Refuse, validate, stage, commit: in this order, so that a commit holds what was validated and nothing else."""

import tempfile
from pathlib import Path

from scripts import report
from scripts.checks import SECRET_RULES
from scripts.errors import CommitRefused
from scripts.progress import step
from scripts.publish import repository as git
from scripts.publish.message import message
from scripts.publish.repository import Repository
from scripts.publish.state import refuse
from scripts.settings import REPOSITORY_ROOT
from scripts.toolchain import get
from scripts.validate import conclude, validate


def run(root: Path = REPOSITORY_ROOT) -> None:
    """
    Validate what a commit of the story's paths would hold, then make it; where there is nothing to commit, say so.

    Args:
        root: the top of the work tree.

    Raises:
        CommitRefused: where the work tree, a secret or a hook stands against it.

        FindingsFound: where what would be committed has another fault.

        CouldNotRun: where it could not be validated.
    """
    repository = Repository(git=get("git").path, root=root)
    refuse(repository)
    before = git.head_tree(repository)
    with tempfile.TemporaryDirectory(prefix="commit-") as name:
        folder = Path(name).resolve()
        after = git.candidate(repository, folder)
        _validate(git.export(repository, after, folder))
    if after == before:
        report.show(("nothing to commit: the last commit holds the story's paths as they are here",))
        return
    changes = git.changes(repository, before, after)
    with step(f"commit {len(changes)} files"):
        _commit(repository, after, message(changes))
    branch = repository.run("symbolic-ref", "--short", "HEAD").stdout.strip()
    commit = repository.run("rev-parse", "--short", "HEAD").stdout.strip()
    report.show((f"committed {len(changes)} files as {commit} on {branch}; nothing was pushed",))


def _validate(files: Path) -> None:
    found = validate(files, is_repository=False)
    report.show(found)
    secrets = tuple(finding for finding in found.findings if finding.rule in SECRET_RULES)
    if secrets:
        first = secrets[0]
        raise CommitRefused(f"{first.file}:{first.line}", first.message, first.next_step)
    conclude(found)


def _commit(repository: Repository, validated: str, text: str) -> None:
    with git.index_kept(repository):
        git.stage(repository)
        if repository.run("write-tree").stdout.strip() != validated:
            raise CommitRefused("the work tree", "was changed while it was validated", "run `invoke commit` again")
        git.commit(repository, text)
    if git.head_tree(repository) != validated:
        raise CommitRefused(
            "git commit",
            "is made, but a hook changed what went in, and that was not validated",
            "look at `git show` and run `invoke validate`",
        )
