"""The stage itself: its faults do what they are for, and nothing of it is left behind."""

import base64
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    CONFIG_MAP,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    KUSTOMIZATION,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
)
from scripts.e2e.services import app_objects
from scripts.settings import REPOSITORY_ROOT
from tests.cluster.apps import kustomization, reason
from tests.cluster.test_operator_double_failures import exit_code, failed
from tests.processes import eventually, running

IMAGE = "docker.io/library/python:3.13-slim"


def pod(app, name, script, **spec):
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["python3", "-c", script],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    document = {
        "metadata": {"name": name, "namespace": app.namespace},
        "spec": {"restartPolicy": "Never", "containers": [container], "volumes": volumes, **spec},
    }
    app.stage.cluster.create(POD, document)


def ended(app, name):
    done = ("Succeeded", "Failed")
    return app.wait(POD, name, lambda found: found["status"].get("phase") in done, "the end of the pod")


def test_a_pod_writes_to_its_volume_and_its_log_is_read_from_the_api(app):
    folder = app.make_claim()
    pod(app, "seed", "open('/data/seed', 'w').write('1'); print('seeded')")

    assert ended(app, "seed")["status"]["phase"] == "Succeeded"
    assert (folder / "seed").read_text() == "1"
    assert app.stage.cluster.logs("seed", app.namespace) == "seeded\n"


def test_a_pod_that_fails_has_its_exit_code(app):
    app.make_claim()
    pod(app, "compare", "raise SystemExit(7)")
    found = ended(app, "compare")

    assert found["status"]["phase"] == "Failed"
    assert exit_code(found) == 7


def test_a_claim_in_use_is_not_removed_until_its_pod_has_ended(app):
    app.make_claim()
    pod(app, "holder", "import time; time.sleep(600)")
    app.wait(POD, "holder", lambda found: found["status"].get("phase") == "Running", "the pod")
    app.stage.cluster.delete(PERSISTENT_VOLUME_CLAIM, "data", app.namespace)

    assert "deletionTimestamp" in app.stage.cluster.get(PERSISTENT_VOLUME_CLAIM, "data", app.namespace)["metadata"]

    app.stage.cluster.delete(POD, "holder", app.namespace)
    eventually(lambda: app.stage.cluster.find(PERSISTENT_VOLUME_CLAIM, "data", app.namespace) is None)


def test_a_deployment_runs_its_pods_and_none_when_it_is_scaled_down(app):
    app.make_claim()
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "containers": [
                {"name": "main", "image": IMAGE, "command": ["python3", "-c", "import time; time.sleep(600)"]}
            ]
        },
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    app.stage.cluster.create(DEPLOYMENT, {"metadata": {"name": "web", "namespace": app.namespace}, "spec": spec})
    app.wait(DEPLOYMENT, "web", lambda found: found.get("status", {}).get("readyReplicas") == 2, "two pods")
    app.stage.cluster.patch(DEPLOYMENT, "web", app.namespace, {"spec": {"replicas": 0}}, subresource="scale")

    eventually(lambda: app.stage.cluster.list(POD, app.namespace) == ())


def test_a_namespace_goes_with_all_that_is_in_it(app):
    app.make_claim()
    pod(app, "holder", "import time; time.sleep(600)")
    app.stage.cluster.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": app.namespace}})
    app.wait(POD, "holder", lambda found: found["status"].get("phase") == "Running", "the pod")
    app.stage.cluster.delete(NAMESPACE, app.namespace)

    eventually(lambda: app.stage.cluster.find(NAMESPACE, app.namespace) is None)
    assert app.stage.node.running(app.namespace) == []


def test_an_external_secret_becomes_the_secret_of_the_tree(app):
    document = next(
        each.document
        for each in app_objects(REPOSITORY_ROOT, app.stage.backend.url)
        if each.id.kind == "ExternalSecret"
    )
    metadata = {"name": "app", "namespace": app.namespace}
    app.stage.cluster.create(EXTERNAL_SECRET, {"metadata": metadata, "spec": document["spec"]})
    found = app.wait(EXTERNAL_SECRET, "app", lambda found: found.get("status"), "its status")

    assert found["status"]["conditions"][0]["status"] == "True"
    assert set(app.stage.cluster.secret(document["spec"]["target"]["name"], app.namespace)) == set(
        document["spec"]["target"]["template"]["data"]
    )


def test_an_external_secret_of_an_item_that_is_missing_is_not_ready(app):
    template = {"data": {"A": "{{ .A }}"}}
    spec = {"target": {"name": "made", "template": template}, "dataFrom": [{"extract": {"key": "no-such-item"}}]}
    app.stage.cluster.create(EXTERNAL_SECRET, {"metadata": {"name": "app", "namespace": app.namespace}, "spec": spec})
    found = app.wait(EXTERNAL_SECRET, "app", lambda found: found.get("status"), "its status")

    assert found["status"]["conditions"][0]["reason"] == "SecretSyncedError"
    assert app.stage.cluster.find(SECRET, "made", app.namespace) is None


def test_a_store_is_ready(app):
    app.stage.cluster.apply(CLUSTER_SECRET_STORE, {"metadata": {"name": app.namespace}, "spec": {}})
    found = app.stage.cluster.wait(
        CLUSTER_SECRET_STORE, app.namespace, "", lambda found: found.get("status"), timeout_s=60, what="its status"
    )

    assert found["status"]["conditions"][0]["reason"] == "Valid"
    app.stage.cluster.delete(CLUSTER_SECRET_STORE, app.namespace)


def test_flux_answers_a_request_unless_it_is_suspended(app):
    app.stage.cluster.create(KUSTOMIZATION, kustomization(app.namespace, "app", suspend=True))
    request = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "1"}}}
    app.stage.cluster.patch(KUSTOMIZATION, "app", app.namespace, request)

    assert "status" not in app.stage.cluster.get(KUSTOMIZATION, "app", app.namespace)

    app.stage.cluster.patch(KUSTOMIZATION, "app", app.namespace, {"spec": {"suspend": False}})
    found = app.wait(KUSTOMIZATION, "app", lambda found: found.get("status"), "its status")

    assert found["status"]["lastHandledReconcileAt"] == "1"
    assert found["status"]["conditions"][0]["status"] == "True"


def test_a_backup_outlives_a_restart_of_the_api(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    app.source(lambda found: reason(found) == "SyncInProgress")
    app.stage.api.stop()
    app.stage.api.start()

    assert app.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_a_dead_operator_does_nothing_until_it_is_back(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.stage.operator.stop()
    app.make_source()
    # what the others do meanwhile shows that time has passed
    pod(app, "seed", "pass")
    ended(app, "seed")

    assert "status" not in app.source(lambda _: True)

    app.stage.operator.start()
    assert app.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_a_minio_that_stops_fails_the_mover_and_one_that_is_back_does_not(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.stage.backend.gate.shut()
    app.make_source()
    code = exit_code(failed(app)[0])
    app.stage.backend.gate.open()

    assert code == 1
    assert app.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_a_mover_that_is_killed_in_the_middle_of_an_upload_leaves_its_lock(app):
    folder = app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    app.source()
    (folder / "big").write_bytes(os.urandom(64 << 20))
    # what is uploaded waits at the gate
    app.stage.backend.gate.hold_after(8 << 20)
    app.change_source(trigger={"manual": "again"})
    eventually(lambda: app.stage.backend.gate.is_holding)
    victim = app.stage.node.running(app.namespace)[0][1]
    app.stage.node.kill(victim, app.namespace)
    found = failed(app)[0]
    app.stage.backend.gate.open()

    assert exit_code(found) == 128 + signal.SIGKILL
    assert [name for name in app.stage.backend.objects(app.namespace) if "/locks/" in name]
    assert not [words for words in running().values() if "restic" in words and app.namespace in words]


def test_credentials_that_change_are_seen_by_the_next_mover(app):
    app.make_claim(files={"a": "1"})
    app.make_secret(RESTIC_PASSWORD="")
    app.make_source()
    failed(app)
    password = base64.b64encode(app.credentials()["RESTIC_PASSWORD"].encode()).decode()
    app.stage.cluster.patch(SECRET, "restic", app.namespace, {"data": {"RESTIC_PASSWORD": password}})

    assert app.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_instant_movers_succeed_and_store_nothing(app):
    app.stage.node.instant_movers = True
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()

    assert app.source()["status"]["latestMoverStatus"]["result"] == "Successful"
    assert app.stage.backend.objects(app.namespace) == []


def servers_of(folder):
    return [words for words in running().values() if str(folder) in words and "-c" not in words.split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_nothing_of_an_api_server_is_left_after_a_signal(tmp_path, number):
    folder = tmp_path / "api"
    folder.mkdir()
    program = textwrap.dedent(f"""
        from pathlib import Path
        from scripts.interrupts import signals_as_interrupts
        from scripts.process import wait_until
        from tests.cluster import api_server
        with signals_as_interrupts(), api_server.running(Path({str(folder)!r})):
            print("ready", flush=True)
            wait_until(lambda: False, timeout_s=600, every_s=0.1, what="a signal")
    """)
    started = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert started.stdout.readline() == "ready\n"
        assert len(servers_of(folder)) == 2
        started.send_signal(number)
        started.wait(60)
    finally:
        started.kill()
        started.communicate()

    assert not folder.exists()
    assert servers_of(folder) == []
