"""backup.drill on a cluster: what is proven, what is found, and that nothing of it is left."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.cluster.connection import Connection
from scripts.cluster.kinds import (
    EVENT,
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
    SECRET,
    VOLUME_SNAPSHOT,
)
from scripts.e2e import digest
from scripts.e2e.volume_pod import VolumePods
from scripts.errors import CommandFailed, MoverFailed, NotFound, ProofFailed, SettingsError
from scripts.operate import drill, scratch
from scripts.operate.state import PROVEN_AT, PROVEN_SNAPSHOT
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import roles
from tests.cluster.apps import SOON_S, App
from tests.cluster.test_backup_now import DAILY, meanwhile, snapshots
from tests.processes import eventually

MOVER = {"runAsUser": 65534, "runAsGroup": 65534, "fsGroup": 65534}
MADE = (REPLICATION_DESTINATION, PERSISTENT_VOLUME_CLAIM, VOLUME_SNAPSHOT, JOB, POD)


@pytest.fixture
def ready(app):
    """An app with two files and a backup of them."""
    app.make_claim(files={"a": "1", "b": "22"})
    app.make_secret()
    app.make_source(DAILY, moverSecurityContext=MOVER)
    app.source()
    return app


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def tried(app, context="administrator", **rest):
    usual = {"all_apps": False, "concurrency": 1, "image": "", "timeout_s": 120, "format_name": "text"}
    drill.run(context=context, app=f"{app.namespace}/{app.name}", evidence_folder="evidence", **usual | rest)


def left(app):
    """What a drill has made and not removed."""
    return [
        f"{kind.kind} {each['metadata']['name']}"
        for kind in MADE
        for each in app.stage.cluster.list(kind, app.namespace)
        if "drill" in each["metadata"]["name"] or scratch.DRILL in (each["metadata"].get("labels") or {})
    ]


def proven(app):
    annotations = app.source(lambda _: True)["metadata"].get("annotations") or {}
    return annotations.get(PROVEN_SNAPSHOT, ""), annotations.get(PROVEN_AT, "")


def report(tmp_path):
    (folder,) = (tmp_path / "evidence").iterdir()
    return json.loads((folder / "report.json").read_text())


def changed_before_volsync_sees_it(app, **restic):
    """Change the ReplicationDestination of a drill, in the context's thread, before VolSync does anything about it."""
    app.stage.operator.stop()

    def change():
        try:
            eventually(lambda: app.stage.cluster.list(REPLICATION_DESTINATION, app.namespace))
            (made,) = app.stage.cluster.list(REPLICATION_DESTINATION, app.namespace)
            changes = {"spec": {"restic": restic}}
            app.stage.cluster.patch(REPLICATION_DESTINATION, made["metadata"]["name"], app.namespace, changes)
        finally:
            app.stage.operator.start()

    return meanwhile(change)


def test_a_restore_is_proven_and_written_down_and_the_live_volume_is_not_touched(ready, capsys, tmp_path):
    live = ready.stage.volumes.directory("data", ready.namespace)
    (live / "b").write_text("as it is now, which no backup has yet")
    before, claim = digest.record(live), ready.stage.cluster.get(PERSISTENT_VOLUME_CLAIM, "data", ready.namespace)
    tried(ready)
    out = capsys.readouterr().out
    saved, at = proven(ready)

    assert f"snapshot {saved} saved" in ready.source()["status"]["latestMoverStatus"]["logs"]
    assert datetime.now(UTC) - datetime.fromisoformat(at) < timedelta(minutes=2)
    assert f"{ready.namespace}/app: snapshot {saved} came back whole; live volume: 1 of 2 paths changed since" in out
    assert out.endswith("1 apps on administrator: 1 restores proven, 0 not\n")
    assert report(tmp_path)["passed"]
    assert digest.record(live) == before
    now = ready.stage.cluster.get(PERSISTENT_VOLUME_CLAIM, "data", ready.namespace)
    assert (now["spec"], now["metadata"]["uid"]) == (claim["spec"], claim["metadata"]["uid"])
    assert left(ready) == []
    assert len(snapshots(ready)) == 1


def test_a_restore_of_another_snapshot_than_the_newest_is_no_proof(ready, tmp_path):
    (ready.stage.volumes.directory("data", ready.namespace) / "b").write_text("newer")
    ready.back_up("second")

    with (
        changed_before_volsync_sees_it(ready, previous=1),
        pytest.raises(ProofFailed, match=r"snapshot \w+ was restored, and the newest is snapshot"),
    ):
        tried(ready)

    assert proven(ready) == ("", "")
    assert not report(tmp_path)["passed"]
    assert left(ready) == []


def test_a_mover_that_fails_is_told_in_its_own_words_at_once(ready):
    ready.make_secret("other", RESTIC_PASSWORD="")

    with (
        changed_before_volsync_sees_it(ready, repository="other"),
        pytest.raises(MoverFailed, match=r"its mover failed: a key of the Secret is empty \(RESTIC_PASSWORD"),
    ):
        tried(ready)

    assert left(ready) == []


def when_recorded(monkeypatch, app, end, act):
    """Do something with the volume of a drill each time before it is read."""
    record = VolumePods.record

    def recorded(pods, pvc):
        if pvc.endswith(end):
            act(app.stage.volumes.directory(pvc, app.namespace))
        return record(pods, pvc)

    monkeypatch.setattr(VolumePods, "record", recorded)


def test_what_came_back_and_is_not_what_the_snapshot_holds_is_found(ready, monkeypatch):
    def spoil(folder):
        (folder / "a").write_text("1?")
        (folder / "b").unlink()
        (folder / "c").touch()

    when_recorded(monkeypatch, ready, "-dest", spoil)

    with pytest.raises(
        ProofFailed, match=r"is not what the snapshot holds: a: size_bytes is 2, .*b is missing; c is unex"
    ):
        tried(ready)

    assert proven(ready) == ("", "")
    assert left(ready) == []


def test_a_comparison_that_does_not_find_a_changed_byte_proves_nothing(ready, monkeypatch):
    monkeypatch.setattr(VolumePods, "corrupt", lambda _pods, _pvc, path: path)

    with pytest.raises(ProofFailed, match="one byte of a was changed, and the comparison did not find it"):
        tried(ready)

    assert proven(ready) == ("", "")


def rot(folder):
    status = (folder / "b").stat()
    (folder / "b").write_text("23")
    os.utime(folder / "b", ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_live_file_whose_content_changed_by_itself_is_found(ready):
    rot(ready.stage.volumes.directory("data", ready.namespace))

    with pytest.raises(ProofFailed, match="1 files have another content than in the backup, and the size and time of"):
        tried(ready)


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        pytest.param({}, NotFound, "repository s3:.* is not there", id="nothing was ever saved"),
        pytest.param({"empty": ""}, ProofFailed, "holds not a single byte, and proves nothing", id="no byte was saved"),
    ],
)
def test_an_app_of_which_nothing_is_saved_has_no_proof(app, files, error, said):
    app.make_claim(files=files)
    app.make_secret()
    app.make_source(DAILY, moverSecurityContext=MOVER)
    app.source()

    with pytest.raises(error, match=said):
        tried(app)

    assert left(app) == []
    # a restore by VolSync would make a repository
    assert bool(app.stage.backend.objects(app.namespace)) == bool(files)


def test_wrong_credentials_and_a_mover_that_is_root_are_told_before_anything_is_made(ready):
    with ready.stage.hub.recording(ready.namespace) as changes:
        # pragma: allowlist nextline secret - it is made up, and wrong on purpose
        ready.stage.cluster.patch(SECRET, "restic", ready.namespace, {"stringData": {"RESTIC_PASSWORD": "another"}})
        with pytest.raises(CommandFailed, match="RESTIC_PASSWORD is not the one"):
            tried(ready)
        ready.change_source(restic={"moverSecurityContext": None})
        with pytest.raises(SettingsError, match="has a mover that runs as root"):
            tried(ready)

    assert {kind for kind, _ in changes} <= {SECRET, REPLICATION_SOURCE, EVENT}


@pytest.fixture
def held(ready):
    """A drill in a process of its own, whose mover hangs at MinIO."""
    command = [sys.executable, "-m", "invoke", "backup.drill", "--context", "administrator"]
    process = subprocess.Popen(
        [*command, "--app", f"{ready.namespace}/app", "--evidence", str(Path.cwd() / "evidence")],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: left(ready), SOON_S)
        ready.stage.backend.gate.hold_after(0)
        eventually(lambda: ready.stage.backend.gate.is_holding, SOON_S)
        yield process
    finally:
        process.kill()
        process.communicate()
        ready.stage.backend.gate.open()


def test_ctrl_c_leaves_nothing_behind(ready, held):
    held.send_signal(signal.SIGINT)
    out, err = held.communicate(timeout=60)

    assert held.returncode == 130
    assert "not proven: a signal: the work was ended half-way and cleaned up" in out
    assert err.splitlines()[-1].startswith("error: SIGINT: ")
    assert left(ready) == []


def test_what_a_drill_that_was_killed_has_left_behind_is_removed_once_it_cannot_be_a_living_ones(ready, held, capsys):
    held.kill()
    held.communicate()
    ready.stage.backend.gate.open()
    (name,) = [each.split()[1] for each in left(ready) if "Destination" in each]

    assert scratch.remove_leftovers(ready.stage.cluster, ready.namespace, datetime.now(UTC)) == ()

    over = {"metadata": {"annotations": {scratch.ENDS_AT: "2026-01-31T02:00:00Z"}}}
    ready.stage.cluster.patch(REPLICATION_DESTINATION, name, ready.namespace, over)
    tried(ready)

    assert f"removed {name}, which a drill that was killed had left behind" in capsys.readouterr().err
    eventually(lambda: left(ready) == [])


def test_all_apps_are_tried_what_failed_is_listed_and_a_storage_that_makes_no_copy_is_no_failure(app, capsys):
    eventually(lambda: app.stage.cluster.list(REPLICATION_SOURCE) == ())
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_secret("wrong", RESTIC_PASSWORD="")
    several = [App(stage=app.stage, namespace=app.namespace, name=name) for name in ("good", "wrong")]
    several[0].make_source(DAILY, moverSecurityContext=MOVER, copyMethod="Direct")
    several[0].source()
    several[1].make_source(DAILY, moverSecurityContext=MOVER, repository="wrong")

    with pytest.raises(ProofFailed, match="1 of 2 drills failed"):
        drill.run(
            context="administrator",
            app="",
            all_apps=True,
            concurrency=2,
            image="",
            timeout_s=120,
            evidence_folder="evidence",
            format_name="json",
        )
    good, wrong = json.loads(capsys.readouterr().out)["drills"]

    assert (good["snapshot"][:8], good["error"]) == (proven(several[0])[0], None)
    assert good["live_volume"].endswith("copyMethod Direct makes no copy")
    assert (wrong["proven_at"], wrong["report"]) == (None, None)
    assert wrong["error"].startswith(f"Secret {app.namespace}/wrong: has no RESTIC_PASSWORD")


# ------------------------------------------------------------------------------------------------------------- the role


def test_the_documented_roles_are_enough_and_there_is_no_right_in_them_that_is_not_needed(ready, monkeypatch):
    used, send = set(), Connection.send

    def recorded(connection, request, **rest):
        if connection.context == roles.PERSON:
            call = request.call
            resource = call.kind and f"{call.kind.plural}{call.subresource and f'/{call.subresource}'}"
            used.add((resource, call.verb))
        return send(connection, request, **rest)

    monkeypatch.setattr(Connection, "send", recorded)
    with roles.bound(ready.stage.cluster, roles.read("backup-snapshots"), roles.read("backup-drill")):
        tried(ready, roles.PERSON)
    # an object that is applied and not there is created; events are read where a pod does not start
    applied = {(resource, "create") for resource, verb in used if verb == "patch" and resource != "replicationsources"}
    # backup.snapshots gets one source, where this lists them; a ConfigMap is one of a customCA
    unused = {("replicationsources", "get"), ("configmaps", "get")}
    allowed = {*roles.rights("backup-snapshots"), *roles.rights("backup-drill")} - unused

    assert used - {("selfsubjectaccessreviews", "create")} | applied | {("events", "list")} == allowed
