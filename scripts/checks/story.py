"""The paths that the story asks for -> the ones that are missing."""

import posixpath
from collections.abc import Collection
from dataclasses import dataclass

from scripts.model import Finding

SYSTEM = "kubernetes/workloads/platform/backup/volsync-system"
COMPONENT = "kubernetes/components/volsync"
HELM = "kubernetes/infrastructure/repositories/helm"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """
    A path of the story.

    Args:
        path: of a file, relative to the root of the tree.

        criterion: what asks for it ("AC2").
    """

    path: str
    criterion: str


WANTED = tuple(
    Wanted(path=path, criterion=criterion)
    for criterion, paths in (
        (
            "AC1",
            (
                f"{SYSTEM}/kustomization.yaml",
                f"{SYSTEM}/snapshot-controller/ks.yaml",
                f"{SYSTEM}/snapshot-controller/app/kustomization.yaml",
                f"{SYSTEM}/volsync/ks.yaml",
                f"{SYSTEM}/volsync/app/kustomization.yaml",
            ),
        ),
        ("AC2", (f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml", f"{HELM}/piraeus.yaml")),
        (
            "AC3",
            (
                f"{SYSTEM}/volsync/app/helmrelease.yaml",
                f"{HELM}/backube.yaml",
                f"{HELM}/kustomization.yaml",
            ),
        ),
        ("AC4", (f"{SYSTEM}/volsync/app/prometheusrule.yaml",)),
        (
            "AC5",
            (
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
        ),
        ("AC6", ("kubernetes/clusters/apps/volsync.yaml", "kubernetes/clusters/apps/cluster-settings.yaml")),
        ("AC8", ("docs/runbooks/volsync-backup-restore.md", "docs/architecture.md")),
    )
    for path in paths
)


def check(files: Collection[str], wanted: tuple[Wanted, ...] = WANTED) -> tuple[Finding, ...]:
    """
    Name what the story asks for and the tree does not hold.

    Args:
        files: every file of the tree, relative to its root.

        wanted: what is asked for.

    Returns:
        One finding for each missing file, or for the folder that is missing with all that would be in it.
    """
    held = set(files)
    folders = {parent for file in files for parent in _parents(file)}
    missing: dict[str, set[str]] = {}
    for each in wanted:
        if each.path not in held:
            topmost = next((parent for parent in _parents(each.path) if parent not in folders), each.path)
            missing.setdefault(topmost, set()).add(each.criterion)
    return tuple(
        Finding(
            rule="story-path",
            file=path,
            line=0,
            message=f"is missing, and {', '.join(sorted(criteria))} asks for it",
            next_step="add it, or restore it from git",
        )
        for path, criteria in sorted(missing.items())
    )


def _parents(path: str) -> tuple[str, ...]:
    """Its folders, the topmost first."""
    parents: list[str] = []
    while path := posixpath.dirname(path):
        parents.insert(0, path)
    return tuple(parents)
