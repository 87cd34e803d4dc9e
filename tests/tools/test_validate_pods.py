"""Pods, components, charts and Flux: for each rule the smallest change that breaks it, and what is no fault beside it."""

import pytest

from scripts.checks.unapplied import LOCAL
from scripts.errors import FindingsFound
from scripts.validate import conclude, validate
from tests.tools.test_validate_volsync import (
    APPLIED_BY,
    CLAIM,
    DESTINATION,
    EXTERNAL_SECRET,
    FOLDER,
    SETTINGS,
    SOURCE,
    VOLSYNC,
    add,
)
from tests.tools.trees import DEMO, SYSTEM, append, both, places, replace, write

WORKLOAD = f"{FOLDER}/web.yaml"
NAMESPACE = f"{FOLDER}/namespace.yaml"
RELEASE = f"{SYSTEM}/volsync/app/helmrelease.yaml"
ALERTS = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
REPOSITORY = "kubernetes/infrastructure/repositories/helm/backube.yaml"
ALONE = "tests/trees/user/kustomization.yaml"

TEXT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: web
          ports:
            - name: http
              containerPort: 8080
          readinessProbe:
            httpGet:
              port: http
          resources:
            limits:
              memory: 64Mi
            requests:
              memory: 32Mi
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop:
                - ALL
            runAsNonRoot: true
            seccompProfile:
              type: RuntimeDefault
          volumeMounts:
            - name: data
              mountPath: /data
      securityContext:
        runAsUser: 1000
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: demo-data
"""


def web(old="", new=""):
    """A workload that keeps the rules, but for what is replaced."""
    assert old in TEXT
    return add("web.yaml", TEXT.replace(old, new, 1) if old else TEXT)


RESTRICTED = append(NAMESPACE, "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n")
MOVERS = both(
    *(
        replace(
            path,
            "      runAsUser: 1000\n",
            "      runAsUser: 1000\n      runAsNonRoot: true\n      seccompProfile:\n        type: RuntimeDefault\n",
        )
        for path in (SOURCE, DESTINATION)
    )
)
LABEL = """\
  postRenderers:
    - kustomize:
        patches:
          - target:
              kind: ServiceMonitor
            patch: |
              - op: add
                path: /metadata/labels/prometheus
                value: platform
"""
LABELS = "  labels:\n    prometheus: platform\n    role: alert-rules\n"


def labelled(patch, labels):
    """A chart whose ServiceMonitor has a label, and its alerts."""
    release = replace(RELEASE, "  values:\n", f"{patch}  values:\n")
    return both(release, replace(ALERTS, "  namespace: volsync-system\n", f"  namespace: volsync-system\n{labels}"))


def without_flux(*edits):
    """A component for trees with and without Flux, and one of each that uses it; and then what else is done."""
    return both(
        write(f"{TOOL}/kustomization.yaml", "---\nresources:\n  - config.yaml\n"),
        write(
            f"{TOOL}/config.yaml",
            CONFIG.format(name="tool", field="labels:\n    tool: 'yes'", key="size", value="${SIZE:=1Gi}"),
        ),
        write(f"{TOOL}/alone/kustomization.yaml", REPLACEMENTS),
        write(f"{TOOL}/alone/parameters/kustomization.yaml", "---\nresources:\n  - config.yaml\n"),
        write(
            f"{TOOL}/alone/parameters/config.yaml",
            CONFIG.format(name="parameters", field=f"annotations:\n    {LOCAL}: 'true'", key="SIZE", value="1Gi"),
        ),
        write(ALONE, USER),
        append(DEMO, "  - ../../../components/tool\n"),
        *edits,
    )


TOOL = "kubernetes/components/tool"
CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  {field}
data:
  {key}: {value}
"""
REPLACEMENTS = """\
---
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
replacements:
  - source:
      kind: ConfigMap
      name: parameters
      fieldPath: data.SIZE
    targets:
      - select:
          kind: ConfigMap
          labelSelector: tool=yes
        fieldPaths:
          - data.size
"""
USER = """\
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: demo
components:
  - ../../../kubernetes/components/tool/alone
resources:
  - ../../../kubernetes/components/tool
  - ../../../kubernetes/components/tool/alone/parameters
"""

FAULTS = [
    pytest.param(
        both(write(f"{FOLDER}/web.yaml", "---\n"), append(DEMO, "  - web.yaml\n")),
        ("file-empty", WORKLOAD, 1),
        id="a manifest is emptied",
    ),
    pytest.param(
        replace(APPLIED_BY, "timeout: 5m", "timeout: 0s"),
        ("duration-zero", APPLIED_BY, 22),
        id="a Kustomization has no time at all",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "spec:\n", "spec:\n  refreshInterval: 0s\n"),
        ("duration-zero", EXTERNAL_SECRET, 7),
        id="a Secret is never read again",
    ),
    pytest.param(
        replace(VOLSYNC, "apiVersion: apps/v1", "apiVersion: apps/v1beta1"),
        ("flux-health-check", VOLSYNC, 11),
        id="a health check is of a version that is not served",
    ),
    pytest.param(
        replace(APPLIED_BY, "      APP: demo\n", "      APP: demo\n      VOLSYNC_CACHE_CS: local\n"),
        ("variable-unused", APPLIED_BY, 15),
        id="a value has the name of no variable",
    ),
    pytest.param(
        both(
            replace(SETTINGS, "  VOLSYNC_VAULT", "  VOLSYNC_RETIAN_DAILY: '7'\n  VOLSYNC_VAULT"),
            replace(SOURCE, "daily: 7", "daily: ${VOLSYNC_RETAIN_DAILY:=7}"),
        ),
        ("variable-unused", SETTINGS, 17),
        id="a setting has the name of no variable",
    ),
    pytest.param(
        replace(APPLIED_BY, "    substituteFrom:\n      - kind: ConfigMap\n        name: cluster-settings\n", ""),
        ("variable-ignored", APPLIED_BY, 12),
        id="an app goes by the defaults, whatever the settings are",
    ),
    pytest.param(
        without_flux(replace(f"{TOOL}/alone/kustomization.yaml", "- data.size", "- data.seize")),
        ("kustomize-build", f"{TOOL}/alone/kustomization.yaml", 0),
        id="a component replaces what is not there",
    ),
    pytest.param(
        without_flux(append(ALONE, "commonAnnotations:\n  by: kustomize\n")),
        ("component-without-flux", ALONE, 5),
        id="a component comes to something else without Flux",
    ),
    pytest.param(
        without_flux(
            replace(f"{TOOL}/config.yaml", ":=1Gi", ":=2Gi"),
            replace(APPLIED_BY, "demo\n    sub", "demo\n      SIZE: 1Gi\n    sub"),
        ),
        ("component-parameter", f"{TOOL}/config.yaml", 9),
        id="a default is another without Flux",
    ),
    pytest.param(
        without_flux(
            replace(f"{TOOL}/alone/kustomization.yaml", "          labelSelector: tool=yes\n", "          name: tool\n")
        ),
        ("component-parameter", f"{TOOL}/alone/kustomization.yaml", 10),
        id="a component replaces the app's own fields",
    ),
    pytest.param(labelled(LABEL, ""), ("alert-selected", ALERTS, 4), id="no Prometheus reads the alerts"),
    pytest.param(labelled("", LABELS), ("alert-selected", RELEASE, 7), id="no Prometheus reads the metrics"),
    pytest.param(
        labelled(LABEL.replace("                value: platform\n", ""), ""),
        ("helm-post-renderer", RELEASE, 22),
        id="a patch has no value",
    ),
    pytest.param(
        replace(RELEASE, "chart: volsync", "chart: volsyncc"),
        ("helm-chart", RELEASE, 10),
        id="a chart is mistyped",
    ),
    pytest.param(
        replace(REPOSITORY, "helm-charts/", "helm-chart/"),
        ("helm-chart", REPOSITORY, 9),
        id="the address of a chart is mistyped",
    ),
    pytest.param(
        append(RELEASE, "    affinity:\n      podAntiAffinity: hostname\n"),
        ("helm-value", RELEASE, 21),
        id="a chart hands on to its pods what they refuse",
    ),
    pytest.param(
        append(RELEASE, "    replicaCount: 0\n"), ("helm-value", RELEASE, 20), id="a chart runs no controller"
    ),
    pytest.param(
        append(
            RELEASE,
            "    podSecurityContext: {runAsUser: 0, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n",
        ),
        ("helm-security-context", RELEASE, 20),
        id="a controller is root, and may not",
    ),
    pytest.param(
        web("        app: web\n    spec", "        app: wbe\n    spec"),
        ("pod-refused", WORKLOAD, 8),
        id="a selector selects nothing",
    ),
    pytest.param(web("          image: web\n", ""), ("pod-refused", WORKLOAD, 16), id="a container has no image"),
    pytest.param(
        web("port: http", "port: htpt"), ("pod-refused", WORKLOAD, 23), id="a probe asks a port that is not there"
    ),
    pytest.param(
        web("            - name: data\n", "            - name: date\n"),
        ("pod-refused", WORKLOAD, 38),
        id="a container mounts no volume",
    ),
    pytest.param(web("memory: 64Mi", "memory: 6"), ("pod-resources", WORKLOAD, 26), id="a limit lacks its unit"),
    pytest.param(
        web("              memory: 32Mi", "              meomry: 32Mi"),
        ("pod-resources", WORKLOAD, 28),
        id="a resource is mistyped",
    ),
    pytest.param(
        web("demo-data", "demo-date"), ("pod-claim", WORKLOAD, 45), id="a pod waits for a PVC that is not there"
    ),
    pytest.param(
        web("          volumeMounts:\n            - name: data\n              mountPath: /data\n", ""),
        ("pod-volume", WORKLOAD, 40),
        id="what is backed up is mounted nowhere",
    ),
    pytest.param(
        web("          persistentVolumeClaim:\n            claimName: demo-data\n", ""),
        ("pod-volume", WORKLOAD, 43),
        id="the data is in an empty folder",
    ),
    pytest.param(
        both(web("            runAsNonRoot: true\n", ""), RESTRICTED, MOVERS),
        ("pod-restricted", WORKLOAD, 29),
        id="a namespace takes no such pod",
    ),
    pytest.param(
        web("runAsUser: 1000", "runAsUser: 1001"),
        ("volsync-mover-app", WORKLOAD, 41),
        id="a mover is another user than its app",
    ),
    pytest.param(
        replace(DESTINATION, "    storageClassName: block\n", ""),
        ("volsync-class-missing", DESTINATION, 9),
        id="a volume is restored to the default class",
    ),
    pytest.param(
        replace(SOURCE, "cacheCapacity: 1Gi", "cacheCapacity: 1"), ("volume-size", SOURCE, 8), id="a cache has one byte"
    ),
    pytest.param(
        replace(CLAIM, "kind: ReplicationDestination", "kind: ReplicationSource"),
        ("volsync-data-source", CLAIM, 11),
        id="a PVC is filled from a source",
    ),
    pytest.param(
        both(
            replace(APPLIED_BY, "prune: false", "prune: true"),
            append(NAMESPACE, "  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n"),
        ),
        ("volsync-pruned", CLAIM, 4),
        id="Flux deletes the data with the app",
    ),
    pytest.param(
        both(replace(SETTINGS, "org:9000", "org:0"), replace(EXTERNAL_SECRET, "org:9000", "org:0")),
        ("cluster-settings", SETTINGS, 11),
        id="MinIO has no port",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_one_fault_is_one_finding_with_its_file_and_line(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools)

    assert [expected] == places(found), [str(finding) for finding in found.findings]
    with pytest.raises(FindingsFound):
        conclude(found)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(web(), id="a workload with the data that is backed up"),
        pytest.param(both(web(), RESTRICTED, MOVERS), id="a workload in a restricted namespace"),
        pytest.param(web("port: http\n", 'port: "8080"\n'), id="a probe asks a port by its number"),
        pytest.param(labelled(LABEL, LABELS), id="one Prometheus reads metrics and alerts"),
        pytest.param(without_flux(), id="a component comes to the same without Flux"),
        pytest.param(replace(RELEASE, "chart: volsync", "chart: somebody-elses"), id="a chart that is not known here"),
        pytest.param(
            both(
                replace(APPLIED_BY, "prune: false", "prune: true"),
                *(
                    replace(
                        path,
                        "metadata:\n",
                        "metadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n",
                    )
                    for path in (CLAIM, NAMESPACE)
                ),
            ),
            id="Flux leaves the data where it is",
        ),
    ],
)
def test_what_is_no_fault_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_a_component_that_nobody_can_build_with_is_a_finding(tree, tools):
    without_flux(replace(f"{TOOL}/alone/kustomization.yaml", "fieldPaths:", "fielPdaths:"))(tree)

    found = validate(tree, tools=tools)

    assert [each.rule for each in found.findings] == ["kustomize-build"]
    assert "fielPdaths" in found.findings[0].message


def test_movers_that_are_root_and_may_not_are_told(tree, tools):
    for path in (SOURCE, DESTINATION):
        replace(path, "runAsUser: 1000", "runAsUser: 0\n      runAsNonRoot: true")(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("volsync-mover-user", DESTINATION, 18), ("volsync-mover-user", SOURCE, 13)]


def test_an_app_that_lost_the_component_is_told_by_its_pods(tree, tools):
    web()(tree)
    replace(DEMO, "components:\n  - ../../../components/volsync\n", "")(tree)
    replace(APPLIED_BY, "    substitute:\n      APP: demo\n", "")(tree)

    found = validate(tree, tools=tools)

    # what its documentation says of the app is gone with it
    assert places(found)[0] == ("pod-claim", WORKLOAD, 45)
