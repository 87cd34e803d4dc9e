"""
A size, a number of files and a nonce -> a tree that is hard to bring back.

It needs Python's own library alone: on a cluster its source is what a pod runs.
"""

import os
from dataclasses import dataclass
from pathlib import Path

FILES_A_DIRECTORY = 1000
HOLE_BYTES = 8 << 20
NONCE_FILE = "nonce.txt"

AWKWARD_NAMES = (
    b"with space",
    b"with\nnewline",
    b"with 'quotes' \"and\" $dollar",
    "Grüße-日本語-🗄".encode(),
    b"not utf-8 \xff\xfe",
    b"-leading-dash",
    b".hidden",
    b"*",
    b"n" * 255,
)
"""Names that some tool on the way would change or refuse."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """
    What is to be written.

    Args:
        size_bytes: of the bulk, shared out evenly over its files.

        files: number of the bulk's files, 1 or more.

        nonce: made for this run alone, so that an older backup cannot pass for this one.
    """

    size_bytes: int
    files: int
    nonce: str


def write(dataset: Dataset, root: Path) -> tuple[str, ...]:
    """
    Write the dataset: the bulk, and one of everything that backups are known to lose.

    Args:
        dataset: what to write.

        root: an empty directory.

    Returns:
        What the file system refused, as sentences; none on most of them.
    """
    (root / NONCE_FILE).write_text(dataset.nonce + "\n", encoding="ascii")
    _write_bulk(dataset, root / "bulk")
    refused = _write_names(root / "names")
    _write_kinds(root / "kinds")
    _write_times_and_modes(root / "attributes")
    return refused


def change(dataset: Dataset, root: Path) -> None:
    """
    Change a written dataset the way an app does: one file rewritten, one removed, one added.

    Args:
        dataset: what was written.

        root: where.
    """
    (root / NONCE_FILE).write_text(f"{dataset.nonce} changed\n", encoding="ascii")
    (root / "kinds" / "empty").unlink()
    (root / "added after the first backup").write_bytes(os.urandom(4096))


def _write_bulk(dataset: Dataset, root: Path) -> None:
    share, rest = divmod(dataset.size_bytes, dataset.files)
    for number in range(dataset.files):
        folder = root / f"{number // FILES_A_DIRECTORY:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        # random bytes neither compress nor deduplicate: each one has to travel
        (folder / f"{number:08d}.bin").write_bytes(os.urandom(share + (1 if number < rest else 0)))


def _write_names(root: Path) -> tuple[str, ...]:
    root.mkdir()
    refused = []
    for name in AWKWARD_NAMES:
        try:
            Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
        except OSError as error:
            refused.append(f"the file system refused the name {name!r} ({error.strerror})")
    deep = root.joinpath(*(f"level-{number:02d}" for number in range(50)))
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("fifty levels down\n", encoding="ascii")
    return tuple(refused)


def _write_kinds(root: Path) -> None:
    root.mkdir()
    (root / "empty").touch()
    (root / "empty directory").mkdir()
    (root / "hard link a").write_bytes(os.urandom(4096))
    (root / "hard link b").hardlink_to(root / "hard link a")
    links = {"relative": "empty directory", "dangling": "nowhere", "absolute": "/etc/hostname", "loop": "loop"}
    for name, target in links.items():
        (root / f"symlink {name}").symlink_to(target)
    os.mkfifo(root / "fifo")
    with (root / "sparse").open("wb") as file:
        file.write(b"before the hole")
        file.seek(HOLE_BYTES)
        file.write(b"after the hole")


def _write_times_and_modes(root: Path) -> None:
    root.mkdir()
    for mode in (0o400, 0o600, 0o644, 0o755, 0o1755, 0o2755, 0o4755):
        path = root / f"mode {mode:04o}"
        path.write_text(f"{mode:04o}\n", encoding="ascii")
        path.chmod(mode)
    times = {"1970": 1, "nanoseconds": 1_700_000_000_123_456_789, "2038": 2_200_000_000_000_000_001}
    for name, mtime_ns in times.items():
        path = root / f"mtime {name}"
        path.touch()
        os.utime(path, ns=(mtime_ns, mtime_ns))
    folder = root / "directory with a time and a mode"
    folder.mkdir(mode=0o750)
    os.utime(folder, ns=(1_600_000_000_000_000_007, 1_600_000_000_000_000_007))


def corrupt_one_byte(root: Path, path: str = NONCE_FILE) -> str:
    """
    Change one byte of one file and nothing else about it: not its size, not its time; a second call changes it back.

    Args:
        root: a written dataset, or any other directory.

        path: of a file in it that is not empty, relative to the root.

    Returns:
        The path.
    """
    file = root / path
    status = file.stat()
    if not os.access(file, os.W_OK):
        file.chmod(status.st_mode | 0o200)
    with file.open("r+b") as content:
        (byte,) = content.read(1)
        content.seek(0)
        content.write(bytes([byte ^ 0x01]))
    file.chmod(status.st_mode)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return path
