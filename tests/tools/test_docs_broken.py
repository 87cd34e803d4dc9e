"""The documentation's checks, each seen to fail: snippets that are broken in one thing, those of the story among them."""

import pytest

from scripts.checks.docs.markdown import parse
from tests.docs import example

PAGE = "export APP=demo-app TAG=one\n"
DESTINATION = """kubectl apply -f - <<YAML
apiVersion: volsync.backube/v1alpha1
kind: ReplicationDestination
metadata: {name: demo-app-inspect, namespace: demo-app}
spec:
  trigger: {manual: inspect}
  restic:
    cleanupCachePVC: true
    cleanupTempPVC: true
    copyMethod: Snapshot
    moverPodLabels: {app.kubernetes.io/component: volsync-mover}
    moverSecurityContext:
      {fsGroup: 65534, runAsGroup: 65534, runAsNonRoot: true, runAsUser: 65534, seccompProfile: {type: RuntimeDefault}}
    repository: demo-app-restic-secret
    FIELD
YAML
"""
POD = """kubectl apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: debug, namespace: demo-app}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: restic
      image: docker.io/restic/restic:0.17.0
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      envFrom: [{secretRef: {name: demo-app-restic-secret}}]
YAML
"""
WAIT = 'kubectl -n "$APP" wait replicationsource/"$APP-backup" --timeout=1m'


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return example.known(tmp_path_factory.mktemp("tree"))


def test_the_snippets_that_are_broken_below_are_right_as_they_are(known, tmp_path):
    text = f"```bash\n{PAGE}{DESTINATION.replace('FIELD', 'capacity: 1Gi')}{POD}```\n"

    assert example.checked(parse(text), known, tmp_path) == []


@pytest.mark.parametrize(
    ("snippet", "found"),
    [
        pytest.param("if true; then", "syntax error", id="no shell"),
        pytest.param('echo "$NOWHERE"', "unbound variable", id="a variable that nothing sets"),
        pytest.param("jq .", "no program jq", id="a program that is not to be had"),
        pytest.param("kubectl frobnicate pods", "no command", id="a verb that kubectl has not"),
        pytest.param("kubectl get pods --everything", "no flag --everything", id="a flag that kubectl has not"),
        pytest.param('kubectl -n "$APP" get backups', "no resource backups", id="a resource that there is not"),
        pytest.param('kubectl -n "$APP" get secret restic-secret', "nothing makes Secret", id="a wrong name"),
        pytest.param("kubectl -n volsync get pods", "no namespace volsync", id="a wrong namespace"),
        pytest.param(
            'kubectl -n "$APP" get pvc -l app.kubernetes.io/component=volsync-cache',
            "nothing carries the label",
            id="the story's label of a cache",
        ),
        pytest.param(f"{WAIT} --for=condition=Completed", "no condition Completed", id="the story's condition"),
        pytest.param(
            f"{WAIT} --for=jsonpath='{{.status.lastSync}}'=x", "no status lastSync", id="a status that there is not"
        ),
        pytest.param(
            WAIT.replace(" --timeout=1m", " --for=jsonpath='{.status.lastManualSync}'=x"),
            "without an end",
            id="a wait without an end",
        ),
        pytest.param(
            """kubectl -n "$APP" patch replicationsource "$APP-backup" --type merge -p "{'spec':{}}\"""",
            "not JSON",
            id="quotes that JSON has not",
        ),
        pytest.param(
            """kubectl -n "$APP" patch replicationsource "$APP-backup" --type merge -p '{"spec":{"restic":{"previous":1}}}'""",
            "has no spec.restic.previous",
            id="a field of the other kind",
        ),
        pytest.param(
            """kubectl -n "$APP" patch replicationsource "$APP-backup" -p '{"spec":{"trigger":{"manual":null}}}'""",
            "--type merge",
            id="a strategic patch of a custom resource",
        ),
        pytest.param(
            DESTINATION.replace("FIELD", "sourcePVC: demo-app-data"), "no spec.restic.sourcePVC", id="an unknown field"
        ),
        pytest.param(
            DESTINATION.replace("FIELD", "destinationPVC: not-there"),
            "no spec.restic.destinationPVC",
            id="a PVC that nothing makes",
        ),
        pytest.param(
            DESTINATION.replace("FIELD", "storageClassName: fast"),
            "no StorageClass fast",
            id="a class that there is not",
        ),
        pytest.param(
            DESTINATION.replace("FIELD", "capacity: 1Gi").replace("65534", "0"),
            "moverSecurityContext is not as the component",
            id="a mover that runs as root",
        ),
        pytest.param(
            DESTINATION.replace("FIELD", "capacity: 1Gi").replace("v1alpha1", "v1"),
            "the tree has no ReplicationDestination of volsync.backube/v1",
            id="a version of the API that there is not",
        ),
        pytest.param(
            POD.replace("{secretRef: {name: demo-app-restic-secret}}", "{secretRef: {name: other}}"),
            "nothing makes Secret other",
            id="a Secret that nothing makes",
        ),
        pytest.param(
            POD.replace("runAsNonRoot: true, ", ""), "restricted namespace refuses", id="a Pod that would be refused"
        ),
        pytest.param(POD.replace(":0.17.0", ""), "is not pinned", id="an image without a version"),
        pytest.param(
            'kubectl -n "$APP" create secret generic x --from-literal=a=b', "no command", id="a secret by a literal"
        ),
        pytest.param(
            'kubectl -n "$APP" exec restic-debug -- restic snapshots',
            "nothing makes Pod restic-debug",
            id="a Pod that the page never made",
        ),
        pytest.param(
            'flux suspend kustomization "$APP"', "no kustomization demo-app", id="a Kustomization's wrong name"
        ),
        pytest.param("flux pause kustomization x", "no command", id="a verb that flux has not"),
        pytest.param("mc alias set apps http://10.25.11.3:9000 key secret", "puts a key", id="mc with keys"),
        pytest.param("mc alias set apps http://10.25.11.4:9000", "not the endpoint", id="another MinIO"),
        pytest.param(
            "mc admin policy attach apps readwrite --user volsync-backup", "not the policy", id="the story's policy"
        ),
        pytest.param("mc ls local/volsync/demo-app/", "no alias", id="an alias that nothing sets"),
        pytest.param("mc ls apps/backups/", "not in the bucket", id="another bucket"),
        pytest.param(
            "mc rm --recursive --force --versions apps/volsync/x", "no flag --versions", id="versions removed"
        ),
        pytest.param(
            "echo other | mc admin user add apps", "not given the tree's user", id="a user that the tree does not know"
        ),
        pytest.param(
            'op item create --vault Kubernetes "RESTIC_PASSWORD=$(openssl rand -base64 32)"',
            "a secret on a command line",
            id="the story's way to make the item",
        ),
        pytest.param("op item get volsync-minio --vault Private", "does not name the vault", id="another vault"),
        pytest.param(
            "op read op://Kubernetes/volsync-minio/password", "no field of the item", id="a field that is not"
        ),
        pytest.param(
            'op item edit volsync-minio --vault Kubernetes "AWS_SECRET_ACCESS_KEY=x"',
            "a value on the command line",
            id="a value for op",
        ),
        pytest.param(
            'curl -s "http://10.25.11.3:9000/$(op read op://Kubernetes/volsync-minio/RESTIC_PASSWORD)"',
            "a secret on a command line",
            id="a secret as an argument",
        ),
        pytest.param("op read op://Kubernetes/volsync-minio/RESTIC_PASSWORD", "shows a secret", id="a secret shown"),
        pytest.param(
            'kubectl -n "$APP" get secret "$APP-restic-secret" -o jsonpath=\'{.data.RESTIC_PASSWORD}\' | base64 -d',
            "shows a secret",
            id="a password decoded",
        ),
        pytest.param(
            'kubectl -n "$APP" get secret "$APP-restic-secret" -o jsonpath=\'{.data.PASSWORD}\' > /dev/null',
            "no key PASSWORD",
            id="a key that the Secret has not",
        ),
        pytest.param(
            "curl -s http://localhost:8080/metrics", "neither MinIO nor", id="the story's port of the metrics"
        ),
        pytest.param(".venv/bin/invoke minio.create", "minio.create", id="a task that there is not"),
        pytest.param(".venv/bin/invoke setup --yes", "--yes", id="a flag that a task has not"),
        pytest.param(".venv/bin/nox -s restore", "the session restore", id="a session that there is not"),
        pytest.param(".venv/bin/nox -s e2e -- --bytes 1", "--bytes", id="a flag that a session's task has not"),
    ],
)
def test_a_broken_snippet_is_found(snippet, found, known, tmp_path):
    problems = example.checked(parse(f"```bash\n{PAGE}{snippet}\n```\n"), known, tmp_path)

    assert [each for each in problems if found in each], problems
