"""A folder -> the text of each of its files, as git would commit them."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scripts.checks.document import Document, YamlFile, load
from scripts.errors import CouldNotRun
from scripts.model import Finding
from scripts.process import minimal_environment, run

GIT_TIMEOUT_S = 60.0
YAML_SUFFIXES = (".yaml", ".yml")
NOT_SOURCE = frozenset({".git", "__pycache__"})


@dataclass(frozen=True, kw_only=True)
class Tree:
    """
    A tree that was read.

    Args:
        root: the folder that holds `kubernetes/`.

        texts: path relative to the root -> what the file holds.

        binaries: paths of the files that hold no text.

        links: path of a link -> where it leads, as it is written in the link.

        yaml_files: the YAML among the texts, sorted by path.

        faults: what could not be read.
    """

    root: Path
    texts: Mapping[str, str]
    binaries: tuple[str, ...]
    links: Mapping[str, str]
    yaml_files: tuple[YamlFile, ...]
    faults: tuple[Finding, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Every path that could be read."""
        return tuple(sorted((*self.texts, *self.binaries, *self.links)))

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every document of the YAML files that could be read."""
        return tuple(document for file in self.yaml_files for document in file.documents)

    @property
    def broken(self) -> Mapping[str, Finding]:
        """Path -> why the YAML file, or the file itself, cannot be read."""
        yaml_faults = {file.path: file.fault for file in self.yaml_files if file.fault}
        return {fault.file: fault for fault in self.faults} | yaml_faults


def read(root: Path, *, git: Path | None) -> Tree:
    """
    Read a tree.

    Args:
        root: the folder that holds `kubernetes/`.

        git: the program; None for a folder that is no part of a repository.

    Returns:
        Everything that git tracks or would add; every file where git is None or the folder is in no repository.

    Raises:
        CouldNotRun: where the folder is in a repository that git cannot read.
    """
    texts: dict[str, str] = {}
    binaries: list[str] = []
    links: dict[str, str] = {}
    faults: list[Finding] = []
    for path in _paths(root, git, faults):
        file = root / path
        if fault := _fault(root, path):
            faults.append(fault)
        elif file.is_symlink():
            links[path] = file.readlink().as_posix()
        else:
            text = _text(file)
            if text is not None:
                texts[path] = text
            elif path.endswith(YAML_SUFFIXES):
                faults.append(_finding("file-not-text", path, "is not text in UTF-8", "store it as UTF-8"))
            else:
                binaries.append(path)
    yaml_files = tuple(load(path, text) for path, text in texts.items() if path.endswith(YAML_SUFFIXES))
    return Tree(
        root=root,
        texts=texts,
        binaries=tuple(binaries),
        links=links,
        yaml_files=yaml_files,
        faults=tuple(faults),
    )


def copy(tree: Tree, folder: Path) -> None:
    """
    Write what was read to another folder, where a tool may leave what it likes.

    Args:
        tree: what was read.

        folder: an empty one.
    """
    for path in tree.files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path in tree.links:
            target.symlink_to(tree.links[path])
        elif path in tree.texts:
            target.write_text(tree.texts[path], encoding="utf-8", newline="")
        else:
            target.write_bytes((tree.root / path).read_bytes())


def _paths(root: Path, git: Path | None, faults: list[Finding]) -> list[str]:
    if git is None or not any((folder / ".git").exists() for folder in (root, *root.resolve().parents)):
        return sorted(_walk(root, faults))
    command = (git, "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    completed = run(command, timeout_s=GIT_TIMEOUT_S, environment=minimal_environment({"LC_ALL": "C"}))
    if completed.stderr.strip():
        raise CouldNotRun("git ls-files", completed.stderr.strip(), "make the folder readable")
    # what was deleted and not yet committed is still listed
    listed = {path.removesuffix("/") for path in completed.stdout.split("\0") if path}
    return sorted(path for path in listed if os.path.lexists(root / path))


def _walk(root: Path, faults: list[Finding]) -> Iterator[str]:
    def refused(error: OSError) -> None:
        path = PurePosixPath(os.path.relpath(error.filename, root)).as_posix()
        faults.append(_finding("file-unreadable", path, f"cannot be read ({error.strerror})", "make it readable"))

    for folder, folders, files in os.walk(root, onerror=refused):
        folders[:] = sorted(set(folders) - NOT_SOURCE)
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*files, *linked):
            yield (Path(folder) / name).relative_to(root).as_posix()


def _fault(root: Path, path: str) -> Finding | None:
    file = root / path
    if file.is_symlink():
        return _link_fault(root, path)
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            return _finding("file-unreadable", path, "is a repository of its own", "remove it, or add its files here")
        if not stat.S_ISREG(mode):
            return _finding("file-unreadable", path, "is neither a file nor a folder", "remove it")
        file.open("rb").close()
    except OSError as error:
        return _finding("file-unreadable", path, f"cannot be read ({error.strerror})", "make it readable")
    return None


def _link_fault(root: Path, path: str) -> Finding | None:
    try:
        target = (root / path).resolve(strict=True)
    except (OSError, RuntimeError):
        return _finding("file-unreadable", path, "is a link that leads nowhere", "correct or remove the link")
    if (root / path).readlink().is_absolute() or not target.is_relative_to(root.resolve()):
        return _finding("file-unreadable", path, "is a link that leads out of the tree", "put a file in its place")
    return None


def _text(file: Path) -> str | None:
    content = file.read_bytes()
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _finding(rule: str, path: str, message: str, next_step: str) -> Finding:
    return Finding(rule=rule, file=path, line=0, message=message, next_step=next_step)
