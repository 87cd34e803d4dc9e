"""What a tree renders to: for each rule the smallest tree that breaks it, and one beside it that does not."""

import pytest

from scripts.checks.volsync.spread import spread_schedule
from scripts.errors import FindingsFound
from scripts.validate import conclude, validate
from tests.tools.trees import CLUSTER, COMPONENT, DEMO, SYSTEM, append, both, places, remove, replace, write

SOURCE = f"{COMPONENT}/replicationsource/replicationsource.yaml"
DESTINATION = f"{COMPONENT}/replicationdestination/replicationdestination.yaml"
CLAIM = f"{COMPONENT}/pvc/pvc.yaml"
EXTERNAL_SECRET = f"{COMPONENT}/externalsecret/externalsecret.yaml"
SETTINGS = f"{CLUSTER}/cluster-settings.yaml"
EXTERNALS = f"{CLUSTER}/externals.yaml"
APPLIED_BY = f"{CLUSTER}/demo.yaml"
VOLSYNC = f"{SYSTEM}/volsync/ks.yaml"
FOLDER = "kubernetes/workloads/apps/demo"


def add(name, text):
    """A further object of the app."""
    return both(append(DEMO, f"  - {name}\n"), write(f"{FOLDER}/{name}", f"---\n{text}"))


RUNBOOK = "docs/runbooks/volsync-backup-restore.md"
CLAIM_SPEC = "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}"
CLONES = """\
patches:
  - patch: '[{"op": "replace", "path": "/spec/restic/copyMethod", "value": "Clone"}]'
    target:
      kind: ReplicationSource
"""
MADE_BY_HAND = "allow.backup/volsync-not-filled: it was there before its backups"


def claim(name, annotation=""):
    annotations = f"  annotations:\n    {annotation}\n" if annotation else ""
    return f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {name}\n{annotations}spec: {CLAIM_SPEC}\n"


def source(**changed):
    values = {
        "name": "other",
        "sourcePVC": "cache",
        "repository": "other-restic-secret",
        "schedule": "5 3 * * *",
        **changed,
    }
    return """\
apiVersion: volsync.backube/v1alpha1
kind: ReplicationSource
metadata:
  name: {name}
spec:
  restic:
    cacheCapacity: 1Gi
    copyMethod: Snapshot
    moverSecurityContext:
      runAsUser: 1000
    repository: {repository}
    retain:
      daily: 7
  sourcePVC: {sourcePVC}
  trigger:
    schedule: {schedule}
""".format(**values)


def destination(**changed):
    values = {"name": "${APP}-other", "repository": "${APP}-restic-secret", "method": "Snapshot", **changed}
    return """\
apiVersion: volsync.backube/v1alpha1
kind: ReplicationDestination
metadata:
  name: {name}
spec:
  restic:
    accessModes:
      - ReadWriteOnce
    cacheCapacity: 1Gi
    capacity: 1Gi
    copyMethod: {method}
    moverSecurityContext:
      fsGroup: 1000
      runAsUser: 1000
    repository: {repository}
    cleanupCachePVC: true
    cleanupTempPVC: true
  trigger:
    manual: restore-once
""".format(**values)


def secret(**changed):
    values = {"name": "other", "path": "other", **changed}
    return """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {name}
spec:
  secretStoreRef:
    kind: ClusterSecretStore
    name: onepassword
  target:
    name: {name}-restic-secret
    template:
      data:
        AWS_ACCESS_KEY_ID: "{{{{ .AWS_ACCESS_KEY_ID }}}}"
        AWS_DEFAULT_REGION: us-east-1
        AWS_SECRET_ACCESS_KEY: "{{{{ .AWS_SECRET_ACCESS_KEY }}}}"
        RESTIC_PASSWORD: "{{{{ .RESTIC_PASSWORD }}}}"
        RESTIC_REPOSITORY: s3:http://minio.example.org:9000/volsync/{path}
  dataFrom:
    - extract:
        key: volsync-minio
""".format(**values)


STATEFUL = f"""\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  replicas: 1
  selector:
    matchLabels:
      app: db
  serviceName: db
  template:
    metadata:
      labels:
        app: db
    spec:
      containers:
        - name: db
          image: db
  volumeClaimTemplates:
    - metadata:
        name: data
      spec: {CLAIM_SPEC}
"""


def crowd(count, schedule="0 2 * * *"):
    """So many apps more, of one template."""

    def edit(root):
        replace(DEMO, "namespace: demo", "namespace: ${APP}")(root)
        replace(f"{FOLDER}/namespace.yaml", "name: demo", "name: ${APP}")(root)
        text = (root / APPLIED_BY).read_text(encoding="utf-8")
        replace(SOURCE, "0 2 * * *", f"${{BACKUP_SCHEDULE:={schedule}}}")(root)
        for number in range(count):
            other = text.replace("cluster-apps-demo", f"cluster-apps-demo-{number}")
            write(f"{CLUSTER}/demo-{number}.yaml", other.replace("APP: demo", f"APP: demo-{number}"))(root)
            append(f"{CLUSTER}/kustomization.yaml", f"  - demo-{number}.yaml\n")(root)

    return edit


def each_has_its_own_minute(root):
    for number in range(10):
        variable = f'BACKUP_SCHEDULE: "{spread_schedule(f"demo-{number}")}"'
        replace(f"{CLUSTER}/demo-{number}.yaml", "    substitute:\n", f"    substitute:\n      {variable}\n")(root)


FAULTS = [
    pytest.param(
        replace(SETTINGS, "  VOLSYNC_VAULT: Kubernetes\n", ""),
        ("cluster-settings", SETTINGS, 7),
        id="the settings have no vault",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "name: onepassword", "name: 1password"),
        ("external-secret-store", EXTERNAL_SECRET, 9),
        id="nobody makes the store",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "key: volsync-minio", "key: kubernetes/apps/volsync/volsync-minio"),
        ("external-secret-item", EXTERNAL_SECRET, 21),
        id="an item is named by a path, as the story does",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "        AWS_DEFAULT_REGION: us-east-1\n", ""),
        ("external-secret-keys", EXTERNAL_SECRET, 13),
        id="the Secret has no region",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "{{ .RESTIC_PASSWORD }}", "{{ .RESTIC_PASWORD }}"),
        ("external-secret-field", EXTERNAL_SECRET, 17),
        id="a template uses a field that the item does not have",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "us-east-1", '""'),
        ("external-secret-field", EXTERNAL_SECRET, 15),
        id="a key is empty",
    ),
    pytest.param(
        add(
            "bare.yaml",
            "apiVersion: volsync.backube/v1alpha1\nkind: ReplicationDestination\n"
            "metadata:\n  name: bare\nspec:\n  trigger:\n    manual: once\n",
        ),
        ("volsync-method", f"{FOLDER}/bare.yaml", 6),
        id="a destination does not say how",
    ),
    pytest.param(
        replace(SOURCE, "-restic-secret", "-restic"),
        ("volsync-credentials", SOURCE, 14),
        id="nothing makes the Secret of a source",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, ":9000", ":9001"),
        ("volsync-repository-place", EXTERNAL_SECRET, 18),
        id="a repository is at another endpoint",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "${VOLSYNC_BUCKET:=volsync}", "backup"),
        ("volsync-repository-place", EXTERNAL_SECRET, 18),
        id="a repository is in another bucket",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "/${APP}\n", "/\n"),
        ("volsync-repository-place", EXTERNAL_SECRET, 18),
        id="a repository has no path of its own",
    ),
    pytest.param(
        both(
            add("claim.yaml", claim("cache", MADE_BY_HAND)),
            add("source.yaml", source()),
            add("secret.yaml", secret(path="demo")),
        ),
        ("volsync-repository-shared", f"{FOLDER}/source.yaml", 12),
        id="two sources write into one repository",
    ),
    pytest.param(
        both(replace(DESTINATION, "${APP}-restic-secret", "other-restic-secret"), add("secret.yaml", secret())),
        ("volsync-repository-other", DESTINATION, 19),
        id="an app is restored from another repository than it is backed up to",
    ),
    pytest.param(
        both(
            replace(SOURCE, "sourcePVC: ${APP}-data", "sourcePVC: nosuch"),
            replace(f"{COMPONENT}/kustomization.yaml", "  - pvc\n", ""),
            replace(RUNBOOK, "get pvc demo-data", "get pods"),
        ),
        ("volsync-source-pvc", SOURCE, 18),
        id="a source names a PVC that is not there",
    ),
    pytest.param(
        add("claim.yaml", claim("cache")),
        ("volsync-unprotected", f"{FOLDER}/claim.yaml", 5),
        id="nothing backs a PVC up",
    ),
    pytest.param(
        add("db.yaml", STATEFUL),
        ("volsync-unprotected", f"{FOLDER}/db.yaml", 20),
        id="nothing backs up the PVC of a StatefulSet",
    ),
    pytest.param(
        replace(SOURCE, "name: ${APP}-src", f"name: ${{APP}}-{'long' * 12}"),
        ("volsync-name-length", SOURCE, 5),
        id="a name is too long for that of a Job",
    ),
    pytest.param(
        replace(SOURCE, "name: ${APP}-src", "name: ${APP}-dst"),
        ("volsync-same-name", SOURCE, 5),
        id="a source and a destination have one name",
    ),
    pytest.param(
        replace(SOURCE, "    copyMethod: Snapshot\n", ""),
        ("volsync-copy-method", SOURCE, 7),
        id="a source has no copyMethod",
    ),
    pytest.param(
        replace(DESTINATION, "copyMethod: Snapshot", "copyMethod: Clone"),
        ("volsync-copy-method", DESTINATION, 15),
        id="a destination has a copyMethod that is for sources",
    ),
    pytest.param(
        replace(SOURCE, "volumeSnapshotClassName: snapshots", "volumeSnapshotClassName: nosuch"),
        ("volsync-class", SOURCE, 17),
        id="nobody makes the snapshot class",
    ),
    pytest.param(
        replace(SOURCE, "cacheStorageClassName: local", "cacheStorageClassName: locla"),
        ("volsync-class", SOURCE, 9),
        id="nobody makes the storage class of a cache",
    ),
    pytest.param(
        replace(CLAIM, "storageClassName: block", "storageClassName: blokc"),
        ("volsync-class", CLAIM, 16),
        id="nobody makes the storage class of a PVC",
    ),
    pytest.param(
        replace(SETTINGS, "VOLSYNC_SNAPSHOTCLASS: snapshots", "VOLSYNC_SNAPSHOTCLASS: snapshot"),
        ("volsync-class", SETTINGS, 16),
        id="the settings name a class that nobody makes",
    ),
    pytest.param(
        replace(CLAIM, "name: ${APP}-dst", "name: ${APP}-restore"),
        ("volsync-data-source", CLAIM, 12),
        id="a PVC is filled from a destination that is not there",
    ),
    pytest.param(
        replace(CLAIM, "apiGroup: volsync.backube", "apiGroup: volsync.backup"),
        ("volsync-data-source", CLAIM, 10),
        id="a PVC is filled from another group",
    ),
    pytest.param(
        replace(DESTINATION, "copyMethod: Snapshot", "copyMethod: Direct"),
        ("volsync-populator", DESTINATION, 15),
        id="a PVC is filled from what makes no snapshot",
    ),
    pytest.param(
        replace(DESTINATION, "  labels:\n    kustomize.toolkit.fluxcd.io/ssa: IfNotPresent\n", ""),
        ("volsync-restore-once", DESTINATION, 4),
        id="Flux changes a destination that has restored",
    ),
    pytest.param(
        replace(DESTINATION, "    capacity: 1Gi", "    capacity: 512Mi"),
        ("volsync-destination-size", DESTINATION, 14),
        id="a volume is restored to less room than it had",
    ),
    pytest.param(
        replace(DESTINATION, "    capacity: 1Gi\n", ""),
        ("volsync-destination-volume", DESTINATION, 9),
        id="a destination does not say how large its volume is",
    ),
    pytest.param(
        replace(DESTINATION, "    accessModes:\n      - ReadWriteOnce\n", ""),
        ("volsync-destination-volume", DESTINATION, 9),
        id="a destination does not say how its volume is mounted",
    ),
    pytest.param(
        replace(
            DESTINATION, "    moverSecurityContext", "    destinationPVC: ${APP}-restored\n    moverSecurityContext"
        ),
        ("volsync-destination-pvc", DESTINATION, 16),
        id="a destination waits for a PVC that nobody makes, as the story's does",
    ),
    pytest.param(
        replace(DESTINATION, "    moverSecurityContext", "    destinationPVC: ${APP}-data\n    moverSecurityContext"),
        ("volsync-destination-pvc", DESTINATION, 16),
        id="a destination restores into the PVC of a running app",
    ),
    pytest.param(
        replace(DESTINATION, "    repository", "    previous: 1\n    repository"),
        ("volsync-previous", DESTINATION, 19),
        id="a destination leaves the newest snapshot out, as the story's does",
    ),
    pytest.param(
        replace(DESTINATION, "    repository", '    restoreAsOf: "2026-01-01T00:00:00Z"\n    repository'),
        ("volsync-restore-as-of", DESTINATION, 19),
        id="a destination in git restores one day for good",
    ),
    pytest.param(
        replace(SOURCE, "    retain:\n      daily: 7\n", ""),
        ("volsync-retain", SOURCE, 7),
        id="a source does not say what it keeps",
    ),
    pytest.param(
        replace(SOURCE, "daily: 7", "daily: 0"),
        ("volsync-retain", SOURCE, 15),
        id="a source keeps nothing",
    ),
    pytest.param(
        replace(SOURCE, "    repository", "    pruneIntervalDays: 0\n    repository"),
        ("volsync-prune", SOURCE, 14),
        id="a source prunes all the time",
    ),
    pytest.param(
        replace(SOURCE, "    cacheCapacity: 1Gi\n", ""),
        ("volsync-cache", SOURCE, 7),
        id="a cache has no size of its own",
    ),
    pytest.param(
        replace(
            SOURCE, "    copyMethod: Snapshot\n", "    accessModes:\n      - ReadOnlyMany\n    copyMethod: Snapshot\n"
        ),
        ("volsync-cache", SOURCE, 7),
        id="a cache can only be read",
    ),
    pytest.param(
        both(
            replace(SOURCE, "      runAsUser: 1000\n", ""),
            replace(SOURCE, "      fsGroup: 1000\n", ""),
            replace(SOURCE, "    moverSecurityContext:\n", ""),
        ),
        ("volsync-mover-user", SOURCE, 7),
        id="a mover is root without the rights of root",
    ),
    pytest.param(
        replace(DESTINATION, "runAsUser: 1000", "runAsUser: 1001"),
        ("volsync-mover-differs", DESTINATION, 18),
        id="an app is restored by another user than it is backed up by",
    ),
    pytest.param(
        replace(
            CLAIM,
            "  dataSourceRef:\n    apiGroup: volsync.backube\n    kind: ReplicationDestination\n    name: ${APP}-dst\n",
            "",
        ),
        ("volsync-not-filled", CLAIM, 6),
        id="an app starts empty where it has backups, as the story's does",
    ),
    pytest.param(
        replace(DESTINATION, "    cleanupTempPVC: true\n", ""),
        ("volsync-clean-up", DESTINATION, 9),
        id="a destination leaves its volume behind",
    ),
    pytest.param(
        both(
            append(f"{FOLDER}/namespace.yaml", "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n"),
            replace(
                SOURCE,
                "      fsGroup: 1000\n      runAsUser: 1000\n",
                "      fsGroup: 1000\n      runAsNonRoot: true\n      runAsUser: 1000\n"
                "      seccompProfile:\n        type: RuntimeDefault\n",
            ),
            add("claim.yaml", claim("cache", MADE_BY_HAND)),
            add("source.yaml", source()),
            add("secret.yaml", secret()),
            replace(
                DESTINATION,
                "      fsGroup: 1000\n      runAsUser: 1000\n",
                "      fsGroup: 1000\n      runAsNonRoot: true\n      runAsUser: 1000\n"
                "      seccompProfile:\n        type: RuntimeDefault\n",
            ),
        ),
        ("volsync-mover-restricted", f"{FOLDER}/source.yaml", 10),
        id="a mover asks for more than its namespace allows",
    ),
    pytest.param(
        replace(SOURCE, "    volumeSnapshotClassName", '    unlock: ""\n    volumeSnapshotClassName'),
        ("volsync-unlock", SOURCE, 17),
        id="a source takes back what unlocks it, as the story's does",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "external-secrets.io/v1\n", "external-secrets.io/v1beta1\n"),
        ("api-version", EXTERNAL_SECRET, 2),
        id="an ExternalSecret has a version that is not served any more, as the story's does",
    ),
    pytest.param(
        append(f"{COMPONENT}/kustomization.yaml", "commonLabels:\n  app.kubernetes.io/component: volsync\n"),
        ("common-labels", f"{COMPONENT}/kustomization.yaml", 9),
        id="labels go into selectors, as the story's do",
    ),
    pytest.param(
        replace(SOURCE, "  restic:", "  paused: true\n  restic:"),
        ("volsync-paused", SOURCE, 7),
        id="a source is paused",
    ),
    pytest.param(
        replace(SOURCE, "  trigger:\n    schedule: 0 2 * * *\n", ""),
        ("volsync-trigger", SOURCE, 6),
        id="a source runs without end",
    ),
    pytest.param(
        replace(SOURCE, "    schedule:", "    manual: now\n    schedule:"),
        ("volsync-trigger", SOURCE, 20),
        id="a trigger by hand switches a schedule off",
    ),
    pytest.param(
        replace(DESTINATION, "manual: restore-once", "schedule: 0 2 * * *"),
        ("volsync-trigger", DESTINATION, 25),
        id="a destination restores every night",
    ),
    pytest.param(
        replace(SOURCE, "0 2 * * *", "0 0 2 * * *"),
        ("volsync-schedule", SOURCE, 20),
        id="a schedule has seconds, which the API takes and the parser does not",
    ),
    pytest.param(
        both(
            replace(SOURCE, "0 2 * * *", "${BACKUP_SCHEDULE:=0 2 * * *}"),
            replace(APPLIED_BY, "      APP: demo\n", "      APP: demo\n      BACKUP_SCHEDULE: 0 2 * * MON\n"),
        ),
        ("volsync-schedule", APPLIED_BY, 15),
        id="an app sets a schedule that the API refuses",
    ),
    pytest.param(
        crowd(10),
        ("volsync-pile-up", SOURCE, 20),
        id="all start together",
    ),
    pytest.param(
        append(
            f"{FOLDER}/namespace.yaml", "  annotations:\n    allow.backup/volsync-nosuch: made anew at each start\n"
        ),
        ("exemption", f"{FOLDER}/namespace.yaml", 7),
        id="an annotation names a rule that there is not",
    ),
    pytest.param(
        append(f"{FOLDER}/namespace.yaml", "  annotations:\n    allow.backup/volsync-cache: just so\n"),
        ("exemption", f"{FOLDER}/namespace.yaml", 7),
        id="an annotation does not say why",
    ),
    pytest.param(
        replace(VOLSYNC, "name: cluster-apps-volsync-snapshot-controller", "name: cluster-apps-volsync"),
        ("flux-cycle", VOLSYNC, 8),
        id="a Flux Kustomization waits for itself",
    ),
    pytest.param(
        replace(
            f"{SYSTEM}/snapshot-controller/ks.yaml",
            "spec:\n",
            "spec:\n  dependsOn:\n    - name: cluster-apps-demo\n",
        ),
        ("flux-cycle", APPLIED_BY, 8),
        id="three Flux Kustomizations wait in a circle",
    ),
    pytest.param(
        replace(APPLIED_BY, "    name: flux-system\n", "    name: flux-sytem\n"),
        ("flux-source", APPLIED_BY, 21),
        id="a Flux Kustomization has a source that nobody makes",
    ),
    pytest.param(
        replace(f"{SYSTEM}/volsync/app/helmrelease.yaml", "name: backube", "name: backcube"),
        ("flux-source", f"{SYSTEM}/volsync/app/helmrelease.yaml", 13),
        id="a HelmRelease takes its chart from where there is none",
    ),
    pytest.param(
        replace(VOLSYNC, "      name: volsync\n", "      name: volsync-controller\n"),
        ("flux-health-check", VOLSYNC, 13),
        id="a health check waits for a Deployment that the chart does not make",
    ),
    pytest.param(
        both(replace(DEMO, "resources:\n  - namespace.yaml\n", ""), remove(f"{FOLDER}/namespace.yaml")),
        ("flux-namespace", CLAIM, 4),
        id="nothing makes the namespace of an app",
    ),
    pytest.param(
        replace(APPLIED_BY, "  prune: false\n", ""),
        ("flux-prune", APPLIED_BY, 7),
        id="a Flux Kustomization does not say whether it prunes",
    ),
    pytest.param(
        replace(APPLIED_BY, "  timeout: 5m\n", ""),
        ("flux-timeout", APPLIED_BY, 7),
        id="a Flux Kustomization has no timeout",
    ),
    pytest.param(
        append(VOLSYNC, "  wait: true\n"),
        ("flux-wait", VOLSYNC, 22),
        id="health checks are ignored",
    ),
    pytest.param(
        replace(f"{SYSTEM}/snapshot-controller/ks.yaml", "  wait: true\n", ""),
        ("flux-wait", f"{SYSTEM}/snapshot-controller/ks.yaml", 7),
        id="what others wait for is not waited for",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_one_fault_of_what_is_rendered_is_one_finding_with_its_file_and_line(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools)

    assert [expected] == places(found), [str(finding) for finding in found.findings]
    with pytest.raises(FindingsFound):
        conclude(found)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            both(
                replace(SOURCE, "-restic-secret", "-restic"),
                replace(DESTINATION, "-restic-secret", "-restic"),
                append(
                    EXTERNALS,
                    "  # pragma: allowlist nextline secret - a name, and no value\n  Secret: |\n    demo/demo-restic\n",
                ),
            ),
            id="others make the Secret",
        ),
        pytest.param(
            both(
                add("claim.yaml", claim("cache", MADE_BY_HAND)),
                add("source.yaml", source()),
                add("secret.yaml", secret()),
            ),
            id="two sources of a namespace have a repository each",
        ),
        pytest.param(
            both(
                replace(SOURCE, "sourcePVC: ${APP}-data", "sourcePVC: theirs"),
                replace(f"{COMPONENT}/kustomization.yaml", "  - pvc\n", ""),
                replace(RUNBOOK, "get pvc demo-data", "get pods"),
                append(EXTERNALS, "  PersistentVolumeClaim: |\n    demo/theirs\n"),
            ),
            id="others make the PVC",
        ),
        pytest.param(
            add("claim.yaml", claim("cache", "allow.backup/volsync-unprotected: it is made anew at each start")),
            id="an annotation says why a PVC is not backed up",
        ),
        pytest.param(
            both(
                add("db.yaml", STATEFUL),
                add("source.yaml", source(sourcePVC="data-db-0")),
                add("secret.yaml", secret()),
            ),
            id="the PVC of a StatefulSet is backed up",
        ),
        pytest.param(
            replace(SOURCE, "name: ${APP}-src", f"name: ${{APP}}-{'long' * 11}ab"), id="a name has 51 characters"
        ),
        pytest.param(append(DEMO, CLONES), id="a source clones"),
        pytest.param(replace(DESTINATION, "capacity: 1Gi", "capacity: 1024Mi"), id="a size is written in another way"),
        pytest.param(add("restored.yaml", destination(method="Direct")), id="nothing is filled from a destination"),
        pytest.param(replace(DESTINATION, "    repository", "    previous: 0\n    repository"), id="previous is 0"),
        pytest.param(replace(SOURCE, "daily: 7", "daily: 0\n      last: unlimited"), id="a source keeps everything"),
        pytest.param(replace(SOURCE, "daily: 7", "within: 30d"), id="a source keeps what is young"),
        pytest.param(replace(SOURCE, "0 2 * * *", '"@daily"'), id="a schedule has a name"),
        pytest.param(crowd(8), id="as few as nine start together"),
        pytest.param(both(crowd(10), each_has_its_own_minute), id="each starts at the minute of its name"),
        pytest.param(append(VOLSYNC, "  wait: false\n"), id="health checks without wait"),
    ],
)
def test_what_is_no_fault_of_what_is_rendered_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_the_exemptions_are_counted(tree, tools):
    add("claim.yaml", claim("cache", "allow.backup/volsync-unprotected: it is made anew at each start"))(tree)

    found = validate(tree, tools=tools)

    assert [each.reason for each in found.outcomes if each.check == "VolSync"] == ["1 allowed with a reason"]


def test_a_fault_of_the_component_is_told_once_and_says_how_many_apps_have_it(tree, tools):
    both(crowd(3), replace(SOURCE, "daily: 7", "daily: 0"))(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("volsync-retain", SOURCE, 15)]
    assert "(and 3 more: ReplicationSource demo-0/demo-0-src" in found.findings[0].message


def test_what_is_rendered_is_not_checked_where_the_tree_does_not_render(tree, tools):
    replace(APPLIED_BY, "apps/demo", "apps/dem")(tree)

    found = validate(tree, tools=tools)

    assert {"schemas", "Flux graph", "VolSync", "exemptions"} <= {
        each.check for each in found.outcomes if each.status.value == "blocked"
    }


STORY = {
    "external-secret-item": EXTERNAL_SECRET,
    "api-version": EXTERNAL_SECRET,
    "common-labels": f"{COMPONENT}/kustomization.yaml",
    "volsync-unlock": SOURCE,
    "volsync-mover-restricted": SOURCE,
    "volsync-destination-pvc": DESTINATION,
    "volsync-previous": DESTINATION,
    "volsync-not-filled": CLAIM,
}
"""What the story's component comes to once it renders at all: rule -> a file that breaks it."""


def test_each_mistake_of_the_storys_component_that_renders_is_found(tree, tools):
    both(
        replace(EXTERNAL_SECRET, "external-secrets.io/v1\n", "external-secrets.io/v1beta1\n"),
        replace(EXTERNAL_SECRET, "key: volsync-minio", "key: kubernetes/apps/volsync/volsync-minio"),
        append(f"{COMPONENT}/kustomization.yaml", "commonLabels:\n  app.kubernetes.io/component: volsync\n"),
        replace(SOURCE, "    volumeSnapshotClassName", '    unlock: ""\n    volumeSnapshotClassName'),
        replace(SOURCE, "  restic:", "  paused: false\n  restic:"),
        replace(DESTINATION, "  labels:\n    kustomize.toolkit.fluxcd.io/ssa: IfNotPresent\n", ""),
        replace(DESTINATION, "    cleanupCachePVC: true\n    cleanupTempPVC: true\n", ""),
        replace(DESTINATION, "    repository", "    destinationPVC: ${APP}-restored\n    previous: 1\n    repository"),
        replace(
            CLAIM,
            "  dataSourceRef:\n    apiGroup: volsync.backube\n    kind: ReplicationDestination\n    name: ${APP}-dst\n",
            "",
        ),
        append(f"{FOLDER}/namespace.yaml", "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n"),
    )(tree)

    found = validate(tree, tools=tools)

    assert set(STORY.items()) <= {(finding.rule, finding.file) for finding in found.findings}
    assert set(STORY) == {finding.rule for finding in found.findings}
