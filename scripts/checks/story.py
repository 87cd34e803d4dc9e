"""What the story asks for -> the paths that are missing, and what the files that are there do not hold."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from scripts.document import Document, Location
from scripts.model import Finding

SYSTEM = "kubernetes/workloads/platform/backup/volsync-system"
COMPONENT = "kubernetes/components/volsync"
HELM = "kubernetes/infrastructure/repositories/helm"
SNAPSHOTS = f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml"
OPERATOR = f"{SYSTEM}/volsync/app/helmrelease.yaml"
ALERTS = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
RUNBOOK = "docs/runbooks/volsync-backup-restore.md"

SOURCE_NAME: Location = ("spec", "chart", "spec", "sourceRef", "name")


@dataclass(frozen=True, kw_only=True)
class Content:
    """
    What a file has to hold.

    Args:
        path: of the file, relative to the root of the tree.

        what: it is, for a person ("the chart of piraeus").

        pattern: found in the text of the file; in the field, where there is a location.

        location: of the field; () for the text.
    """

    path: str
    what: str
    pattern: str
    location: Location = ()


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """
    One acceptance criterion of the story.

    Args:
        name: "AC1".

        asks: for what, in a few words.

        paths: of files, relative to the root of the tree.

        checks: names of the checks whose outcomes tell whether it is met.

        contents: of the files, where no check tells that they are there.

        elsewhere: what tells whether it is met, where nothing here does; "" where something does.
    """

    name: str
    asks: str
    paths: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    contents: tuple[Content, ...] = ()
    elsewhere: str = ""


CRITERIA = (
    Criterion(
        name="AC1",
        asks="snapshot-controller and volsync, each with a Flux Kustomization",
        paths=(
            f"{SYSTEM}/kustomization.yaml",
            f"{SYSTEM}/snapshot-controller/ks.yaml",
            f"{SYSTEM}/snapshot-controller/app/kustomization.yaml",
            f"{SYSTEM}/volsync/ks.yaml",
            f"{SYSTEM}/volsync/app/kustomization.yaml",
        ),
        checks=("kustomize build", "flux build", "flux reach"),
    ),
    Criterion(
        name="AC2",
        asks="the snapshot controller from the piraeus repository, with replicas and limits",
        paths=(SNAPSHOTS, f"{HELM}/piraeus.yaml"),
        checks=("Helm repositories", "flux build", "schemas", "Flux graph", "Helm values"),
        contents=(
            Content(path=SNAPSHOTS, what="the HelmRepository piraeus", location=SOURCE_NAME, pattern="^piraeus$"),
            Content(
                path=SNAPSHOTS,
                what="a number of replicas",
                location=("spec", "values", "controller", "replicaCount"),
                pattern=r"^[1-9]\d*$",
            ),
            Content(
                path=SNAPSHOTS,
                what="a limit of memory",
                location=("spec", "values", "controller", "resources", "limits", "memory"),
                pattern=r"^\d",
            ),
        ),
    ),
    Criterion(
        name="AC3",
        asks="VolSync from the backube repository, copies by snapshot, metrics that can be scraped",
        paths=(OPERATOR, f"{HELM}/backube.yaml", f"{HELM}/kustomization.yaml"),
        checks=("Helm repositories", "flux build", "schemas", "Flux graph", "Helm values", "VolSync"),
        contents=(
            Content(path=OPERATOR, what="the HelmRepository backube", location=SOURCE_NAME, pattern="^backube$"),
            Content(
                path=f"{COMPONENT}/replicationsource/replicationsource.yaml",
                what="copyMethod Snapshot",
                location=("spec", "restic", "copyMethod"),
                pattern="^Snapshot$",
            ),
        ),
    ),
    Criterion(
        name="AC4",
        asks="alerts for a controller that is gone, failed backups and failed restores",
        paths=(ALERTS,),
        checks=("promtool check rules", "promtool test rules", "alert rules", "alert series", "alerts tested"),
        contents=tuple(
            Content(path=ALERTS, what=f"the alert {name}", pattern=rf"- alert: {name}\b")
            for name in ("VolSyncControllerDown", "VolSyncReplicationFailed", "VolSyncRestoreFailed")
        ),
    ),
    Criterion(
        name="AC5",
        asks="a component with credentials, source, destination and PVC",
        paths=(
            f"{COMPONENT}/kustomization.yaml",
            f"{COMPONENT}/externalsecret/externalsecret.yaml",
            f"{COMPONENT}/externalsecret/kustomization.yaml",
            f"{COMPONENT}/replicationsource/replicationsource.yaml",
            f"{COMPONENT}/replicationsource/kustomization.yaml",
            f"{COMPONENT}/replicationdestination/replicationdestination.yaml",
            f"{COMPONENT}/replicationdestination/kustomization.yaml",
            f"{COMPONENT}/pvc/pvc.yaml",
            f"{COMPONENT}/pvc/kustomization.yaml",
        ),
        checks=("kustomize build", "VolSync"),
    ),
    Criterion(
        name="AC6",
        asks="an entry point, and external-secrets -> snapshot-controller -> volsync",
        paths=("kubernetes/clusters/apps/volsync.yaml", "kubernetes/clusters/apps/cluster-settings.yaml"),
        checks=("flux build", "flux reach", "Flux graph"),
        contents=(
            Content(
                path="kubernetes/clusters/apps/volsync.yaml",
                what="a dependsOn cluster-apps-external-secrets",
                location=("spec", "dependsOn"),
                pattern=r"'name': 'cluster-apps-external-secrets'",
            ),
            Content(
                path=f"{SYSTEM}/volsync/ks.yaml",
                what="a dependsOn cluster-apps-volsync-snapshot-controller",
                location=("spec", "dependsOn"),
                pattern=r"'name': 'cluster-apps-volsync-snapshot-controller'",
            ),
        ),
    ),
    Criterion(
        name="AC7",
        asks="builds, lint, and no credential in git",
        checks=("kustomize build", "flux build", "yamllint", "secrets"),
    ),
    Criterion(
        name="AC8",
        asks="MinIO and 1Password set-up, key mapping, restore with checksums, troubleshooting",
        paths=(RUNBOOK, "docs/architecture.md"),
        checks=("docs",),
        contents=(
            Content(path=RUNBOOK, what="how mc makes the bucket", pattern=r"\bmc mb\b"),
            Content(path=RUNBOOK, what="how mc makes the user", pattern=r"\bmc admin user add\b"),
            Content(path=RUNBOOK, what="how mc attaches the policy", pattern=r"\bmc admin policy attach\b"),
            Content(path=RUNBOOK, what="how op makes the item", pattern=r"\bop item create\b"),
            Content(path=RUNBOOK, what="the title of the item", pattern=r"\bvolsync-minio\b"),
            Content(
                path=RUNBOOK, what="the mapping of the ExternalSecret's keys", pattern=r"(?mi)^#+ .*\bkey mapping\b"
            ),
            Content(path=RUNBOOK, what="a comparison by checksum", pattern=r"\bsha256sum\b"),
            Content(path=RUNBOOK, what="a section Troubleshooting", pattern=r"(?mi)^#+ troubleshooting\b"),
        ),
    ),
    Criterion(
        name="AC9",
        asks="templates with the parameters APP, VOLSYNC_BUCKET, VOLSYNC_SNAPSHOTCLASS and VOLSYNC_CACHE_SC",
        checks=("kustomize build", "VolSync"),
        contents=tuple(
            Content(path=f"{COMPONENT}/{path}", what=f"the parameter {name}", pattern=rf"\$\{{{name}\b")
            for name, path in (
                ("APP", "pvc/pvc.yaml"),
                ("VOLSYNC_BUCKET", "externalsecret/externalsecret.yaml"),
                ("VOLSYNC_SNAPSHOTCLASS", "replicationdestination/replicationdestination.yaml"),
                ("VOLSYNC_CACHE_SC", "replicationdestination/replicationdestination.yaml"),
            )
        ),
    ),
    Criterion(
        name="AC10",
        asks="everything committed, with a message that describes it",
        elsewhere="`invoke commit` writes the commit and its message, once this validation has passed",
    ),
)
"""The acceptance criteria, in the order of the story. That what is declared also runs is story 45, in the cluster."""


def missing(files: Collection[str], criteria: tuple[Criterion, ...] = CRITERIA) -> tuple[tuple[str, Finding], ...]:
    """
    Name what the story asks for and the tree does not hold.

    Args:
        files: every file of the tree, relative to its root.

        criteria: what is asked for.

    Returns:
        The first criterion that asks for it, and one finding for each missing file, or for the folder that is missing with
        all that would be in it.
    """
    held = set(files)
    folders = {parent for file in files for parent in _parents(file)}
    wanted: dict[str, list[str]] = {}
    for criterion in criteria:
        for path in criterion.paths:
            if path not in held:
                topmost = next((parent for parent in _parents(path) if parent not in folders), path)
                wanted.setdefault(topmost, []).append(criterion.name)
    return tuple(
        (names[0], _finding("story-path", path, 0, f"is missing, and {_listed(names)} asks for it"))
        for path, names in sorted(wanted.items())
    )


def lacking(
    criterion: Criterion, texts: Mapping[str, str], documents: Mapping[str, tuple[Document, ...]]
) -> Iterator[Finding]:
    """
    Name what the files of a criterion do not hold.

    Args:
        criterion: whose files are all there.

        texts: path -> what the file holds.

        documents: path -> the documents of the YAML file.

    Yields:
        One finding for each thing that is not there; none for a file that is not there.
    """
    for content in criterion.contents:
        if content.path not in texts:
            continue
        document = next(iter(documents.get(content.path, ())), None)
        line = document.line(*content.location) if document else 0
        value = document.get(*content.location) if document and content.location else None
        text = ("" if value is None else str(value)) if content.location else texts[content.path]
        if not re.search(content.pattern, text):
            found = f"lacks {content.what}, and {criterion.name} asks for it"
            yield _finding("story-content", content.path, line if content.location else 0, found)


def _finding(rule: str, file: str, line: int, message: str) -> Finding:
    return Finding(rule=rule, file=file, line=line, message=message, next_step="add it, or restore it from git")


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _parents(path: str) -> tuple[str, ...]:
    """Its folders, the topmost first."""
    parents: list[str] = []
    while path := posixpath.dirname(path):
        parents.insert(0, path)
    return tuple(parents)
