"""An app whose Secret comes from the 1Password item, and rotations of what the item has."""

import contextlib
from dataclasses import replace

from scripts import cluster as clusters
from scripts.cluster.kinds import EXTERNAL_SECRET, REPLICATION_SOURCE
from scripts.operate.rotating import Rotating
from scripts.provision import endpoint, minio
from scripts.provision.service_accounts import key
from tests.cluster.apps import App
from tests.processes import eventually
from tests.tools.provisioning import QUICK, Killed

DAILY = {"schedule": "0 2 * * *"}


def app_of_the_item(app: App) -> App:
    """An app with a schedule and an ExternalSecret, backed up once for the show, and alone on the cluster."""
    cluster = app.stage.cluster
    for kind in (EXTERNAL_SECRET, REPLICATION_SOURCE):
        eventually(lambda kind=kind: cluster.list(kind) == ())
    app.make_claim(files={"a": "1"})
    app.make_external_secret()
    app.stage.node.instant_movers = True
    app.make_source(DAILY)
    app.source()
    return app


@contextlib.contextmanager
def rotating(app: App, labels, context="administrator", **changes):
    """A rotation; MinIO is behind its gate, so that it can be stopped."""
    backend = app.stage.backend
    server = replace(backend.access.server, endpoint=endpoint.parse(backend.url), patience=replace(QUICK, settle_s=5.0))
    usual = {
        "record": backend.record,
        "access": replace(backend.access, server=server),
        "settings": backend.settings,
        "labels": labels,
        "meant": None,
        "concurrency": 1,
        "timeout_s": 90.0,
    }
    with clusters.connect(context) as cluster:
        yield Rotating(cluster=cluster, **usual | changes)


def at(title: str, action):
    """Something that surrounds each step, and does something before the one whose title begins so."""

    @contextlib.contextmanager
    def taking(text: str):
        if text.startswith(title):
            action()
        yield

    return taking


def kill():
    raise Killed


def titles():
    """A list that gets the title of each step, and what surrounds the steps."""
    found: list[str] = []

    @contextlib.contextmanager
    def taking(text: str):
        found.append(text)
        yield

    return found, taking


def in_use(app: App):
    """The key that the app's movers have now."""
    return key(app.stage.cluster.secret("restic", app.namespace))


def signs_in(app: App, used) -> bool:
    """Whether MinIO accepts a key."""
    return minio.signs_in(app.stage.backend.access.server, used)
