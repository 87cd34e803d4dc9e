"""customCA of a ReplicationSource -> the certificate of the authority that signed its server's."""

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import CONFIG_MAP
from scripts.errors import SettingsError
from scripts.operate.apps import App


def read(cluster: Cluster, app: App, custom: Object) -> str:
    """
    Read the certificate that a ReplicationSource names.

    Args:
        cluster: that it is on.

        app: of the ReplicationSource.

        custom: its spec.restic.customCA.

    Returns:
        PEM; "" where it names none.

    Raises:
        NotFound: where there is no such object.

        SettingsError: where that does not have the key.

    Source: backube/volsync@v0.12.0:controllers/utils/customca.go (the Secret wins; without a key it is ignored)
    """
    key = str(custom.get("key") or "")
    if not key or not (custom.get("secretName") or custom.get("configMapName")):
        return ""
    if custom.get("secretName"):
        where, name = "Secret", str(custom["secretName"])
        found = {label: value.reveal() for label, value in cluster.secret(name, app.namespace).items()}
    else:
        where, name = "ConfigMap", str(custom["configMapName"])
        found = cluster.get(CONFIG_MAP, name, app.namespace).get("data") or {}
    if not found.get(key):
        raise SettingsError(f"{where} {app.namespace}/{name}", f"has no {key}, which customCA names", "add it")
    return str(found[key])
