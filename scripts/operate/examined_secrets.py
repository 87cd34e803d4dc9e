"""ExternalSecrets and the stores behind them -> what of them keeps the Secrets of movers from being up to date."""

from collections.abc import Iterable, Iterator, Mapping

from scripts.cluster import Object
from scripts.operate import apps
from scripts.operate.stuck import Reason


def of_movers(sources: Iterable[Object], found: Iterable[Object]) -> tuple[Object, ...]:
    """
    Choose the ExternalSecrets that make Secrets of movers.

    Args:
        sources: ReplicationSources.

        found: ExternalSecrets.

    Returns:
        Those.
    """
    wanted = {(apps.of(each).namespace, (each["spec"].get("restic") or {}).get("repository")) for each in sources}
    return tuple(
        each
        for each in found
        if (each["metadata"]["namespace"], (each["spec"].get("target") or {}).get("name") or each["metadata"]["name"])
        in wanted
    )


def external_secrets(found: Iterable[Object]) -> Iterator[Reason]:
    """
    Say which Secrets of movers are not kept up to date.

    Args:
        found: the ExternalSecrets of movers.

    Yields:
        The reasons.
    """
    for each in found:
        told = not_ready(each)
        if told:
            yield Reason(
                found=f"ExternalSecret {each['metadata']['namespace']}/{each['metadata']['name']} is not ready: {told}",
                next_step="see the 1Password item and the ClusterSecretStore",
            )


def secret_stores(found: Iterable[Object]) -> frozenset[str]:
    """
    Name the ClusterSecretStores that ExternalSecrets take their values from.

    Args:
        found: the ExternalSecrets.

    Returns:
        Names.
    """
    references = (each["spec"].get("secretStoreRef") or {} for each in found)
    return frozenset(str(each["name"]) for each in references if each.get("kind") == "ClusterSecretStore")


def stores(found: Mapping[str, Object | None]) -> Iterator[Reason]:
    """
    Say which ClusterSecretStores give no values.

    Args:
        found: name -> the store; None where there is none.

    Yields:
        The reasons.
    """
    for name, each in found.items():
        told = "it is not there" if each is None else not_ready(each)
        if told:
            yield Reason(
                found=f"ClusterSecretStore {name} is not ready: {told}",
                next_step="see the 1Password Connect server, and the token that the store has",
            )


def not_ready(found: Object) -> str:
    """
    Say why an object is not ready.

    Args:
        found: one with a condition Ready.

    Returns:
        Its message; "" where it is ready.
    """
    for each in (found.get("status") or {}).get("conditions") or ():
        if each.get("type") == "Ready":
            return "" if each.get("status") == "True" else " ".join(str(each.get("message") or each["reason"]).split())
    return "it was not looked at"
