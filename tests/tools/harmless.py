"""Mistakes that the validation need not find, each with the reason why no backup, restore or alert is the worse for it."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.tools.mutations import BROKEN, DROPPED, FILE, MOVED, RENAMED, RETYPED, SHORTENED, UNSET, ZEROED, Mutation

BELOW = "kubernetes/"
ANY = (BROKEN, DROPPED, FILE, MOVED, RENAMED, RETYPED, SHORTENED, UNSET, ZEROED)


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """
    Mistakes that do no harm.

    Args:
        kinds: classes of them.

        place: of file and path, below kubernetes/, as a pattern ("clusters/apps/volsync.yaml: spec/wait").

        change: what is there instead, as a pattern.

        reason: why they do none.
    """

    kinds: tuple[str, ...]
    place: str
    change: str = "*"
    reason: str

    def is_about(self, mutation: Mutation) -> bool:
        """
        Tell whether a mistake is one of these.

        Args:
            mutation: any.

        Returns:
            Whether class, place and change fit.
        """
        place = f"{mutation.file.removeprefix(BELOW)}: {mutation.path}"
        is_there = fnmatchcase(place, self.place) and fnmatchcase(mutation.change, self.change)
        return mutation.kind in self.kinds and is_there


SYSTEM = "workloads/platform/backup/volsync-system"
APP = "workloads/apps/volsync-test"
COMPONENT = "components/volsync"

SEVERAL = (
    (
        (DROPPED,),
        (
            "clusters/apps/kustomization.yaml: [ak]*",
            "infrastructure/repositories/helm/kustomization.yaml: [ak]*",
            "workloads/apps/kustomization.yaml: [ak]*",
            f"{APP}/app/kustomization.yaml: [ak]*",
            f"{SYSTEM}/kustomization.yaml: [ak]*",
            f"{SYSTEM}/*/app/kustomization.yaml: [ak]*",
            f"{COMPONENT}/[eprs]*/kustomization.yaml: [ak]*",
            f"{COMPONENT}/kustomization.yaml: apiVersion",
        ),
        "kustomize takes a kustomization.yaml without apiVersion or kind for one of its own",
    ),
    (
        (DROPPED, RENAMED, SHORTENED),
        (f"{COMPONENT}/*kustomization.yaml: labels/0/pairs/app.kubernetes.io/managed-by",),
        "a label for people: nothing selects by it",
    ),
    (
        (DROPPED, SHORTENED),
        (f"{COMPONENT}/kustomization.yaml: labels*",),
        "a label for people: nothing selects by it",
    ),
    (
        (DROPPED, RENAMED),
        (f"{COMPONENT}/replication*.yaml: spec/restic/moverPodLabels*",),
        "a label for people: the alerts and the runbook go by the names of Jobs and pods",
    ),
    (
        (DROPPED,),
        (
            "clusters/apps/helm-repositories.yaml: spec/timeout",
            "clusters/apps/volsync.yaml: spec/timeout",
            "clusters/apps/workloads.yaml: spec/timeout",
            f"{APP}/ks.yaml: spec/timeout",
            f"{SYSTEM}/*/ks.yaml: spec/timeout",
        ),
        "a warning (flux-timeout): Flux takes the interval, less 30 seconds, in its place, which is not shorter but for one",
    ),
    (
        (DROPPED, SHORTENED),
        (
            "clusters/apps/volsync.yaml: spec/dependsOn*",
            f"{APP}/ks.yaml: spec/dependsOn*",
            f"{SYSTEM}/*/ks.yaml: spec/dependsOn*",
        ),
        "an order of the first installation: what comes too early is refused as a whole, and Flux tries again until it is taken",
    ),
    (
        (DROPPED,),
        ("clusters/apps/volsync.yaml: spec/wait", f"{APP}/ks.yaml: spec/wait"),
        "no other Kustomization waits for this one",
    ),
    (
        (BROKEN,),
        (
            "clusters/apps/volsync.yaml: metadata/name",
            "clusters/apps/workloads.yaml: metadata/name",
            f"{APP}/ks.yaml: metadata/name",
        ),
        "a name that nothing refers to; `invoke diff` marks what a new name would delete",
    ),
    (
        (SHORTENED,),
        (f"{SYSTEM}/*/ks.yaml: spec/healthChecks/*",),
        "the other check is left: a HelmRelease is ready once its Deployment is, and the Deployment comes with it",
    ),
    (
        (DROPPED, BROKEN, RETYPED),
        (
            f"{SYSTEM}/*/app/helmrelease.yaml: metadata/namespace",
            f"{SYSTEM}/volsync/app/prometheusrule.yaml: metadata/namespace",
        ),
        "the kustomization.yaml beside it sets the namespace",
    ),
    (
        (DROPPED, BROKEN, RETYPED),
        (
            "infrastructure/repositories/helm/*s.yaml: metadata/namespace",
            "infrastructure/repositories/helm/*e.yaml: metadata/namespace",
        ),
        "the kustomization.yaml beside it sets the namespace",
    ),
    (
        (DROPPED,),
        (
            "infrastructure/repositories/helm/kustomization.yaml: namespace",
            f"{SYSTEM}/*/app/kustomization.yaml: namespace",
        ),
        "each file says the namespace itself",
    ),
    (
        (FILE,),
        ("infrastructure/repositories/helm/kustomization.yaml: ", f"{SYSTEM}/*/app/kustomization.yaml: "),
        "a warning (story-path): Flux makes the same one where there is none, of all manifests in the folder",
    ),
    (
        (DROPPED,),
        ("infrastructure/repositories/helm/*: spec/interval", "infrastructure/repositories/helm/*: spec/timeout"),
        "the default of Flux, one minute each, is enough for an index of charts",
    ),
    (
        (DROPPED,),
        (f"{SYSTEM}/*/app/helmrelease.yaml: spec/chart/spec/interval",),
        "the interval of the HelmRelease is taken in its place, which is the same",
    ),
    (
        (DROPPED, ZEROED),
        (
            f"{SYSTEM}/*/app/helmrelease.yaml: spec/install/remediation*",
            f"{SYSTEM}/*/app/helmrelease.yaml: spec/upgrade/remediation*",
        ),
        "a failed installation is not tried again, and is told: the health check fails, and VolSyncControllerDown fires",
    ),
    (
        (DROPPED,),
        (
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/install",
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/install/crds",
        ),
        "the default of install.crds is Create, and there are none before an installation",
    ),
    (
        (DROPPED,),
        (
            f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/install",
            f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/upgrade",
        ),
        "only how a failure is mended; it is told: the health check fails, and VolSyncControllerDown fires",
    ),
    (
        (DROPPED,),
        (f"{SYSTEM}/*/app/helmrelease.yaml: spec/upgrade/cleanupOnFail",),
        "what a failed upgrade made newly stays, beside what runs",
    ),
    (
        (DROPPED,),
        (f"{SYSTEM}/*/app/helmrelease.yaml: spec/releaseName",),
        "the default is the name of the HelmRelease, which is the same",
    ),
    (
        (DROPPED, MOVED, RETYPED, RENAMED, ZEROED),
        (f"{SYSTEM}/namespace.yaml: metadata/annotations*",),
        "the namespace of the operator holds no data: without it Flux deletes it with the operator itself, and no PVC goes",
    ),
    (
        (BROKEN,),
        (f"{COMPONENT}/externalsecret/externalsecret.yaml: metadata/name",),
        "a name that nothing refers to: the movers name the Secret, which spec.target names",
    ),
    (
        (BROKEN,),
        (f"{COMPONENT}/replicationsource/replicationsource.yaml: metadata/name",),
        "a name that nothing refers to: the repository goes by APP, and the alerts take any name",
    ),
    (
        (DROPPED,),
        (
            f"{COMPONENT}/externalsecret/externalsecret.yaml: spec/refreshInterval",
            f"{COMPONENT}/externalsecret/externalsecret.yaml: spec/target/creationPolicy",
            f"{COMPONENT}/externalsecret/externalsecret.yaml: spec/target/template/engineVersion",
        ),
        "the default of External Secrets is the same",
    ),
    (
        (MOVED,),
        (f"{COMPONENT}/externalsecret/externalsecret.yaml: spec/target/template/engineVersion",),
        "the default of External Secrets is the same, and the mover reads its own keys of the Secret alone",
    ),
    (
        (UNSET,),
        (
            f"{COMPONENT}/externalsecret/externalsecret.yaml: spec/*",
            f"{COMPONENT}/pvc/pvc.yaml: spec/storageClassName",
            f"{COMPONENT}/replication*.yaml: spec/restic/*ClassName",
        ),
        "a warning (variable-without-default): in the cluster the value comes from cluster-settings",
    ),
    (
        (DROPPED, SHORTENED),
        (f"{COMPONENT}/replication*.yaml: spec/restic/cacheAccessModes*",),
        "VolSync takes the access modes of the volume, ReadWriteOnce, or its default, which is the same",
    ),
    (
        (DROPPED,),
        (f"{COMPONENT}/replicationdestination/replicationdestination.yaml: spec/restic/cleanup*PVC",),
        "a warning (volsync-clean-up): what is left takes space, and nothing else",
    ),
    (
        (DROPPED,),
        (f"{COMPONENT}/replicationdestination/replicationdestination.yaml: spec/restic/enableFileDeletion",),
        "it restores into a volume that it makes, in which there is nothing to delete",
    ),
    (
        (DROPPED,),
        (
            f"{COMPONENT}/replication*.yaml: spec/restic/moverResources*",
            f"{SYSTEM}/*/app/helmrelease.yaml: spec/values/*resources*",
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/resources*",
        ),
        "without a limit or a request a container gets what the node has",
    ),
    (
        (ZEROED,),
        (
            f"{COMPONENT}/replication*.yaml: spec/restic/moverResources/requests/*",
            f"{SYSTEM}/*/app/helmrelease.yaml: spec/values/*resources/requests/*",
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/resources/requests/*",
        ),
        "a smaller request reserves less, and limits nothing",
    ),
    (
        (RETYPED,),
        (f"{COMPONENT}/replication*.yaml: spec/restic/moverResources/limits/cpu",),
        "the number 1 is one CPU, as 1000m is",
    ),
    (
        (RETYPED,),
        (
            "components/volsync/replication*.yaml: spec/restic/moverResources/requests/*",
            "workloads/platform/backup/volsync-system/*/app/helmrelease.yaml: spec/values/*resources/requests/*",
            "workloads/apps/volsync-test/app/deployment.yaml: spec/template/spec/containers/0/resources/requests/*",
        ),
        "the number 1 requests less, and limits nothing",
    ),
    (
        (DROPPED, ZEROED),
        (f"{COMPONENT}/replicationsource/replicationsource.yaml: spec/restic/pruneIntervalDays",),
        "a prune at another time, 7 days by default, takes space or time, and no snapshot that is kept",
    ),
    (
        (DROPPED,),
        (
            f"{COMPONENT}/replacements/kustomization.yaml: replacements/1/source/name",
            f"{COMPONENT}/replacements/kustomization.yaml: replacements/12/source/kind",
        ),
        "what is left of the selection still finds the one object; of two kustomize refuses to choose",
    ),
    (
        (DROPPED,),
        ("tree.yaml: entryPoint", "tree.yaml: source"),
        "the default is the same",
    ),
    (
        (BROKEN, DROPPED, SHORTENED),
        ("tree.yaml: externals/CustomResourceDefinition*",),
        "for readers: no rule asks which CRDs others bring, and the file makes nothing",
    ),
    (
        (DROPPED, RENAMED),
        ("tree.yaml: externals/StorageClass", "tree.yaml: externals/VolumeSnapshotClass"),
        "the cluster settings name the classes as well, and a rule holds each use against them",
    ),
    (
        (DROPPED, SHORTENED),
        ("clusters/apps/volsync.yaml: spec/postBuild*",),
        "nothing that this Kustomization applies has a variable",
    ),
    (
        (UNSET,),
        ("clusters/apps/cluster-settings.yaml: data/VOLSYNC_SECRET_STORE",),
        "the default in the template, which is then taken, is the same",
    ),
    (
        (DROPPED, UNSET),
        (f"{SYSTEM}/volsync/ks.yaml: spec/postBuild*",),
        "a warning (alert-runbook): each alert fires all the same, and its link leads nowhere",
    ),
    (
        (DROPPED, MOVED, RENAMED, RETYPED),
        (f"{COMPONENT}/replacements/parameters/configmap.yaml: metadata/annotations*",),
        "the ConfigMap is then applied with the app, and nothing reads it there",
    ),
    (
        (BROKEN,),
        (
            f"{APP}/app/deployment.yaml: metadata/name",
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/name",
        ),
        "a name that nothing refers to",
    ),
    (
        (DROPPED, ZEROED),
        (
            f"{APP}/app/deployment.yaml: spec/replicas",
            f"{APP}/app/deployment.yaml: spec/template/spec/terminationGracePeriodSeconds",
        ),
        "how many pods the app has, and how long it takes to end, change neither its PVC nor its backups",
    ),
    (
        (DROPPED,),
        (
            f"{APP}/app/deployment.yaml: spec/strategy*",
            f"{APP}/app/deployment.yaml: spec/template/spec/automountServiceAccountToken",
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem",
        ),
        "how the app runs and is replaced; its PVC and its backups stay as they are",
    ),
    (
        (DROPPED, SHORTENED, ZEROED),
        (f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/command*",),
        "what the app does is its own: its PVC is backed up whatever that is, and an app that ends is told by spec.wait",
    ),
    (
        (BROKEN, DROPPED),
        (
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/readinessProbe",
            f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/readinessProbe/httpGet/path",
        ),
        "whether the app is ready: its backups do not wait for that, and spec.wait tells when it never is",
    ),
    (
        (RETYPED,),
        (f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/readinessProbe/httpGet/port",),
        "whether the app is ready: its backups do not wait for that, and spec.wait tells when it never is",
    ),
    (
        (MOVED,),
        (f"{APP}/app/deployment.yaml: spec/template/spec/containers/0/resources",),
        "the same for the pod as a whole, or, where the cluster does not know that yet, what the node has",
    ),
    (
        (DROPPED, ZEROED),
        (
            f"{APP}/app/deployment.yaml: spec/template/spec/securityContext/fsGroup",
            f"{APP}/app/deployment.yaml: spec/template/spec/securityContext/runAsGroup",
        ),
        "app and mover are the same user, who reads all that is its own whatever the group",
    ),
    (
        (DROPPED, MOVED, RENAMED),
        (f"{APP}/app/namespace.yaml: metadata/labels*",),
        "the namespace then takes pods that ask for more; those that are here ask for less",
    ),
    (
        (BROKEN, DROPPED, SHORTENED, ZEROED),
        tuple(
            f"{SYSTEM}/*/app/helmrelease.yaml: spec/values/{path}"
            for path in (
                "*affinity",
                "*affinity/podAntiAffinity",
                "*affinity/*Execution",
                "*affinity/*Execution/0",
                "*affinity/*Execution/0/weight",
                "*affinity/*/labelSelector",
                "*affinity/*/matchExpressions",
                "*affinity/*/matchExpressions/0",
                "*affinity/*/matchExpressions/0/key",
                "*affinity/*/matchExpressions/0/values*",
            )
        ),
        "a preference for two nodes, without which both replicas may be on one",
    ),
    (
        (DROPPED, RETYPED, ZEROED),
        (f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/args*",),
        "how much the controller logs",
    ),
    (
        (RENAMED,),
        (f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/args/v",),
        "the new pod ends at once, which the health check tells, and the old ones run on until a new one is ready",
    ),
    (
        (DROPPED,),
        (
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/podSecurityContext*",
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/securityContext/allowPrivilegeEscalation",
        ),
        "the chart's own security context of the container says who it runs as; its namespace enforces nothing",
    ),
    (
        (DROPPED, ZEROED),
        (
            f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/values/podSecurityContext/fsGroup",
            f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/values/podSecurityContext/runAsGroup",
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/podSecurityContext/fsGroup",
        ),
        "the controller has no volume whose files would be of that group",
    ),
    (
        (DROPPED,),
        (f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/values/podSecurityContext",),
        "the chart's own default is the same",
    ),
    (
        (DROPPED,),
        (f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/values/podSecurityContext/runAsUser",),
        "the image names a user of its own that is not root",
    ),
    (
        (DROPPED,),
        (
            f"{SYSTEM}/volsync/app/helmrelease.yaml: spec/values/replicaCount",
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/controller/replicaCount",
        ),
        "the default is one replica, and one leads in any case",
    ),
    (
        (DROPPED,),
        (
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/webhook",
            f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml: spec/values/webhook/enabled",
        ),
        "the chart's default: a webhook that checks VolumeSnapshotClasses alone; no snapshot passes through it",
    ),
    (
        (DROPPED, ZEROED),
        (f"{SYSTEM}/volsync/app/prometheusrule.yaml: spec/groups/*/interval",),
        "the interval of the Prometheus is taken, one minute by default",
    ),
    (
        (MOVED,),
        (f"{SYSTEM}/volsync/app/prometheusrule.yaml: metadata/namespace",),
        "the kustomization.yaml beside it sets the namespace, and no Prometheus selects by that label",
    ),
    (
        (BROKEN,),
        (f"{SYSTEM}/volsync/app/prometheusrule.yaml: spec/groups/*/name",),
        "a name that nothing refers to",
    ),
)
"""Classes, places and the reason that they share."""

CHANGES = {(RETYPED,): "a number", (FILE,): "dropped"}
"""Classes -> the one change of them that is meant; any other is found."""

HARMLESS = tuple(
    Harmless(kinds=kinds, place=place, change=CHANGES.get(kinds, "*"), reason=reason)
    for kinds, places, reason in SEVERAL
    for place in places
)
