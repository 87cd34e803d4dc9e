"""cluster.doctor: what keeps backups of a cluster from being made or restored, from its API to its newest snapshots."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts import cluster as clusters
from scripts import report
from scripts.cluster import LIMITS, Cluster, Limits, Object
from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    STORAGE_CLASS,
    VOLUME_SNAPSHOT_CLASS,
)
from scripts.errors import BackupError, Forbidden, NotFound, Unreachable
from scripts.operate import apps, as_json, examination, examined, examined_secrets, repository, seen
from scripts.operate.apps import App
from scripts.operate.examination import Examination, Verdict
from scripts.operate.repository import Repository, Stored
from scripts.operate.state import State, states
from scripts.operate.stuck import Reason
from scripts.progress import step

NAMESPACE = "volsync-system"
CACHE_FIELDS = ("cacheStorageClassName", "storageClassName")


@dataclass(kw_only=True)
class Patient:
    """
    A cluster, and what was learned of it so far.

    Args:
        cluster: that is examined.

        meant: the app that is meant; None for all.

        stack: closes the repositories that were opened.

        now: the time.
    """

    cluster: Cluster
    meant: App | None
    stack: ExitStack
    now: datetime
    sources: tuple[Object, ...] = ()
    states: tuple[State, ...] = ()
    repositories: dict[App, Repository] = field(default_factory=dict)
    snapshots: dict[App, tuple[Stored, ...]] = field(default_factory=dict)


Found = tuple[Iterable[Reason], Iterable[str]]
"""Why a check fails, and what it could not see."""


def run(*, context: str, app: str, all_apps: bool, format_name: str = "text", limits: Limits = LIMITS) -> None:
    """
    Examine a cluster, and print what each check found.

    Args:
        context: of the kubeconfig.

        app: whose backups are looked at; "" with all_apps.

        all_apps: whether all are meant.

        format_name: "text" or "json".

        limits: how long the API is waited for.

    Raises:
        FindingsFound: where a check failed.

        CouldNotRun: where none did, and one could not see all that it has to.
    """
    meant = apps.meant(app, all_apps=all_apps)
    is_json = as_json.is_asked(format_name)
    with clusters.connect(context, limits) as cluster, ExitStack() as stack, step(f"examine {context}"):
        patient = Patient(cluster=cluster, meant=meant, stack=stack, now=datetime.now(UTC))
        found = examine(patient)
    if is_json:
        report.show_text(examination.document(found, now=patient.now, context=context))
    else:
        report.show(tuple(examination.lines(found)))
    examination.judge(found, context=context)


def examine(patient: Patient) -> tuple[Examination, ...]:
    """
    Take every check, in the order in which they rest on one another.

    Args:
        patient: the cluster.

    Returns:
        What each found.
    """
    found: list[Examination] = []
    obstacle = ""
    for title, check in CHECKS:
        if obstacle:
            found.append(Examination(title=title, verdict=Verdict.HELD_UP, held_up_by=obstacle))
            continue
        found.append(_examined(title, check, patient))
        if title in FOUNDATIONS and found[-1].verdict is not Verdict.PASSED:
            obstacle = title
    return tuple(found)


def _examined(title: str, check: Callable[[Patient], Found], patient: Patient) -> Examination:
    try:
        reasons, told = check(patient)
        whys, unknown = tuple(reasons), tuple(told)
    except Forbidden as refused:
        return Examination(title=title, verdict=Verdict.UNKNOWN, unknown=(refused.found,))
    except BackupError as error:
        return Examination(
            title=title,
            verdict=Verdict.FAILED,
            reasons=(Reason(found=f"{error.where}: {error.found}", next_step=error.next_step),),
        )
    verdict = Verdict.FAILED if whys else Verdict.UNKNOWN if unknown else Verdict.PASSED
    return Examination(title=title, verdict=verdict, reasons=whys, unknown=unknown)


def _api(patient: Patient) -> Found:
    patient.cluster.version()
    return (), ()


def _sources(patient: Patient) -> Found:
    listed = patient.cluster.list(REPLICATION_SOURCE, _namespace(patient))
    patient.sources = apps.chosen(listed, patient.meant, context=patient.cluster.context)
    return (), ()


def _controller(name: str) -> Callable[[Patient], Found]:
    return lambda patient: (
        examined.deployment(patient.cluster.find(DEPLOYMENT, name, NAMESPACE), f"{NAMESPACE}/{name}"),
        (),
    )


def _snapshot_classes(patient: Patient) -> Found:
    found = patient.cluster.list(VOLUME_SNAPSHOT_CLASS)
    return examined.classes(patient.sources, found, VOLUME_SNAPSHOT_CLASS, ("volumeSnapshotClassName",)), ()


def _storage_classes(patient: Patient) -> Found:
    return examined.classes(patient.sources, patient.cluster.list(STORAGE_CLASS), STORAGE_CLASS, CACHE_FIELDS), ()


def _kustomizations(patient: Patient) -> Found:
    try:
        return examined.kustomizations(patient.sources, patient.cluster.list(KUSTOMIZATION)), ()
    except NotFound:
        return (), ("whether Flux applies them: this cluster has no Flux",)


def _secret_stores(patient: Patient) -> Found:
    try:
        made = patient.cluster.list(EXTERNAL_SECRET, _namespace(patient))
        wanted = examined_secrets.secret_stores(examined_secrets.of_movers(patient.sources, made))
        # each by its name: what is not named by an app need not be seen
        found = {name: patient.cluster.find(CLUSTER_SECRET_STORE, name) for name in sorted(wanted)}
        return examined_secrets.stores(found), ()
    except NotFound:
        return (), ("whether 1Password answers: this cluster has no External Secrets",)


def _destinations(patient: Patient) -> Found:
    namespace = _namespace(patient)
    destinations = patient.cluster.list(REPLICATION_DESTINATION, namespace)
    claims = patient.cluster.list(PERSISTENT_VOLUME_CLAIM, namespace)
    return examined.destinations(patient.sources, destinations, claims), ()


def _namespace(patient: Patient) -> str:
    return "" if patient.meant is None else patient.meant.namespace


def _external_secrets(patient: Patient) -> Found:
    try:
        made = patient.cluster.list(EXTERNAL_SECRET, _namespace(patient))
        return examined_secrets.external_secrets(examined_secrets.of_movers(patient.sources, made)), ()
    except NotFound:
        return (), ("whether their Secrets are kept up to date: this cluster has no External Secrets",)


def _backups(patient: Patient) -> Found:
    found = seen.read(patient.cluster, patient.meant)
    patient.states = states(found, patient.now)
    blind = [f"{kind.plural}: {why}" for kind, why in found.unreadable.items()]
    blind += [f"{each.app.name}: {text}" for each in patient.states for text in each.unknown]
    return examined.backups(patient.states), blind


def _repositories(patient: Patient) -> Found:
    reasons: list[Reason] = []
    blind: list[str] = []
    for source in patient.sources:
        app = apps.of(source)
        try:
            opened = patient.stack.enter_context(repository.opened(patient.cluster, source))
            patient.snapshots[app] = opened.snapshots()
            patient.repositories[app] = opened
        except Forbidden as refused:
            blind.append(f"{app.name}: {refused.found}")
        except Unreachable:
            raise
        except BackupError as error:
            reasons.append(Reason(found=f"{app.name}: {error.where}: {error.found}", next_step=error.next_step))
    return reasons, blind


def _newest(patient: Patient) -> Found:
    reasons = [
        reason
        for each in patient.states
        if each.app in patient.snapshots
        for reason in examined.newest(each, patient.snapshots[each.app])
    ]
    return reasons, _unread(patient)


def _restorable(patient: Patient) -> Found:
    reasons: list[Reason] = []
    blind = list(_unread(patient))
    for each in patient.states:
        found = patient.snapshots.get(each.app, ())
        if found and not patient.repositories[each.app].can_be_read(found[0].id):
            reasons.append(
                Reason(
                    found=f"{each.app.name}: the list of files of snapshot {found[0].id[:8]} cannot be read",
                    next_step="see the runbook, Damaged repository",
                )
            )
        elif found and (text := examined.unproven(each, found, patient.now)):
            blind.append(f"{text}: restore it into a new PVC and compare, as the runbook says")
    return reasons, blind


def _unread(patient: Patient) -> tuple[str, ...]:
    unread = (apps.of(each) for each in patient.sources if apps.of(each) not in patient.snapshots)
    return tuple(f"{app.name}: its repository was not read" for app in unread)


API = "API reachable"
SOURCES = "VolSync installed, and something to back up"
FOUNDATIONS = (API, SOURCES)
"""Where one of them fails, nothing can be said of what comes after it."""

CHECKS: tuple[tuple[str, Callable[[Patient], Found]], ...] = (
    (API, _api),
    ("VolSync's controller available", _controller("volsync")),
    ("snapshot-controller available", _controller("snapshot-controller")),
    (SOURCES, _sources),
    ("VolumeSnapshotClasses there", _snapshot_classes),
    ("StorageClasses there", _storage_classes),
    ("Kustomizations of the apps ready", _kustomizations),
    ("ClusterSecretStores ready", _secret_stores),
    ("ExternalSecrets ready", _external_secrets),
    ("volumes filled from backups when they are made anew", _destinations),
    ("backups made", _backups),
    ("repositories readable", _repositories),
    ("snapshots of the last backups there", _newest),
    ("latest backups restorable", _restorable),
)
"""Title and check, in the order in which they rest on one another."""
