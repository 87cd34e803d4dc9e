"""cluster.e2e: the proof on a cluster: platform, scenario, metrics, clean-up, evidence."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from scripts import cluster as clusters
from scripts import cluster_settings
from scripts.cluster import LIMITS, Cluster, Limits
from scripts.cluster_e2e import metrics
from scripts.cluster_e2e.app import RUN, App, moved
from scripts.cluster_e2e.platform import Platform, parts
from scripts.cluster_e2e.prometheus import Prometheus
from scripts.cluster_e2e.stay import Stay
from scripts.cluster_e2e.sync import Patience
from scripts.cluster_e2e.system import ClusterSystem
from scripts.e2e import digest, steps
from scripts.e2e.evidence import Evidence, StepRecord
from scripts.e2e.kept import keep
from scripts.e2e.run import dataset_of
from scripts.e2e.scenario import Scenario
from scripts.e2e.services import APP, commit_of, digest_of
from scripts.e2e.steps import Shown
from scripts.e2e.volume_pod import IMAGE, NON_ROOT, VolumePods
from scripts.errors import BackupError, SettingsError
from scripts.provision import given
from scripts.render import render
from scripts.settings import REPOSITORY_ROOT, Secret

NAMESPACE_ENDS_S = 300.0


def run(
    *,
    context: str,
    size: str,
    files: int,
    evidence_folder: str,
    namespace: str = "",
    image: str = "",
    prometheus: str = "",
    allow_missing: str = "",
    record_file: str = "",
    timeout_s: int = 1800,
    patience: Patience | None = None,
    settings: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
) -> None:
    """
    Prove on a cluster that what these manifests back up comes back.

    Args:
        context: of the kubeconfig.

        size: of the dataset, as in "64MiB".

        files: of the dataset, 1 or more.

        evidence_folder: below which this run's evidence goes, in a folder named after its start.

        namespace: that is made and removed; one with a name of its own where "".

        image: of the pods that write and read volumes; the pinned one where "".

        prometheus: URL of the Prometheus or Victoria Metrics that watches the cluster; "" for none.

        allow_missing: parts that the cluster may lack, with commas between them.

        record_file: a file that is the record of the credentials, for a cluster without External Secrets.

        timeout_s: for one sync, and for one pod, in seconds.

        patience: how long syncs are waited for; the usual, with timeout_s, where None.

        settings: values that replace those of cluster-settings.yaml.

        limits: how long the API is waited for.

    Raises:
        BackupError: of the first step that failed; the evidence is written in any case.
    """
    if timeout_s < 1:
        raise SettingsError(f"--timeout {timeout_s}", "is too small", "give a whole number, 1 or more")
    allowed, dataset, started = parts(allow_missing), dataset_of(size, files), datetime.now(UTC)
    asked = Prometheus(prometheus) if prometheus else None
    name = namespace or f"apps-backup-e2e-{secrets.token_hex(4)}"
    tree = render(REPOSITORY_ROOT, settings=settings).resources
    objects = tuple(each for each in tree if each.id.namespace == APP)
    identity = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    app = moved(objects, namespace=name, run=identity)
    record: digest.Manifest = {}
    taken: tuple[StepRecord, ...] = ()
    failure: BackupError | None = None
    with clusters.connect(context, limits) as cluster:
        version = cluster.version()
        stay = Stay(cluster, name, identity, secret=app.secret, timeout_s=NAMESPACE_ENDS_S)
        try:
            store = app.external_secret["spec"]["secretStoreRef"]["name"]
            platform = Platform(cluster, tree, store=store, allowed=allowed, prometheus=asked)
            taken, failure = steps.run((*platform.steps(), (f"make namespace {name}", lambda: _begun(stay))))
            if failure is None:
                fields = _fields(record_file) if "external-secrets" in platform.lacks else None
                pods = _pods(cluster, app, name, identity, image=image, timeout_s=timeout_s)
                usual = Patience(whole_s=timeout_s)
                system = ClusterSystem(cluster, app, pods, patience=patience or usual, fields=fields)
                proof = Scenario(system, dataset)
                then = (
                    ("see what VolSync made, removed and kept", lambda: _syncs(system)),
                    ("see the series of these backups", lambda: _series(cluster, asked, app, name, platform)),
                )
                more, failure = steps.run((*proof.steps(), *then))
                taken, record = taken + more, proof.record
        finally:
            cleaned, left = steps.run((("leave nothing behind", lambda: Shown(detail=stay.end())),))
        facts = (
            ("app", f"{APP}, in namespace {name}"),
            ("run", identity),
            ("context", context),
            ("Kubernetes", version),
            ("commit", commit_of(REPOSITORY_ROOT)),
            ("manifests", f"sha256:{digest_of(objects)}"),
            ("replaced for this run", "namespace, and the last part of the repository's path"),
            ("image of the pods", image or IMAGE),
            ("dataset", f"{files} files of {dataset.size_bytes} bytes, and awkward ones"),
        )
    found = Evidence(system="cluster", started=started, finished=datetime.now(UTC), facts=facts, steps=taken + cleaned)
    keep(found, record, Path(evidence_folder))
    for error in (failure, left):
        if error is not None:
            raise error


def _begun(stay: Stay) -> Shown:
    stay.begin()
    return Shown(detail="it was not there, and it is this run's; its pods are under the restricted level")


def _fields(record_file: str) -> Mapping[str, Secret]:
    return given.record(record_file, cluster_settings.read(REPOSITORY_ROOT)).read().fields()


def _pods(cluster: Cluster, app: App, namespace: str, run: str, *, image: str, timeout_s: int) -> VolumePods:
    return VolumePods(
        cluster=cluster,
        namespace=namespace,
        image=image or IMAGE,
        security_context=app.source["spec"]["restic"].get("moverSecurityContext") or NON_ROOT,
        labels={RUN: run},
        timeout_s=timeout_s,
    )


def _syncs(system: ClusterSystem) -> Shown:
    snapshots = {name for each in system.synced for name in each.snapshots}
    movers = {name for each in system.synced for name in each.movers}
    kept = {name for each in system.synced for name in each.kept}
    return Shown(
        detail=f"{len(system.synced)} syncs: {len(snapshots)} VolumeSnapshots and {len(movers)} mover pods were seen; after "
        f"each sync no pod, temporary PVC or snapshot was left; VolSync keeps {', '.join(sorted(kept))}"
    )


def _series(cluster: Cluster, prometheus: Prometheus | None, app: App, namespace: str, platform: Platform) -> Shown:
    if prometheus is None and "prometheus" in platform.lacks:
        return Shown(detail="not checked, as was allowed: there is no Prometheus", is_checked=False)
    wanted = {"source": str(app.source["metadata"]["name"]), "destination": str(app.destination["metadata"]["name"])}
    return metrics.see(cluster, prometheus, wanted, namespace)
