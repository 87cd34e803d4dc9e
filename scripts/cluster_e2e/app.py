"""What the tree renders for its app -> the same objects for a namespace of a run's own, with a repository of its own."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scripts.cluster import Object
from scripts.e2e.local import only
from scripts.e2e.system import BackupRequest, RestoreRequest
from scripts.model import Resource
from scripts.operate.times import stamp

REPOSITORY = "RESTIC_REPOSITORY"
RUN = "apps-backup/e2e-run"
"""Label of everything that a run makes; its value names the run."""


@dataclass(frozen=True, kw_only=True)
class App:
    """
    The objects of the app, as they are applied.

    Args:
        external_secret: the ExternalSecret.

        source: the ReplicationSource.

        destination: the ReplicationDestination.

        claim: the PersistentVolumeClaim.
    """

    external_secret: Object
    source: Object
    destination: Object
    claim: Object

    @property
    def secret(self) -> str:
        """The name of the Secret that the movers read."""
        return str(self.external_secret["spec"]["target"]["name"])

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of that Secret."""
        return tuple(sorted(self.external_secret["spec"]["target"]["template"]["data"]))

    def reading(self, secret: str) -> "App":
        """
        Let the movers read another Secret.

        Args:
            secret: its name.

        Returns:
            The app, with that one difference.
        """
        changed = [
            {**each, "spec": {**each["spec"], "restic": {**each["spec"]["restic"], "repository": secret}}}
            for each in (self.source, self.destination)
        ]
        return replace(self, source=changed[0], destination=changed[1])

    def source_for(self, request: BackupRequest, tag: str) -> Object:
        """
        The ReplicationSource of one backup.

        Args:
            request: what is different from the tree's in it.

            tag: of the trigger.

        Returns:
            The object; its schedule is off, so that no other backup comes between.
        """
        changes = {
            "volumeSnapshotClassName": request.volume_snapshot_class,
            "cacheStorageClassName": request.cache_storage_class,
            "unlock": request.unlock,
        }
        return _with(self.source, tag, changes, sourcePVC=request.source_pvc or self.source["spec"]["sourcePVC"])

    def destination_for(self, request: RestoreRequest, tag: str) -> Object:
        """
        The ReplicationDestination of one restore.

        Args:
            request: which snapshot is wanted.

            tag: of the trigger.

        Returns:
            The object.
        """
        changes = {"previous": request.previous, "restoreAsOf": _upper_bound(request.restore_as_of)}
        return _with(self.destination, tag, changes)

    def claim_of(self, pvc: str, *, populated: bool) -> Object:
        """
        A PersistentVolumeClaim.

        Args:
            pvc: its name.

            populated: whether it is filled from the ReplicationDestination; it is empty where not.

        Returns:
            The object.
        """
        kept = {name: value for name, value in self.claim["spec"].items() if populated or name != "dataSourceRef"}
        return {**self.claim, "metadata": {**self.claim["metadata"], "name": pvc}, "spec": kept}


def moved(objects: tuple[Resource, ...], *, namespace: str, run: str) -> App:
    """
    Take the app of the tree into another namespace.

    Args:
        objects: what the tree renders for it.

        namespace: where it goes, which is also the last part of the repository's path.

        run: name of the run.

    Returns:
        The app.

    Raises:
        MoverFailed: where the tree does not render exactly one object of a kind.
    """

    def taken(kind: str) -> Object:
        document = copy.deepcopy(dict(only(objects, kind)))
        document["metadata"] = {"name": document["metadata"]["name"], "namespace": namespace, "labels": {RUN: run}}
        return document

    external_secret = taken("ExternalSecret")
    data = external_secret["spec"]["target"]["template"]["data"]
    data[REPOSITORY] = f"{data[REPOSITORY].rsplit('/', 1)[0]}/{namespace}"
    return App(
        external_secret=external_secret,
        source=taken("ReplicationSource"),
        destination=taken("ReplicationDestination"),
        claim=taken("PersistentVolumeClaim"),
    )


def _with(document: Object, tag: str, restic: Mapping[str, Any], **spec: Any) -> Object:  # noqa: ANN401 - as YAML has it
    given = {name: value for name, value in restic.items() if value}
    changed = {**document["spec"], **spec, "trigger": {"manual": tag}}
    return {**document, "spec": {**changed, "restic": {**document["spec"]["restic"], **given}}}


def _upper_bound(time: datetime | None) -> str:
    # whole seconds, as the mover's selection has them: one that is cut off would be before the snapshot itself
    return "" if time is None else stamp(time)
