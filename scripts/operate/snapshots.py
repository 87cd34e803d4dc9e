"""backup.snapshots: what can be restored of an app."""

from collections.abc import Iterator

from scripts import cluster as clusters
from scripts import report
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.operate import apps, as_json, repository
from scripts.operate.apps import App
from scripts.operate.repository import Stored
from scripts.operate.times import stamp
from scripts.progress import step

SHORT = 8
"""Hex digits of an id that people are shown, as restic does."""


def run(*, context: str, app: str, format_name: str) -> None:
    """
    Print the snapshots of an app that a restore can choose, as the mover chooses.

    Args:
        context: of the kubeconfig.

        app: its name.

        format_name: "text" or "json".

    Raises:
        NotFound: where there is no such app, no Secret, or no repository.

        CommandFailed: where restic cannot list them.
    """
    meant = apps.one(app)
    is_json = as_json.is_asked(format_name)
    with clusters.connect(context) as cluster:
        source = cluster.get(REPLICATION_SOURCE, meant.source, meant.namespace)
        with repository.opened(cluster, source) as opened, step(f"list the snapshots of {meant.name}"):
            found = opened.snapshots()
    if is_json:
        report.show_text(document(meant, found, context=context))
    else:
        report.show(tuple(lines(meant, found)))


def lines(app: App, found: tuple[Stored, ...]) -> Iterator[str]:
    """
    Write snapshots for people.

    Args:
        app: that they are of.

        found: newest first.

    Yields:
        Lines, the head and the sum included.
    """
    yield f"{'previous':>8}  {'id':<{SHORT}}  {'time (UTC)':<20}  size"
    for each in found:
        yield f"{each.index:>8}  {each.id[:SHORT]}  {stamp(each.time)}  {_size(each.size_bytes)}"
    yield f"{app.name}: {len(found)} snapshots that a restore can choose"


def document(app: App, found: tuple[Stored, ...], *, context: str) -> str:
    """
    Write snapshots for machines.

    Args:
        app: that they are of.

        found: newest first.

        context: of the cluster.

    Returns:
        One document; sizes are bytes.
    """
    rows = [
        {"index": each.index, "id": each.id, "time": stamp(each.time), "size_bytes": each.size_bytes} for each in found
    ]
    return as_json.written(context, {"app": app.name, "snapshots": rows})


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "unknown"
    size, units = float(size_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"
