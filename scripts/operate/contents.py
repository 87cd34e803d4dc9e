"""A snapshot -> a record of what a restore of it has to bring, read from the repository and not from any restore."""

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

from scripts.e2e import digest
from scripts.e2e.digest import Entry, Manifest
from scripts.errors import ProofFailed
from scripts.operate.repository import Repository

TYPES = {"file": "file", "dir": "directory", "symlink": "symlink", "fifo": "fifo", "dev": "device", "chardev": "device"}
"""
What restic calls a thing -> what a record does. It backs up no socket.

Source: restic/restic@v0.17.0:internal/restic/node.go (nodeTypeFromFileInfo)
"""

ARCHIVED = ("file", "directory", "symlink")
"""
What the archive has in every folder. A pipe or a device has its name from the list.

Source: restic/restic@v0.17.0:internal/dump/common.go (sendNodes)
"""

BITS = ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000))
"""Setuid, setgid and sticky: in Go's mode, in the file system's. Source: golang/go@go1.23.0:src/io/fs/fs.go (FileMode)"""

LOST = re.compile("[\udc80-\udcff]")
"""A byte of a name that is no UTF-8, for which the list has U+FFFD."""

TIME = re.compile(r"(.*?:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """
    A line of the list.

    Args:
        path: with U+FFFD for each byte that is no UTF-8.

        entry: all but sha256, target and linked_to.

        inode: of the file; 0 where it is not known.
    """

    path: str
    entry: Entry
    inode: int


@dataclass(frozen=True, kw_only=True)
class _Archived:
    """
    A member of the archive.

    Args:
        path: as it is.

        size_bytes: of what was read of it.

        sha256: of what was read of it.

        target: of a symlink; "" for all else.
    """

    path: str
    size_bytes: int
    sha256: str
    target: str


def read(repository: Repository, snapshot: str) -> Manifest:
    """
    Record a snapshot to the last byte; nothing of it is kept but the record.

    Types, modes, sizes and times are those of its list, contents, link targets and exact names those of its archive; both
    go through the snapshot in one order.

    Args:
        repository: that it is in.

        snapshot: its id.

    Returns:
        The record, sorted by path. A mover's restore makes the root of the snapshot the root of the volume.

    Raises:
        CommandFailed: where restic cannot read it to its end.

        ProofFailed: where its list and its archive are not of the same things.

    Source:
        restic/restic@v0.17.0:cmd/restic/cmd_ls.go; internal/dump/tar.go
    """
    with repository.reading("ls", "--json", snapshot) as lines:
        listed = tuple(_listed(lines))
    with repository.reading("dump", "--archive", "tar", snapshot, "/") as archive:
        # where restic fails, the archive ends early, and why it did is told at the end of this block
        archived = tuple(_archived(archive))
    return _linked(_paired(listed, archived, where=f"snapshot {snapshot[:8]} in {repository.where}"))


def _listed(lines: IO[bytes]) -> Iterator[_Listed]:
    for line in lines:
        node: dict[str, Any] = json.loads(line)
        if node["struct_type"] != "node":
            # the first line is of the snapshot itself
            continue
        kind = TYPES.get(node["type"], node["type"])
        entry = Entry(
            type=kind,
            mode=0 if kind == "symlink" else _mode(node["mode"]),
            size_bytes=node.get("size", 0) if kind == "file" else 0,
            mtime_ns=_nanoseconds(node["mtime"]),
        )
        yield _Listed(path=node["path"].removeprefix("/"), entry=entry, inode=node.get("inode", 0))


def _archived(archive: IO[bytes]) -> Iterator[_Archived]:
    try:
        with tarfile.open(fileobj=archive, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
            while (member := tar.next()) is not None:
                # it would keep all of them; no type stub knows this list
                tar.members.clear()  # type: ignore[attr-defined]
                total, size = hashlib.sha256(), 0
                content = tar.extractfile(member) if member.isreg() else None
                while content is not None and (block := content.read(digest.BLOCK_BYTES)):
                    total.update(block)
                    size += len(block)
                target = member.linkname if member.issym() else ""
                yield _Archived(path=member.name, size_bytes=size, sha256=total.hexdigest(), target=target)
    except tarfile.ReadError:
        # cut off, or none at all: what is missing of it is found by the list
        return


def _paired(
    listed: tuple[_Listed, ...], archived: tuple[_Archived, ...], *, where: str
) -> dict[str, tuple[Entry, int]]:
    found: dict[str, tuple[Entry, int]] = {}
    members = iter(archived)
    member = next(members, None)
    for line in listed:
        if member is not None and line.path == LOST.sub("\ufffd", member.path):
            if line.entry.size_bytes != member.size_bytes:
                raise _differ(where, member.path)
            sha256 = member.sha256 if line.entry.type == "file" else ""
            found[member.path] = (replace(line.entry, sha256=sha256, target=member.target), line.inode)
            member = next(members, None)
        elif line.entry.type in ARCHIVED:
            raise _differ(where, line.path)
        else:
            found[line.path] = (line.entry, line.inode)
    if member is not None:
        raise _differ(where, member.path)
    return found


def _differ(where: str, path: str) -> ProofFailed:
    return ProofFailed(
        where, f"its list and its archive differ at {digest.shown(path)}", "run `restic check --read-data`"
    )


def _linked(found: dict[str, tuple[Entry, int]]) -> Manifest:
    first_path: dict[tuple[object, ...], str] = {}
    record: dict[str, Entry] = {}
    for path, (entry, inode) in sorted(found.items()):
        first = path
        if entry.type == "file" and inode:
            # a volume may have one inode twice, in two subvolumes
            first = first_path.setdefault((inode, entry.size_bytes, entry.mtime_ns, entry.sha256), path)
        record[path] = replace(entry, linked_to=first)
    return record


def _mode(mode: int) -> int:
    return mode & 0o777 | sum(bit for flag, bit in BITS if mode & flag)


def _nanoseconds(text: str) -> int:
    parts = TIME.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    whole, fraction, zone = parts.groups()
    moment = datetime.fromisoformat(f"{whole}{'+00:00' if zone == 'Z' else zone}")
    return int(moment.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))
