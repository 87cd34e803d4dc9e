"""Pods, components, charts and Flux: for each rule the smallest change that breaks it, and what is no fault beside it."""

import pytest

from scripts.checks.unapplied import LOCAL
from scripts.validate import conclude, validate
from tests.tools.test_validate_volsync import (
    APPLIED_BY,
    CLAIM,
    DESTINATION,
    FOLDER,
    SOURCE,
    add,
)
from tests.tools.trees import CLUSTER, DEMO, SYSTEM, append, both, places, replace, write

SETTINGS = f"{CLUSTER}/cluster-settings.yaml"
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
