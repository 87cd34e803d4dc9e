"""Folders of a tree -> the text of the objects that the real kustomize builds from each."""

import hashlib
import os
import posixpath
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from scripts.document import Document, YamlFile, items, load
from scripts.nesting import excess
from scripts.process import run
from scripts.render.artifact import IGNORE_FILE, Artifact
from scripts.render.offline import environment
from scripts.render.overlay import Overlay
from scripts.render.references import FILE_NAMES, PLAIN_NAME, closure, is_self_contained, references
from scripts.source import Tree
from scripts.store import Store, key
from scripts.toolchain import Tool

TIMEOUT_S = 120.0
WORKERS = 4
"""Twice the processors of a small machine: each worker also waits for its program to start and to end."""
OBJECT_ENDS = re.compile(r"^---\n", re.MULTILINE)
FLAGS = ("--load-restrictor", "LoadRestrictionsNone")
"""As in Flux. Source: fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_generator.go (Build)."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """
    What a folder builds to.

    Args:
        folder: relative to the root of the tree.

        texts: each object as YAML, before substitution; none where it does not build.

        error: what is wrong, without the root of the tree; "" where it builds.

        key: names the result in the store; "" where it depends on more than the tree.

        duration_s: wall time in seconds; 0 where it was built by an earlier run.
    """

    folder: str
    texts: tuple[str, ...]
    error: str = ""
    key: str = ""
    duration_s: float = 0.0


class Builder:
    """
    Builds folders of one tree, each once.

    Args:
        tree: what was read.

        kustomize: the program.

        store: of earlier builds.
    """

    def __init__(self, tree: Tree, kustomize: Tool, store: Store) -> None:
        self._tree = tree
        self._kustomize = kustomize
        self._store = store
        self._digests: dict[str, str | None] = {}
        self._built: dict[Overlay, Build] = {}
        self._other_keys: dict[str, str | None] = {}

    @property
    def root(self) -> Path:
        """The folder that holds `kubernetes/`."""
        return self._tree.root

    @cached_property
    def artifact(self) -> Artifact:
        """What Flux fetches of the tree."""
        return Artifact(self._tree.texts, self._tree.links)

    @cached_property
    def kustomizations(self) -> Mapping[str, Document]:
        """Folder -> its kustomization.yaml, of those that can be read."""
        # those named without a suffix are not among the YAML files of the tree
        further = (
            load(path, text) for path, text in self._tree.texts.items() if posixpath.basename(path) == PLAIN_NAME
        )
        documents = (*self._tree.documents, *(document for file in further for document in file.documents))
        return {
            posixpath.dirname(each.file) or ".": each
            for each in documents
            if posixpath.basename(each.file) in FILE_NAMES
        }

    @cached_property
    def _manifests(self) -> frozenset[str]:
        """What a kustomization.yaml takes objects from, files and folders; what it makes ConfigMaps of is something else."""
        return frozenset(
            posixpath.normpath(posixpath.join(folder, name))
            for folder, document in self.kustomizations.items()
            for name in items(document.get("resources"))
            if isinstance(name, str)
        )

    @cached_property
    def _yaml_files(self) -> Mapping[str, YamlFile]:
        return {each.path: each for each in self._tree.yaml_files}

    @cached_property
    def graph(self) -> Mapping[str, frozenset[str]]:
        """Folder -> what its kustomization.yaml refers to."""
        return {folder: references(document) for folder, document in self.kustomizations.items()}

    @cached_property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """Folder -> the paths of the files right in it."""
        found: dict[str, list[str]] = {}
        for path in self._tree.files:
            found.setdefault(posixpath.dirname(path) or ".", []).append(path)
        return {folder: tuple(paths) for folder, paths in found.items()}

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that has a file below it."""
        found: set[str] = set()
        for folder in self.files:
            while folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder) or "."  # noqa: PLW2901 - the way up
        return frozenset(found)

    def build(self, overlays: Sequence[Overlay]) -> tuple[Build, ...]:
        """
        Build folders with the real kustomize, with the flags that Flux uses.

        Args:
            overlays: what to build, and what Flux adds to each.

        Returns:
            One build for each, in the same order.

        Raises:
            CommandFailed: where one takes too long.
        """
        return tuple(self.building(overlays))

    def building(self, overlays: Sequence[Overlay]) -> Iterator[Build]:
        """
        Build folders like `build`, and give each while those after it are still being built.

        Args:
            overlays: what to build, and what Flux adds to each.

        Yields:
            One build for each, in the same order.

        Raises:
            CommandFailed: where one takes too long.
        """
        new = [each for each in dict.fromkeys(overlays) if each not in self._built]
        keys = {each: self.key(each) for each in new}
        known = self._store.get([name for name in keys.values() if name])
        self._built |= {
            each: Build(folder=each.folder, texts=known[name], key=name) for each, name in keys.items() if name in known
        }
        missing = [each for each in new if each not in self._built]
        with ThreadPoolExecutor(WORKERS) as workers:
            made = workers.map(lambda each: self._build(each, keys[each]), missing)
            for each in overlays:
                if each not in self._built:
                    build = self._built[each] = next(made)
                    if build.key and not build.error:
                        self._store.put(build.key, build.texts)
                yield self._built[each]

    def _build(self, overlay: Overlay, name: str) -> Build:
        if error := self._missing(overlay):
            return Build(folder=overlay.folder, texts=(), error=error)
        root = self._tree.root
        if not overlay.text:
            return self._run(overlay, root / overlay.folder, name)
        with tempfile.TemporaryDirectory(prefix="render-") as temporary:
            shadow = Path(temporary).resolve() / "tree"
            overlay.write(root, shadow, closure(overlay.folder, {**self.graph, overlay.folder: overlay.references}))
            return self._run(overlay, shadow / overlay.folder, name)

    def _run(self, overlay: Overlay, folder: Path, name: str) -> Build:
        command = (self._kustomize.path, "build", *FLAGS, folder)
        completed = run(command, timeout_s=TIMEOUT_S, environment=environment(), accept=None)
        error = ""
        if completed.exit_code != 0:
            # a warning quotes other fields than the error is about
            lines = (line for line in completed.stderr.splitlines() if not line.startswith("# Warning: "))
            said = " ".join(" ".join(lines).split()) or f"exit code {completed.exit_code}"
            prefixes = (f"{self._tree.root}/", f"{os.fspath(folder).removesuffix(overlay.folder)}")
            for prefix in prefixes:
                said = said.replace(prefix, "")
            error = said.removeprefix("Error: ")
        texts = tuple(text for text in OBJECT_ENDS.split(completed.stdout) if text.strip())
        return Build(
            folder=overlay.folder,
            texts=() if error else texts,
            error=error,
            key=name,
            duration_s=completed.duration_s,
        )

    def _missing(self, overlay: Overlay) -> str:
        """What a folder is built from and cannot be read, or Flux does not have though it is here; "" where nothing is."""
        graph = {**self.graph, overlay.folder: overlay.references} if overlay.text else self.graph
        for path in sorted({overlay.folder, *closure(overlay.folder, graph)}):
            if link := self.artifact.link_on(path):
                return f"{link} is a link, and Flux leaves links out of what it fetches"
            own = next(
                (file for name in FILE_NAMES if (file := posixpath.join(path, name)) in self._tree.digests), path
            )
            fault = self._tree.broken.get(own)
            # a pipe would never end, and aliases of aliases never either; what else is wrong with a file kustomize says
            if fault and (own not in self._tree.texts or _is_endless(self._tree.texts[own])):
                return f"{own} {fault.message}"
            is_manifest = own in self._manifests or (
                overlay.folder not in self.kustomizations and own in overlay.references
            )
            # the kustomize in Flux refuses it; one that is built with Go 1.27 or newer makes a text of it
            if is_manifest and (name := self._other_key(own)) is not None:
                return f"{own}: unsupported type: the key {name} is no text"
            if own in self._tree.digests and not self.artifact.holds(own):
                return f"{own} is left out of what Flux fetches, by a {IGNORE_FILE}, by Flux itself, or as a link"
            is_held = path in self._tree.digests or path in self.folders
            # pathlib has an error of its own for a name that is too long
            if not is_held and os.path.exists(self._tree.root / path):  # noqa: PTH110
                return f"{path} is on this machine alone: git does not hold it, and Flux reads what git holds"
        return ""

    def _other_key(self, path: str) -> str | None:
        """The first key in a file that is no text; a component's files are asked for with each folder that uses it."""
        if path not in self._other_keys:
            file = self._yaml_files.get(path) or load(path, self._tree.texts.get(path, ""))
            self._other_keys[path] = next((str(each) for each in _other_keys(file)), None)
        return self._other_keys[path]

    def key(self, overlay: Overlay) -> str:
        """
        Name a build in the store.

        Args:
            overlay: what is built.

        Returns:
            A name; "" where the build may depend on more than the tree.
        """
        own = self._folder_digest(overlay.folder)
        further = [self._path_digest(path) for path in sorted(overlay.references)]
        if own is None or any(each is None for each in further):
            return ""
        parts = [each or "" for each in further]
        return key("build", self._kustomize.identity, self.artifact.identity, overlay.folder, overlay.text, own, *parts)

    def _path_digest(self, path: str) -> str | None:
        if path in self._tree.digests:
            return self._tree.digests[path]
        return self._folder_digest(path) if path in self.folders else "missing"

    def _folder_digest(self, folder: str) -> str | None:
        """A digest of all that a folder is built from; None where that is not known."""
        if folder not in self._digests:
            # a folder that is built from itself does not build
            self._digests[folder] = None
            self._digests[folder] = self._worked_out(folder)
        return self._digests[folder]

    def _worked_out(self, folder: str) -> str | None:
        document = self.kustomizations.get(folder)
        if document is not None and not is_self_contained(document):
            return None
        digest = hashlib.sha256()
        for path, each in self._parts(folder):
            if each is None:
                return None
            digest.update(f"{path}\0{each}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _parts(self, folder: str) -> Iterator[tuple[str, str | None]]:
        for path in self.files.get(folder, ()):
            # what a link leads to is a path of the tree as well, and may be anywhere in it
            yield path, None if path in self._tree.links else self._tree.digests[path]
        for path in sorted(self.graph.get(folder, ())):
            yield path, self._path_digest(path)


def plain(folders: Iterable[str]) -> tuple[Overlay, ...]:
    """
    What to build where Flux adds nothing.

    Args:
        folders: relative to the root of the tree.

    Returns:
        One overlay for each.
    """
    return tuple(Overlay(folder=folder) for folder in folders)


def _other_keys(file: YamlFile) -> Iterator[object]:
    """Keys in a file that are numbers, truth values or nothing."""
    waiting = [each.value for each in file.documents]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (name for name in value if not isinstance(name, str))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _is_endless(text: str) -> bool:
    try:
        return excess(text) is not None
    except yaml.YAMLError:
        return False
