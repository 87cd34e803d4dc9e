"""backup.now: back apps up now, and prove that each of them saved something."""

import math
from collections import Counter
from collections.abc import Callable, Iterator

from scripts import cluster as clusters
from scripts import report
from scripts.cluster import LIMITS, Cluster, Limits
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.errors import Conflict, MoverFailed, SettingsError
from scripts.operate import apps, as_json
from scripts.operate.apps import App
from scripts.operate.attempt import Patience
from scripts.operate.backups import Backups, End, Ended
from scripts.operate.times import words
from scripts.process import wait_until
from scripts.progress import step

LOOK_EVERY_S = 0.5

Show = Callable[[tuple[Ended, ...], tuple[App, ...], str], None]
"""Is given how each backup ended, the apps whose schedule is still off, and the context."""


def show_text(ended: tuple[Ended, ...], left_behind: tuple[App, ...], context: str) -> None:
    """
    Print how backups ended, for people.

    Args:
        ended: the backups.

        left_behind: apps whose schedule could not be given back.

        context: of the cluster.
    """
    report.show(tuple(lines(ended, left_behind=left_behind, context=context)))


def show_json(ended: tuple[Ended, ...], left_behind: tuple[App, ...], context: str) -> None:
    """
    Print how backups ended, for machines.

    Args:
        ended: the backups.

        left_behind: apps whose schedule could not be given back.

        context: of the cluster.
    """
    report.show_text(as_json.backups(ended, left_behind=left_behind, context=context))


def run(
    *,
    context: str,
    app: str,
    all_apps: bool,
    concurrency: int,
    timeout_s: int,
    format_name: str = "text",
    begin_s: float = Patience.begin_s,
    limits: Limits = LIMITS,
) -> None:
    """
    Back one app up, or all, and print how each backup ended.

    Args:
        context: of the kubeconfig.

        app: its name; "" with all_apps.

        all_apps: whether all are meant.

        concurrency: how many may be in flight.

        timeout_s: for one backup, in seconds.

        format_name: "text" or "json".

        begin_s: for VolSync to begin, in seconds.

        limits: how long the API is waited for.

    Raises:
        MoverFailed: where not every app was backed up; where one app is meant, whatever kept it from being.
    """
    meant = apps.meant(app, all_apps=all_apps)
    show = show_json if as_json.is_asked(format_name) else show_text
    refuse_too_small(concurrency=concurrency, timeout_s=timeout_s)
    patience = Patience(whole_s=timeout_s, begin_s=begin_s)
    with clusters.connect(context, limits) as cluster:
        wanted = [apps.of(each) for each in _sources(cluster, meant)]
        with step(f"back up {wanted[0].name if meant else f'{len(wanted)} apps'}"):
            ended = back_up(cluster, wanted, scope=meant, concurrency=concurrency, patience=patience, show=show)
    judge(ended, context=context)


def refuse_too_small(*, concurrency: int, timeout_s: int) -> None:
    """
    Refuse numbers that no backup could be made with.

    Args:
        concurrency: how many backups may be in flight.

        timeout_s: for one backup, in seconds.

    Raises:
        SettingsError: where one is less than 1.
    """
    for flag, value in (("--concurrency", concurrency), ("--timeout", timeout_s)):
        if value < 1:
            raise SettingsError(f"{flag} {value}", "is too small", "give a whole number, 1 or more")


def back_up(
    cluster: Cluster,
    wanted: list[App],
    *,
    scope: App | None,
    concurrency: int,
    patience: Patience,
    dead: frozenset[str] = frozenset(),
    show: Show = show_text,
) -> tuple[Ended, ...]:
    """
    Back apps up, and print how each backup ended, also where the work is interrupted.

    Args:
        cluster: that they are on.

        wanted: the apps.

        scope: the one that is meant; None for all.

        concurrency: how many may be in flight.

        patience: how long is waited.

        dead: uids of pods that had failed before, and are no sign of a failure now.

        show: prints how each backup ended.

    Returns:
        One for each app.

    Raises:
        Conflict: where a schedule could not be given back.
    """
    backups = Backups(cluster, wanted, scope=scope, concurrency=concurrency, patience=patience, dead=dead)
    try:
        wait_until(backups.round, timeout_s=math.inf, every_s=LOOK_EVERY_S, what="the backups")
    finally:
        ended = backups.leave()
        show(ended, backups.left_behind, cluster.context)
    if backups.left_behind:
        names = ", ".join(each.name for each in backups.left_behind)
        raise Conflict(f"cluster {cluster.context}", f"the schedules of {names} are still off", "run this again")
    return ended


def lines(ended: tuple[Ended, ...], *, left_behind: tuple[App, ...], context: str) -> Iterator[str]:
    """
    Write how each backup ended, and the sum.

    Args:
        ended: the backups.

        left_behind: apps whose schedule could not be given back.

        context: of the cluster.

    Yields:
        Lines.
    """
    for each in ended:
        yield f"{each.app.name}: {_told(each)}"
    for app in left_behind:
        yield f"{app.name}: its schedule is still off; run this again"
    counts = Counter(each.kind for each in ended)
    sums = ", ".join(f"{counts[kind]} {kind.value}" for kind in End)
    yield f"{len(ended)} apps on {context}: {sums}"


def _told(each: Ended) -> str:
    if each.saved is not None:
        took = "" if each.saved.duration_s is None else f" in {words(each.saved.duration_s)}"
        size = f" of {each.saved.said.processed}" if each.saved.said.processed else ""
        return f"backed up{took}, snapshot {each.saved.said.snapshot}{size}"
    if each.error is not None:
        return f"failed: {each.error.found}; {each.error.next_step}"
    return "still running: VolSync goes on with it" if each.goes_on else "not begun"


def _sources(cluster: Cluster, meant: App | None) -> tuple[clusters.Object, ...]:
    listed = cluster.list(REPLICATION_SOURCE, "" if meant is None else meant.namespace)
    return apps.chosen(listed, meant, context=cluster.context)


def judge(ended: tuple[Ended, ...], *, context: str) -> None:
    """
    End with what the backups come to.

    Args:
        ended: how each ended.

        context: of the cluster.

    Raises:
        MoverFailed: where not every app was backed up; where one app is meant, whatever kept it from being.
    """
    errors = [each.error for each in ended if each.error is not None]
    if len(ended) == 1 and errors:
        raise errors[0]
    if errors:
        raise MoverFailed(
            f"cluster {context}", f"{len(errors)} of {len(ended)} apps were not backed up", "see above what each needs"
        )
