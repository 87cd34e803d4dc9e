"""The documented roles, bound to the user "person" for as long as a context lasts."""

import contextlib
import copy
import secrets
from collections.abc import Iterator

import yaml

from scripts import cluster as clusters
from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from scripts.settings import REPOSITORY_ROOT
from tests.processes import eventually

FOLDER = REPOSITORY_ROOT / "docs/reference/roles"
PERSON = "person"
ACCESS_REVIEW = Kind(
    api_version="authorization.k8s.io/v1",
    kind="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    namespaced=False,
)


def read(name: str) -> Object:
    """A role as it is documented."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def rights(*names: str) -> list[tuple[str, str]]:
    """Each resource and verb that roles allow."""
    return sorted(
        {
            (resource, verb)
            for name in names
            for rule in read(name)["rules"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
    )


def without(role: Object, resource: str, verb: str) -> Object:
    """A role that lacks one right."""
    less = copy.deepcopy(role)
    less["rules"] = [
        {**rule, "resources": [each], "verbs": [allowed]}
        for rule in role["rules"]
        for each in rule["resources"]
        for allowed in rule["verbs"]
        if (each, allowed) != (resource, verb)
    ]
    return less


@contextlib.contextmanager
def bound(cluster: Cluster, *roles: Object) -> Iterator[None]:
    """Let the user "person" have these roles, and no other, for as long as the context lasts."""
    with contextlib.ExitStack() as stack:
        for role in roles:
            name = f"test-{secrets.token_hex(4)}"
            cluster.create(CLUSTER_ROLE, {**role, "metadata": {"name": name}})
            stack.callback(cluster.delete, CLUSTER_ROLE, name)
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
            subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": PERSON}
            binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
            stack.callback(_known, role, allowed=False)
            cluster.create(CLUSTER_ROLE_BINDING, binding)
            stack.callback(cluster.delete, CLUSTER_ROLE_BINDING, name)
            _known(role, allowed=True)
        yield


def _known(role: Object, *, allowed: bool) -> None:
    """Wait until the API server has heard of a binding, or of its end."""
    rule = role["rules"][0]
    resource, _, subresource = rule["resources"][0].partition("/")
    asked = {"group": rule["apiGroups"][0], "resource": resource, "subresource": subresource, "verb": rule["verbs"][0]}
    with clusters.connect(PERSON) as person:

        def heard() -> bool:
            review = {"metadata": {"name": ""}, "spec": {"resourceAttributes": asked}}
            return person.create(ACCESS_REVIEW, review)["status"]["allowed"] is allowed

        eventually(heard)
