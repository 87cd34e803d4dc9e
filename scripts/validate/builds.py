"""Every folder with a kustomization.yaml -> what `kustomize build` makes of it."""

import posixpath
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from scripts.checks.document import Document
from scripts.checks.kustomizations import FILE_NAMES, closure, references
from scripts.model import Finding, Outcome
from scripts.process import run
from scripts.validate.offline import environment
from scripts.validate.outcome import blocked, concluded
from scripts.validate.source import Tree

CHECK = "kustomize build"
TIMEOUT_S = 60.0
COMPONENT = "kubernetes/components/volsync"
BUILD_ALONE = frozenset(
    {
        COMPONENT,
        *(f"{COMPONENT}/{name}" for name in ("externalsecret", "pvc", "replicationdestination", "replicationsource")),
    }
)
"""The components that T8.3 builds alone; one that changes what others bring can be built only with them."""

WORKERS = 3


@dataclass(frozen=True, kw_only=True)
class Build:
    """
    What a folder builds to.

    Args:
        folder: relative to the root of the tree.

        texts: each object as YAML; none where it does not build.

        error: what kustomize said; "" where it builds.

        duration_s: wall time in seconds.
    """

    folder: str
    texts: tuple[str, ...]
    error: str
    duration_s: float

    @property
    def documents(self) -> tuple[Mapping[str, Any], ...]:
        """The objects."""
        loaded = (yaml.load(text, Loader=yaml.CSafeLoader) for text in self.texts)
        return tuple(document for document in loaded if isinstance(document, dict))


def folders(tree: Tree) -> tuple[str, ...]:
    """
    The folders that kustomize builds.

    Args:
        tree: what was read.

    Returns:
        Those below kubernetes/ with a kustomization file, sorted, whether the file can be read or not.
    """
    paths = (path for path in tree.files if path.startswith("kubernetes/"))
    return tuple(sorted({posixpath.dirname(path) for path in paths if posixpath.basename(path) in FILE_NAMES}))


def build_all(kustomize: Path, root: Path, wanted: tuple[str, ...]) -> tuple[Build, ...]:
    """
    Build folders with the real kustomize, as a person would: each alone, without flags.

    Args:
        kustomize: the program.

        root: a copy of the tree.

        wanted: folders relative to the root.

    Returns:
        One build for each folder, in the same order.

    Raises:
        CommandFailed: where one takes too long.
    """
    with ThreadPoolExecutor(WORKERS) as workers:
        return tuple(workers.map(partial(_build, kustomize, root), wanted))


def _build(kustomize: Path, root: Path, folder: str) -> Build:
    command = (kustomize, "build", root / folder)
    completed = run(command, timeout_s=TIMEOUT_S, environment=environment(root), accept=None)
    error = ""
    if completed.exit_code != 0:
        said = " ".join(completed.stderr.split()) or f"exit code {completed.exit_code}"
        error = said.replace(f"{root}/", "").removeprefix("Error: ")
    texts = tuple(text for text in completed.stdout.split("\n---\n") if text.strip())
    return Build(folder=folder, texts=() if error else texts, error=error, duration_s=completed.duration_s)


def hosts(tree: Tree, builds: tuple[Build, ...]) -> tuple[str, ...]:
    """
    Folders outside of kubernetes/ that use a component which does not build alone.

    Args:
        tree: what was read.

        builds: of every folder below kubernetes/.

    Returns:
        Folders relative to the root, sorted.
    """
    sources = _sources(tree)
    failed = {build.folder for build in builds if build.error and _is_dependent(build.folder, sources)}
    graph = _graph(sources)
    outside = (folder for folder in sources if not folder.startswith("kubernetes/"))
    return tuple(sorted(folder for folder in outside if failed & closure(folder, graph)))


def outcomes(tree: Tree, builds: tuple[Build, ...], hosted: tuple[Build, ...] = ()) -> tuple[Outcome, ...]:
    """
    What the builds came to: one fault is one finding, and what is built from something broken is blocked by it.

    Args:
        tree: what was read.

        builds: of every folder below kubernetes/.

        hosted: of the hosts.

    Returns:
        One outcome for each folder below kubernetes/.
    """
    sources = _sources(tree)
    graph = _graph(sources)
    built = {build.folder for build in (*builds, *hosted) if not build.error}
    failed = {build.folder for build in builds if build.error}
    users = {
        folder: sorted(each for each in built if folder in closure(each, graph))
        for folder in failed
        if _is_dependent(folder, sources)
    }
    failed -= {folder for folder, found in users.items() if found}
    results: list[Outcome] = []
    for build in builds:
        if build.folder not in failed:
            reason = f"as part of {users[build.folder][0]}" if build.error else ""
            results.append(concluded(CHECK, build.folder, (), reason=reason, duration_s=build.duration_s))
        elif cause := _root_cause(build.folder, graph, failed, tree.broken):
            results.append(blocked(CHECK, build.folder, cause))
        else:
            finding = _finding(build, sources.get(build.folder))
            results.append(concluded(CHECK, build.folder, (finding,), duration_s=build.duration_s))
    return tuple(results)


def referenced(tree: Tree) -> frozenset[str]:
    """
    Everything that a kustomization below kubernetes/ names, whether it is there or not.

    Args:
        tree: what was read.

    Returns:
        Paths relative to the root, of files and folders.
    """
    graph = _graph(_sources(tree))
    return frozenset(path for folder, paths in graph.items() if folder.startswith("kubernetes/") for path in paths)


def _sources(tree: Tree) -> Mapping[str, Document]:
    return {
        posixpath.dirname(each.file): each for each in tree.documents if posixpath.basename(each.file) in FILE_NAMES
    }


def _graph(sources: Mapping[str, Document]) -> Mapping[str, frozenset[str]]:
    return {folder: references(document) for folder, document in sources.items()}


def _is_dependent(folder: str, sources: Mapping[str, Document]) -> bool:
    return folder in sources and sources[folder].kind == "Component" and folder not in BUILD_ALONE


def _root_cause(
    folder: str, graph: Mapping[str, frozenset[str]], failed: set[str], broken: Mapping[str, Finding]
) -> str:
    within = closure(folder, graph)
    own = {posixpath.join(folder, name) for name in FILE_NAMES}
    inner = {posixpath.join(each, name) for each in within for name in FILE_NAMES}
    for path in sorted((own | within | inner) & broken.keys()):
        return f"{path} cannot be read"
    # folders that are built from each other are each other's cause: each of them is told
    for each in sorted(within & failed - {folder}):
        if folder not in closure(each, graph):
            return f"{each} does not build"
    return ""


def _finding(build: Build, place: Document | None) -> Finding:
    return Finding(
        rule="kustomize-build",
        file=place.file if place else build.folder,
        line=place.line_of(build.error) if place else 0,
        message=f"does not build: {build.error}",
        next_step=f"correct it and run `kustomize build {build.folder}`",
    )
