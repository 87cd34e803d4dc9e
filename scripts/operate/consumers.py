"""The ExternalSecrets of the record's item -> Secrets that hold what the record holds."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import EXTERNAL_SECRET, POD
from scripts.errors import Drift, NotFound, Unreachable
from scripts.operate import apps, seen
from scripts.operate.examined_secrets import not_ready
from scripts.process import wait_until
from scripts.provision.rotation import Values

FORCE_SYNC = "force-sync"
"""
An annotation whose change has External Secrets read the item at once.

Source: https://external-secrets.io/latest/introduction/faq (Can I manually trigger a secret refresh?)
"""

LOOK_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True, order=True)
class Consumer:
    """
    An ExternalSecret that takes its values from the item.

    Args:
        namespace: of both.

        name: of the ExternalSecret.

        secret: name of the Secret that it makes.
    """

    namespace: str
    name: str
    secret: str


def find(cluster: Cluster, item: str) -> tuple[Consumer, ...]:
    """
    Find what takes its values from the item.

    Args:
        cluster: that is looked at.

        item: title of the item.

    Returns:
        At least one, in the order of namespace and name.

    Raises:
        NotFound: where there is none.
    """
    found = sorted(
        Consumer(
            namespace=each["metadata"]["namespace"],
            name=each["metadata"]["name"],
            secret=((each.get("spec") or {}).get("target") or {}).get("name") or each["metadata"]["name"],
        )
        for each in cluster.list(EXTERNAL_SECRET)
        if item in _items(each.get("spec") or {})
    )
    if not found:
        where = f"cluster {cluster.context}"
        raise NotFound(where, f"has no ExternalSecret of the item {item}", "name the cluster of the apps")
    return tuple(found)


def refuse_others(
    cluster: Cluster, sources: Iterable[Object], consumers: Iterable[Consumer], known: Iterable[Values]
) -> None:
    """
    Refuse a Secret that has the values, and that no ExternalSecret brings the new ones to.

    Args:
        cluster: that is looked at.

        sources: ReplicationSources.

        consumers: the ExternalSecrets of the item.

        known: values that are, were or will be in force.

    Raises:
        Drift: where there is one.
    """
    kept, values = {(each.namespace, each.secret) for each in consumers}, tuple(known)
    named = {
        (apps.of(each).namespace, str((each["spec"].get("restic") or {}).get("repository", ""))) for each in sources
    }
    for namespace, name in sorted(place for place in named - kept if place[1]):
        held = _secret(cluster, namespace, name)
        if any(held.get(label) == value for each in values for label, value in each.items() if value):
            raise Drift(
                f"Secret {namespace}/{name}",
                "has the values of the record, and no ExternalSecret of its item",
                "give the app the ExternalSecret of the component, or credentials of its own",
            )


def refresh(cluster: Cluster, consumers: Iterable[Consumer], values: Values, *, timeout_s: float) -> None:
    """
    Have every Secret read anew, and wait until each has the values; they are compared here and shown nowhere.

    Args:
        cluster: that they are on.

        consumers: the ExternalSecrets.

        values: that each Secret is to have, where it has such a key.

        timeout_s: how long, in seconds.

    Raises:
        Unreachable: where one has not got them in time.
    """
    left = list(consumers)
    change = {"metadata": {"annotations": {FORCE_SYNC: secrets.token_hex(8)}}}
    for each in left:
        # also one that has them under names of its own, which cannot be compared
        if any(_held(cluster, each).get(label) != value for label, value in values.items()):
            cluster.patch(EXTERNAL_SECRET, each.name, each.namespace, change)

    def done() -> bool:
        left[:] = [each for each in left if _is_stale(_held(cluster, each), values)]
        return not left

    what = "the Secrets"
    try:
        wait_until(done, timeout_s=timeout_s, every_s=LOOK_EVERY_S, what=what)
    except Unreachable as vain:
        if vain.where != what:
            # the API itself
            raise
        first = left[0]
        told = not_ready(cluster.get(EXTERNAL_SECRET, first.name, first.namespace))
        raise Unreachable(
            f"ExternalSecret {first.namespace}/{first.name}",
            f"did not bring the new values within {timeout_s:g} s ({told or 'it says that it is ready'}), "
            f"nor did {len(left) - 1} others",
            "see that the 1Password item has the values of the record, and run this again",
        ) from None


def wait_for_movers(cluster: Cluster, consumers: Iterable[Consumer], *, timeout_s: float) -> None:
    """
    Wait for the end of the movers that run now: they may have begun with the values of before.

    Args:
        cluster: that they are on.

        consumers: whose Secrets they have.

        timeout_s: how long, in seconds.

    Raises:
        Unreachable: where one has not ended in time.
    """
    places = {(each.namespace, each.secret) for each in consumers}
    begun = _movers(cluster, places)

    def left() -> str:
        now = _movers(cluster, places)
        return next((name for uid, name in sorted(begun.items()) if uid in now), "")

    what = "the movers"
    try:
        wait_until(lambda: not left(), timeout_s=timeout_s, every_s=LOOK_EVERY_S, what=what)
    except Unreachable as vain:
        if vain.where != what:
            raise
        found = f"has not ended within {timeout_s:g} s, and may have the values of before"
        raise Unreachable(f"Pod {left()}", found, "see what it waits for, and run this again") from None


def _movers(cluster: Cluster, places: set[tuple[str, str]]) -> dict[str, str]:
    return {
        pod["metadata"]["uid"]: f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        for pod in cluster.list(POD, labels=seen.MADE_BY_VOLSYNC)
        if not seen.has_ended(pod)
        and any(pod["metadata"]["namespace"] == namespace and seen.uses(pod, name) for namespace, name in places)
    }


def _is_stale(held: Values, values: Values) -> bool:
    # one that is not there yet is made from the item as it is by then
    return any(held[label] != value for label, value in values.items() if label in held)


def _held(cluster: Cluster, consumer: Consumer) -> Values:
    return _secret(cluster, consumer.namespace, consumer.secret)


def _secret(cluster: Cluster, namespace: str, name: str) -> Values:
    try:
        return cluster.secret(name, namespace)
    except NotFound:
        return {}


def _items(spec: Object) -> set[str]:
    asked = (
        *(each.get("extract") or {} for each in spec.get("dataFrom") or ()),
        *(each.get("remoteRef") or {} for each in spec.get("data") or ()),
    )
    return {str(each.get("key", "")) for each in asked}
