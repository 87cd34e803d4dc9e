"""The acceptance criteria of the story, what every other check came to -> a checklist."""

from collections import defaultdict

from scripts.checks import story
from scripts.checks.story import Criterion
from scripts.document import Document
from scripts.model import Finding, Outcome, Status
from scripts.source import Tree
from scripts.validate.builds import referenced
from scripts.validate.outcome import blocked, concluded, skipped

CHECK = "story"


def outcomes(tree: Tree, before: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """
    Go through the acceptance criteria.

    Args:
        tree: what was read.

        before: what every other check came to.

    Returns:
        One outcome for each criterion: failed with what no other check tells; skipped where another check tells what is
        wrong, or where nothing here can tell; passed only where each check that it rests on did, and its reason says which.
    """
    named = referenced(tree)
    missing: dict[str, list[Finding]] = defaultdict(list)
    for name, finding in story.missing(tree.files):
        missing[name].append(finding)
    told = tuple(finding.file for findings in missing.values() for finding in findings)
    documents: dict[str, tuple[Document, ...]] = {file.path: file.documents for file in tree.yaml_files}
    # kustomize says it of what a kustomization names
    own = {name: tuple(each for each in findings if each.file not in named) for name, findings in missing.items()}
    return tuple(
        _outcome(
            each,
            own.get(each.name, ()),
            stopped=_ended(each, before, Status.BLOCKED),
            open_because=_gone(each, told) or _ended(each, before, Status.FAILED) or _idle(each, before),
            lacking=tuple(story.lacking(each, tree.texts, documents)),
        )
        for each in story.CRITERIA
    )


def _outcome(
    criterion: Criterion, missing: tuple[Finding, ...], *, stopped: str, open_because: str, lacking: tuple[Finding, ...]
) -> Outcome:
    subject = f"{criterion.name} {criterion.asks}"
    if missing:
        return concluded(CHECK, subject, missing)
    if open_because:
        # what another check found is its finding: where that is none of a change's, neither is this
        return skipped(CHECK, subject, open_because)
    if stopped:
        return blocked(CHECK, subject, stopped)
    counts = ((len(criterion.paths), "files"), (len(criterion.contents), "contents"))
    looked_at = (*(f"{count} {what}" for count, what in counts if count), *criterion.checks)
    return concluded(CHECK, subject, lacking, reason=", ".join(looked_at))


def _gone(criterion: Criterion, told: tuple[str, ...]) -> str:
    """The file or folder of a criterion that is missing, as another criterion or a kustomization says; "" where none is."""
    paths = (*criterion.paths, *(each.path for each in criterion.contents))
    gone = next((each for each in told for path in paths if path == each or path.startswith(f"{each}/")), "")
    return f"not met: {gone} is missing, which is told elsewhere" if gone else ""


def _ended(criterion: Criterion, before: tuple[Outcome, ...], status: Status) -> str:
    """The first check that a criterion rests on and that ended in this way; "" where none did."""
    for check in criterion.checks:
        for each in before:
            if each.check == check and each.status is status:
                is_failed = status is Status.FAILED
                return f"not met: {check} of {each.subject} failed" if is_failed else f"{check}: {each.reason}"
    return ""


def _idle(criterion: Criterion, before: tuple[Outcome, ...]) -> str:
    """Why a criterion is not checked; "" where each check that it asks for looked at something, or could not."""
    if criterion.elsewhere:
        return f"not checked here: {criterion.elsewhere}"
    looked = {each.check for each in before if each.status is not Status.SKIPPED}
    check = next((each for each in criterion.checks if each not in looked), "")
    said = next((each.reason for each in before if each.check == check), "it did not run")
    return f"not checked here: {check}: {said}" if check else ""
