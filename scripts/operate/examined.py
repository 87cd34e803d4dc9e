"""The objects of a cluster -> what of them keeps backups from being made or restored."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from scripts.cluster import Kind, Object
from scripts.operate import apps
from scripts.operate.examined_secrets import not_ready
from scripts.operate.repository import Stored
from scripts.operate.state import Health, State
from scripts.operate.stuck import Reason
from scripts.operate.times import stamp, words

APPLIED_BY = ("kustomize.toolkit.fluxcd.io/namespace", "kustomize.toolkit.fluxcd.io/name")
"""
Labels of what a Flux Kustomization applies.

Source: fluxcd/pkg@0f4b4d682340:ssa/manager.go (SetOwnerLabels)
"""

PROOF_LASTS = timedelta(days=30)
"""After which a proven restore says little about the newest backup."""


def deployment(found: Object | None, name: str) -> Iterator[Reason]:
    """
    Say what keeps a controller from running.

    Args:
        found: its Deployment; None where there is none.

        name: of it.

    Yields:
        The reasons.
    """
    if found is None:
        yield Reason(
            found=f"there is no Deployment {name}",
            next_step="see its HelmRelease: `flux get helmreleases -n volsync-system`",
        )
    elif not (found.get("status") or {}).get("availableReplicas"):
        yield Reason(
            found=f"no pod of Deployment {name} is available",
            next_step="see its pods: `kubectl -n volsync-system get pods`",
        )


def classes(
    sources: Iterable[Object], found: Iterable[Object], kind: Kind, fields: tuple[str, ...]
) -> Iterator[Reason]:
    """
    Say which classes are named and are not there.

    Args:
        sources: ReplicationSources.

        found: the classes that there are.

        kind: of them.

        fields: of spec.restic that name one.

    Yields:
        The reasons.
    """
    there = {each["metadata"]["name"] for each in found}
    wanted: dict[str, str] = {}
    for source in sources:
        for name in filter(None, (_restic(source).get(field) for field in fields)):
            wanted.setdefault(name, apps.of(source).name)
    for name in sorted(wanted.keys() - there):
        yield Reason(
            found=f"{kind.kind} {name}, which {wanted[name]} names, is not there",
            next_step="install what brings it, or name another one in cluster-settings.yaml",
        )


def kustomizations(sources: Iterable[Object], found: Iterable[Object]) -> Iterator[Reason]:
    """
    Say which Kustomizations do not apply the backups that are theirs.

    Args:
        sources: ReplicationSources.

        found: the Kustomizations that there are.

    Yields:
        The reasons.
    """
    there = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in found}
    labels = (each["metadata"].get("labels") or {} for each in sources)
    owners = {tuple(each.get(label, "") for label in APPLIED_BY) for each in labels}
    for namespace, name in sorted(owner for owner in owners if all(owner)):
        where, each = f"Kustomization {namespace}/{name}", there.get((namespace, name))
        if each is None:
            yield Reason(found=f"{where} is not there any more", next_step="see who removed it")
        elif (each.get("spec") or {}).get("suspend"):
            yield Reason(found=f"{where} is suspended", next_step=f"run `flux resume kustomization {name}`")
        elif told := not_ready(each):
            yield Reason(found=f"{where} is not ready: {told}", next_step="mend what it names")


def destinations(sources: Iterable[Object], found: Iterable[Object], claims: Iterable[Object]) -> Iterator[Reason]:
    """
    Say which volumes would not be filled from their backup when they are made anew.

    Args:
        sources: ReplicationSources.

        found: the ReplicationDestinations that there are.

        claims: the PersistentVolumeClaims that there are.

    Yields:
        The reasons.

    Source:
        backube/volsync@v0.12.0:controllers/volumepopulator_controller.go (a volume is filled from status.latestImage)
    """
    there = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in found}
    volumes = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in claims}
    for source in sources:
        app = apps.of(source)
        claim = volumes.get((app.namespace, str(source["spec"].get("sourcePVC", ""))))
        reference = _spec(claim or {}).get("dataSourceRef") or {}
        if reference.get("kind") != "ReplicationDestination":
            # one that was made in another way is restored by hand
            continue
        where = f"{app.name}: ReplicationDestination {app.namespace}/{reference['name']}"
        each = there.get((app.namespace, reference["name"]))
        if each is None:
            yield Reason(found=f"{where} is not there", next_step="see the app's Kustomization")
            continue
        restic = _restic(each)
        if restic.get("repository") != _restic(source).get("repository"):
            yield Reason(
                found=f"{where} restores from Secret {restic.get('repository')}, and the app is backed up with "
                f"Secret {_restic(source).get('repository')}",
                next_step="give both the same one",
            )
        if restic.get("copyMethod") != "Snapshot":
            yield Reason(
                found=f"{where} has copyMethod {restic.get('copyMethod')}, from which no volume is filled",
                next_step="set it to Snapshot",
            )
        elif not (each.get("status") or {}).get("latestImage"):
            yield Reason(
                found=f"{where} has no image, so that a volume waits for it for ever",
                next_step="see its condition: `kubectl get replicationdestination`",
            )


def backups(known: Iterable[State]) -> Iterator[Reason]:
    """
    Say which apps need a person.

    Args:
        known: states.

    Yields:
        The reasons.
    """
    for each in known:
        if each.health is Health.ATTENTION:
            yield from (
                Reason(found=f"{each.app.name}: {reason.found}", next_step=reason.next_step) for reason in each.reasons
            )


def newest(state: State, found: tuple[Stored, ...]) -> Iterator[Reason]:
    """
    Say why the newest snapshot is not the one that the last backup saved.

    Args:
        state: of the app.

        found: its snapshots, newest first.

    Yields:
        The reasons.
    """
    saved = state.said.snapshot
    if not found:
        yield Reason(
            found=f"{state.app.name}: its repository has no snapshot that a restore can choose",
            next_step="run `invoke backup.now`",
        )
    elif saved and state.running_since is None and not any(each.id.startswith(saved) for each in found):
        yield Reason(
            found=f"{state.app.name}: snapshot {saved}, which its last backup saved, is not there any more;"
            f" the newest is {found[0].id[:8]} of {stamp(found[0].time)}",
            next_step="see who deletes in the bucket, and whether RESTIC_REPOSITORY has changed",
        )


def unproven(state: State, found: tuple[Stored, ...], now: datetime) -> str:
    """
    Say what is not known about restoring the newest snapshot.

    Args:
        state: of the app.

        found: its snapshots, newest first.

        now: the time.

    Returns:
        A sentence; "" where a restore was proven of late.
    """
    if state.proof is None:
        return f"{state.app.name}: no restore of it was ever proven"
    age = now - state.proof.at
    if age > PROOF_LASTS:
        return f"{state.app.name}: a restore of it was last proven {words(age.total_seconds())} ago"
    if state.proof.at < found[-1].time:
        return f"{state.app.name}: what was proven is older than every snapshot that it has now"
    return ""


def _spec(found: Object) -> Object:
    spec: Object = found.get("spec") or {}
    return spec


def _restic(found: Object) -> Object:
    restic: Object = _spec(found).get("restic") or {}
    return restic
