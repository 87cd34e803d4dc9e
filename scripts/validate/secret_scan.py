"""Every file, and what the commits that are yet to be pushed add -> the lines that look like a credential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.checks import credentials
from scripts.checks.credentials import NEXT_STEP, Exposure
from scripts.document import Document, load
from scripts.model import Finding, Outcome
from scripts.source import YAML_SUFFIXES, Tree
from scripts.store import of_files
from scripts.validate import gitleaks
from scripts.validate.outcome import blocked, concluded
from scripts.validate.tools import Tools
from scripts.validate.unpushed import Commits, Version, versions

CHECK = "secrets"


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """
    What was found in one file.

    Args:
        findings: by line, one of each.

        allowed: how many more a comment allows, with a reason.
    """

    findings: tuple[Finding, ...] = ()
    allowed: int = 0


def outcomes(tree: Tree, tools: Tools, commits: Commits | None) -> tuple[Outcome, ...]:
    """
    Look for credentials in every text of the tree, and in what is yet to be pushed.

    Args:
        tree: what was read.

        tools: the programs.

        commits: that are yet to be pushed; None where the tree is no part of a repository.

    Returns:
        One outcome; its reason says what was allowed and what was not looked at.

    Raises:
        ToolMissing: where gitleaks cannot be had.

        CommandFailed: where it did not do its work.
    """
    texts = {path: text for path, text in tree.texts.items() if path not in tree.broken}
    if not texts:
        return (blocked(CHECK, "the tree", "it holds no file that can be read"),)
    documents = {file.path: file.documents for file in tree.yaml_files}
    program = tools.get("gitleaks")
    found = of_files(
        tree.store,
        "secrets",
        {path: tree.digests[path] for path in texts},
        lambda paths: scan({path: texts[path] for path in paths}, documents, program.path),
        program.identity,
    )
    findings = [finding for path in sorted(texts) for finding in found[path].findings]
    allowed = sum(each.allowed for each in found.values())
    remarks = [f"{allowed} lines allowed with a reason"] if allowed else []
    if unread := len(tree.binaries) + len(tree.texts) - len(texts):
        remarks.append(f"{unread} files that are no text were not looked at")
    subject = f"{len(texts)} files"
    if commits is not None:
        findings += _in_commits(versions(tree.root, tools.path("git"), commits.ids), texts, program.path)
        subject += f", {len(commits.ids)} commits to be pushed" if commits.ids else ""
        remarks += [commits.remark] if commits.remark else []
    return (concluded(CHECK, subject, tuple(findings), reason=", ".join(remarks)),)


def scan(texts: Mapping[str, str], documents: Mapping[str, Sequence[Document]], program: Path) -> Mapping[str, Scanned]:
    """
    Look for credentials: with gitleaks, and with what is known of Kubernetes objects.

    Args:
        texts: path -> what the file holds.

        documents: path -> those in the file; where it is YAML.

        program: gitleaks.

    Returns:
        Path -> what was found, for each of the texts. It depends on nothing but path, text, configuration and versions.

    Raises:
        CommandFailed: where gitleaks did not read all of it.
    """
    found = gitleaks.search(texts, program)
    return {
        path: _settled(
            text,
            (
                *(each for document in documents.get(path, ()) for each in credentials.check(document)),
                *_exposures(path, found[path]),
            ),
        )
        for path, text in texts.items()
    }


def _settled(text: str, exposures: tuple[Exposure, ...]) -> Scanned:
    findings, allowed = credentials.settle(text, exposures)
    return Scanned(findings=findings, allowed=allowed)


def _exposures(path: str, found: tuple[tuple[int, str], ...]) -> tuple[Exposure, ...]:
    rules: dict[int, list[str]] = {}
    for line, rule in found:
        rules.setdefault(line, []).append(rule)
    return tuple(
        Exposure(
            finding=Finding(
                rule="secret-in-tree",
                file=path,
                line=line,
                message=f"looks like a credential ({', '.join(names)})",
                next_step=f"{NEXT_STEP}; or say why it is none: `pragma: allowlist secret - REASON`",
            ),
            last=line,
        )
        for line, names in rules.items()
    )


def _in_commits(added: tuple[Version, ...], now: Mapping[str, str], program: Path) -> list[Finding]:
    after = {f"after/{number}/{each.path}": each.text for number, each in enumerate(added)}
    before = {
        f"before {place}/{number}/{each.path}": text
        for number, each in enumerate(added)
        for place, text in enumerate(each.before)
    }
    texts = after | before
    documents = {path: load(path, text).documents for path, text in texts.items() if path.endswith(YAML_SUFFIXES)}
    found = scan(texts, documents, program)
    findings: list[Finding] = []
    for number, version in enumerate(added):
        known = {
            (finding.rule, _line(text, finding))
            for place, text in enumerate(version.before)
            for finding in found[f"before {place}/{number}/{version.path}"].findings
        }
        for finding in found[f"after/{number}/{version.path}"].findings:
            line = _line(version.text, finding)
            is_new = (finding.rule, line) not in known and finding.rule != "secret-allowed-without-reason"
            if is_new and not credentials.allows(now.get(version.path, ""), line):
                findings.append(_in_commit(version, finding))
    return findings


def _line(text: str, finding: Finding) -> str:
    return text.split("\n")[finding.line - 1]


def _in_commit(version: Version, finding: Finding) -> Finding:
    return Finding(
        rule="secret-in-commit",
        file=version.path,
        line=finding.line,
        message=f"{finding.message}, in commit {version.commit}, which is yet to be pushed",
        next_step=(
            "rewrite the history before a push (`git rebase --interactive`), as another commit without the line leaves it"
            " readable; and replace the credential"
        ),
    )
