"""The facts of the charts that this tree pins, written by hand from their templates."""

from collections.abc import Mapping

from scripts.checks.helm.chart import Chart, Items, Made, Open, Table

POD_SECURITY = frozenset(
    [
        "appArmorProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxChangePolicy",
        "seLinuxOptions",
        "seccompProfile",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "sysctls",
        "windowsOptions",
    ]
)
"""
Fields of a pod's security context.

Source: kubernetes/api@v0.37.1:core/v1/types.go (PodSecurityContext)
"""

CONTAINER_SECURITY = frozenset(
    [
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "windowsOptions",
    ]
)
"""
Fields of a container's security context.

Source: kubernetes/api@v0.37.1:core/v1/types.go (SecurityContext)
"""

AFFINITY = Open(only=frozenset({"nodeAffinity", "podAffinity", "podAntiAffinity"}))
RESOURCES = frozenset({"claims", "limits", "requests"})
POST_RENDERER = "remove it; what the chart has no key for takes a patch in spec.postRenderers"


def _volsync_image(**further: str) -> Table:
    return {"repository": "quay.io/backube/volsync", "tag": "", "image": "", **further}


VOLSYNC = Chart(
    name="volsync",
    version="0.12.0",
    repository="https://backube.github.io/helm-charts",
    values={
        "affinity": AFFINITY,
        "fullnameOverride": "",
        "image": _volsync_image(pullPolicy="IfNotPresent"),
        "imagePullSecrets": Items(),
        "kube-rbac-proxy": {"repository": "quay.io/brancz/kube-rbac-proxy", "tag": "v0.18.2", "image": ""},
        "manageCRDs": True,
        "metrics": {"disableAuth": False},
        "nameOverride": "",
        "nodeSelector": Open(),
        "podAnnotations": Open(),
        "podLabels": Open(),
        "podSecurityContext": Open(only=POD_SECURITY),
        "rclone": _volsync_image(),
        "replicaCount": 1,
        "resources": Open(only=RESOURCES),
        "restic": _volsync_image(),
        "rsync": _volsync_image(),
        "rsync-tls": _volsync_image(),
        "securityContext": Open(
            default={
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
            only=CONTAINER_SECURITY,
        ),
        "service": {"ipFamilies": Items(of=str), "ipFamilyPolicy": ""},
        "serviceAccount": {"annotations": Open(), "create": True, "name": ""},
        "syncthing": _volsync_image(),
        "tolerations": Items(),
    },
    elsewhere={
        "args": "remove it: leader election is always on, and the addresses of metrics and probes are fixed",
        "crds": "write `manageCRDs`",
        "extraArgs": POST_RENDERER,
        "env": POST_RENDERER,
        "global": "remove it",
        "installCRDs": "write `manageCRDs`",
        "kube-rbac-proxy.resources": "remove it: they are fixed",
        "logLevel": POST_RENDERER,
        "metrics.enabled": "remove it: metrics are always on",
        "metrics.serviceMonitor": "remove it: the ServiceMonitor is always made where its API is; its labels and interval "
        "take a patch in spec.postRenderers",
        "moverPodLabels": "write it into spec.restic of each ReplicationSource and ReplicationDestination",
        "moverResources": "write it into spec.restic of each ReplicationSource and ReplicationDestination",
        "podDisruptionBudget": "remove it, and add a PodDisruptionBudget to the tree",
        "priorityClassName": POST_RENDERER,
        "rbac": "remove it: its roles are always made",
        "serviceMonitor": "remove it: the ServiceMonitor is always made where its API is; its labels and interval take a "
        "patch in spec.postRenderers",
        "topologySpreadConstraints": POST_RENDERER,
    },
    images=(("image",), ("rclone",), ("restic",), ("rsync",), ("rsync-tls",), ("syncthing",), ("kube-rbac-proxy",)),
    default_pod={
        "runAsGroup": 65534,
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    series=("volsync_", "{fullname}-metrics"),
    scraped=(
        ("metrics", "disableAuth"),
        "the ServiceMonitor of the chart sends no token, and each scrape is answered with 401",
    ),
    crds_in_folder=False,
    breaks=((("replicaCount",), 0, "no controller runs then: no backup starts"),),
    full_names={"fullname": (("fullnameOverride",), "")},
    makes=(
        Made(kind="Deployment", name="{fullname}"),
        Made(kind="Service", name="{fullname}-metrics"),
        Made(kind="ServiceMonitor", name="volsync"),
        *(
            Made(kind="CustomResourceDefinition", name=f"{plural}.volsync.backube", where=(("manageCRDs",),))
            for plural in ("replicationdestinations", "replicationsources")
        ),
    ),
)
"""
Source: backube/volsync@v0.12.0:helm/volsync/values.yaml, helm/volsync/templates (there is no values.schema.json, so that
Helm ignores a key that no template reads)
"""


def _pod_of_snapshot_controller(image: str) -> Table:
    return {
        "affinity": AFFINITY,
        "dnsConfig": Open(),
        "dnsPolicy": "ClusterFirst",
        "enabled": True,
        "fullnameOverride": "",
        "hostNetwork": False,
        "image": {"pullPolicy": "IfNotPresent", "repository": f"registry.k8s.io/sig-storage/{image}", "tag": ""},
        "imagePullSecrets": Items(),
        "nodeSelector": Open(),
        "pdb": Open(),
        "podAnnotations": Open(),
        "podLabels": Open(),
        "podSecurityContext": Open(only=POD_SECURITY),
        "priorityClassName": "",
        "rbac": {"create": True},
        "replicaCount": 1,
        "resources": Open(only=RESOURCES),
        "revisionHistoryLimit": 10,
        "securityContext": Open(
            default={
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": 1000,
            },
            only=CONTAINER_SECURITY,
        ),
        "serviceAccount": {"create": True, "name": ""},
        "tolerations": Items(),
        "topologySpreadConstraints": Items(),
    }


SNAPSHOT_CONTROLLER = Chart(
    name="snapshot-controller",
    version="3.0.6",
    repository="https://piraeus.io/helm-charts",
    values={
        "controller": {
            **_pod_of_snapshot_controller("snapshot-controller"),
            "args": Open(
                default={"httpEndpoint": ":8080", "leaderElection": True, "leaderElectionNamespace": "$(NAMESPACE)"},
                are_flags=True,
            ),
            "serviceMonitor": {"create": False},
            "volumeSnapshotClasses": Items(),
        },
        "webhook": {
            **_pod_of_snapshot_controller("snapshot-validation-webhook"),
            "args": Open(
                default={
                    "port": 8443,
                    "tlsCertFile": "/etc/snapshot-validation/tls.crt",
                    "tlsPrivateKeyFile": "/etc/snapshot-validation/tls.key",
                }
            ),
            "networkPolicy": {"enabled": False, "ingress": Open()},
            "tests": {"affinity": AFFINITY, "nodeSelector": Open(), "tolerations": Items()},
            "tls": {"autogenerate": True, "certManagerIssuerRef": Open(), "certificateSecret": "", "renew": False},
            "webhook": {"failurePolicy": "Fail", "timeoutSeconds": 2},
        },
    },
    elsewhere={
        "args": "write `controller.args`, a mapping: `v: 5` becomes --v=5; leader election and its namespace are the default",
        "controller.serviceMonitor.enabled": "write `controller.serviceMonitor.create`",
        "controller.serviceMonitor.interval": POST_RENDERER,
        "controller.serviceMonitor.labels": POST_RENDERER,
        "crds": "write spec.install.crds and spec.upgrade.crds: they are in the chart's folder crds/",
        "installCRDs": "write spec.install.crds and spec.upgrade.crds: they are in the chart's folder crds/",
        "securityContext": "write `controller.podSecurityContext` (the pod) or `controller.securityContext` (the container)",
        "serviceMonitor": "write `controller.serviceMonitor.create`; labels and an interval take a patch in "
        "spec.postRenderers",
        "volumeGroupSnapshotClasses": "remove it",
        "webhook.port": "write `webhook.args.port`",
    },
    images=(("controller", "image"), ("webhook", "image")),
    default_pod={},
    series=("snapshot_controller_",),
    scraped=(("controller", "serviceMonitor", "create"), "nothing tells Prometheus to scrape it"),
    crds_in_folder=True,
    breaks=(
        (("controller", "replicaCount"), 0, "no controller runs then: no snapshot is made"),
        (
            ("controller", "args", "leaderElection"),
            False,
            "the probes ask for /healthz/leader-election, which is served with leader election only: the pods restart for ever",
        ),
    ),
    full_names={
        "fullname": (("controller", "fullnameOverride"), ""),
        "webhook": (("webhook", "fullnameOverride"), "snapshot-validation-webhook"),
    },
    makes=(
        Made(kind="Deployment", name="{fullname}", where=(("controller", "enabled"),)),
        Made(kind="Deployment", name="{webhook}", where=(("webhook", "enabled"),)),
        Made(kind="Service", name="{webhook}", where=(("webhook", "enabled"),)),
        *(
            Made(
                kind=kind,
                name="{fullname}",
                where=(("controller", "enabled"), ("controller", "serviceMonitor", "create")),
            )
            for kind in ("Service", "ServiceMonitor")
        ),
        *(
            Made(kind="CustomResourceDefinition", name=f"{plural}.snapshot.storage.k8s.io")
            for plural in ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots")
        ),
    ),
)
"""
Source: piraeusdatastore/helm-charts@snapshot-controller-3.0.6:charts/snapshot-controller/values.yaml,
charts/snapshot-controller/templates (there is no values.schema.json)
"""

CHARTS: Mapping[tuple[str, str], Chart] = {(each.name, each.version): each for each in (VOLSYNC, SNAPSHOT_CONTROLLER)}
"""(name, version) -> the facts of that chart."""
