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
        One outcome for each criterion: failed with what no other check tells; blocked where another check tells what is
        wrong; passed only where something was looked at, and its reason says what.
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
            obstacle=_gone(each, told) or _failed(each, before),
            idle=_idle(each, before),
            lacking=tuple(story.lacking(each, tree.texts, documents)),
        )
        for each in story.CRITERIA
    )


def _outcome(
    criterion: Criterion, missing: tuple[Finding, ...], *, obstacle: str, idle: str, lacking: tuple[Finding, ...]
) -> Outcome:
    subject = f"{criterion.name} {criterion.asks}"
    if missing:
        return concluded(CHECK, subject, missing)
    if obstacle:
        return blocked(CHECK, subject, obstacle)
    if idle:
        return skipped(CHECK, subject, f"not checked here: {idle}")
    counts = ((len(criterion.paths), "files"), (len(criterion.contents), "contents"))
    looked_at = (*(f"{count} {what}" for count, what in counts if count), *criterion.checks)
    return concluded(CHECK, subject, lacking, reason=", ".join(looked_at))


def _gone(criterion: Criterion, told: tuple[str, ...]) -> str:
    """The file or folder of a criterion that is missing, as another criterion or a kustomization says; "" where none is."""
    paths = (*criterion.paths, *(each.path for each in criterion.contents))
    gone = next((each for each in told for path in paths if path == each or path.startswith(f"{each}/")), "")
    return f"{gone} is missing, which is told elsewhere" if gone else ""


def _failed(criterion: Criterion, before: tuple[Outcome, ...]) -> str:
    """What other checks have to say against a criterion; "" where nothing."""
    return next(filter(None, (_against(check, before) for check in criterion.checks)), "")


def _against(check: str, before: tuple[Outcome, ...]) -> str:
    for each in before:
        if each.check == check and each.status is Status.FAILED:
            return f"{check}, {each.subject}: it failed, which is told above"
        if each.check == check and each.status is Status.BLOCKED:
            return f"{check}, {each.subject}: {each.reason}"
    return ""


def _idle(criterion: Criterion, before: tuple[Outcome, ...]) -> str:
    """Why a criterion is not checked; "" where each check that it asks for looked at something."""
    passed = {each.check for each in before if each.status is Status.PASSED}
    check = next((each for each in criterion.checks if each not in passed), "")
    said = next((each.reason for each in before if each.check == check), "it did not run")
    return f"{check}: {said}" if check else criterion.elsewhere
