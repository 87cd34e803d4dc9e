"""Events, as an event recorder writes them: one object a sentence, with a count."""

import hashlib
from datetime import UTC, datetime

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import EVENT
from scripts.errors import Conflict, NotFound


def record(cluster: Cluster, about: Object, *, type: str, reason: str, message: str, component: str) -> None:
    """
    Record that something happened.

    Args:
        cluster: that it happened on.

        about: the object.

        type: "Normal" or "Warning".

        reason: one word.

        message: one sentence.

        component: who says it.
    """
    metadata = about["metadata"]
    # an object without a namespace has its events in this one
    namespace = metadata.get("namespace") or "default"
    digest = hashlib.sha256(f"{metadata['uid']} {reason} {message}".encode()).hexdigest()[:16]
    name = f"{metadata['name']}.{digest}"
    now = stamp()
    event = {
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata["uid"],
        },
        "type": type,
        "reason": reason,
        "message": message,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": component},
        "reportingComponent": component,
    }
    try:
        cluster.create(EVENT, event)
    except NotFound:
        pass  # the namespace is going
    except Conflict:
        held = cluster.find(EVENT, name, namespace)
        if held is not None:
            again = {"count": held["count"] + 1, "lastTimestamp": now}
            cluster.patch(EVENT, name, namespace, again)


def stamp(moment: datetime | None = None) -> str:
    """
    A time as the API writes it.

    Args:
        moment: now where None.

    Returns:
        For example "2026-11-24T02:47:39Z".
    """
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
