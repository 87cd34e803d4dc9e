"""
What a tree says -> Finding, pure; one module per subject.

    ambiguous         text without quotes that is read in more than one way
    alert_rules       PrometheusRule: what each rule has to have
    helm_repositories HelmRepository: an https address that can be read
    kustomizations    kustomization.yaml: what it refers to, and where an error message points in it
    flux              Flux Kustomizations: what applies what, from the entry point down
    variables         what Flux puts in the place of ${NAME}
    alerts            PrometheusRule, rendered: whether an alert can fire, is tested, and leads to what to do
    objects           the rendered objects, and which of them belong together
    fault             what is wrong with rendered objects, and the lines that they come from
    schema            fields that are none, that are missing, or that hold what they may not
    helm              HelmReleases: what Helm would ignore, refuse or change unasked
    components        what comes of a component without Flux
    flux_graph        what waits for what, and into which namespaces things go
    pods              workloads and their pods
    quantity          a quantity as a number
    volsync           whether what is backed up can be given back
    credentials       secrets in Kubernetes objects, and the comments that allow a line
    docs              README.md and docs/: what they speak of
    story             what the story asks for, by acceptance criterion
"""

from collections.abc import Mapping
from types import MappingProxyType

from scripts.model import Severity

RULES: Mapping[str, str] = MappingProxyType(
    {
        "file-unreadable": "Every file can be read, and every link leads to a file of the tree.",
        "file-not-text": "Every YAML file is text in UTF-8.",
        "yaml-syntax": "Every YAML file can be read, names no key twice and is not nested beyond reason.",
        "yaml-ambiguous": "Text that one reader takes for a number, a truth value or a time, and another does not, is in quotes.",
        "yaml-lint": "Every YAML file keeps the rules of .yamllint.yaml.",
        "kustomize-build": "`kustomize build` of every kustomization succeeds, the components' alone too.",
        "flux-path": "spec.path of every Flux Kustomization names a folder with a kustomization.yaml.",
        "tree-file": "kubernetes/tree.yaml says what is particular to the tree: entryPoint, source, externals.",
        "flux-dependency": "spec.dependsOn names Flux Kustomizations of the tree, or ones that it declares as external.",
        "flux-unreached": "Every Flux Kustomization is applied by something that the entry point leads to.",
        "file-empty": "Every YAML file below kubernetes/ holds something.",
        "file-unapplied": "Every manifest below kubernetes/ is applied by something that the entry point leads to.",
        "flux-build": "Every Flux Kustomization can be built and applied, the way its controller does it.",
        "flux-cycle": "No Flux Kustomization waits for itself.",
        "flux-source": "Every sourceRef names a source that is in the tree or that it declares as external.",
        "flux-health-check": "Every health check names something that the tree or one of its charts makes.",
        "flux-namespace": "Every namespace that something goes into is in the tree, or declared as external.",
        "flux-prune": "Every Flux Kustomization says whether what leaves git leaves the cluster.",
        "duration-zero": "No interval and no time-out is zero.",
        "flux-timeout": "Every Flux Kustomization has a timeout.",
        "flux-wait": "What others wait for waits for its own objects, with wait or with healthChecks, not with both.",
        "schema-kind": "Every object is of a kind that its API has.",
        "schema-field": "Every field of an object is one that its kind has, in its place.",
        "schema-missing": "Every field that the API asks for is there.",
        "schema-value": "Every value is of the type, and within the bounds, that the API takes.",
        "api-version": "Every custom resource has the version of its API that the pinned components serve.",
        "common-labels": "No kustomization has commonLabels, which change selectors that are immutable.",
        "replacement-of-itself": "No replacement of a kustomization puts a value in its own place.",
        "variable-unset": "Every ${NAME} has a value or a default.",
        "variable-without-default": "Every ${NAME} whose value comes from a ConfigMap has a default, as offline builds skip that.",
        "variable-unused": "Every value that a Flux Kustomization sets is one that what it applies uses.",
        "variable-ignored": "What uses a variable that cluster-settings has takes it from there.",
        "component-without-flux": "A component comes to the same without Flux as with it.",
        "component-parameter": "The parameters that a component brings for builds without Flux are its templates' defaults.",
        "alert-rule": "Every alerting rule has a name, an expression, a severity and what a person needs to act on it.",
        "alert-syntax": "promtool accepts every rule.",
        "alert-test": "Every unit test of the alerts passes.",
        "alert-metric": "Every series that a rule asks for is one that the pinned components expose, or others are said to.",
        "alert-label": "Every label in a rule is one that its series have, with a value that it can have.",
        "alert-expression": "Every alert compares something, pins the quantile it means, and does not fire at a late scrape.",
        "alert-severity": "Every alert has a severity that somebody is told of.",
        "alert-tested": "Every alert has a unit test in which it fires, and one in which it stays silent.",
        "alert-runbook": "The runbook_url of every alert leads to a heading that is there.",
        "alert-selected": "A PrometheusRule and the ServiceMonitor of what it reads are for the same Prometheus.",
        "helm-repository": "Every HelmRepository has an https (or oci) address that can be read.",
        "helm-chart": "Every HelmRelease names a chart, and no typing error in one that is known.",
        "helm-version": "Every HelmRelease names one version of its chart.",
        "helm-values-from": "What spec.valuesFrom names is in the tree, or declared as external, and can be read.",
        "helm-value": "The chart of a HelmRelease has every key of its values, and reads what is given there.",
        "helm-security-context": "Each field is in the security context that has it, where nothing overrides it or is lost.",
        "helm-image": "A chart uses every image that its values name, and a mirror for all of its images or for none.",
        "helm-crds": "A chart whose CRDs Helm does not upgrade has `upgrade.crds: CreateReplace`, and no other has.",
        "helm-metrics": "What the alerts read of a chart is switched on in its values.",
        "helm-post-renderer": "Every patch in spec.postRenderers is one, and says what it is for.",
        "helm-template": "`helm template` renders every HelmRelease whose chart is in the cache.",
        "pod-refused": "Every workload is one that the API server takes, and whose probes ask something that is there.",
        "pod-resources": "Every container asks for resources that there are, and for no more than its limits.",
        "pod-claim": "Every PVC that a pod mounts is in its namespace.",
        "pod-volume": "Every volume of a pod is of some kind, and every PVC of a pod is mounted.",
        "pod-restricted": "Where Pod Security is `restricted`, every pod is one that it takes.",
        "cluster-settings": "The ConfigMap cluster-settings has every value that the set-up tasks need.",
        "external-secret-store": "Every ExternalSecret of a backup reads from a store that is declared as external.",
        "external-secret-item": "Every ExternalSecret of a backup reads the 1Password item that the set-up makes.",
        "external-secret-keys": "The Secret of a backup has all five keys that the mover reads.",
        "external-secret-field": "A template of a backup's Secret uses fields that its item has, and leaves no key empty.",
        "volsync-method": "Every ReplicationSource and ReplicationDestination says how it replicates: spec.restic.",
        "volsync-credentials": "An ExternalSecret of the namespace makes the Secret that `repository` names.",
        "volsync-repository-place": "Every repository is in the bucket, at the endpoint, that the set-up makes.",
        "volsync-repository-shared": "Every ReplicationSource has a repository of its own.",
        "volsync-repository-other": "A ReplicationDestination restores from where its ReplicationSource backs up to.",
        "volsync-source-pvc": "The PVC that a ReplicationSource backs up is in its namespace.",
        "volsync-unprotected": "Every PVC is backed up, or an annotation says why not.",
        "volsync-name-length": "The name of a ReplicationSource or ReplicationDestination has at most 51 characters.",
        "volsync-same-name": "No ReplicationSource has the name of a ReplicationDestination of its namespace.",
        "volsync-copy-method": "copyMethod is there, and is one that the operator can do.",
        "volsync-class": "Every storage class and snapshot class is in the cluster settings or declared as external.",
        "volsync-class-missing": "Where one side of an app names a class, the other does too.",
        "volume-size": "Every volume has room for something.",
        "volsync-data-source": "The ReplicationDestination that a PVC is filled from is in its namespace.",
        "volsync-not-filled": "A PVC that is backed up is filled from its backups when it is made.",
        "volsync-populator": "A ReplicationDestination that fills a PVC has copyMethod Snapshot.",
        "volsync-restore-once": "A ReplicationDestination that fills a PVC is made once, and left alone by Flux.",
        "volsync-destination-size": "A ReplicationDestination that fills a PVC has the capacity that the PVC asks for.",
        "volsync-destination-volume": "A ReplicationDestination has capacity and accessModes for the volume it makes.",
        "volsync-destination-pvc": "destinationPVC names a PVC that is there, and that no app is using.",
        "volsync-clean-up": "A ReplicationDestination cleans its volume and its cache up once it has restored.",
        "volsync-previous": "No ReplicationDestination in git leaves snapshots out with `previous`.",
        "volsync-restore-as-of": "No ReplicationDestination in git restores a day of the past with `restoreAsOf`.",
        "volsync-retain": "Every ReplicationSource says what it keeps, and keeps something.",
        "volsync-prune": "pruneIntervalDays is one day or more.",
        "volsync-cache": "The mover's cache has a capacity of its own, and can be written.",
        "volsync-mover-user": "The mover runs as a user that is given.",
        "volsync-mover-app": "The mover runs as the user of the app whose volume it reads.",
        "volsync-mover-differs": "Both movers of an app run with the same security context.",
        "volsync-mover-restricted": "Where Pod Security is `restricted`, the mover asks for no more than that.",
        "volsync-pruned": "Flux deletes neither a PVC that is filled from its backups nor its namespace.",
        "volsync-unlock": "No ReplicationSource in git has `unlock`, which people set by hand.",
        "volsync-paused": "Nothing is paused.",
        "volsync-trigger": "A source starts by its schedule alone, a destination by hand alone.",
        "volsync-schedule": "Every schedule is one that both the API and the operator's parser take.",
        "volsync-pile-up": "No more than a tenth of all sources (and no more than 5 of a few) start in the same 5 minutes.",
        "exemption": "An annotation that takes an object out of a rule names the rule and says why.",
        "secret-object": "No Secret with values is in the tree.",
        "secret-value": "No credential has its value in an object of the tree.",
        "secret-in-tree": "Nothing in any file looks like a credential.",
        "secret-in-commit": "No commit that is yet to be pushed adds what looks like a credential.",
        "secret-allowed-without-reason": "A comment that allows a line which looks like a credential says why.",
        "docs-reference": "Every link, path, task, session, object and namespace in README.md and docs/ is there.",
        "story-path": "Every path that the story asks for is there.",
        "story-content": "Every file that the story asks for holds what its acceptance criteria ask for.",
    }
)
"""Id of a rule -> what it demands."""

WARNINGS = frozenset(
    {
        "yaml-lint",
        "replacement-of-itself",
        "flux-timeout",
        "variable-without-default",
        "alert-tested",
        "alert-runbook",
        "volsync-clean-up",
        "volsync-prune",
        "volsync-unlock",
        "volsync-pile-up",
        "exemption",
        "docs-reference",
        "story-path",
        "story-content",
    }
)
"""Rules that may be broken and every backup and restore still works; a person should look. All others are errors."""

SECRET_RULES = frozenset(
    {"secret-object", "secret-value", "secret-in-tree", "secret-in-commit", "secret-allowed-without-reason"}
)
"""What must not go into a commit whatever else is said."""


def severity(rule: str) -> Severity:
    """
    Say how bad it is that a rule is broken.

    Args:
        rule: its id.

    Returns:
        A warning for those in WARNINGS, an error for any other, also for one that is in no table.
    """
    return Severity.WARNING if rule in WARNINGS else Severity.ERROR
