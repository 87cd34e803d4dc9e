"""An app with an owner in Flux, pods that mount its volume, and two backups: for the tests of restores."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    HELM_RELEASE,
    KUSTOMIZATION,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
)
from scripts.operate import repository, restore
from scripts.operate.apps import App as OperatedApp
from scripts.operate.restore.journal import Journal, loaded
from scripts.operate.restore.kept import KEY
from scripts.operate.times import stamp
from scripts.process import wait_until
from tests.cluster import apps, roles
from tests.cluster.apps import App
from tests.cluster.stage import Stage
from tests.processes import eventually

SCHEDULE = {"schedule": "0 2 * * *"}
RETAIN = {"last": "2"}
"""So that the next backup would forget the older of the two snapshots."""

REPLICAS = 2
JOURNAL = "app-in-restore"
ROLES = ("backup-restore", "backup-now", "backup-snapshots")


@dataclass(frozen=True, kw_only=True)
class Shop:
    """
    The app.

    Args:
        app: its objects.

        folder: its volume.

        older: id of its first snapshot, with the file "a" of "1".

        newer: id of its second one, with "a" of "2" and "b".
    """

    app: App
    folder: Path
    older: str
    newer: str

    @property
    def cluster(self) -> Cluster:
        """As an administrator sees it."""
        return self.app.stage.cluster

    def change(self) -> None:
        """Write what no backup has."""
        for each in self.folder.iterdir():
            each.unlink()
        (self.folder / "a").write_text("3")
        (self.folder / "c").write_text("unsaved")

    @property
    def files(self) -> dict[str, str]:
        """What is on its volume."""
        return {each.name: each.read_text() for each in self.folder.iterdir()}

    def restore(self, context: str = roles.PERSON, **rest: Any) -> None:
        """Restore it; its older snapshot without a backup, unless something else is said."""
        chosen = {} if {"at", "previous", "resume", "snapshot"} & rest.keys() else {"snapshot": self.older}
        usual = {"at": "", "snapshot": "", "previous": "", "into": "", "resume": False, "image": "", "timeout_s": 120}
        resumes = bool(rest.get("resume"))
        restore.run(context=context, app=self.name, **{**usual, "backup": resumes, **chosen, **rest})

    @property
    def name(self) -> str:
        """What --app calls it."""
        return f"{self.app.namespace}/{self.app.name}"

    @property
    def journal(self) -> Journal | None:
        """What it says; None where there is none."""
        found = self.cluster.find(CONFIG_MAP, JOURNAL, self.app.namespace)
        return None if found is None else loaded(found["data"][KEY])

    def snapshots(self) -> list[Object]:
        """What a restore can choose, as `backup.snapshots` lists it."""
        with repository.opened(self.cluster, self.source) as opened:
            return [{"id": each.id, "time": stamp(each.time)} for each in opened.snapshots()]

    @contextlib.contextmanager
    def without_flux(self) -> Iterator[None]:
        """Its objects without Flux's labels for as long as the context lasts."""
        labels = _labels("helm", self.app.namespace)
        place = (DEPLOYMENT, "web", self.app.namespace)
        self.cluster.patch(*place, {"metadata": {"labels": dict.fromkeys(labels)}})
        yield
        self.cluster.patch(*place, {"metadata": {"labels": labels}})

    def flux(self) -> list[Object]:
        """The Kustomization and the HelmRelease."""
        return [self.cluster.get(kind, "shop", self.app.namespace) for kind in (KUSTOMIZATION, HELM_RELEASE)]

    def replicas(self) -> int:
        """Of its Deployment."""
        return int(self.cluster.get(DEPLOYMENT, "web", self.app.namespace)["spec"]["replicas"])

    def is_down(self) -> bool:
        """Tell whether it was stopped, and nothing starts it or backs it up."""
        suspended = all(each["spec"].get("suspend") for each in self.flux())
        return suspended and self.replicas() == 0 and self.source["spec"]["trigger"].get("manual") is not None

    @property
    def source(self) -> Object:
        """Its ReplicationSource."""
        return self.cluster.get(REPLICATION_SOURCE, self.app.name, self.app.namespace)

    def assert_as_before(self) -> None:
        """All that a restore changes is as it was, and nothing that it makes is there."""
        assert self.journal is None
        assert [each["spec"].get("suspend") for each in self.flux()] == [None, None]
        assert self.replicas() == REPLICAS
        assert self.source["spec"]["trigger"] == SCHEDULE
        assert self.source["spec"]["restic"]["retain"] == RETAIN
        assert self.cluster.list(REPLICATION_DESTINATION, self.app.namespace) == ()
        eventually(lambda: self._pods() == ["web-0", "web-1"])
        eventually(lambda: self._claims() == ["data", "volsync-app-cache"])

    def _pods(self) -> list[str]:
        return [each["metadata"]["name"] for each in self.cluster.list(POD, self.app.namespace)]

    def _claims(self) -> list[str]:
        return [each["metadata"]["name"] for each in self.cluster.list(PERSISTENT_VOLUME_CLAIM, self.app.namespace)]


def of(shop: Shop) -> OperatedApp:
    """What the tasks call it."""
    return OperatedApp(namespace=shop.app.namespace, source=shop.app.name)


def journal(shop: Shop) -> Journal:
    """The journal of a restore that has just begun."""
    return Journal(
        tag="apps-restore-x", holder="x", snapshot=shop.older, as_of="2026-01-31T02:30:00Z", claim="data", is_new=False
    )


@contextlib.contextmanager
def shop(stage: Stage) -> Iterator[Shop]:
    """The app for as long as the context lasts, and what the documented roles allow for "person"."""
    apps.classes(stage)
    documented = [roles.read(name) for name in ROLES]
    with apps.namespace(stage.cluster) as namespace, roles.bound(stage.cluster, *documented):
        app = App(stage=stage, namespace=namespace)
        folder = app.make_claim(files={"a": "1"})
        app.make_secret()
        user = {"runAsUser": 65534, "runAsGroup": 65534, "fsGroup": 65534}
        app.make_source(SCHEDULE, retain=RETAIN, moverSecurityContext=user)
        older = saved(app.source())
        next_second()
        (folder / "a").write_text("2")
        (folder / "b").write_text("b")
        newer = saved(app.back_up("second"))
        app.change_source(trigger={"manual": None, **SCHEDULE})
        _flux(app)
        stage.cluster.create(DEPLOYMENT, _deployment(namespace))
        yield Shop(app=app, folder=folder, older=older, newer=newer)


def saved(source: Object) -> str:
    """The snapshot that a source saved last."""
    (line,) = [
        each for each in source["status"]["latestMoverStatus"]["logs"].splitlines() if each.startswith("snapshot ")
    ]
    return line.split()[1]


def next_second() -> None:
    """The mover tells snapshots apart by whole seconds."""
    now = int(datetime.now(UTC).timestamp())
    wait_until(lambda: int(datetime.now(UTC).timestamp()) > now, timeout_s=5, every_s=0.05, what="the next second")


def _flux(app: App) -> None:
    cluster, namespace = app.stage.cluster, app.namespace
    cluster.create(KUSTOMIZATION, apps.kustomization(namespace, "shop", path="./shop"))
    labels = _labels("kustomize", namespace)
    chart = {"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "shop"}}}
    release = {
        "metadata": {"name": "shop", "namespace": namespace, "labels": labels},
        "spec": {"interval": "1h", "chart": chart},
    }
    cluster.create(HELM_RELEASE, release)


def _deployment(namespace: str) -> Object:
    container = {
        "name": "web",
        "image": "web:1",
        "command": ["sleep", "3600"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    return {
        "metadata": {"name": "web", "namespace": namespace, "labels": _labels("helm", namespace)},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 1},
            },
        },
    }


def _labels(controller: str, namespace: str) -> dict[str, str]:
    prefix = f"{controller}.toolkit.fluxcd.io"
    return {f"{prefix}/name": "shop", f"{prefix}/namespace": namespace}
