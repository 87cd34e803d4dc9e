"""An app that is backed up, as objects: its claim, its Secret, its ReplicationSource and ReplicationDestination."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import (
    EVENT,
    EXTERNAL_SECRET,
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    SECRET,
    STORAGE_CLASS,
    VOLUME_SNAPSHOT_CLASS,
)
from tests.cluster.doubles.volumes import PROVISIONER
from tests.cluster.stage import Stage

STORAGE = "block"
CACHE_STORAGE = "local"
SNAPSHOTS = "block-snapshots"
SOON_S = 90.0
"""A machine that is busy is not a failure."""


@contextlib.contextmanager
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for as long as the context lasts; gives its name."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.create(NAMESPACE, {"metadata": {"name": name}})
    try:
        yield name
    finally:
        cluster.delete(NAMESPACE, name)


def classes(stage: Stage) -> None:
    """Make the classes that apps name: one for data that can grow, one for caches that wait for a pod."""
    for name, mode in ((STORAGE, "Immediate"), (CACHE_STORAGE, "WaitForFirstConsumer")):
        made = {"metadata": {"name": name}, "provisioner": PROVISIONER, "volumeBindingMode": mode}
        stage.cluster.apply(STORAGE_CLASS, {**made, "allowVolumeExpansion": name == STORAGE})
    stage.cluster.apply(
        VOLUME_SNAPSHOT_CLASS,
        {"metadata": {"name": SNAPSHOTS}, "driver": PROVISIONER, "deletionPolicy": "Delete"},
    )


@dataclass(frozen=True, kw_only=True)
class App:
    """
    One app.

    Args:
        stage: that it is on.

        namespace: of its objects; the repository has the same name.

        name: of the app.
    """

    stage: Stage
    namespace: str
    name: str = "app"

    def make_claim(self, name: str = "data", files: Mapping[str, str] | None = None, **spec: Any) -> Path:
        """A bound claim with files in it; gives its directory."""
        document = {
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": STORAGE,
                **spec,
            },
        }
        self.stage.cluster.create(PERSISTENT_VOLUME_CLAIM, document)
        folder = self.bound(name)
        for path, text in (files or {}).items():
            (folder / path).write_text(text)
        return folder

    def bound(self, name: str) -> Path:
        """The directory of a claim, once it is bound."""
        self.wait(
            PERSISTENT_VOLUME_CLAIM, name, lambda found: found and found["status"].get("phase") == "Bound", "bound"
        )
        return self.stage.volumes.directory(name, self.namespace)

    def make_secret(self, name: str = "restic", **changes: str | None) -> None:
        """The Secret of the repository; a change of None leaves a key out."""
        values = {key: value for key, value in {**self.credentials(), **changes}.items() if value is not None}
        self.stage.cluster.create(
            SECRET, {"metadata": {"name": name, "namespace": self.namespace}, "stringData": values}
        )

    def make_external_secret(self, store: str = "") -> None:
        """The ExternalSecret of the repository's Secret, and the Secret that comes of it."""
        labels = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "RESTIC_PASSWORD")
        data = {**self.credentials(), **{label: f"{{{{ .{label} }}}}" for label in labels}}
        spec = {
            "target": {"name": "restic", "template": {"data": data}},
            "dataFrom": [{"extract": {"key": self.stage.backend.settings.item}}],
        }
        if store:
            spec["secretStoreRef"] = {"kind": "ClusterSecretStore", "name": store}
        metadata = {"name": "restic", "namespace": self.namespace}
        self.stage.cluster.create(EXTERNAL_SECRET, {"metadata": metadata, "spec": spec})
        self.wait(SECRET, "restic", lambda found: found, "the Secret")

    def credentials(self) -> dict[str, str]:
        """What the Secret has: the keys of the 1Password item, and the repository."""
        found = {name: value.reveal() for name, value in self.stage.backend.credentials().fields().items()}
        wanted = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "RESTIC_PASSWORD")
        return {name: found[name] for name in wanted} | {
            "AWS_DEFAULT_REGION": self.stage.backend.settings.region,
            "RESTIC_REPOSITORY": self.stage.backend.repository(self.namespace),
        }

    def make_source(
        self, trigger: Mapping[str, Any] | None = None, *, spec: Mapping[str, Any] | None = None, **restic: Any
    ) -> Object:
        """The ReplicationSource; a restic field of None is left out."""
        fields = {
            "repository": "restic",
            "copyMethod": "Snapshot",
            "volumeSnapshotClassName": SNAPSHOTS,
            "cacheStorageClassName": CACHE_STORAGE,
            "cacheAccessModes": ["ReadWriteOnce"],
            "retain": {"last": "5"},
            **restic,
        }
        return self.stage.cluster.create(
            REPLICATION_SOURCE,
            {
                "metadata": {"name": self.name, "namespace": self.namespace},
                "spec": _given(
                    {
                        "sourcePVC": "data",
                        "trigger": {"manual": "first"} if trigger is None else trigger,
                        "restic": _given(fields),
                        **(spec or {}),
                    }
                ),
            },
        )

    def make_destination(
        self,
        trigger: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        spec: Mapping[str, Any] | None = None,
        **restic: Any,
    ) -> Object:
        """The ReplicationDestination; a restic field of None is left out."""
        fields = {
            "repository": "restic",
            "copyMethod": "Snapshot",
            "volumeSnapshotClassName": SNAPSHOTS,
            "storageClassName": STORAGE,
            "capacity": "1Gi",
            "accessModes": ["ReadWriteOnce"],
            "cacheStorageClassName": CACHE_STORAGE,
            **restic,
        }
        return self.stage.cluster.create(
            REPLICATION_DESTINATION,
            {
                "metadata": {"name": name or f"{self.name}-dst", "namespace": self.namespace},
                "spec": _given(
                    {
                        "trigger": {"manual": "restore-once"} if trigger is None else trigger,
                        "restic": _given(fields),
                        **(spec or {}),
                    }
                ),
            },
        )

    def wait(self, kind, name: str, until, what: str, timeout_s: float = SOON_S) -> Object:
        """Wait for an object of the app."""
        return self.stage.cluster.wait(kind, name, self.namespace, until, timeout_s=timeout_s, what=what)

    def source(self, until=None, what: str = "the source", timeout_s: float = SOON_S) -> Object:
        """The ReplicationSource, once it is so."""
        return self.wait(REPLICATION_SOURCE, self.name, until or idle, what, timeout_s)

    def destination(self, until=None, what: str = "the destination", name: str = "") -> Object:
        """The ReplicationDestination, once it is so."""
        return self.wait(REPLICATION_DESTINATION, name or f"{self.name}-dst", until or idle, what)

    def change_source(self, **spec: Any) -> Object:
        """Change the spec of the ReplicationSource."""
        return self.stage.cluster.patch(REPLICATION_SOURCE, self.name, self.namespace, {"spec": spec})

    def back_up(self, tag: str) -> Object:
        """Trigger, and wait for that run and its clean-up."""
        self.change_source(trigger={"manual": tag, "schedule": None})
        return self.source(lambda found: idle(found) and found["status"].get("lastManualSync") == tag, f"backup {tag}")

    def job(self, name: str = "") -> Object | None:
        """The Job of the source, or of another name."""
        return self.stage.cluster.find(JOB, name or f"volsync-src-{self.name}", self.namespace)

    def events(self, name: str) -> dict[str, Object]:
        """Reason -> event, of the objects of a name."""
        found = self.stage.cluster.list(EVENT, self.namespace, fields=f"involvedObject.name={name}")
        return {each["reason"]: each for each in found}

    def pods(self, job: str = "") -> list[Object]:
        """The pods of a Job."""
        label = f"job-name={job or f'volsync-src-{self.name}'}"
        return list(self.stage.cluster.list(POD, self.namespace, labels=label))


def kustomization(namespace: str, name: str, **spec: Any) -> Object:
    """A Flux Kustomization, as far as its definition wants it."""
    needed = {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {**needed, **spec}}


def idle(found: Object | None) -> bool:
    """Tell whether a custom resource has nothing to do: a sync and what follows it are over."""
    return reason(found) in ("WaitingForManual", "WaitingForSchedule")


def reason(found: Object | None) -> str:
    """The reason of the only condition."""
    return str(condition(found).get("reason", ""))


def condition(found: Object | None) -> Object:
    """The only condition; empty where there is none yet."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or [{}]
    assert len(conditions) == 1
    return dict(conditions[0])


def _given(fields: Mapping[str, Any]) -> Object:
    return {name: value for name, value in fields.items() if value is not None}
