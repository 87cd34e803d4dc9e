"""A cluster -> the objects of every app that is backed up: one list a kind, whatever the number of apps."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from scripts.cluster import Cluster, Kind, Object
from scripts.cluster.kinds import EVENT, JOB, PERSISTENT_VOLUME_CLAIM, POD, REPLICATION_SOURCE, VOLUME_SNAPSHOT
from scripts.errors import BackupError, Forbidden, NotFound
from scripts.operate import apps
from scripts.operate.apps import App

MADE_BY_VOLSYNC = "app.kubernetes.io/created-by=volsync"
"""Source: backube/volsync@v0.12.0:controllers/utils/labels.go"""

CONTAINER = "restic"
SELECTORS: Mapping[Kind, Mapping[str, str]] = {
    JOB: {"labels": MADE_BY_VOLSYNC},
    POD: {"labels": MADE_BY_VOLSYNC},
    PERSISTENT_VOLUME_CLAIM: {"labels": MADE_BY_VOLSYNC},
    VOLUME_SNAPSHOT: {"labels": MADE_BY_VOLSYNC},
    EVENT: {"fields": "type=Warning"},
}
"""What is read beside the ReplicationSources, and how little of it."""

MOST_LOGS = 20
"""Logs of failed movers that are read: where more fail at once, they fail for one reason."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    What was read of a cluster.

    Args:
        sources: the ReplicationSources that are meant.

        unreadable: a kind -> why it could not be read.

        logs: uid of a failed pod -> what its mover wrote.

        owned: uid of an owner -> what it owns.

        warnings: uid of an object -> the events of type Warning about it, oldest first.
    """

    sources: tuple[Object, ...]
    unreadable: Mapping[Kind, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    owned: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)

    def owned_by(self, owner: Object, kind: Kind) -> tuple[Object, ...]:
        """
        What an object owns.

        Args:
            owner: the object.

            kind: of what it owns.

        Returns:
            The objects, oldest first.
        """
        found = self.owned.get(owner["metadata"]["uid"], ())
        return tuple(each for each in found if each["kind"] == kind.kind)

    def movers(self, source: Object) -> tuple[Object, ...]:
        """
        The pods of a ReplicationSource.

        Args:
            source: the object.

        Returns:
            The pods, oldest first.
        """
        return tuple(pod for job in self.owned_by(source, JOB) for pod in self.owned_by(job, POD))


def read(cluster: Cluster, app: App | None) -> Seen:
    """
    Read what is there of an app, or of all of them.

    Args:
        cluster: that they are on.

        app: the one that is meant; None for all.

    Returns:
        What could be read, and why the rest could not.

    Raises:
        NotFound: where there is no such app, or no VolSync.

        Forbidden: where the ReplicationSources themselves must not be read.
    """
    namespace = "" if app is None else app.namespace
    sources = apps.chosen(cluster.list(REPLICATION_SOURCE, namespace), app, context=cluster.context)
    found: list[Object] = []
    unreadable: dict[Kind, str] = {}
    for kind, selectors in SELECTORS.items():
        try:
            found += cluster.list(kind, namespace, **selectors)
        except (Forbidden, NotFound) as refused:
            unreadable[kind] = refused.found
    seen = gathered(sources, found, unreadable)
    return replace(seen, logs=_logs(cluster, seen))


def movers(cluster: Cluster, app: App | None) -> Seen:
    """
    Read the backups and their movers, and nothing else.

    Args:
        cluster: that they are on.

        app: the one that is meant; None for all.

    Returns:
        What is there; no source where there is none.

    Raises:
        Forbidden: where any of it must not be read.
    """
    namespace = "" if app is None else app.namespace
    # sources first: a mover that is seen is of a source as it was seen, or newer
    sources = [each for each in cluster.list(REPLICATION_SOURCE, namespace) if app in {None, apps.of(each)}]
    return gathered(sources, (each for kind in (JOB, POD) for each in cluster.list(kind, namespace, **SELECTORS[kind])))


def gathered(sources: Iterable[Object], found: Iterable[Object], unreadable: Mapping[Kind, str] | None = None) -> Seen:
    """
    Put objects in the order in which they are asked for.

    Args:
        sources: the ReplicationSources.

        found: everything else.

        unreadable: a kind -> why it could not be read.

    Returns:
        What was seen, without logs.
    """
    owned: dict[str, list[Object]] = {}
    warnings: dict[str, list[Object]] = {}
    for each in sorted(found, key=_made):
        if each["kind"] == EVENT.kind:
            warnings.setdefault(each["involvedObject"].get("uid", ""), []).append(each)
        for owner in each["metadata"].get("ownerReferences") or ():
            owned.setdefault(owner["uid"], []).append(each)
    return Seen(
        sources=tuple(sources),
        unreadable=unreadable or {},
        owned={uid: tuple(each) for uid, each in owned.items()},
        warnings={uid: tuple(each) for uid, each in warnings.items()},
    )


def failed(pods: Iterable[Object]) -> tuple[Object, ...]:
    """
    The pods whose mover failed.

    Args:
        pods: of one Job, oldest first.

    Returns:
        Those, oldest first.
    """
    return tuple(pod for pod in pods if (pod.get("status") or {}).get("phase") == "Failed")


def uses(pod: Object, secret: str) -> bool:
    """
    Tell whether a pod has a Secret in its environment.

    Args:
        pod: the object.

        secret: name of the Secret.

    Returns:
        True where a container of it does.
    """
    return any(
        reference.get("name") == secret
        for container in pod["spec"].get("containers") or ()
        for reference in (
            *((each.get("valueFrom") or {}).get("secretKeyRef") or {} for each in container.get("env") or ()),
            *(each.get("secretRef") or {} for each in container.get("envFrom") or ()),
        )
    )


def has_ended(pod: Object) -> bool:
    """
    Tell whether a pod has ended.

    Args:
        pod: the object.

    Returns:
        True where nothing of it runs any more, or ever will.
    """
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def log(cluster: Cluster, pod: Object) -> str | None:
    """
    Read what a mover wrote.

    Args:
        cluster: that it is on.

        pod: its pod.

    Returns:
        The text; None where it cannot be read.
    """
    metadata = pod["metadata"]
    try:
        return cluster.logs(metadata["name"], metadata["namespace"], container=CONTAINER)
    except BackupError:
        return None


def _logs(cluster: Cluster, seen: Seen) -> dict[str, str]:
    newest = [pods[-1] for source in seen.sources if (pods := failed(seen.movers(source)))][:MOST_LOGS]
    with ThreadPoolExecutor(max_workers=4) as readers:
        texts = tuple(readers.map(lambda pod: log(cluster, pod), newest))
    return {pod["metadata"]["uid"]: text for pod, text in zip(newest, texts, strict=True) if text is not None}


def _made(document: Object) -> tuple[str, str]:
    metadata = document["metadata"]
    return str(metadata.get("creationTimestamp", "")), str(metadata.get("name", ""))
