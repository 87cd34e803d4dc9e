"""
What a tree says -> Finding, pure; one module per subject.

    document          text -> Documents that know their lines
    alert_rules       PrometheusRule: what each rule has to have
    helm_repositories HelmRepository: an https address that can be read
    kustomizations    kustomization.yaml: what it refers to, and where an error message points in it
    flux              Flux Kustomizations: what applies what, from the entry point down
    variables         what Flux puts in the place of ${NAME}
    credentials       secrets in Kubernetes objects, and the comments that allow a line
    story             the paths that the story asks for
"""

from collections.abc import Mapping
from types import MappingProxyType

RULES: Mapping[str, str] = MappingProxyType(
    {
        "file-unreadable": "Every file can be read, and every link leads to a file of the tree.",
        "file-not-text": "Every YAML file is text in UTF-8.",
        "yaml-syntax": "Every YAML file can be read, names no key twice and is not nested beyond reason.",
        "yaml-lint": "Every YAML file keeps the rules of .yamllint.yaml.",
        "kustomize-build": "`kustomize build` of every kustomization succeeds, the components' alone too.",
        "flux-path": "spec.path of every Flux Kustomization names a folder with a kustomization.yaml.",
        "flux-dependency": "spec.dependsOn names Flux Kustomizations of the tree, or ones that it declares as external.",
        "flux-unreached": "Every Flux Kustomization is applied by something that the entry point leads to.",
        "flux-build": "Every Flux Kustomization builds.",
        "render": "The tree renders the way the end-to-end test renders it.",
        "variable-unset": "Every ${NAME} has a value or a default.",
        "variable-without-default": "Every ${NAME} whose value comes from a ConfigMap has a default, as offline builds skip that.",
        "alert-rule": "Every alerting rule has a name, an expression, a severity and what a person needs to act on it.",
        "alert-syntax": "promtool accepts every rule.",
        "alert-test": "Every unit test of the alerts passes.",
        "helm-repository": "Every HelmRepository has an https (or oci) address that can be read.",
        "secret-object": "No Secret with values is in the tree.",
        "secret-value": "No credential has its value in an object of the tree.",
        "secret-in-tree": "Nothing in any file looks like a credential.",
        "secret-allowed-without-reason": "A comment that allows a line which looks like a credential says why.",
        "story-path": "Every path that the story asks for is there.",
    }
)
"""Id of a rule -> what it demands."""

SECRET_RULES = frozenset({"secret-object", "secret-value", "secret-in-tree", "secret-allowed-without-reason"})
"""What must not go into a commit whatever else is said."""
