"""What a commit changes -> its message."""

import posixpath
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.checks.story import COMPONENT, HELM, SYSTEM

SUBJECT = "feat(backup): create VolSync + snapshot-controller manifests for apps cluster"
RELATED = "Related: Story 36 (STORY-BACKUP-VOLSYNC-APPS)"
WIDTH = 72

CLUSTER = "kubernetes/clusters/apps"
APPS = "kubernetes/workloads/apps"

STORY_PATHS = (
    ("snapshot-controller", f"{SYSTEM}/snapshot-controller"),
    ("VolSync operator and alerts", f"{SYSTEM}/volsync"),
    ("namespace and order of the backup system", SYSTEM),
    ("component for the apps", COMPONENT),
    ("Helm repositories", f"{HELM}/backube.yaml"),
    ("Helm repositories", f"{HELM}/kustomization.yaml"),
    ("Helm repositories", f"{HELM}/piraeus.yaml"),
    ("entry point of the cluster", f"{CLUSTER}/cluster-settings.yaml"),
    ("entry point of the cluster", f"{CLUSTER}/helm-repositories.yaml"),
    ("entry point of the cluster", f"{CLUSTER}/kustomization.yaml"),
    ("entry point of the cluster", f"{CLUSTER}/volsync.yaml"),
    ("entry point of the cluster", f"{CLUSTER}/workloads.yaml"),
    ("entry point of the cluster", "kubernetes/tree.yaml"),
    ("app of the end-to-end test", f"{APPS}/kustomization.yaml"),
    ("app of the end-to-end test", f"{APPS}/volsync-test"),
    ("unit tests of the alerts", "tests/alerts"),
    ("a tree without Flux", "tests/trees/without-flux"),
    ("rules for YAML", ".yamllint.yaml"),
    ("documentation", "docs/architecture.md"),
    ("documentation", "docs/decisions/0001-story-and-real-components.md"),
    ("documentation", "docs/runbooks/volsync-backup-restore.md"),
)
"""
Part of the story -> a file, or a folder with all that is in it, relative to the root.

T8.6 names the manifests and the documentation; the rest is what they need to stand and to be validated alone.
"""

VERBS = {"A": "add", "M": "change", "T": "change", "D": "remove"}
"""Letter of `git diff --name-status` -> what the commit does."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One file that a commit changes.

    Args:
        path: relative to the root.

        verb: "add", "change" or "remove".
    """

    path: str
    verb: str


def belongs(path: str) -> bool:
    """
    Tell whether a file is part of the story.

    Args:
        path: relative to the root.

    Returns:
        Whether it is one of the story's paths, or below one.
    """
    return any(path == held or path.startswith(f"{held}/") for _, held in STORY_PATHS)


def message(changes: tuple[Change, ...]) -> str:
    """
    Write the message of the commit.

    Args:
        changes: what it changes; at least one.

    Returns:
        The story's subject, a list of what changes part by part, and the story's name.
    """
    parts = tuple(dict.fromkeys(part for part, _ in STORY_PATHS))
    lines = [line for part in parts for line in _part_lines(part, changes)]
    return "\n".join((SUBJECT, "", *lines, "", RELATED, ""))


def _part_lines(part: str, changes: tuple[Change, ...]) -> Iterator[str]:
    mine = [(change, held) for change in changes if (held := _held(change.path)) in _paths(part)]
    phrases = []
    for verb in dict.fromkeys(VERBS.values()):
        names = sorted(_name(change.path, held) for change, held in mine if change.verb == verb)
        if names:
            phrases.append(f"{verb} {', '.join(names)}")
    if phrases:
        text = f"{part}: {'; '.join(phrases)}"
        yield from textwrap.wrap(
            text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )


def _paths(part: str) -> frozenset[str]:
    return frozenset(path for name, path in STORY_PATHS if name == part)


def _held(path: str) -> str:
    """The narrowest of the story's paths that holds a file."""
    holding = (held for _, held in STORY_PATHS if path == held or path.startswith(f"{held}/"))
    return max(holding, key=len, default="")


def _name(path: str, held: str) -> str:
    name = posixpath.basename(path) if path == held else posixpath.relpath(path, held)
    return name.encode("utf-8", "backslashreplace").decode() if name.isprintable() else ascii(name)
