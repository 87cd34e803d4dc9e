"""Results of earlier runs by the digest of all that they depend on, so that what did not change is not worked out again."""

import contextlib
import hashlib
import pickle
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from scripts.settings import REPOSITORY_ROOT, cache_directory

FILE = "results-1.sqlite3"
"""Its name changes with the shape of the table."""

WAIT_S = 10.0
"""For another run that is writing."""

KEPT_DAYS = 14
DAY_S = 86400
LARGEST_BYTES = 512 * 1024 * 1024
"""Of the file; past that everything is forgotten, which costs one slow run."""

SUFFIXES = frozenset({".json", ".py", ".toml", ".yaml"})
"""Of files that are part of the code."""

PAGE = 500
"""Keys asked for at once; SQLite takes a limited number of values in a statement."""

PARTS = 256
"""That the files of a tree are divided into: one result for each file would take longer to find than most to work out."""

Result = TypeVar("Result")


class Store:
    """
    Results by key. It may forget at any time and never gives anything but what was put under the same key.

    Args:
        file: of the database, made where there is none; None for one that keeps nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._waiting: dict[str, bytes] = {}
        self._last_used: dict[str, int] = {}

    def get(self, keys: Iterable[str]) -> dict[str, Any]:
        """
        Look results up.

        Args:
            keys: each made by `key`.

        Returns:
            Key -> result, of those that are known.
        """
        wanted = list(keys)
        if self._file is None or not self._file.exists():
            return {}
        found: dict[str, Any] = {}
        with contextlib.suppress(sqlite3.Error), self._connection() as connection:
            for start in range(0, len(wanted), PAGE):
                part = wanted[start : start + PAGE]
                marks = ",".join("?" * len(part))
                rows = connection.execute(f"SELECT key, digest, value, used FROM results WHERE key IN ({marks})", part)  # noqa: S608 - only question marks
                for name, digest, value, used in rows:
                    result = _read(digest, value)
                    if result is not _DAMAGED:
                        found[name] = result
                        self._last_used[name] = used
        return found

    def put(self, name: str, result: object) -> None:
        """
        Remember a result, once `keep` is called.

        Args:
            name: made by `key` from all that the result depends on.

            result: a frozen value.
        """
        if self._file is not None:
            self._waiting[name] = pickle.dumps(result, protocol=5)

    def forget_news(self) -> None:
        """Drop what was put and not kept."""
        self._waiting.clear()

    def keep(self) -> None:
        """Write what was put, whole or not at all. Where that fails the next run works it out again."""
        if self._file is None or not self._waiting:
            return
        now = int(time.time())
        rows = [(name, hashlib.sha256(value).digest(), value, now) for name, value in self._waiting.items()]
        with contextlib.suppress(sqlite3.OperationalError, OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._file.exists() and self._file.stat().st_size > LARGEST_BYTES:
                self._file.unlink()
            try:
                self._write(rows, now)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # it is no database any more
                self._file.unlink()
                self._write(rows, now)
        self._waiting.clear()

    def _write(self, rows: list[tuple[str, bytes, bytes, int]], now: int) -> None:
        with self._connection() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS results"
                " (key TEXT PRIMARY KEY, digest BLOB, value BLOB, used INTEGER) WITHOUT ROWID"
            )
            connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", rows)
            # once a day is often enough to say that one is still used
            old = [(now, name) for name, used in self._last_used.items() if used < now - DAY_S]
            connection.executemany("UPDATE results SET used = ? WHERE key = ?", old)
            connection.execute("DELETE FROM results WHERE used < ?", (now - KEPT_DAYS * DAY_S,))

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(str(self._file), timeout=WAIT_S)
        try:
            with connection:
                yield connection
        finally:
            connection.close()


NOTHING_KEPT = Store(None)
"""For whoever wants everything worked out now."""


def of_this_user() -> Store:
    """
    The results that this user's runs share.

    Returns:
        The store in the cache directory.
    """
    return Store(cache_directory() / "results" / FILE)


def of_files(
    store: Store,
    kind: str,
    digests: Mapping[str, str],
    work: Callable[[tuple[str, ...]], Mapping[str, Result]],
    *further: str,
) -> dict[str, Result]:
    """
    Results for many files, of which those of files that did not change are looked up.

    Args:
        store: of earlier results.

        kind: of result.

        digests: path -> digest of the file, all that its result depends on beside its path and what is further.

        work: gives path -> result for each of the paths that it is called with, once, where there are any.

        further: what every result depends on.

    Returns:
        Path -> result, in the order of the digests.
    """
    parts: dict[int, dict[str, str]] = {}
    for path, digest in digests.items():
        # by its name, so that a file which comes or goes leaves the other parts as they are
        parts.setdefault(zlib.crc32(path.encode("utf-8", "surrogateescape")) % PARTS, {})[path] = digest
    names = {number: key(kind, digest_of(part), *further) for number, part in parts.items()}
    known = store.get(names.values())
    new = {number: part for number, part in parts.items() if names[number] not in known}
    missing = {path for part in new.values() for path in part}
    paths = tuple(path for path in digests if path in missing)
    made = work(paths) if paths else {}
    for number, part in new.items():
        known[names[number]] = {path: made[path] for path in part}
        store.put(names[number], known[names[number]])
    found: dict[str, Result] = {path: each for part in known.values() for path, each in part.items()}
    return {path: found[path] for path in digests}


def key(kind: str, *parts: str | bytes) -> str:
    """
    Name a result by all that it depends on, this program's own code included.

    Args:
        kind: of result.

        parts: texts and digests, in an order that is part of the name.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(code_digest(REPOSITORY_ROOT))
    for part in (kind, *parts):
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def digest_of(values: Mapping[str, str]) -> str:
    """
    A digest of names and values.

    Args:
        values: in any order.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(values):
        digest.update(f"{len(name)}:{name}{len(values[name])}:{values[name]}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class _Damaged:
    """What a row holds that is not what was put there."""


_DAMAGED = _Damaged()


def _read(digest: bytes, value: bytes) -> Any:  # noqa: ANN401 - whatever was put there
    if hashlib.sha256(value).digest() != digest:
        return _DAMAGED
    # the folder is this user's own (mode 0700), and the digest is that of what was put
    return pickle.loads(value)  # noqa: S301


@cache
def code_digest(root: Path) -> bytes:
    """
    A digest of what works results out.

    Args:
        root: of the checkout.

    Returns:
        Of its package, its schemas, its pins, and the Python that runs it.
    """
    digest = hashlib.sha256(sys.version.encode())
    files = [path for name in ("scripts", "schemas") for path in (root / name).rglob("*") if path.suffix in SUFFIXES]
    for path in sorted([*files, root / "requirements.txt"]):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.digest()
