"""backup.restore: a volume as one snapshot has it, proven, with the app stopped meanwhile and started again."""

import secrets
from datetime import UTC, datetime

from scripts import cluster as clusters
from scripts import report
from scripts.cluster.kinds import PERSISTENT_VOLUME_CLAIM, REPLICATION_SOURCE
from scripts.e2e.digest import Manifest
from scripts.e2e.volume_pod import IMAGE, VolumePods
from scripts.errors import Drift, MoverFailed, NotFound, SettingsError
from scripts.operate import apps, contents, repository, restoring, trigger
from scripts.operate.repository import Repository, Stored
from scripts.operate.restore import choice as choices
from scripts.operate.restore.choice import Choice
from scripts.operate.restore.journal import Journal, Phase
from scripts.operate.restore.kept import LABEL, Kept, name
from scripts.operate.restore.restoration import Restoration
from scripts.operate.times import stamp
from scripts.progress import step


def run(
    *,
    context: str,
    app: str,
    at: str,
    snapshot: str,
    previous: str,
    into: str,
    resume: bool,
    backup: bool,
    image: str,
    timeout_s: int,
) -> None:
    """
    Restore one snapshot, into the app's volume or into a new one, or end a restore that was cut short.

    Args:
        context: of the kubeconfig.

        app: its name.

        at: a time: the newest snapshot that is not later; "" where it is not said.

        snapshot: the first digits of an id; "" where they are not said.

        previous: how many to go back from the newest snapshot; "" where it is not said.

        into: a PVC to make; "" for the app's own.

        resume: whether a restore that was cut short is finished or undone.

        backup: whether the volume is backed up before.

        image: of the pod that reads the volume; "" for the usual one.

        timeout_s: for the backup before, for the restore, and for the reading of the volume, each in seconds.

    Raises:
        NotFound: where there is no such app, volume or snapshot, or nothing to resume.

        Conflict: where the app is being restored already.

        ProofFailed: where what came back is not the snapshot.

        MoverFailed: where a mover fails, or nothing was restored.
    """
    meant = apps.one(app)
    choice = choices.read(at=at, snapshot=snapshot, previous=previous)
    if timeout_s < 1:
        raise SettingsError(f"--timeout {timeout_s}", "is too small", "give a whole number, 1 or more")
    if resume and (into or not backup):
        raise SettingsError("--resume", "goes on as the restore was begun", "leave the other flags out")
    with clusters.connect(context) as cluster:
        source = cluster.get(REPLICATION_SOURCE, meant.source, meant.namespace)
        pods = VolumePods(
            cluster=cluster,
            namespace=meant.namespace,
            image=image or IMAGE,
            security_context=restoring.user(source),
            labels={LABEL: name(meant)},
            timeout_s=timeout_s,
        )
        kept = Kept(cluster, meant)
        with repository.opened(cluster, source) as opened:
            restoration = Restoration(
                cluster=cluster, app=meant, source=source, kept=kept, pods=pods, repository=opened, timeout_s=timeout_s
            )
            if resume:
                _resume(restoration, choice)
            else:
                _begin(restoration, choice, into=into, backup=backup)


def _begin(restoration: Restoration, choice: Choice, *, into: str, backup: bool) -> None:
    meant, opened = restoration.app, restoration.repository
    own = str(restoration.source["spec"].get("sourcePVC", ""))
    claim = restoration.cluster.find(PERSISTENT_VOLUME_CLAIM, own, meant.namespace)
    where = f"PersistentVolumeClaim {meant.namespace}/{own}"
    if claim is None:
        raise NotFound(where, "is not there, and Flux alone makes it", 'see the runbook, "Single PVC loss"')
    if not into and (claim.get("status") or {}).get("phase") != "Bound":
        raise Drift(where, "is not bound to a volume", 'see the runbook, "Single PVC loss"')
    if into and restoration.cluster.find(PERSISTENT_VOLUME_CLAIM, into, meant.namespace) is not None:
        raise Drift(f"PersistentVolumeClaim {meant.namespace}/{into}", "is there already", "name a new one in --into")
    chosen = choices.choose(choice, opened.snapshots(), where=opened.where)
    expected = _read(opened, chosen)
    holder = secrets.token_hex(8)
    restoration.kept.begin(
        Journal(
            tag=trigger.tag(datetime.now(UTC), trigger.RESTORE_PREFIX),
            holder=holder,
            snapshot=chosen.id,
            as_of=stamp(chosen.time),
            claim=into or own,
            is_new=bool(into),
        )
    )
    restoration.carry_out(expected, backup=backup)


def _resume(restoration: Restoration, choice: Choice) -> None:
    kept, opened = restoration.kept, restoration.repository
    kept.take_over(secrets.token_hex(8))
    if kept.now.phase is not Phase.WRITING:
        if choice.is_made:
            raise SettingsError(
                "--resume", "has nothing to restore any more", "leave --at, --snapshot and --previous out"
            )
        was_proven = kept.now.is_proven
        restoration.end()
        if not was_proven:
            raise MoverFailed(
                restoration.app.where,
                "nothing was restored: that run was cut short before it wrote to the volume, and is undone",
                "run this again without --resume",
            )
        report.show((f"{restoration.app.name}: all is as before that restore again, which is proven",))
        return
    meant = choice if choice.is_made else Choice(snapshot=kept.now.snapshot)
    chosen = choices.choose(meant, opened.snapshots(), where=opened.where)
    expected = _read(opened, chosen)
    restoration.go_on(expected, chosen)


def _read(opened: Repository, chosen: Stored) -> Manifest:
    # before anything is touched: it is also the proof that the snapshot can be read to its last byte
    with step(f"read snapshot {chosen.id[:8]} of {stamp(chosen.time)}"):
        expected = contents.read(opened, chosen.id)
    if not any(each.type == "file" for each in expected.values()):
        raise MoverFailed(
            f"snapshot {chosen.id[:8]} in {opened.where}",
            "holds no file at all",
            "choose one in `invoke backup.snapshots`",
        )
    return expected
