"""Flux, as far as its objects are looked at: ready, suspended, or asked to reconcile. It applies nothing."""

from scripts.cluster import Kind, Object
from scripts.cluster.kinds import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from tests.cluster.doubles import events
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine

REQUESTED = "reconcile.fluxcd.io/requestedAt"
REVISION = "main@sha1:0000000000000000000000000000000000000000"
KINDS = (KUSTOMIZATION, HELM_RELEASE, GIT_REPOSITORY)


class Flux:
    """
    Answers for Kustomizations, HelmReleases and GitRepositories.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.failing: set[str] = set()
        """Names of objects that do not become ready."""
        self.controllers = [self._controller(kind) for kind in KINDS]

    def _controller(self, kind: Kind) -> Controller:
        made = Controller(kind.plural, self._hub, lambda name: self._reconcile(kind, name))
        made.looks_at(kind)
        return made

    def _reconcile(self, kind: Kind, name: Key) -> float | None:
        found = self._hub.cluster.find(kind, name[1], name[0])
        # one that is suspended stays as it is, whatever is asked
        if found is None or found.get("spec", {}).get("suspend"):
            return None
        requested = (found["metadata"].get("annotations") or {}).get(REQUESTED)
        wanted: Object = {"observedGeneration": found["metadata"]["generation"]}
        if requested:
            wanted["lastHandledReconcileAt"] = requested
        if kind is KUSTOMIZATION:
            wanted["lastAppliedRevision"] = REVISION
        ready = name[1] not in self.failing
        reason = "ReconciliationSucceeded" if ready else "ReconciliationFailed"
        held = found.get("status") or {}
        same = all(held.get(field) == value for field, value in wanted.items())
        if same and (held.get("conditions") or [{}])[0].get("reason") == reason:
            return None
        condition = {
            "type": "Ready",
            "status": "True" if ready else "False",
            "reason": reason,
            "message": f"Applied revision: {REVISION}" if ready else "it was told to fail",
            "lastTransitionTime": events.stamp(),
            "observedGeneration": found["metadata"]["generation"],
        }
        with gone_is_fine():
            self._hub.cluster.patch(
                kind, name[1], name[0], {"status": {**wanted, "conditions": [condition]}}, subresource="status"
            )
        return None
