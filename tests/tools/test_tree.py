"""The tree of this repository, built with the real kustomize and rendered the way Flux would."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from scripts import cluster_settings
from scripts.errors import RenderError
from scripts.process import run
from scripts.render import render

ROOT = Path(__file__).parents[2]
APPS = "kubernetes/workloads/apps"
CHAIN = {
    "cluster-apps-helm-repositories": set(),
    "cluster-apps-volsync-system": {
        "cluster-apps-external-secrets",
        "cluster-apps-helm-repositories",
        "cluster-apps-storage-openebs",
        "cluster-apps-storage-rook-ceph-cluster",
    },
    "cluster-apps-volsync-snapshot-controller": {
        "cluster-apps-external-secrets",
        "cluster-apps-storage-openebs",
        "cluster-apps-storage-rook-ceph-cluster",
    },
    "cluster-apps-volsync": {"cluster-apps-volsync-snapshot-controller"},
    "cluster-apps-workloads": set(),
    "cluster-apps-volsync-test": {"cluster-apps-volsync"},
}


@pytest.fixture(scope="module")
def rendering():
    return render(ROOT)


@pytest.fixture(scope="module")
def app(rendering):
    return {each.id.kind: each.document for each in rendering.resources if each.id.namespace == "volsync-test"}


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "kubernetes", tmp_path / "kubernetes")
    return tmp_path


def objects(rendering, kind):
    return {each.id.name: each.document for each in rendering.resources if each.id.kind == kind}


def externals(kind):
    text = (ROOT / "kubernetes/tree.yaml").read_text(encoding="utf-8")
    return set(yaml.safe_load(text)["externals"][kind])


def test_each_kustomization_waits_for_what_the_story_draws(rendering):
    assert {each.name: set(each.depends_on) for each in rendering.kustomizations} == CHAIN


def test_what_a_kustomization_waits_for_is_in_the_tree_or_named_as_external(rendering):
    in_tree = {f"{each.namespace}/{each.name}" for each in rendering.kustomizations}
    waited_for = {f"flux-system/{name}" for each in rendering.kustomizations for name in each.depends_on}

    assert waited_for - in_tree == externals("Kustomization")


def test_no_kustomization_has_health_checks_that_wait_would_switch_off(rendering):
    specifications = [each.document["spec"] for each in rendering.kustomizations]

    assert [each["path"] for each in specifications if each.get("wait") and each.get("healthChecks")] == []
    assert {check["name"] for each in specifications for check in each.get("healthChecks", ())} == {
        "snapshot-controller",
        "volsync",
    }


def test_a_health_check_asks_for_the_deployment_that_the_release_makes(rendering):
    releases = objects(rendering, "HelmRelease")
    checked = {
        check["name"]
        for each in rendering.kustomizations
        for check in each.document["spec"].get("healthChecks", ())
        if check["kind"] == "Deployment"
    }

    # both charts name their Deployment after a release whose name contains the chart's
    assert {release["spec"]["releaseName"] for release in releases.values()} == checked
    assert all(release["spec"]["chart"]["spec"]["chart"] in name for name, release in releases.items())


def test_each_release_is_pinned_and_its_repository_is_applied_before_it(rendering):
    releases = objects(rendering, "HelmRelease")
    charts = {name: release["spec"]["chart"]["spec"] for name, release in releases.items()}

    assert {name: chart["version"] for name, chart in charts.items()} == {
        "snapshot-controller": "3.0.6",
        "volsync": "0.12.0",
    }
    assert {chart["sourceRef"]["name"] for chart in charts.values()} == set(objects(rendering, "HelmRepository"))


def test_a_namespace_is_applied_no_later_than_what_lands_in_it(rendering):
    applied_by = {each.id.name: each.kustomization for each in rendering.resources if each.id.kind == "Namespace"}
    parents = {each.id.name: each.kustomization for each in rendering.resources if each.id.kind == "Kustomization"}
    lands_in = {
        (each.id.namespace, each.kustomization)
        for each in rendering.resources
        if each.id.namespace not in {"", "flux-system"}
    }

    assert all(applied_by[namespace] in {by, parents.get(by)} for namespace, by in lands_in)


def test_the_set_up_tasks_can_read_the_settings():
    settings = cluster_settings.read(ROOT)

    assert (settings.endpoint, settings.bucket, settings.user) == (
        "http://10.25.11.3:9000",
        "volsync",
        "volsync-backup",
    )
    assert (settings.vault, settings.item) == ("Kubernetes", "volsync-minio")


def test_an_app_that_is_made_comes_back_with_its_data(app):
    claim, destination = app["PersistentVolumeClaim"]["spec"], app["ReplicationDestination"]

    assert claim["dataSourceRef"] == {
        "apiGroup": "volsync.backube",
        "kind": "ReplicationDestination",
        "name": destination["metadata"]["name"],
    }
    assert destination["spec"]["trigger"] == {"manual": "restore-once"}
    assert destination["spec"]["restic"]["copyMethod"] == "Snapshot"
    assert destination["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/ssa"] == "IfNotPresent"
    assert {"destinationPVC", "previous", "restoreAsOf"}.isdisjoint(destination["spec"]["restic"])
    assert {"capacity", "accessModes"} <= set(destination["spec"]["restic"])


def test_what_is_backed_up_is_what_the_app_mounts(app):
    volumes = app["Deployment"]["spec"]["template"]["spec"]["volumes"]
    claims = [volume["persistentVolumeClaim"]["claimName"] for volume in volumes]

    assert (
        claims == [app["PersistentVolumeClaim"]["metadata"]["name"]] == [app["ReplicationSource"]["spec"]["sourcePVC"]]
    )


def test_source_and_destination_share_the_repository_and_the_user_and_not_the_name(app):
    source, destination = app["ReplicationSource"], app["ReplicationDestination"]
    secret = app["ExternalSecret"]["spec"]["target"]

    assert source["metadata"]["name"] != destination["metadata"]["name"]
    for field in ("repository", "moverSecurityContext", "volumeSnapshotClassName", "cacheStorageClassName"):
        assert source["spec"]["restic"][field] == destination["spec"]["restic"][field]
    assert source["spec"]["restic"]["repository"] == secret["name"]
    assert set(secret["template"]["data"]) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "RESTIC_PASSWORD",
        "RESTIC_REPOSITORY",
    }
    assert secret["template"]["data"]["RESTIC_REPOSITORY"] == "s3:http://10.25.11.3:9000/volsync/volsync-test"


def test_the_movers_may_run_where_pods_are_restricted(app):
    for kind in ("ReplicationSource", "ReplicationDestination"):
        context = app[kind]["spec"]["restic"]["moverSecurityContext"]

        assert context == {
            "fsGroup": 65534,
            "runAsGroup": 65534,
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        }


def test_the_component_leaves_the_apps_own_objects_as_they_are(app):
    written = yaml.safe_load((ROOT / APPS / "volsync-test/app/deployment.yaml").read_text(encoding="utf-8"))

    assert app["Deployment"]["spec"] == written["spec"]
    assert app["Deployment"]["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "kustomize"}


def test_data_is_not_pruned_with_the_manifests(rendering, app):
    kept = (app["PersistentVolumeClaim"], objects(rendering, "Namespace")["volsync-test"])

    assert [each["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] for each in kept] == ["disabled"] * 2


def test_the_classes_and_the_store_that_an_app_names_are_external(app):
    source, destination = (app[kind]["spec"]["restic"] for kind in ("ReplicationSource", "ReplicationDestination"))

    assert {source["cacheStorageClassName"], destination["storageClassName"]} == externals("StorageClass")
    assert {source["volumeSnapshotClassName"]} == externals("VolumeSnapshotClass")
    assert {app["ExternalSecret"]["spec"]["secretStoreRef"]["name"]} == externals("ClusterSecretStore")


def test_an_app_is_backed_up_at_its_own_minute(rendering):
    sources = objects(rendering, "ReplicationSource").values()
    for source in sources:
        minute, hour = source["spec"]["trigger"]["schedule"].split()[:2]
        checksum = int(run(("cksum",), timeout_s=10, stdin=source["metadata"]["namespace"]).stdout.split()[0])

        assert (int(hour) * 60 + int(minute)) == 60 + checksum % 240


def test_an_app_without_a_name_is_an_error_that_says_so(copy):
    file = copy / APPS / "volsync-test/ks.yaml"
    file.write_text(re.sub(r"\n +APP: .*", "", file.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(RenderError, match="variable APP has no value and no default"):
        render(copy)
