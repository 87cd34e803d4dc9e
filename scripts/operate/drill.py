"""backup.drill: prove that the newest backup of an app comes back, without touching its volume."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts import cluster as clusters
from scripts import interrupts, report
from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import PERSISTENT_VOLUME_CLAIM, REPLICATION_SOURCE
from scripts.e2e import digest, evidence, steps
from scripts.e2e.evidence import Evidence
from scripts.e2e.steps import Shown
from scripts.e2e.volume_pod import IMAGE, VolumePods
from scripts.errors import BackupError, ProofFailed, SettingsError
from scripts.operate import apps, as_json, proof, repository, scratch
from scripts.operate.apps import App
from scripts.operate.proof import Proof
from scripts.operate.scratch import Scratch
from scripts.operate.times import stamp
from scripts.progress import say


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    How drills are done.

    Args:
        image: of the pods that read volumes.

        timeout_s: for a restore, and for reading a volume, in seconds.

        evidence: folder below which each drill has one of its own.
    """

    image: str
    timeout_s: int
    evidence: Path


@dataclass(frozen=True, kw_only=True)
class Drill:
    """
    How a drill ended.

    Args:
        app: whose restore was tried.

        error: why it proves nothing, or what of it was left behind; None where all went well.

        proven_at: when it was proven; None where it was not.

        snapshot: id of what was restored; "" where nothing was.

        live: what the comparison with the live volume showed; "" where there was none.

        report: the file to read; "" where it was not begun.
    """

    app: App
    error: BackupError | None = None
    proven_at: datetime | None = None
    snapshot: str = ""
    live: str = ""
    report: str = ""


def run(
    *,
    context: str,
    app: str,
    all_apps: bool,
    concurrency: int,
    image: str,
    timeout_s: int,
    evidence_folder: str,
    format_name: str,
) -> None:
    """
    Try the restore of an app, or of all, and print how each ended.

    Args:
        context: of the kubeconfig.

        app: its name; "" with all_apps.

        all_apps: whether all are meant.

        concurrency: how many may be in flight.

        image: of the pods that read volumes; "" for the usual one.

        timeout_s: for a restore, and for reading a volume, in seconds.

        evidence_folder: below which each drill has a folder of its own.

        format_name: "text" or "json".

    Raises:
        ProofFailed: where not every restore was proven; where one app is meant, whatever kept it from being.
    """
    meant = apps.meant(app, all_apps=all_apps)
    is_json = as_json.is_asked(format_name)
    for flag, value in (("--concurrency", concurrency), ("--timeout", timeout_s)):
        if value < 1:
            raise SettingsError(f"{flag} {value}", "is too small", "give a whole number, 1 or more")
    settings = Settings(image=image or IMAGE, timeout_s=timeout_s, evidence=Path(evidence_folder))
    ended: dict[App, Drill] = {}
    with clusters.connect(context) as cluster:
        listed = cluster.list(REPLICATION_SOURCE, "" if meant is None else meant.namespace)
        sources = apps.chosen(listed, meant, context=context)
        try:
            _all(cluster, sources, concurrency, settings, ended)
        finally:
            drills = tuple(ended.get(found := apps.of(each), Drill(app=found)) for each in sources)
            if is_json:
                report.show_text(document(drills, context=context))
            else:
                report.show(tuple(lines(drills, context=context)))
    judge(drills, context=context)


def _all(
    cluster: Cluster, sources: tuple[Object, ...], concurrency: int, settings: Settings, ended: dict[App, Drill]
) -> None:
    with ThreadPoolExecutor(max_workers=concurrency) as threads:
        futures = [threads.submit(_in_thread, cluster, each, settings) for each in sources]
        try:
            wait(futures)
        finally:
            # those that run see a signal themselves, and clean up before they end
            threads.shutdown(cancel_futures=True)
            ended |= {each.app: each for future in futures if not future.cancelled() for each in [future.result()]}


def _in_thread(cluster: Cluster, source: Object, settings: Settings) -> Drill:
    try:
        return drill(cluster, source, settings)
    except BackupError as error:
        return Drill(app=apps.of(source), error=error)


def drill(cluster: Cluster, source: Object, settings: Settings) -> Drill:
    """
    Try the restore of one app.

    Args:
        cluster: that it is on.

        source: its ReplicationSource.

        settings: how.

    Returns:
        How it ended; its evidence is written, and nothing of it is left.

    Raises:
        BackupError: where it could not be begun.
    """
    app, started = apps.of(source), datetime.now(UTC)
    claim = cluster.get(PERSISTENT_VOLUME_CLAIM, str(source["spec"].get("sourcePVC")), app.namespace)
    for left in scratch.remove_leftovers(cluster, app.namespace, started):
        say(f"{app.name}: removed {left}, which a drill that was killed had left behind")
    place = Scratch(cluster=cluster, app=app, source=source, claim=claim, name=proof.name())
    pods = VolumePods(
        cluster=cluster,
        namespace=app.namespace,
        image=settings.image,
        security_context=place.user,
        labels={scratch.DRILL: place.name},
        timeout_s=settings.timeout_s,
    )
    with repository.opened(cluster, source) as opened:
        folder = evidence.made_folder(settings.evidence, started)
        tried = Proof(scratch=place, repository=opened, pods=pods, timeout_s=settings.timeout_s)
        try:
            with interrupts.also_in_this_thread():
                taken, failure = steps.run(tried.steps())
        finally:
            # no signal cuts this short
            cleaned, left_behind = steps.run((("leave nothing behind", lambda: _removed(place)),))
    found = Evidence(
        system="drill",
        started=started,
        finished=datetime.now(UTC),
        facts=_facts(tried, cluster.context),
        steps=taken + cleaned,
    )
    evidence.write(found, folder)
    (folder / "snapshot-record.txt").write_text(digest.checksums(tried.expected), encoding="utf-8")
    return Drill(
        app=app,
        error=failure or left_behind,
        proven_at=tried.proven_at,
        snapshot=tried.restored.id if tried.restored else "",
        live=tried.live,
        report=str(folder / "report.md"),
    )


def _removed(place: Scratch) -> Shown:
    place.remove()
    return Shown(detail="the ReplicationDestination and all that it owned are gone")


def _facts(tried: Proof, context: str) -> tuple[tuple[str, str], ...]:
    snapshot = tried.restored
    return (
        ("context", context),
        ("app", tried.scratch.app.name),
        ("live volume", f"{tried.scratch.app.namespace}/{tried.scratch.claim['metadata']['name']}"),
        ("repository", tried.repository.where),
        ("snapshot", "none" if snapshot is None else snapshot.id),
        ("time of the snapshot", "none" if snapshot is None else stamp(snapshot.time)),
    )


def lines(drills: tuple[Drill, ...], *, context: str) -> Iterator[str]:
    """
    Write how each drill ended, and the sum.

    Args:
        drills: one for each app.

        context: of the cluster.

    Yields:
        Lines.
    """
    for each in drills:
        kept = f"; {each.report}" if each.report else ""
        if each.proven_at is not None:
            yield f"{each.app.name}: snapshot {each.snapshot[:8]} came back whole; live volume: {each.live}{kept}"
        if each.error is not None:
            word = "not proven" if each.proven_at is None else "not cleaned up"
            yield f"{each.app.name}: {word}: {each.error}{kept}"
        elif each.proven_at is None:
            yield f"{each.app.name}: not begun"
    proven = sum(each.proven_at is not None for each in drills)
    yield f"{len(drills)} apps on {context}: {proven} restores proven, {len(drills) - proven} not"


def document(drills: tuple[Drill, ...], *, context: str) -> str:
    """
    Write drills for machines.

    Args:
        drills: one for each app.

        context: of the cluster.

    Returns:
        One document; times are UTC, and what there is none of is null.
    """
    rows = [
        {
            "app": each.app.name,
            "proven_at": None if each.proven_at is None else stamp(each.proven_at),
            "snapshot": each.snapshot or None,
            "live_volume": each.live or None,
            "error": None if each.error is None else str(each.error),
            "report": each.report or None,
        }
        for each in drills
    ]
    return as_json.written(context, {"drills": rows})


def judge(drills: tuple[Drill, ...], *, context: str) -> None:
    """
    End with what the drills come to.

    Args:
        drills: one for each app.

        context: of the cluster.

    Raises:
        ProofFailed: where not every restore was proven; where one app is meant, whatever kept it from being.
    """
    errors = [each.error for each in drills if each.error is not None]
    if len(drills) == 1 and errors:
        raise errors[0]
    if errors:
        raise ProofFailed(
            f"cluster {context}", f"{len(errors)} of {len(drills)} drills failed", "see above what each needs"
        )
