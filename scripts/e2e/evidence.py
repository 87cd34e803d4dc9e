"""What a run of the scenario showed, as values and as the files that are kept: Markdown, JSON and JUnit."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from scripts.errors import SettingsError
from scripts.model import Status

MARKS = {Status.PASSED: "passed", Status.FAILED: "**FAILED**", Status.BLOCKED: "blocked", Status.SKIPPED: "not checked"}

KNOWN_LOSSES = (
    "Extended attributes outside of `user.*`, POSIX ACLs, file capabilities and SELinux labels: a mover without privileges "
    "may not set them (backube/volsync@v0.12.0:mover-restic/entry.sh).",
    "Owner and group: a mover that does not run as root gives every file to its own runAsUser and fsGroup.",
    "Holes: a sparse file comes back with the same bytes and takes its full size on disk.",
    "Sockets: restic keeps no content of them, and a program makes them anew.",
    "`lost+found` on the volume is left out of every backup.",
    "What an app holds in memory: the VolumeSnapshot is crash-consistent, not application-consistent.",
)
"""What a restore by VolSync does not bring back, which the comparison therefore does not ask for."""


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """
    One step of the scenario.

    Args:
        title: what it does.

        status: how it ended.

        detail: what it showed, in one sentence or more.

        log: what the mover said, a line each; none where no mover ran.

        duration_s: in seconds.
    """

    title: str
    status: Status
    detail: str = ""
    log: tuple[str, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """
    What a run showed.

    Args:
        system: which platform did the work ("local", "cluster").

        started: with its zone.

        finished: with its zone.

        facts: what the run was made of, as pairs of a name and a value: versions, commit, digests, sizes.

        steps: in the order they were taken.
    """

    system: str
    started: datetime
    finished: datetime
    facts: tuple[tuple[str, str], ...]
    steps: tuple[StepRecord, ...]

    @property
    def passed(self) -> bool:
        """True where steps passed, and every other one was not to be checked."""
        outcomes = {step.status for step in self.steps}
        return Status.PASSED in outcomes and outcomes <= {Status.PASSED, Status.SKIPPED}

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The titles of the steps that were not to be checked."""
        return tuple(step.title for step in self.steps if step.status is Status.SKIPPED)


def made_folder(parent: Path, started: datetime) -> Path:
    """
    Make the folder of a run.

    Args:
        parent: of the folders of all runs.

        started: when this one did.

    Returns:
        A folder that no other run has.

    Raises:
        SettingsError: where it cannot be made.
    """
    # two runs may start in one second; each keeps its own evidence
    for number in range(1, 1000):
        folder = parent / (f"{started:%Y-%m-%dT%H-%M-%SZ}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise SettingsError(str(folder), f"cannot be made ({error.strerror})", "make it writable") from error
        return folder
    raise SettingsError(str(parent), "has a thousand runs of this second", "remove some")


def write(evidence: Evidence, folder: Path) -> None:
    """
    Write the three files.

    Args:
        evidence: of a run.

        folder: that is there.
    """
    (folder / "report.md").write_text(markdown(evidence), encoding="utf-8")
    (folder / "report.json").write_text(as_json(evidence), encoding="utf-8")
    (folder / "junit.xml").write_text(junit(evidence), encoding="utf-8")


def summary(evidence: Evidence) -> tuple[str, ...]:
    """
    The run in a few lines.

    Args:
        evidence: of a run.

    Returns:
        One line a step, and the verdict.
    """
    lines = tuple(f"{step.status.value:7} {step.title}: {step.detail}" for step in evidence.steps)
    passed = sum(step.status is Status.PASSED for step in evidence.steps)
    seconds = (evidence.finished - evidence.started).total_seconds()
    untold = f", {len(evidence.not_checked)} not checked" if evidence.not_checked else ""
    return (
        *lines,
        f"{passed} of {len(evidence.steps)} steps passed{untold} on the {evidence.system} system in {seconds:.1f} s",
    )


def markdown(evidence: Evidence) -> str:
    """
    The report to read.

    Args:
        evidence: of a run.

    Returns:
        Markdown.
    """
    verdict = "What was written came back." if evidence.passed else "**This run proves nothing: a step did not pass.**"
    lines = [f"# Restore proof, {evidence.started:%Y-%m-%d %H:%M:%S} UTC", "", verdict, ""]
    if evidence.not_checked:
        lines += [f"**Not checked:** {'; '.join(evidence.not_checked)}.", ""]
    lines += ["| | |", "|---|---|", *(f"| {name} | `{value}` |" for name, value in evidence.facts), ""]
    lines += ["## Steps", "", "| step | outcome | seconds | what it showed |", "|---|---|---|---|"]
    for step in evidence.steps:
        detail = step.detail.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {step.title} | {MARKS[step.status]} | {step.duration_s:.1f} | {detail} |")
    lines += ["", "## What a restore by VolSync does not bring back", "", "Not compared, and not hidden:", ""]
    lines += [f"- {loss}" for loss in KNOWN_LOSSES]
    lines += ["", "## What the mover said", ""]
    for step in evidence.steps:
        if step.log:
            lines += [f"### {step.title}", "", "```text", *step.log, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def as_json(evidence: Evidence) -> str:
    """
    The report for machines.

    Args:
        evidence: of a run.

    Returns:
        JSON: `passed`, `system`, `started`, `finished`, `facts` (object), `steps` (array), `known_losses` (array).
    """
    document = asdict(evidence) | {
        "passed": evidence.passed,
        "facts": dict(evidence.facts),
        "known_losses": KNOWN_LOSSES,
    }
    return json.dumps(document, indent=2, sort_keys=True, default=_plain) + "\n"


def junit(evidence: Evidence) -> str:
    """
    The report for CI.

    Args:
        evidence: of a run.

    Returns:
        JUnit XML: one test case a step.
    """
    suite = ElementTree.Element(
        "testsuite",
        name=f"restore proof ({evidence.system})",
        timestamp=evidence.started.isoformat(),
        time=f"{(evidence.finished - evidence.started).total_seconds():.3f}",
        tests=str(len(evidence.steps)),
        failures=str(sum(step.status is Status.FAILED for step in evidence.steps)),
        errors="0",
        skipped=str(sum(step.status in (Status.BLOCKED, Status.SKIPPED) for step in evidence.steps)),
    )
    for step in evidence.steps:
        case = ElementTree.SubElement(
            suite, "testcase", classname=evidence.system, name=step.title, time=f"{step.duration_s:.3f}"
        )
        match step.status:
            case Status.PASSED:
                ElementTree.SubElement(case, "system-out").text = _xml_text(step.detail)
            case Status.FAILED:
                ElementTree.SubElement(case, "failure", message=_xml_text(step.detail))
            case Status.BLOCKED | Status.SKIPPED:
                ElementTree.SubElement(case, "skipped", message=_xml_text(step.detail))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _plain(value: Any) -> str:  # noqa: ANN401 - json asks for any value that it does not know
    match value:
        case Enum():
            return str(value.value)
        case datetime():
            return value.isoformat()
        case other:
            raise TypeError(type(other).__name__)


def _xml_text(text: str) -> str:
    # XML has no way to write most control characters, not even escaped
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )
