"""
The story's own YAML in the place of the tree's: each mistake that docs/decisions/0001-* lists is found.

What does not render is told first, so the mistakes are met as somebody meets them who corrects one after the other.
"""

import re
import shutil

import pytest

from scripts.settings import REPOSITORY_ROOT
from scripts.store import Store
from scripts.validate import validate
from tests.tools import awkward
from tests.tools.trees import CLUSTER, COMPONENT, MINIMAL, SYSTEM, both, remove, replace

STORY = awkward.read(MINIMAL.parents[1] / "story.txtar")
DECISION = REPOSITORY_ROOT / "docs/decisions/0001-story-and-real-components.md"
ROW = re.compile(r"^\| (?P<story>.+?) (?<!\\)\| ", re.MULTILINE)

WHOLE = f"{COMPONENT}/kustomization.yaml"
EXTERNAL_SECRET = f"{COMPONENT}/externalsecret/externalsecret.yaml"
SOURCE = f"{COMPONENT}/replicationsource/replicationsource.yaml"
DESTINATION = f"{COMPONENT}/replicationdestination/replicationdestination.yaml"
CLAIM = f"{COMPONENT}/pvc/pvc.yaml"
APP = "kubernetes/workloads/apps/volsync-test/ks.yaml"
SNAPSHOTS = f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml"
OPERATOR = f"{SYSTEM}/volsync/app/helmrelease.yaml"
ALERTS = f"{SYSTEM}/volsync/app/prometheusrule.yaml"

AS_IT_STANDS = "as it stands"
STEPS = {
    AS_IT_STANDS: both(
        # what the tree has beside the story, so that it works
        replace(f"{CLUSTER}/kustomization.yaml", "  - helm-repositories.yaml\n", ""),
        remove(f"{CLUSTER}/helm-repositories.yaml"),
        remove(f"{SYSTEM}/namespace.yaml"),
    ),
    "once the component builds": replace(WHOLE, "v1beta1", "v1alpha1"),
    "once its variables have values": both(
        replace(APP, "      PVC_SIZE: 1Gi\n", "      PVC_SIZE: 1Gi\n      SOURCE_PVC: volsync-test-data\n"),
        replace(EXTERNAL_SECRET, "${VOLSYNC_BUCKET}", "${VOLSYNC_BUCKET:=volsync}"),
        replace(DESTINATION, "${STORAGE_CLASS}", "${STORAGE_CLASS:=rook-ceph-block}"),
        replace(CLAIM, "${STORAGE_CLASS}", "${STORAGE_CLASS:=rook-ceph-block}"),
    ),
    "once all of it is listed": replace(
        WHOLE, "/replicationsource.yaml\n", "/replicationsource.yaml\n  - replicationdestination\n  - pvc\n"
    ),
    "once the restore has its variables too": replace(
        APP, "      PVC_SIZE: 1Gi\n", "      PVC_SIZE: 1Gi\n      DEST_PVC: restored\n      TIMESTAMP: now\n"
    ),
    "once VolSync makes the volume": replace(DESTINATION, "    destinationPVC: ${DEST_PVC}\n", ""),
}
"""What has been corrected -> how, after all that is above it."""

BUILDS, GIVEN, LISTED, RENDERS, RESTORES = list(STEPS)[1:]

FOUND = {
    # the component
    "Component with `apiVersion: kustomize.config.k8s.io/v1beta1`": (AS_IT_STANDS, "kustomize-build", WHOLE),
    "the Component lists `externalsecret/externalsecret.yaml` and `replicationsource/replicationsource.yaml` alone": (
        GIVEN,
        "volsync-source-pvc",
        APP,
    ),
    "`commonLabels` in the Component": (AS_IT_STANDS, "common-labels", WHOLE),
    "`app.kubernetes.io/component: volsync` on the level of the Component": (AS_IT_STANDS, "common-labels", WHOLE),
    "replacements whose source is the ExternalSecret's own `metadata.namespace`": (
        AS_IT_STANDS,
        "replacement-of-itself",
        WHOLE,
    ),
    "`${VOLSYNC_BUCKET}`, `${SOURCE_PVC}`, `${STORAGE_CLASS}` without a default": (
        BUILDS,
        "variable-without-default",
        APP,
    ),
    "`external-secrets.io/v1beta1`": (GIVEN, "api-version", EXTERNAL_SECRET),
    "`extract.key: kubernetes/apps/volsync/volsync-minio`": (GIVEN, "external-secret-item", EXTERNAL_SECRET),
    '`unlock: ""`': (GIVEN, "volsync-unlock", SOURCE),
    "ReplicationDestination with `destinationPVC: ${DEST_PVC}`": (RENDERS, "volsync-destination-pvc", APP),
    "`previous: 1`": (RENDERS, "volsync-previous", DESTINATION),
    "`trigger.manual: restore-${TIMESTAMP}`": (LISTED, "variable-unset", APP),
    'a PVC without a source ("example for testing")': (RENDERS, "volsync-not-filled", CLAIM),
    "PVC `${APP}-data`, source `${SOURCE_PVC}`": (BUILDS, "variable-unset", APP),
    "no `cleanupTempPVC`, `cleanupCachePVC`, `enableFileDeletion`": (RESTORES, "volsync-clean-up", DESTINATION),
    "moverSecurityContext without `seccompProfile`": (GIVEN, "volsync-mover-restricted", SOURCE),
    # the charts
    "snapshot-controller: `replicaCount`, `securityContext`, `resources`, `affinity`, `serviceMonitor`, `args` on the top "
    "level": (GIVEN, "helm-value", SNAPSHOTS),
    "`securityContext` with `fsGroup` and `seccompProfile`": (GIVEN, "helm-value", SNAPSHOTS),
    "`serviceMonitor.enabled`, `.interval`, `.namespace`": (GIVEN, "helm-value", SNAPSHOTS),
    "`args` as a list": (GIVEN, "helm-value", SNAPSHOTS),
    "`webhook.port`": (GIVEN, "helm-value", SNAPSHOTS),
    "VolSync: `metrics.enabled`, `metrics.serviceMonitor.*`": (GIVEN, "helm-value", OPERATOR),
    "metrics scraped through that ServiceMonitor": (GIVEN, "helm-metrics", OPERATOR),
    "`securityContext` with `fsGroup`, `seccompProfile`": (GIVEN, "helm-security-context", OPERATOR),
    "`restic.repository: quay.io/backube/volsync-mover-restic`, `rclone…`": (GIVEN, "helm-image", OPERATOR),
    "`image.tag: 0.12.0`": (GIVEN, "helm-image", OPERATOR),
    "`moverPodLabels`, `rbac.create`, `logLevel`, `args`": (GIVEN, "helm-value", OPERATOR),
    "`crds: CreateReplace` for VolSync": (GIVEN, "helm-crds", OPERATOR),
    # Flux
    "`wait: true` and `healthChecks`": (GIVEN, "flux-wait", f"{SYSTEM}/volsync/ks.yaml"),
    "`postBuild` in `cluster-apps-volsync-system`": (BUILDS, "variable-unused", f"{CLUSTER}/volsync.yaml"),
    "bucket and classes in `substitute` as well as in cluster-settings": (
        BUILDS,
        "variable-unused",
        f"{CLUSTER}/volsync.yaml",
    ),
    "HelmReleases in `volsync-system`": (GIVEN, "flux-namespace", OPERATOR),
    "HelmRepositories": (GIVEN, "file-unapplied", "kubernetes/infrastructure/repositories/helm/kustomization.yaml"),
    # the alerts
    '`up{job="volsync-metrics"} == 0`': (AS_IT_STANDS, "alert-test", "tests/alerts/controller-down.test.yaml"),
    '`volsync_replication_status{state="failed"}`': (GIVEN, "alert-metric", ALERTS),
    'the same with `direction="destination"`': (GIVEN, "alert-metric", ALERTS),
    "`volsync_replication_duration_seconds > 3600`": (GIVEN, "alert-metric", ALERTS),
    "`increase(volsync_snapshot_errors_total[10m])`": (GIVEN, "alert-metric", ALERTS),
    "mover pods `volsync-.*-mover.*`": (AS_IT_STANDS, "alert-test", "tests/alerts/mover-pod-failed.test.yaml"),
    "`increase(volsync_s3_errors_total[10m]) > 5`": (GIVEN, "alert-metric", ALERTS),
    "`volsync_replication_last_success_timestamp`": (GIVEN, "alert-metric", ALERTS),
    "`increase(volsync_cache_pvc_errors_total[10m])`": (GIVEN, "alert-metric", ALERTS),
    "annotation `runbook` with a command": (AS_IT_STANDS, "alert-rule", ALERTS),
}
"""A row of the decision -> when which rule finds it, and in which file."""

QUOTED = {
    "`args` as a list": "value args,",
    "`webhook.port`": "webhook.port",
    "`serviceMonitor.enabled`, `.interval`, `.namespace`": "value serviceMonitor,",
    "`securityContext` with `fsGroup` and `seccompProfile`": "value securityContext,",
    "VolSync: `metrics.enabled`, `metrics.serviceMonitor.*`": "metrics.serviceMonitor",
    "`moverPodLabels`, `rbac.create`, `logLevel`, `args`": "moverPodLabels",
    "`restic.repository: quay.io/backube/volsync-mover-restic`, `rclone…`": "restic.repository",
    "`image.tag: 0.12.0`": "image.tag",
    '`volsync_replication_status{state="failed"}`': "VolSyncReplicationFailed",
    'the same with `direction="destination"`': "VolSyncRestoreFailed",
    "`volsync_replication_duration_seconds > 3600`": "volsync_replication_duration_seconds",
    "`increase(volsync_snapshot_errors_total[10m])`": "volsync_snapshot_errors_total",
    "`increase(volsync_s3_errors_total[10m]) > 5`": "volsync_s3_errors_total",
    "`volsync_replication_last_success_timestamp`": "volsync_replication_last_success_timestamp",
    "`increase(volsync_cache_pvc_errors_total[10m])`": "volsync_cache_pvc_errors_total",
    "`trigger.manual: restore-${TIMESTAMP}`": "TIMESTAMP",
    "PVC `${APP}-data`, source `${SOURCE_PVC}`": "SOURCE_PVC",
}
"""A row whose rule finds several things in its file -> what the finding speaks of."""

NO_YAML = "is no YAML"
NO_MISTAKE = "no mistake of this YAML"
NOT_FOUND = {
    '`"${BACKUP_SCHEDULE:-…}"` in quotes': f"{NO_MISTAKE}: only a value of an app's can be; flux-build refuses that",
    "ReplicationSource and ReplicationDestination share no name, though nothing says that they must not": NO_MISTAKE,
    "`paused: false`": f"{NO_MISTAKE}: it is the default; volsync-paused finds `true`",
    "label `app.kubernetes.io/component=volsync-mover` in each `kubectl logs`": f"{NO_YAML}: a command",
    "everybody at `0 2 * * *`": f"{NO_MISTAKE}: one app is no crowd; tests/trees/invalid/volsync-pile-up is",
    "`resources.limits` without cpu": f"{NO_MISTAKE}: the tree has it as it is",
    "`{snapshot-controller,volsync}/{app,ks}` folders": f"{NO_YAML}: a command",
    'policy `readwrite`, "scoped to volsync bucket"': f"{NO_YAML}: a command",
    '`op item create … "RESTIC_PASSWORD=$(…)"`, `mc admin user add … <PASSWORD>`': f"{NO_YAML}: a command",
    'no hard-coded secrets, "grep confirms"': f"{NO_YAML}: a command",
    "`flux build kustomization NAME --path DIR`": f"{NO_YAML}: a command",
    "`yamllint DIR`": f"{NO_YAML}: a command",
    "`kubectl wait --for=condition=Completed`": f"{NO_YAML}: a command",
    '`kubectl wait` … `\\|\\| echo "in progress"`': f"{NO_YAML}: a command",
    "`kubectl patch … trigger.manual`": f"{NO_YAML}: a command",
    "`kubectl port-forward svc/volsync-metrics 8080:8080`, `http://`": f"{NO_YAML}: a command",
    "cache PVCs by the label `app.kubernetes.io/component=volsync-cache`": f"{NO_YAML}: a command",
    '`restic/restic:0.16.3`, "embedded in VolSync mover"': f"{NO_YAML}: a sentence of the runbook",
    '"repository does not exist" as an error of the first backup': f"{NO_YAML}: a sentence of the runbook",
}
"""A row of the decision that the YAML does not show -> why."""


def rows():
    """What the story says, of each row of the tables."""
    text = DECISION.read_text(encoding="utf-8")
    found = [each["story"] for each in ROW.finditer(text)]
    return [each for each in found if each != "The story says"]


@pytest.fixture(scope="module")
def met(tmp_path_factory, tools):
    """What has been corrected -> the findings that are left then."""
    root = tmp_path_factory.mktemp("story") / "tree"
    for name in ("kubernetes", "docs", "tests/alerts"):
        shutil.copytree(REPOSITORY_ROOT / name, root / name, symlinks=True)
    shutil.copy(REPOSITORY_ROOT / ".yamllint.yaml", root)
    for path, text in STORY.files.items():
        if path != awkward.ENTRY_FILE:
            (root / path).write_text(text, encoding="utf-8")
    found, memory = {}, root.parent / "results.sqlite3"
    for step, correct in STEPS.items():
        correct(root)
        found[step] = validate(root, tools=tools, is_repository=False, store=Store(memory)).findings
    return found


def test_the_yaml_is_that_of_the_story():
    story = {
        line.strip() for line in (REPOSITORY_ROOT.parent / "shared/story/story-36.md").read_text("utf-8").splitlines()
    }
    blocks = [
        line.strip() for path, text in STORY.files.items() if path != awkward.ENTRY_FILE for line in text.splitlines()
    ]

    assert [line for line in blocks if line not in story] == []


def test_each_row_of_the_decision_is_found_or_says_why_not():
    assert sorted(rows()) == sorted([*FOUND, *NOT_FOUND])
    assert set(QUOTED) <= set(FOUND)


@pytest.mark.parametrize("row", FOUND)
def test_a_mistake_of_the_story_is_found(met, row):
    step, rule, file = FOUND[row]

    told = [each for each in met[step] if (each.rule, each.file) == (rule, file) and QUOTED.get(row, "") in str(each)]

    assert told, [str(each) for each in met[step]]
