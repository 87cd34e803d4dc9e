"""Two reports, of a commit and of what it became -> what the change is to blame for."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from scripts.model import Finding, Outcome, Report, Status
from scripts.report import Verdict, counted, verdict
from scripts.review import revision
from scripts.source import read


def former(root: Path, base: str, folder: Path) -> tuple[Path, str]:
    """
    Write out the tree as it was.

    Args:
        root: the folder that holds `kubernetes/`, in a work tree.

        base: any name of a commit.

        folder: an empty one.

    Returns:
        The tree at that commit, and how to name the commit to a person.

    Raises:
        SettingsError: where root is in no work tree, or base names no commit that holds it.
    """
    found, commit = revision.export(root, base, folder)
    return found, base if base == commit else f"{base} ({commit})"


def changed(before: Path, after: Path, *, git: Path | None) -> frozenset[str]:
    """
    The files that differ.

    Args:
        before: the tree as it was, in no repository.

        after: the tree as it is.

        git: the program that says which files of it count.

    Returns:
        Paths that were added, changed or removed, relative to the root.
    """
    old, new = read(before, git=None).digests, read(after, git=git).digests
    return frozenset(path for path in {*old, *new} if old.get(path) != new.get(path))


def narrowed(before: Report, after: Report, files: frozenset[str], *, base: str) -> Report:
    """
    Leave of a report what the change is to blame for: findings that were not there before, and those in files that it
    touches.

    Args:
        before: of the tree as it was.

        after: of the tree as it is.

        files: that differ.

        base: names the commit.

    Returns:
        A report that says what it leaves out; all of `after` where the tree as it was could not be checked.
    """
    title = f"validate what changed since {base}"
    if verdict(before) is Verdict.COULD_NOT_RUN:
        note = f"The tree at {base} could not be checked, so that every finding is told, old ones too."
        return replace(after, title=title, notes=(*after.notes, note))
    known = Counter(_mark(each) for each in before.findings)
    outcomes: list[Outcome] = []
    left_out = 0
    for outcome in after.outcomes:
        told: list[Finding] = []
        for finding in outcome.findings:
            if known[_mark(finding)] > 0 and finding.file not in files:
                known[_mark(finding)] -= 1
            else:
                told.append(finding)
        old = len(outcome.findings) - len(told)
        left_out += old
        outcomes.append(_outcome(outcome, tuple(told), old, base) if old else outcome)
    note = f"The change touches {_count(len(files), 'file')}; {counted(left_out)} that {base} had already are not told."
    return replace(after, title=title, outcomes=tuple(outcomes), notes=(*after.notes, note))


def _outcome(outcome: Outcome, told: tuple[Finding, ...], old: int, base: str) -> Outcome:
    reason = "; ".join(part for part in (outcome.reason, f"{counted(old)} of {base} not told") if part)
    return replace(outcome, findings=told, reason=reason, status=outcome.status if told else Status.PASSED)


def _mark(finding: Finding) -> tuple[str, str, str]:
    # not the line: a finding stays the same one where lines are put above it
    return finding.rule, finding.file, finding.message


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
