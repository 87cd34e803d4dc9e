"""The ServiceAccount that a mover runs as."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import ROLE, ROLE_BINDING, SERVICE_ACCOUNT
from scripts.errors import Conflict
from tests.cluster.operator_double import names
from tests.cluster.operator_double.problem import missing


def ensure(cluster: Cluster, custom_resource: Object) -> str:
    """
    Look the user's up, or make one.

    Returns:
        Its name.

    Raises:
        Problem: where the user names one that is not there.
    """
    namespace = custom_resource["metadata"]["namespace"]
    restic = custom_resource["spec"]["restic"]
    if "moverServiceAccount" in restic:
        wanted = restic["moverServiceAccount"]
        if not wanted or cluster.find(SERVICE_ACCOUNT, wanted, namespace) is None:
            raise missing("ServiceAccount", wanted)
        return str(wanted)
    name = names.service_account(custom_resource)
    metadata = names.made(custom_resource, name, cleanup=False)
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    for kind, rest in (
        (SERVICE_ACCOUNT, {}),
        (ROLE, {"rules": []}),
        (ROLE_BINDING, {"roleRef": reference, "subjects": subjects}),
    ):
        if cluster.find(kind, name, namespace) is None:
            try:
                cluster.create(kind, {"metadata": metadata, **rest})
            except Conflict:
                continue
    return name
