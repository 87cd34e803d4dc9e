"""What the controller manager does for a cluster's API: namespaces go with all that is in them, and owners with what they own."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import EVENT, NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key, owners

IN_USE = "kubernetes.io/pvc-protection"
LOOK_AGAIN_S = 0.1
DONE = ("Succeeded", "Failed")


class Namespaces:
    """
    Empties a namespace that is being removed, and lets it go.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.controller = Controller("namespaces", hub, self._reconcile)
        self.controller.looks_at(NAMESPACE)

    def _reconcile(self, name: Key) -> float | None:
        namespace = self._hub.cluster.find(NAMESPACE, name[1])
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return None
        inside = (EVENT, *(kind for kind in self._hub.kinds if kind.namespaced))
        left = [(kind, each) for kind in inside for each in self._hub.cluster.list(kind, name[1])]
        for kind, each in left:
            if "deletionTimestamp" not in each["metadata"]:
                self._hub.cluster.delete(kind, each["metadata"]["name"], name[1])
        if left:
            return LOOK_AGAIN_S
        with gone_is_fine():
            self._hub.cluster.replace(NAMESPACE, {**namespace, "spec": {"finalizers": []}}, subresource="finalize")
        return None


class Garbage:
    """
    Removes what an owner leaves behind.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._owner_of: dict[str, Key] = {}
        self.controller = Controller("garbage", hub, self._reconcile)
        for kind in hub.kinds:
            # what it looks at is the owner, by its uid
            self.controller.looks_where(kind, lambda change: [("", change.object["metadata"]["uid"])])
            self.controller.looks_where(
                kind, lambda change: [("", each["uid"]) for each in owners(dict(change.object))]
            )

    def _reconcile(self, uid: Key) -> float | None:
        if any(each["metadata"]["uid"] == uid[1] for kind in self._hub.kinds for each in self._hub.list(kind)):
            return None
        for kind in self._hub.kinds:
            for each in self._hub.owned(kind, uid[1]):
                if "deletionTimestamp" not in each["metadata"] and self._is_gone(each, uid[1]):
                    with gone_is_fine():
                        namespace, name = key(each)
                        self._hub.cluster.delete(kind, name, namespace, uid=each["metadata"]["uid"])
        return None

    def _is_gone(self, owned: Object, uid: str) -> bool:
        # asked of the API itself: a hub may not have seen a new owner yet
        named = next(owner for owner in owners(owned) if owner["uid"] == uid)
        kind = next((kind for kind in self._hub.kinds if kind.kind == named["kind"]), None)
        if kind is None:
            return False
        found = self._hub.cluster.find(kind, named["name"], owned["metadata"].get("namespace", ""))
        return found is None or found["metadata"]["uid"] != uid


class ClaimsInUse:
    """
    Keeps a claim that is being removed as long as a pod uses it.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.controller = Controller("claims in use", hub, self._reconcile)
        self.controller.looks_at(PERSISTENT_VOLUME_CLAIM)
        self.controller.looks_where(
            POD, lambda change: [(change.object["metadata"]["namespace"], name) for name in claims(dict(change.object))]
        )

    def _reconcile(self, name: Key) -> float | None:
        claim = self._hub.cluster.find(PERSISTENT_VOLUME_CLAIM, name[1], name[0])
        if claim is None:
            return None
        held = claim["metadata"].get("finalizers") or []
        going = "deletionTimestamp" in claim["metadata"]
        if not going and IN_USE not in held:
            self._set(name, [*held, IN_USE])
        elif going and IN_USE in held and not in_use(self._hub.cluster, name):
            self._set(name, [each for each in held if each != IN_USE])
        return None

    def _set(self, name: Key, finalizers: list[str]) -> None:
        with gone_is_fine():
            self._hub.cluster.patch(
                PERSISTENT_VOLUME_CLAIM, name[1], name[0], {"metadata": {"finalizers": finalizers or None}}
            )


def claims(pod: Object) -> list[str]:
    """The claims that a pod mounts."""
    volumes = pod["spec"].get("volumes") or ()
    return [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]


def in_use(cluster: Cluster, name: Key) -> bool:
    """Tell whether a pod that has not ended mounts a claim."""
    return any(
        name[1] in claims(pod) and pod.get("status", {}).get("phase") not in DONE for pod in cluster.list(POD, name[0])
    )
