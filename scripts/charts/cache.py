"""Where the archive of a chart is kept, and whether it still is what was fetched."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.charts.source import ChartSource

DIGEST = ".sha256"
"""Beside an archive, in the form that `sha256sum --check` reads: the digest that it had when it was found to be the chart."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """
    A chart on this machine.

    Args:
        path: of the archive.

        sha256: of its content, 64 hexadecimal digits, lower case.
    """

    path: Path
    sha256: str


def place(cache: Path, chart: ChartSource) -> Path:
    """
    Where a chart is kept.

    Args:
        cache: the cache directory.

        chart: which one; that of another repository is another one.

    Returns:
        Path of an archive that need not be there.
    """
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", chart.repository.partition("://")[2]).strip("-.")
    digest = hashlib.sha256(chart.repository.encode()).hexdigest()[:8]
    return cache / "charts" / f"{readable}-{digest}" / f"{chart.name}-{chart.version}.tgz"


def find(cache: Path, chart: ChartSource) -> Archive | str:
    """
    Look for a chart.

    Args:
        cache: the cache directory.

        chart: which one.

    Returns:
        The archive, as it was when it was fetched; else in words why there is none.
    """
    path = place(cache, chart)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        wanted = path.with_name(path.name + DIGEST).read_text(encoding="utf-8").partition(" ")[0]
    except FileNotFoundError:
        return f"{chart} is not in the cache"
    except (OSError, ValueError):
        return f"{path} cannot be read"
    return Archive(path=path, sha256=found) if found == wanted else f"{path} is not what was fetched"


def state(cache: Path) -> str:
    """
    What tells the charts of one moment from those of another, without reading any.

    Args:
        cache: the cache directory.

    Returns:
        A text that changes when a chart comes, goes or is written; "" where there is none.
    """
    # not what another process is about to rename
    found = {path: path.stat() for path in sorted((cache / "charts").glob("*/[!.]*"))}
    return "".join(f"{path}\0{status.st_size} {status.st_mtime_ns}\n" for path, status in found.items())


def keep(cache: Path, chart: ChartSource, content: bytes) -> Archive:
    """
    Put a chart into the cache, whole or not at all; of two that do so at once the last one's stays.

    Args:
        cache: the cache directory.

        chart: which one.

        content: of the archive, which was found to be that chart.

    Returns:
        The archive.

    Raises:
        OSError: where the cache cannot be written.
    """
    path = place(cache, chart)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(content).hexdigest()
    # an archive without its digest, or with that of another one, is fetched again
    _replace(path, content)
    _replace(path.with_name(path.name + DIGEST), f"{digest}  {path.name}\n".encode())
    return Archive(path=path, sha256=digest)


def _replace(path: Path, content: bytes) -> None:
    # a name of its own for each writer: threads of one process share its id
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)
        try:
            file.write(content)
            file.close()
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
