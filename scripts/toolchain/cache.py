"""What was got before: a folder a program and recipe, made whole or not at all, by one process at a time."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts import process, progress
from scripts.errors import SettingsError, ToolMissing, Unreachable
from scripts.toolchain.recipe import Recipe

LOCK_TIMEOUT_S = 3600.0
"""Longer than any build takes; a run that was killed gives its lock back at once."""

SEAL = ".sealed.json"
"""Beside a program: the digest, size and time of change that it had when it was found to work."""

UNFINISHED = "unfinished-"


def entry(cache: Path, recipe: Recipe) -> Path:
    """
    Where a program is kept.

    Args:
        cache: the cache directory.

        recipe: of the program.

    Returns:
        A folder that need not exist; another recipe gives another one.
    """
    return cache / "tools" / recipe.name / f"{recipe.version}-{recipe.digest}"


def seal(folder: Path, program: str) -> None:
    """
    Record what a program looks like, so that damage is seen later.

    Args:
        folder: that holds it.

        program: its path below the folder.
    """
    path = folder / program
    record = {"sha256": _sha256(path), "program": program, **_look(path)}
    (folder / SEAL).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def intact(folder: Path, program: str) -> bool:
    """
    Tell whether a program is the one that was sealed.

    Size and time of change are compared each time; the digest only where those differ (a copied cache), because
    it takes longer than most of what these programs are run for. Damage that leaves both as they were is not seen.

    Args:
        folder: that holds it.

        program: its path below the folder.

    Returns:
        True where it is.
    """
    path = folder / program
    try:
        record = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        look = _look(path)
        if all(record[key] == value for key, value in look.items()):
            return True
        return bool(record["size_bytes"] == look["size_bytes"] and record["sha256"] == _sha256(path))
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextlib.contextmanager
def locked(cache: Path, recipe: Recipe, *, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[Path]:
    """
    Be the only process that gets a program, and have a folder to get it in.

    Args:
        cache: the cache directory.

        recipe: of the program.

        timeout_s: how long to wait for another process that gets it, in seconds.

    Yields:
        An empty folder on the same file system as the entry; it is removed at the end, unless it was moved away.

    Raises:
        ToolMissing: where another process holds the lock for too long.

        SettingsError: where the cache cannot be written.
    """
    home = entry(cache, recipe).parent
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            str(home), f"cannot be written ({error.strerror})", "set APPS_BACKUP_CACHE to a folder that can"
        ) from error
    with lock:
        _wait_for(lock.fileno(), home / "lock", recipe, timeout_s)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        # whoever made these was killed: only the holder of the lock has one
        for leftover in home.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def keep(work: Path, folder: Path) -> None:
    """
    Put what was got in its place, whole.

    Args:
        work: the folder it was got in, sealed.

        folder: its entry; what is there was found damaged.
    """
    if folder.exists():
        # not removed in place: a program that runs from it goes on
        shutil.rmtree(_aside(folder), ignore_errors=True)
    work.rename(folder)


def _aside(folder: Path) -> Path:
    moved = folder.with_name(f"{UNFINISHED}damaged-{os.getpid()}")
    folder.rename(moved)
    return moved


def _wait_for(descriptor: int, lock: Path, recipe: Recipe, timeout_s: float) -> None:
    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    if taken():
        return
    holder = f"process {lock.read_text(encoding='utf-8').strip() or 'unknown'}"
    try:
        with progress.step(f"wait for {holder}, which gets {recipe.name} {recipe.version}"):
            process.wait_until(taken, timeout_s=timeout_s, every_s=0.2, what=f"{lock} to be free")
    except Unreachable as error:
        raise ToolMissing(
            f"{recipe.name} {recipe.version}",
            f"{holder} has been getting it for more than {timeout_s:g} s",
            f"end {holder} and run this again",
        ) from error


def _look(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size_bytes": status.st_size, "changed_ns": status.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
