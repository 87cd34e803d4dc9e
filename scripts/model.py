"""The frozen values that the stages hand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, kw_only=True, order=True)
class ResourceId:
    """
    What names an object in a cluster.

    Args:
        api_version: group and version ("apps/v1"; "v1" for the core group).

        kind: for example "ReplicationSource".

        namespace: "" for an object without one.

        name: metadata.name.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """
    One rendered object.

    Args:
        id: what names it.

        document: the object as the API server would receive it; not to be changed.

        kustomization: the Flux Kustomization that applies it, or the folder it was built from.

        position: its place among what that applies, counted from 0.
    """

    id: ResourceId
    document: Mapping[str, Any]
    kustomization: str
    position: int = 0


class Status(Enum):
    """How one check or step ended."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    """It could not run; the reason names the root cause."""
    SKIPPED = "skipped"
    """It was not meant to run here; the reason says why."""


class Severity(Enum):
    """How bad a finding is; the exit code is the same."""

    ERROR = "error"
    """Something fails, is ignored, backs up nothing, restores nothing, or gives a secret away."""
    WARNING = "warning"
    """Backups and restores work; a person should look."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    One thing that is wrong.

    Args:
        rule: the id of the rule that found it ("yaml-lint", "secret-in-tree").

        file: relative to the root of the tree.

        line: counted from 1; 0 where the fault has no line.

        message: what was found and what is wanted, in one sentence.

        next_step: what to do, as an imperative.
    """

    rule: str
    file: str
    line: int
    message: str
    next_step: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}; {self.next_step}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    How one check of one subject ended.

    Args:
        check: what ran ("kustomize build", "yamllint").

        subject: on what: a path or an object.

        status: how it ended.

        reason: why, where it did not pass, or what spoke ("flate 0.6.5"); "" otherwise.

        findings: what is wrong; not empty exactly when the status is FAILED.

        duration_s: wall time in seconds.
    """

    check: str
    subject: str
    status: Status
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    What a validation has to say.

    Args:
        title: what was checked.

        outcomes: in the order they are to be read.

        notes: sentences about what was not checked and which tool spoke.
    """

    title: str
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the outcomes."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings)

    def count(self, status: Status) -> int:
        """
        How many outcomes ended in this way.

        Args:
            status: the way.

        Returns:
            A count, 0 or more.
        """
        return sum(outcome.status is status for outcome in self.outcomes)


class Change(Enum):
    """What a step of a plan does to what is there."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    """It overwrites a state that this project did not make, which needs --force."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    One step from the observed to the desired state.

    Args:
        change: what it does.

        subject: to what ("bucket volsync", "field RESTIC_PASSWORD of item volsync-minio").

        found: the state observed; never a secret's value.

        wanted: the state desired; never a secret's value.
    """

    change: Change
    subject: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.change.value} {self.subject}: {self.found} -> {self.wanted}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    The steps that are left, in the order they are to be taken.

    Args:
        subject: of what ("MinIO http://127.0.0.1:9000").

        steps: none when the observed state is the desired one.
    """

    subject: str
    steps: tuple[Step, ...] = field(default=())

    @property
    def replaced(self) -> tuple[Step, ...]:
        """The steps that would overwrite a state this project did not make."""
        return tuple(step for step in self.steps if step.change is Change.REPLACE)
