"""cluster.e2e: the whole proof passes with the documented role, and leaves nothing behind."""

import pytest

from scripts.cluster.connection import Connection
from scripts.cluster.kinds import NAMESPACE
from scripts.cluster_e2e.app import RUN
from tests.cluster import roles


@pytest.fixture
def asked(monkeypatch):
    """Each resource and verb that "person" asks for."""
    found = set()
    send = Connection.send

    def noted(self, request, **rest):
        if self.context == "person" and request.call.kind is not None:
            resource, _, subresource = request.call.resource.partition("/")
            plural = resource.partition(".")[0]
            found.add((f"{plural}/{subresource}" if subresource else plural, request.call.verb))
        return send(self, request, **rest)

    monkeypatch.setattr(Connection, "send", noted)
    return found


def test_the_whole_proof_passes_with_the_documented_role_and_leaves_nothing(platform, prove, asked):
    with roles.bound(platform.cluster, roles.read("cluster-e2e")):
        prove(namespace="e2e-whole")

    assert {step["status"] for step in prove.steps} == {"passed"}
    assert platform.cluster.list(NAMESPACE, labels=RUN) == ()
    assert platform.backend.objects("e2e-whole") == []
    rights = set(roles.rights("cluster-e2e"))
    applied = {(resource, "create") for resource, verb in asked if verb == "patch"}
    asked.discard(("selfsubjectaccessreviews", "create"))
    assert rights - asked - applied == {("pods/proxy", "get")}
    assert asked <= rights
