"""External Secrets: an ExternalSecret becomes a Secret, with values from the 1Password Connect server."""

from datetime import UTC, datetime

from scripts.cluster import Object
from scripts.cluster.kinds import CLUSTER_SECRET_STORE, EXTERNAL_SECRET, SECRET
from scripts.e2e import external_secret
from scripts.errors import BackupError, Conflict
from scripts.provision.connect_client import Vault
from scripts.provision.onepassword import ItemRecord
from tests.cluster.doubles import events
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key, owners
from tests.cluster.operator_double.names import owner

FORCE = "force-sync"
COMPONENT = "external-secrets"


class ExternalSecrets:
    """
    Resolves ExternalSecrets.

    Args:
        hub: the cluster.

        vault: where 1Password items are.
    """

    def __init__(self, hub: Hub, vault: Vault) -> None:
        self._hub = hub
        self._vault = vault
        self._synced: dict[str, tuple[int, str]] = {}
        self.controller = Controller("external secrets", hub, self._reconcile)
        self.controller.looks_at(EXTERNAL_SECRET)
        self.controller.looks_at_owner(SECRET, EXTERNAL_SECRET)
        self.stores = Controller("secret stores", hub, self._reconcile_store)
        self.stores.looks_at(CLUSTER_SECRET_STORE)

    def _reconcile_store(self, name: Key) -> float | None:
        store = self._hub.cluster.find(CLUSTER_SECRET_STORE, name[1])
        if store is not None and not store.get("status"):
            self._condition(store, CLUSTER_SECRET_STORE, "True", "Valid", "store validated")
        return None

    def _reconcile(self, name: Key) -> float | None:
        found = self._hub.cluster.find(EXTERNAL_SECRET, name[1], name[0])
        if found is None or "deletionTimestamp" in found["metadata"]:
            return None
        target = found["spec"]["target"]["name"]
        # a generation, or a mark that somebody puts on it to have it refreshed at once
        state = (found["metadata"]["generation"], (found["metadata"].get("annotations") or {}).get(FORCE, ""))
        held = self._hub.cluster.find(SECRET, target, name[0])
        if held is not None and self._synced.get(found["metadata"]["uid"]) == state:
            return None
        try:
            values = self._values(found)
        except BackupError as error:
            self._condition(
                found, EXTERNAL_SECRET, "False", "SecretSyncedError", "could not get secret data from provider"
            )
            events.record(
                self._hub.cluster,
                found,
                type="Warning",
                reason="UpdateFailed",
                message=error.found,
                component=COMPONENT,
            )
            raise
        self._write(found, target, values, held)
        self._synced[found["metadata"]["uid"]] = state
        self._condition(found, EXTERNAL_SECRET, "True", "SecretSynced", "secret synced")
        return None

    def _values(self, found: Object) -> dict[str, str]:
        record = ItemRecord(vault=self._vault, title=external_secret.item_title(found)).read()
        return {name: value.reveal() for name, value in external_secret.resolve(found, record.fields()).items()}

    def _write(self, found: Object, target: str, values: dict[str, str], held: Object | None) -> None:
        namespace = found["metadata"]["namespace"]
        if held is None:
            metadata = {"name": target, "namespace": namespace, "ownerReferences": [owner(found)]}
            try:
                self._hub.cluster.create(SECRET, {"metadata": metadata, "stringData": values})
            except Conflict:
                self._hub.cluster.patch(SECRET, target, namespace, {"stringData": values})
            return
        if not any(each["uid"] == found["metadata"]["uid"] for each in owners(held)):
            raise Conflict(f"Secret {namespace}/{target}", "is not this ExternalSecret's", "remove it", exists=True)
        self._hub.cluster.patch(SECRET, target, namespace, {"stringData": values})

    def _condition(self, found: Object, kind, status: str, reason: str, message: str) -> None:
        held = (found.get("status") or {}).get("conditions") or [{}]
        if (held[0].get("status"), held[0].get("reason")) == (status, reason) and kind is CLUSTER_SECRET_STORE:
            return
        now = datetime.now(UTC)
        condition = {
            "type": "Ready",
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": events.stamp(now),
        }
        changes: Object = {"conditions": [condition]}
        if kind is EXTERNAL_SECRET and status == "True":
            changes |= {"refreshTime": events.stamp(now), "syncedResourceVersion": f"{found['metadata']['generation']}"}
        namespace, name = key(found)
        with gone_is_fine():
            self._hub.cluster.patch(kind, name, namespace, {"status": changes}, subresource="status")
