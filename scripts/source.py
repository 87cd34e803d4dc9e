"""A folder -> the text of each of its files, as git would commit them."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from scripts.document import Document, YamlFile, load
from scripts.errors import CouldNotRun
from scripts.model import Finding
from scripts.process import minimal_environment, run
from scripts.store import NOTHING_KEPT, Store, of_files

GIT_TIMEOUT_S = 60.0
YAML_SUFFIXES = (".yaml", ".yml")
LARGEST_BYTES = 4 * 1024 * 1024
"""Of a YAML file. To read one takes some hundred times its size of memory."""

WORKERS = 2
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

        faults: what could not be read.

        digests: path -> SHA-256 of the file, or where the link leads; "" where it could not be read.

        looks: path -> inode, size in bytes and time of change in nanoseconds, when the file was read.

        store: of earlier readings.
    """

    root: Path
    texts: Mapping[str, str]
    binaries: tuple[str, ...]
    links: Mapping[str, str]
    faults: tuple[Finding, ...]
    digests: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    store: Store = NOTHING_KEPT

    @cached_property
    def yaml_files(self) -> tuple[YamlFile, ...]:
        """The YAML among the texts, sorted by path."""
        digests = {path: self.digests[path] for path in self.texts if path.endswith(YAML_SUFFIXES)}
        found = of_files(
            self.store, "yaml", digests, lambda paths: {path: load(path, self.texts[path]) for path in paths}
        )
        return tuple(found.values())

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every path that could be read."""
        return tuple(sorted((*self.texts, *self.binaries, *self.links)))

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Every document of the YAML files that could be read."""
        return tuple(document for file in self.yaml_files for document in file.documents)

    @cached_property
    def broken(self) -> Mapping[str, Finding]:
        """Path -> why the YAML file, or the file itself, cannot be read."""
        yaml_faults = {file.path: file.fault for file in self.yaml_files if file.fault}
        return {fault.file: fault for fault in self.faults} | yaml_faults


def read(root: Path, *, git: Path | None, store: Store = NOTHING_KEPT) -> Tree:
    """
    Read a tree.

    Args:
        root: the folder that holds `kubernetes/`.

        git: the program; None for a folder that is no part of a repository.

        store: of earlier readings.

    Returns:
        Everything that git tracks or would add; every file where git is None or the folder is in no repository.

    Raises:
        CouldNotRun: where the folder is in a repository that git cannot read.
    """
    faults: list[Finding] = []
    paths = _paths(root, git, faults)
    parts = [paths[start::WORKERS] for start in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as workers:
        read_parts = workers.map(partial(_entries, os.fspath(root)), parts)
        found = {path: entry for part in read_parts for path, entry in part.items()}
    entries = {path: found[path] for path in paths}
    texts = {path: each.text for path, each in entries.items() if each.text is not None}
    for path, each in entries.items():
        if each.fault:
            faults.append(each.fault)
        elif path.endswith(YAML_SUFFIXES) and each.text is None and not each.link:
            faults.append(_finding("file-not-text", path, "is not text in UTF-8", "store it as UTF-8"))
    failed = {each.file for each in faults}
    return Tree(
        root=root,
        texts=texts,
        binaries=tuple(
            path for path, each in entries.items() if each.text is None and not each.link and path not in failed
        ),
        links={path: each.link for path, each in entries.items() if each.link and not each.fault},
        faults=tuple(faults),
        digests={path: each.digest for path, each in entries.items()},
        store=store,
        looks={path: each.look for path, each in entries.items() if each.look},
    )


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

    start = len(os.path.join(root, ""))  # noqa: PTH118 - pathlib takes ten times as long for thousands of files
    for folder, folders, files in os.walk(root, onerror=refused):
        folders[:] = sorted(set(folders) - NOT_SOURCE)
        linked = [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114
        for name in (*files, *linked):
            yield f"{folder}/{name}"[start:]


@dataclass(frozen=True)
class _Entry:
    """What is at one path: its text or its link, or what is wrong with it."""

    digest: str = ""
    text: str | None = None
    link: str = ""
    fault: Finding | None = None
    look: tuple[int, int, int] | None = None


def _entries(root: str, paths: list[str]) -> dict[str, _Entry]:
    return {path: _entry(root, path) for path in paths}


def _entry(root: str, path: str) -> _Entry:
    try:
        # not to follow a link, and not to wait for whoever writes to a pipe
        descriptor = os.open(f"{root}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            link = (Path(root) / path).readlink().as_posix()
            return _Entry(digest=f"link {link}", link=link, fault=_link_fault(Path(root), path))
        return _Entry(fault=_finding("file-unreadable", path, f"cannot be read ({error.strerror})", "make it readable"))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            found = "is a repository of its own", "remove it, or add its files here"
            return _Entry(fault=_finding("file-unreadable", path, *found))
        if not stat.S_ISREG(status.st_mode):
            return _Entry(fault=_finding("file-unreadable", path, "is neither a file nor a folder", "remove it"))
        if path.endswith(YAML_SUFFIXES) and status.st_size > LARGEST_BYTES:
            size = f"is larger than {LARGEST_BYTES // 2**20} MiB, and no object of Kubernetes has more than 1.5 MiB"
            return _Entry(fault=_finding("file-unreadable", path, size, "split it"))
        content = file.read()
    return _Entry(digest=hashlib.sha256(content).hexdigest(), text=_text(content), look=_look(status))


def _look(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def is_unchanged(tree: Tree) -> bool:
    """
    Tell whether the files are still the ones that were read.

    Args:
        tree: what was read.

    Returns:
        False where one was written to or replaced since, so that a program which read it later saw something else.
    """
    try:
        return all(_look((tree.root / path).lstat()) == look for path, look in tree.looks.items())
    except OSError:
        return False


def _link_fault(root: Path, path: str) -> Finding | None:
    try:
        target = (root / path).resolve(strict=True)
    except (OSError, RuntimeError):
        return _finding("file-unreadable", path, "is a link that leads nowhere", "correct or remove the link")
    if (root / path).readlink().is_absolute() or not target.is_relative_to(root.resolve()):
        return _finding("file-unreadable", path, "is a link that leads out of the tree", "put a file in its place")
    return None


def _text(content: bytes) -> str | None:
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _finding(rule: str, path: str, message: str, next_step: str) -> Finding:
    return Finding(rule=rule, file=path, line=0, message=message, next_step=next_step)
