"""
A directory -> a record of everything in it, and two records -> what differs between them.

It needs Python's own library alone: on a cluster its source is what a pod runs.
"""

import base64
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

BLOCK_BYTES = 1 << 20
LOST_AND_FOUND = "lost+found"
"""Of the file system, not of the app: it is at the top of a volume, and no backup has it."""

LINE = 2000
"""Characters of a line of a record that travels; container runtimes break lines at 16 KiB."""

END = "end-of-record"

NAMED = 5
"""Differences that a message names."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One file, directory, link or pipe.

    Args:
        type: "file", "directory", "symlink", "fifo", "socket" or "device".

        mode: permission bits, setuid, setgid and sticky included; 0 for a symlink, which has none of its own.

        size_bytes: of a file's content; 0 for everything else.

        mtime_ns: modification time in nanoseconds since 1970; of the thing itself where it is a link.

        sha256: of a file's content, 64 lower-case hex digits; "" for everything else.

        target: what a symlink points at, as it is written in it; "" for everything else.

        linked_to: the first path, in order, that is the same file by hard link; its own where there is no other.
    """

    type: str
    mode: int
    size_bytes: int
    mtime_ns: int
    sha256: str = ""
    target: str = ""
    linked_to: str = ""


ENTRY = tuple(field.name for field in fields(Entry))

Manifest = Mapping[str, Entry]
"""Path relative to the recorded directory -> what is there; bytes of a name that are no UTF-8 are kept as surrogates."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    One thing that is not as the record says.

    Args:
        path: relative to the recorded directory.

        what: "missing", "unexpected", or the field of Entry that differs.

        expected: its value in the record; "" where the path is unexpected.

        found: its value in the directory; "" where the path is missing.
    """

    path: str
    what: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        if self.what in ("missing", "unexpected"):
            return f"{shown(self.path)} is {self.what}"
        return f"{shown(self.path)}: {self.what} is {shown(self.found)}, the record says {shown(self.expected)}"


def record(root: Path) -> Manifest:
    """
    Read a directory to the last byte.

    Args:
        root: the directory; it is not part of the record itself, nor is a `lost+found` in it.

    Returns:
        The record, sorted by path.

    Raises:
        OSError: where something cannot be read.
    """
    first_path: dict[tuple[int, int], str] = {}
    return {path: _entry(full, path, first_path) for path, full in sorted(_paths(root))}


def compare(expected: Manifest, found: Manifest) -> tuple[Difference, ...]:
    """
    Compare two records both ways.

    Args:
        expected: the record.

        found: what is there.

    Returns:
        Every difference, sorted by path; none where both are the same.
    """
    differences: list[Difference] = []
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            differences.append(Difference(path=path, what="missing"))
        elif path not in expected:
            differences.append(Difference(path=path, what="unexpected"))
        else:
            differences += _differing_fields(path, expected[path], found[path])
    return tuple(differences)


def listed(differences: tuple[Difference, ...]) -> str:
    """
    Name differences in a message.

    Args:
        differences: one or more.

    Returns:
        The first ones, and how many more there are.
    """
    more = f", and {len(differences) - NAMED} more" if len(differences) > NAMED else ""
    return "; ".join(map(str, differences[:NAMED])) + more


def digest(manifest: Manifest) -> str:
    """
    One checksum for a whole record.

    Args:
        manifest: the record.

    Returns:
        64 lower-case hex digits; the same exactly when no field of any entry differs.
    """
    total = hashlib.sha256()
    for path in sorted(manifest):
        entry = manifest[path]
        for value in (path, *(str(getattr(entry, name)) for name in ENTRY)):
            encoded = value.encode("utf-8", "surrogateescape")
            total.update(len(encoded).to_bytes(8, "big") + encoded)
    return total.hexdigest()


def checksums(manifest: Manifest) -> str:
    """
    A record as a file to keep.

    Args:
        manifest: the record.

    Returns:
        One line a path: SHA-256 or "-", type, mode in octal, size in bytes, mtime in nanoseconds, path, symlink target.
    """
    lines = (
        f"{entry.sha256 or '-'}  {entry.type}  {entry.mode:04o}  {entry.size_bytes}  {entry.mtime_ns}  {shown(path)}"
        + (f" -> {shown(entry.target)}" if entry.target else "")
        for path, entry in manifest.items()
    )
    return "".join(f"{line}\n" for line in lines)


def dumped(manifest: Manifest) -> str:
    """
    A record as text that can travel through a log.

    Args:
        manifest: the record.

    Returns:
        ASCII: base64 of the compressed record, and a last line with its length and checksum. A file takes about 80 bytes.
    """
    rows = {path: [getattr(entry, name) for name in ENTRY] for path, entry in manifest.items()}
    packed = zlib.compress(json.dumps(rows).encode("ascii"))
    text = base64.b64encode(packed).decode("ascii")
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    return "\n".join((*lines, f"{END} {len(packed)} {hashlib.sha256(packed).hexdigest()}")) + "\n"


def loaded(text: str) -> Manifest:
    """
    Read a record that travelled.

    Args:
        text: as `dumped` made it.

    Returns:
        The record.

    Raises:
        ValueError: where the text is not whole; it says what is missing.
    """
    *lines, last = text.splitlines() or [""]
    match last.split():
        case [first, size, checksum] if first == END:
            packed = base64.b64decode("".join(lines))
        case _:
            raise ValueError("its end is missing")
    if len(packed) != int(size) or hashlib.sha256(packed).hexdigest() != checksum:
        raise ValueError(f"{len(packed)} of {size} bytes are there, or not as they were sent")
    return {
        path: Entry(**dict(zip(ENTRY, row, strict=True))) for path, row in json.loads(zlib.decompress(packed)).items()
    }


def shown(text: str) -> str:
    """
    A name or value on one line of printable text.

    Args:
        text: any, with surrogates for bytes that are no UTF-8.

    Returns:
        The text with control characters and such bytes escaped.
    """
    printable = (each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return "".join(printable)


def _paths(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, directories, names in os.walk(root, onerror=_raise):
        if Path(folder) == root and LOST_AND_FOUND in directories:
            directories.remove(LOST_AND_FOUND)
        for name in (*directories, *names):
            full = Path(folder, name)
            yield str(full.relative_to(root)), full


def _raise(error: OSError) -> None:
    raise error


def _entry(full: Path, path: str, first_path: dict[tuple[int, int], str]) -> Entry:
    status = full.lstat()
    regular = stat.S_ISREG(status.st_mode)
    link = stat.S_ISLNK(status.st_mode)
    return Entry(
        type=_type(status.st_mode),
        mode=0 if link else stat.S_IMODE(status.st_mode),
        size_bytes=status.st_size if regular else 0,
        mtime_ns=status.st_mtime_ns,
        sha256=_sha256(full) if regular else "",
        target=str(full.readlink()) if link else "",
        linked_to=first_path.setdefault((status.st_dev, status.st_ino), path) if regular else path,
    )


def _type(mode: int) -> str:
    tests = {
        "file": stat.S_ISREG,
        "directory": stat.S_ISDIR,
        "symlink": stat.S_ISLNK,
        "fifo": stat.S_ISFIFO,
        "socket": stat.S_ISSOCK,
    }
    return next((name for name, test in tests.items() if test(mode)), "device")


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()


def _differing_fields(path: str, expected: Entry, found: Entry) -> Iterator[Difference]:
    for name in ENTRY:
        wanted, there = getattr(expected, name), getattr(found, name)
        if wanted != there:
            yield Difference(path=path, what=name, expected=str(wanted), found=str(there))
