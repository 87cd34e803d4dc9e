"""HelmReleases: what is wrong with the values, the line that it stands in, and the twin that is right."""

import textwrap

import pytest
import yaml

from scripts.checks import helm
from scripts.checks.helm.made import made
from scripts.checks.helm.release import releases
from scripts.checks.objects import Objects
from scripts.document import load
from scripts.model import Resource, ResourceId

ALERT = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: volsync
  namespace: volsync-system
spec:
  groups:
    - name: volsync
      rules:
        - expr: {expression}
"""


def resource(document):
    metadata = document["metadata"]
    identity = ResourceId(
        api_version=document["apiVersion"],
        kind=document["kind"],
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
    )
    return Resource(id=identity, document=document, kustomization="cluster-apps-volsync")


def tree(*texts, **externals):
    found = {kind: frozenset(names) for kind, names in externals.items()}
    return Objects(resources=tuple(resource(yaml.safe_load(text)) for text in texts), externals=found)


def release(chart="volsync", version="0.12.0", values="", spec="", name=""):
    """A HelmRelease; its values begin in line 11, what else its spec has comes before the chart."""
    policy = "crds: CreateReplace" if chart == "snapshot-controller" else "cleanupOnFail: true"
    upgrade = f"\n  upgrade: {{{policy}}}" if "upgrade" not in spec else ""
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name or chart}, namespace: volsync-system}}
spec:
  interval: 30m
  chart:
    spec:
      chart: {chart}
      version: {version}{upgrade}
  values:
{textwrap.indent(textwrap.dedent(values), " " * 4)}
{textwrap.indent(textwrap.dedent(spec), " " * 2)}
"""


def config_map(text, name="values"):
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "volsync-system"},
        "data": {"values.yaml": textwrap.dedent(text)},
    }
    return yaml.safe_dump(document)


def snapshot_controller(values="", spec=""):
    return release("snapshot-controller", "3.0.6", values, spec)


def found(*texts, **externals):
    """Rule, object and line of each fault; the line is that of the object's own text."""
    documents = {(one.kind, one.name): one for text in texts for one in load("file.yaml", text).documents}
    faults = tuple(helm.check(tree(*texts, **externals)))
    return [
        (each.rule, each.resource.id.kind, documents[each.resource.id.kind, each.resource.id.name].line(*each.location))
        for each in faults
    ]


def said(*texts):
    return [f"{each.message}; {each.next_step}" for each in helm.check(tree(*texts))]


MOVERS = ("image", "rclone", "restic", "rsync", "rsync-tls", "syncthing")

FAULTS = [
    # the values that the story gives to snapshot-controller
    pytest.param(
        snapshot_controller("replicaCount: 2"), ("helm-value", 12), id="a key that belongs one section deeper"
    ),
    pytest.param(snapshot_controller("args: [--v=5]"), ("helm-value", 12), id="arguments where there are none"),
    pytest.param(
        snapshot_controller("serviceMonitor: {enabled: true}"), ("helm-value", 12), id="a ServiceMonitor at the top"
    ),
    pytest.param(
        snapshot_controller("volumeSnapshotClasses: []"),
        ("helm-value", 12),
        id="classes where a later version has them",
    ),
    pytest.param(
        snapshot_controller("installCRDs: true"), ("helm-value", 12), id="CRDs as a later version installs them"
    ),
    pytest.param(
        snapshot_controller("webhook:\n  enabled: false\n  port: 8443"),
        ("helm-value", 14),
        id="a port beside the arguments",
    ),
    pytest.param(
        snapshot_controller("controller:\n  serviceMonitor:\n    create: true\n    interval: 30s"),
        ("helm-value", 15),
        id="an interval that the ServiceMonitor does not take",
    ),
    pytest.param(
        snapshot_controller("controller:\n  args:\n    - --v=5"),
        ("helm-value", 13),
        id="arguments as a list, not as a mapping",
    ),
    pytest.param(
        snapshot_controller("controller:\n  args:\n    leaderElection: false"),
        ("helm-value", 14),
        id="a controller whose probes are never answered",
    ),
    # those that it gives to VolSync
    pytest.param(
        release(values="metrics:\n  enabled: true"), ("helm-value", 13), id="a switch that metrics do not have"
    ),
    pytest.param(release(values="logLevel: info"), ("helm-value", 12), id="a log level"),
    pytest.param(
        release(values="moverPodLabels: {a: b}"), ("helm-value", 12), id="what belongs to the custom resources"
    ),
    pytest.param(release(values="replicaCounts: 2"), ("helm-value", 12), id="a key with a letter too many"),
    pytest.param(release(values="replicaCount: '2'"), ("helm-value", 12), id="a text where a number is wanted"),
    pytest.param(release(values="replicaCount: true"), ("helm-value", 12), id="a switch where a number is wanted"),
    pytest.param(
        release(values="metrics:\n  disableAuth: 'false'"),
        ("helm-value", 13),
        id="a text, which is true, where a switch is wanted",
    ),
    pytest.param(
        release(values="kube-rbac-proxy:\n  tag: 1.10"), ("helm-value", 13), id="a tag that YAML takes for a number"
    ),
    pytest.param(release(values="metrics: null"), ("helm-value", 12), id="a section that is taken away"),
    pytest.param(release(values="metrics: true"), ("helm-value", 12), id="a section that is a switch"),
    pytest.param(release(values="affinity: []"), ("helm-value", 12), id="a list where a mapping is wanted"),
    pytest.param(release(values="tolerations: {}"), ("helm-value", 12), id="a mapping where a list is wanted"),
    pytest.param(
        release(values="imagePullSecrets: [mirror]"), ("helm-value", 12), id="names of Secrets that are no mappings"
    ),
    pytest.param(release(values="resources:\n  limit: {memory: 1Gi}"), ("helm-value", 13), id="a limit without an s"),
    pytest.param(
        release(values="affinity:\n  podAffinities: {}"), ("helm-value", 13), id="an affinity that there is not"
    ),
    # security contexts
    pytest.param(
        release(values="securityContext:\n  fsGroup: 65534"),
        ("helm-security-context", 13),
        id="a pod's field in the container's",
    ),
    pytest.param(
        snapshot_controller("controller:\n  podSecurityContext:\n    readOnlyRootFilesystem: true"),
        ("helm-security-context", 14),
        id="a container's field in the pod's",
    ),
    pytest.param(
        release(values="securityContext:\n  runAsNonroot: true"),
        ("helm-security-context", 13),
        id="a field with a small letter",
    ),
    pytest.param(
        release(values="podSecurityContext:\n  runAsNonRoot: true\n  runAsUser: 65534"),
        ("helm-security-context", 12),
        id="a pod's that loses the profile",
    ),
    pytest.param(
        release(values="podSecurityContext:\n  seccompProfile: {type: RuntimeDefault}"),
        ("helm-security-context", 12),
        id="a pod's that may be root again",
    ),
    pytest.param(
        snapshot_controller("controller:\n  podSecurityContext:\n    runAsUser: 65534"),
        ("helm-security-context", 14),
        id="a user that the container's default overrides",
    ),
    # images
    pytest.param(
        release(values="image:\n  tag: 0.12.0"), ("helm-image", 13), id="a manager that stays behind its movers"
    ),
    pytest.param(
        release(values="restic:\n  repository: quay.io/backube/volsync-mover-restic"),
        ("helm-image", 13),
        id="a mover with another image",
    ),
    pytest.param(
        release(values="kube-rbac-proxy:\n  image: quay.io/brancz/kube-rbac-proxy:v1\n  tag: v1"),
        ("helm-image", 14),
        id="a tag beside a whole image",
    ),
    pytest.param(
        release(values="kube-rbac-proxy:\n  tag: ''"), ("helm-image", 13), id="a proxy with VolSync's version"
    ),
    pytest.param(
        snapshot_controller(
            "controller:\n  image:\n    repository: registry.example.org/snapshot-controller:v8.1.0\nwebhook: {enabled: false}"
        ),
        ("helm-image", 14),
        id="a tag in the repository",
    ),
    pytest.param(
        snapshot_controller("controller:\n  image:\n    repository: ''"),
        ("helm-image", 14),
        id="a repository that is empty",
    ),
    pytest.param(
        snapshot_controller(
            "controller:\n  image:\n    repository: registry.example.org/sig-storage/snapshot-controller"
        ),
        ("helm-image", 11),
        id="a mirror without the webhook's image",
    ),
    pytest.param(
        release(values="".join(f"{each}: {{repository: registry.example.org/backube/volsync}}\n" for each in MOVERS)),
        ("helm-image", 11),
        id="a mirror without the proxy's image",
    ),
    # version, CRDs, where values come from
    pytest.param(release(version="'*'"), ("helm-version", 9), id="any version"),
    pytest.param(release(version="0.12"), ("helm-version", 9), id="a version without its last number"),
    pytest.param(release(version="'>=0.12.0 <0.13.0'"), ("helm-version", 9), id="a range"),
    pytest.param(release(version="''"), ("helm-version", 9), id="no version"),
    pytest.param(
        snapshot_controller(spec="upgrade: {remediation: {retries: 3}}"),
        ("helm-crds", 12),
        id="CRDs that are never upgraded",
    ),
    pytest.param(
        snapshot_controller(spec="install: {crds: Skip}"), ("helm-crds", 13), id="CRDs that are not installed"
    ),
    pytest.param(
        release(spec="valuesFrom:\n  - kind: ConfigMap\n    name: nothing"),
        ("helm-values-from", 15),
        id="a ConfigMap that nothing makes",
    ),
    pytest.param(
        release(spec="valuesFrom:\n  - kind: Deployment\n    name: volsync"),
        ("helm-values-from", 14),
        id="values from what holds none",
    ),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS)
def test_each_fault_is_found_once_in_its_line(text, expected):
    rule, line = expected

    assert found(text) == [(rule, "HelmRelease", line)]


def test_each_rule_about_values_is_seen_to_fail():
    told = {fault.values[1][0] for fault in FAULTS} | {"helm-metrics"}

    assert told == {"helm-crds", "helm-image", "helm-metrics", "helm-security-context", "helm-value"} | {
        "helm-values-from",
        "helm-version",
    }


STORY_SNAPSHOT_CONTROLLER = """\
replicaCount: 2
securityContext:
  runAsNonRoot: true
  runAsUser: 65534
  fsGroup: 65534
resources:
  requests: {cpu: 10m, memory: 64Mi}
affinity:
  podAntiAffinity: {}
serviceMonitor:
  enabled: true
  interval: 30s
webhook:
  enabled: true
  port: 8443
args:
  - --v=5
  - --leader-election=true
"""

STORY_VOLSYNC = """\
image:
  repository: quay.io/backube/volsync
  tag: 0.12.0
replicaCount: 2
securityContext:
  runAsNonRoot: true
  runAsUser: 65534
  fsGroup: 65534
  seccompProfile:
    type: RuntimeDefault
resources:
  requests: {cpu: 20m, memory: 128Mi}
affinity:
  podAntiAffinity: {}
rclone:
  repository: quay.io/backube/volsync-mover-rclone
  tag: 0.12.0
restic:
  repository: quay.io/backube/volsync-mover-restic
  tag: 0.12.0
moverPodLabels:
  app.kubernetes.io/component: volsync-mover
metrics:
  enabled: true
  serviceMonitor:
    enabled: true
rbac:
  create: true
serviceAccount:
  create: true
  name: volsync
logLevel: info
args:
  - --leader-elect
"""


def test_the_values_of_the_story_are_told_one_by_one():
    told = [
        (each.rule, ".".join(map(str, each.location[2:])))
        for each in helm.check(
            tree(
                snapshot_controller(STORY_SNAPSHOT_CONTROLLER),
                release(values=STORY_VOLSYNC),
                ALERT.format(expression="volsync_volume_out_of_sync"),
            )
        )
    ]

    assert told == [
        ("helm-value", "replicaCount"),
        ("helm-value", "securityContext"),
        ("helm-value", "resources"),
        ("helm-value", "affinity"),
        ("helm-value", "serviceMonitor"),
        ("helm-value", "webhook.port"),
        ("helm-value", "args"),
        ("helm-value", "moverPodLabels"),
        ("helm-value", "metrics.enabled"),
        ("helm-value", "metrics.serviceMonitor"),
        ("helm-value", "rbac"),
        ("helm-value", "logLevel"),
        ("helm-value", "args"),
        ("helm-security-context", "securityContext.fsGroup"),
        ("helm-image", "image.tag"),
        ("helm-image", "rclone.repository"),
        ("helm-image", "restic.repository"),
        ("helm-metrics", "metrics.disableAuth"),
    ]


def every_image(repository):
    return "".join(f"{each}: {{repository: {repository}, tag: 0.12.0}}\n" for each in MOVERS)


MIRROR = every_image("registry.example.org/backube/volsync")
PROXY = "kube-rbac-proxy: {repository: registry.example.org/brancz/kube-rbac-proxy}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(release(), id="no values"),
        pytest.param(release(values="replicaCount: 2"), id="a number"),
        pytest.param(release(values="replicaCount: null"), id="a value that is taken away"),
        pytest.param(release(values=MIRROR + PROXY), id="a mirror of every image"),
        pytest.param(
            release(values=every_image("ghcr.io/others/volsync")), id="another build of VolSync, and the usual proxy"
        ),
        pytest.param(
            release(
                values="".join(
                    f"{each}: {{image: registry.example.org/v@sha256:12}}\n"
                    for each in ("image", "rclone", "restic", "rsync", "rsync-tls", "syncthing", "kube-rbac-proxy")
                )
            ),
            id="every image by its digest",
        ),
        pytest.param(release(values="kube-rbac-proxy: {tag: v0.19.0}"), id="another version of the proxy alone"),
        pytest.param(
            release(values="podSecurityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"),
            id="a pod's context that keeps what the chart has",
        ),
        pytest.param(
            release(
                values="podSecurityContext: {fsGroup: 1}\nsecurityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
            ),
            id="what the pod's context loses is in the container's",
        ),
        pytest.param(
            snapshot_controller(
                "controller: {podSecurityContext: {runAsUser: 65534}, securityContext: {runAsUser: 65534}}"
            ),
            id="one user in both contexts",
        ),
        pytest.param(
            snapshot_controller(
                "controller: {image: {repository: registry.example.org/sig-storage/snapshot-controller}}\n"
                "webhook: {enabled: false}"
            ),
            id="a mirror, and no webhook",
        ),
        pytest.param(snapshot_controller("controller: {args: {v: 5, anyFlag: true}}"), id="any argument"),
        pytest.param(
            snapshot_controller("controller: {fullnameOverride: snapshots}"), id="a name that values.yaml does not list"
        ),
        pytest.param(release("redis", "20.1.0", "anything: goes"), id="a chart without facts"),
        pytest.param(release(version="0.13.0", values="anything: goes"), id="a version without facts"),
        pytest.param(release(version="v0.12.0"), id="a version with a v"),
        pytest.param(
            release(spec="valuesFrom:\n  - {kind: ConfigMap, name: nothing, optional: true}"),
            id="an optional ConfigMap",
        ),
        pytest.param(
            release(spec="valuesFrom:\n  - {kind: Secret, name: nothing}"), id="a Secret, which is never in a tree"
        ),
    ],
)
def test_what_is_right_is_not_told(text):
    assert found(text) == []


def test_no_chart_from_a_git_repository_is_asked_for_its_version():
    text = release(version="''").replace("    spec:\n", "    spec:\n      sourceRef: {kind: GitRepository, name: a}\n")

    assert found(text) == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param("{tag: 0.12.0}", [], id="one version"),
        pytest.param("{digest: 'sha256:12', semver: '*'}", [], id="a digest, which wins"),
        pytest.param("{semver: '*', tag: 0.12.0}", [("helm-version", "OCIRepository", 5)], id="a range, which wins"),
        pytest.param("{semver: '>=0.12'}", [("helm-version", "OCIRepository", 5)], id="a range"),
        pytest.param("{tag: latest}", [("helm-version", "OCIRepository", 5)], id="a tag that moves"),
    ],
)
def test_the_version_of_a_chart_from_an_oci_repository_is_the_one_of_its_artifact(reference, expected):
    artifact = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: charts, namespace: volsync-system}}
spec:
  ref: {reference}
  url: oci://registry.example.org/charts/volsync
"""
    release_of_it = "\n".join([*release().splitlines()[:4], "  chartRef: {kind: OCIRepository, name: charts}"])

    assert found(release_of_it, artifact) == expected


def test_facts_are_those_of_the_chart_that_an_oci_repository_holds():
    artifact = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: charts, namespace: volsync-system}
spec:
  ref: {tag: 0.12.0}
  url: oci://registry.example.org/charts/volsync
"""
    text = "\n".join(
        [*release().splitlines()[:4], "  chartRef: {kind: OCIRepository, name: charts}", "  values: {logLevel: info}"]
    )

    assert found(text, artifact) == [("helm-value", "HelmRelease", 6)]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (snapshot_controller("replicaCount: 2"), "write `controller.replicaCount`"),
        (snapshot_controller("webhook: {port: 8443}"), "write `webhook.args.port`"),
        (snapshot_controller("volumeSnapshotClasses: []"), "write `controller.volumeSnapshotClasses`"),
        (snapshot_controller("serviceMonitor: {enabled: true}"), "write `controller.serviceMonitor.create`"),
        (snapshot_controller("securityContext: {}"), "`controller.podSecurityContext` (the pod)"),
        (release(values="replicaCounts: 2"), "write `replicaCount`"),
        (release(values="metrics: {enabled: true}"), "metrics are always on"),
        (release(values="moverPodLabels: {}"), "spec.restic of each ReplicationSource"),
        (release(values="service: {nothing: 1}"), "the keys there are ipFamilies, ipFamilyPolicy"),
        (release(values="resources: {limit: {}}"), "write `resources.limits`"),
        (release(values="securityContext: {fsGroup: 1}"), "write `podSecurityContext.fsGroup`"),
    ],
)
def test_a_key_that_is_not_there_is_told_with_the_one_that_is(text, advice):
    assert advice in said(text)[0]


def test_alerts_on_metrics_that_no_scrape_gets_are_told_at_the_switch():
    alert = ALERT.format(expression="volsync_volume_out_of_sync == 1")

    assert found(release(values="metrics:\n  disableAuth: false"), alert) == [("helm-metrics", "HelmRelease", 13)]
    assert found(release(), alert) == [("helm-metrics", "HelmRelease", 11)]
    assert found(release(values="metrics: {disableAuth: true}"), alert) == []
    assert found(release(), ALERT.format(expression="up == 0")) == []


def test_alerts_on_the_snapshot_controller_need_its_service_monitor():
    alert = ALERT.format(expression="snapshot_controller_operations_in_flight > 0")

    assert found(snapshot_controller(), alert) == [("helm-metrics", "HelmRelease", 11)]
    assert found(snapshot_controller("controller: {serviceMonitor: {create: true}}"), alert) == []


@pytest.mark.parametrize(
    "otherwise",
    [
        pytest.param(
            """\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: own, namespace: volsync-system}
spec: {endpoints: [{port: https, bearerTokenFile: /var/run/token}]}
""",
            id="a ServiceMonitor with a token",
        ),
    ],
)
def test_who_scrapes_with_a_token_needs_no_switch(otherwise):
    assert found(release(), ALERT.format(expression="volsync_volume_out_of_sync"), otherwise) == []


def test_a_patch_that_adds_a_token_needs_no_switch():
    spec = "postRenderers:\n  - kustomize: {patches: [{target: {kind: ServiceMonitor}, patch: '[{op: add, path: /a, value: authorization}]'}]}"

    assert found(release(spec=spec), ALERT.format(expression="volsync_volume_out_of_sync")) == []


def test_a_switch_that_a_secret_may_turn_on_is_not_told():
    spec = "valuesFrom:\n  - {kind: Secret, name: values}"

    assert found(release(spec=spec), ALERT.format(expression="volsync_volume_out_of_sync")) == []


# ---------------------------------------------------------------------------------------------------- where values come from


def values_of(*texts):
    (only,) = releases(tree(*texts))
    return only.values


def test_values_come_from_the_config_maps_in_their_order_and_from_the_release_last():
    text = release(
        values="metrics: {disableAuth: true}",
        spec="valuesFrom:\n  - {kind: ConfigMap, name: first}\n  - {kind: ConfigMap, name: second}",
    )
    first = config_map("replicaCount: 1\nmetrics: {disableAuth: false}\nservice: {ipFamilyPolicy: a}", "first")
    second = config_map("replicaCount: 2", "second")

    merged = values_of(text, first, second)

    assert merged.values == {"replicaCount": 2, "metrics": {"disableAuth": True}, "service": {"ipFamilyPolicy": "a"}}
    assert [each.resource.id.name for each in merged.sources] == ["first", "second", "volsync"]


@pytest.mark.parametrize(
    ("reference", "held", "inline", "expected"),
    [
        pytest.param("targetPath: metrics.disableAuth", "true", "", {"metrics": {"disableAuth": True}}, id="a switch"),
        pytest.param("targetPath: replicaCount", "2", "", {"replicaCount": 2}, id="a number"),
        pytest.param("targetPath: image.tag", "'2'", "", {"image": {"tag": "2"}}, id="a text in quotes"),
        pytest.param("targetPath: image.tag", "0123", "", {"image": {"tag": "0123"}}, id="a text of digits"),
        pytest.param("targetPath: podLabels.a\\.b/c", "x", "", {"podLabels": {"a.b/c": "x"}}, id="a key with a dot"),
        pytest.param("targetPath: podLabels.a, literal: true", "1,2", "", {"podLabels": {"a": "1,2"}}, id="a literal"),
        pytest.param(
            "targetPath: image.tag",
            "new",
            "image: {tag: old}",
            {"image": {"tag": "new"}},
            id="a target below what is inline wins",
        ),
        pytest.param(
            "targetPath: replicaCount",
            "3",
            "replicaCount: 2",
            {"replicaCount": 2},
            id="a target beside what is inline loses",
        ),
    ],
)
def test_a_target_path_is_read_as_helm_controller_reads_it(reference, held, inline, expected):
    text = release(values=inline, spec=f"valuesFrom:\n  - {{kind: ConfigMap, name: values, {reference}}}")

    assert values_of(text, config_map(held)).values == expected


@pytest.mark.parametrize(
    ("reference", "held"),
    [
        pytest.param("targetPath: 'tolerations[0]'", "a", id="a place in a list"),
        pytest.param("targetPath: podLabels.a", "1,b=2", id="more than one value"),
        pytest.param("targetPath: tolerations", "{a}", id="a list"),
    ],
)
def test_what_is_more_than_a_path_and_a_value_is_not_guessed(reference, held):
    text = release(spec=f"valuesFrom:\n  - {{kind: ConfigMap, name: values, {reference}}}")

    merged = values_of(text, config_map(held))

    assert (merged.values, len(merged.unknown)) == ({}, 1)


def test_a_fault_in_a_config_map_is_told_there():
    text = release(spec="valuesFrom:\n  - {kind: ConfigMap, name: values}")

    assert found(text, config_map("logLevel: debug")) == [("helm-value", "ConfigMap", 3)]


def test_a_fault_that_the_release_overrides_is_told_of_the_release():
    text = release(values="replicaCount: many", spec="valuesFrom:\n  - {kind: ConfigMap, name: values}")

    assert found(text, config_map("replicaCount: 2")) == [("helm-value", "HelmRelease", 12)]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param("[1, 2]", id="a list"),
        pytest.param("a: b: c", id="no YAML"),
        pytest.param("a: 1\na: 2", id="a key twice"),
    ],
)
def test_a_config_map_that_holds_no_values_is_told(held):
    text = release(spec="valuesFrom:\n  - kind: ConfigMap\n    name: values")

    assert found(text, config_map(held)) == [("helm-values-from", "HelmRelease", 15)]


def test_a_config_map_without_the_key_is_told_at_the_key():
    text = release(spec="valuesFrom:\n  - kind: ConfigMap\n    name: values\n    valuesKey: nothing")

    assert found(text, config_map("a: 1")) == [("helm-values-from", "HelmRelease", 16)]


def test_a_config_map_of_others_is_not_known_and_not_missing():
    text = release(spec="valuesFrom:\n  - {kind: ConfigMap, name: theirs}")
    objects = tree(text, ConfigMap=["volsync-system/theirs"])

    assert [each.rule for each in helm.check(objects)] == []
    assert [each.values.unknown for each in releases(objects)] == [("ConfigMap theirs, which is external",)]


def test_what_is_read_is_not_changed():
    objects = tree(
        release(
            values="image: {tag: old}", spec="valuesFrom:\n  - {kind: ConfigMap, name: values, targetPath: image.tag}"
        ),
        config_map("new"),
    )

    tuple(helm.check(objects))

    assert objects.of("HelmRelease")[0].document["spec"]["values"] == {"image": {"tag": "old"}}


# ------------------------------------------------------------------------------------------------------------ names, and what is made


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param("", ("volsync", "volsync-system"), id="its own name and namespace"),
        pytest.param(
            "targetNamespace: backup", ("backup-volsync", "backup"), id="a target namespace, which comes into the name"
        ),
        pytest.param("targetNamespace: backup\nreleaseName: v", ("v", "backup"), id="a name of its own"),
        pytest.param(
            f"releaseName: {'a' * 60}",
            # printf %060d 0 | tr 0 a | sha256sum
            ("a" * 40 + "-11ee391211c6", "volsync-system"),
            id="a name that is too long for Helm",
        ),
    ],
)
def test_the_release_has_the_name_that_helm_controller_gives_it(spec, expected):
    (only,) = releases(tree(release(spec=spec)))

    assert (only.name, only.namespace) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(release(), ["volsync"], id="the name of the release"),
        pytest.param(release(spec="releaseName: backup"), ["backup-volsync"], id="a release that is called otherwise"),
        pytest.param(release(values="fullnameOverride: v"), ["v"], id="a name that is given"),
        pytest.param(release(values="nameOverride: v"), ["volsync"], id="a part of the name that is given"),
        pytest.param(snapshot_controller(), ["snapshot-controller", "snapshot-validation-webhook"], id="a webhook"),
        pytest.param(snapshot_controller("webhook: {enabled: false}"), ["snapshot-controller"], id="no webhook"),
        pytest.param(
            snapshot_controller(spec="releaseName: s"),
            ["s-snapshot-controller", "s-snapshot-validation-webhook"],
            id="both names",
        ),
        pytest.param(
            snapshot_controller("controller: {enabled: false}\nwebhook: {fullnameOverride: w}"),
            ["w"],
            id="only a webhook",
        ),
    ],
)
def test_the_deployments_of_a_chart_have_the_names_that_it_gives_them(text, expected):
    objects = tree(text)
    (only,) = releases(objects)

    assert sorted(name for kind, _, name in made(objects, only) if kind == "Deployment") == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(release("redis", "20.1.0"), id="a chart without facts"),
        pytest.param(release(spec="valuesFrom:\n  - {kind: Secret, name: values}"), id="values that are not known"),
    ],
)
def test_what_a_chart_makes_is_not_guessed(text):
    objects = tree(text)
    (only,) = releases(objects)

    assert made(objects, only) is None
