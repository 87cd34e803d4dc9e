"""backup.restore on a cluster: what comes back, what is as before, and what is refused."""

import contextlib
import secrets

import pytest

from scripts import toolchain
from scripts.cluster.connection import Connection
from scripts.cluster.kinds import DEPLOYMENT, PERSISTENT_VOLUME_CLAIM, SECRET
from scripts.e2e.volume_pod import VolumePods
from scripts.errors import Conflict, Drift, MoverFailed, NotFound, ProofFailed, SettingsError
from scripts.operate.restore import destination
from scripts.operate.restore.journal import Phase
from scripts.operate.restore.kept import Kept
from scripts.process import minimal_environment, run
from scripts.settings import Secret
from tests.cluster import restores, roles
from tests.cluster.apps import reason
from tests.cluster.test_backup_now import meanwhile
from tests.processes import eventually

CHANGED = {"a": "3", "c": "unsaved"}


@pytest.fixture
def asked(monkeypatch):
    """Each resource and verb that was asked of the API by whom the roles are bound to."""
    found, send = set(), Connection.send

    def sent(self, request, **rest):
        call = request.call
        if self.context == roles.PERSON:
            found.add((f"{call.kind.plural}/{call.subresource}".strip("/"), call.verb))
        return send(self, request, **rest)

    monkeypatch.setattr(Connection, "send", sent)
    return found


def at_step(shop, name):
    """Wait until the restore has begun with a step."""
    eventually(lambda: (found := shop.journal) is not None and found.step == name)


# ---------------------------------------------------------------------------------------------------------------- it does


def test_an_older_snapshot_replaces_what_is_there_which_is_saved_first_with_the_documented_rights(shop, asked, capsys):
    shop.restore(backup=True)
    out = capsys.readouterr().out.splitlines()

    assert shop.files == {"a": "1"}
    assert out[-1].startswith(f"{shop.name}: restored snapshot {shop.older} of ")
    assert out[-1].endswith(" into data, and all of its 1 files and directories are as in the snapshot")
    shop.assert_as_before()

    shop.restore(snapshot=out[-2].split()[-1])

    assert shop.files == CHANGED
    # an object that is applied is made by it; the others are for --into, --resume, another workload, and a pod that hangs
    of_apply = {("pods", "create"), ("replicationdestinations", "create")}
    of_into = {("persistentvolumeclaims", "create"), ("persistentvolumeclaims", "delete")}
    others = {("configmaps", "get"), ("statefulsets", "get"), ("statefulsets/scale", "patch"), ("events", "list")}
    assert set(roles.rights(*restores.ROLES)) - asked == of_apply | of_into | others


def test_into_a_new_claim_nothing_of_the_app_is_touched(shop, capsys):
    before = (shop.source["spec"], shop.replicas(), [each["metadata"]["generation"] for each in shop.flux()])
    (at,) = [each["time"] for each in shop.snapshots() if each["id"].startswith(shop.newer)]
    shop.restore(at=at, into="looked-at")
    folder = shop.app.stage.volumes.directory("looked-at", shop.app.namespace)

    assert {each.name: each.read_text() for each in folder.iterdir()} == {"a": "2", "b": "b"}
    assert f"restored snapshot {shop.newer} of {at} into looked-at" in capsys.readouterr().out
    assert shop.files == CHANGED
    assert (shop.source["spec"], shop.replicas(), [each["metadata"]["generation"] for each in shop.flux()]) == before
    with pytest.raises(Drift, match=r"PersistentVolumeClaim .*/looked-at: is there already"):
        shop.restore(into="looked-at")

    shop.cluster.delete(PERSISTENT_VOLUME_CLAIM, "looked-at", shop.app.namespace)


def test_an_empty_volume_is_nothing_to_lose(shop, capsys):
    for each in shop.folder.iterdir():
        each.unlink()
    shop.restore(backup=True)

    assert shop.files == {"a": "1"}
    assert "there is nothing to back up, and nothing to lose" in " ".join(capsys.readouterr().err.split())


# ------------------------------------------------------------------------------------------------------------- it refuses


def test_what_names_no_snapshot_is_refused_before_anything_is_touched(shop):
    with pytest.raises(NotFound, match="has no snapshot ffffffff that the mover would choose"):
        shop.restore(snapshot="ffffffff")
    with pytest.raises(SettingsError, match="--snapshot and --previous: each name a snapshot"):
        shop.restore(snapshot=shop.older, previous="1")
    with pytest.raises(NotFound, match="has no restore to go on with"):
        shop.restore(resume=True)


def test_a_snapshot_of_nothing_is_no_restore(shop, tmp_path):
    empty = made_by_hand(shop, tmp_path / "data")

    with pytest.raises(MoverFailed, match="holds no file at all"):
        shop.restore(snapshot=empty)

    assert shop.files == CHANGED


def made_by_hand(shop, folder):
    """A snapshot of a folder without a file; gives its id."""
    (folder / "folder").mkdir(parents=True)
    variables = {name: Secret(value) for name, value in shop.app.credentials().items()}
    command = (toolchain.get("restic").path, "backup", "--host", "volsync", ".")
    made = run(command, timeout_s=120, environment=minimal_environment() | variables, cwd=folder)
    (line,) = [each for each in made.stdout.splitlines() if each.endswith(" saved")]
    return line.split()[1]


def test_of_two_at_once_the_second_is_refused_and_what_a_dead_one_has_prepared_is_undone(shop):
    other = Kept(shop.cluster, restores.of(shop))
    other.begin(restores.journal(shop))
    with pytest.raises(Conflict, match="is being restored already, says ConfigMap"):
        shop.restore()
    with pytest.raises(MoverFailed, match="nothing was restored: that run was cut short before it wrote"):
        shop.restore(resume=True)
    with pytest.raises(Conflict, match="another run has taken this restore over"):
        other.note(phase=Phase.WRITING)

    assert shop.files == CHANGED


# --------------------------------------------------------------------------------------------------------------- it fails


def test_a_mover_that_does_not_reach_minio_has_written_nothing_and_all_is_undone(shop):
    gate, jobs = shop.app.stage.backend.gate, shop.app.stage.jobs.controller

    def shut():
        at_step(shop, "restore")
        gate.shut()
        eventually(lambda: movers(shop))
        # a Job waits 10 seconds before its next attempt, which is longer than this test
        jobs.stop()

    with meanwhile(shut), pytest.raises(MoverFailed, match="its mover failed: MinIO is out of reach"):
        shop.restore()
    jobs.start()
    gate.open()

    assert shop.files == CHANGED


def test_a_mover_that_restores_nothing_is_no_success_and_all_is_undone(shop):
    jobs, repository = shop.app.stage.jobs.controller, shop.app.credentials()["RESTIC_REPOSITORY"]

    def mislead():
        at_step(shop, "restore")
        lead_to(shop, f"{repository}-{secrets.token_hex(4)}")
        jobs.start()

    jobs.stop()
    with meanwhile(mislead), pytest.raises(MoverFailed, match="did not say that it restored a snapshot"):
        shop.restore()
    lead_to(shop, repository)

    assert shop.files == CHANGED


def lead_to(shop, repository):
    change = {"stringData": {"RESTIC_REPOSITORY": repository}}
    shop.cluster.patch(SECRET, "restic", shop.app.namespace, change)


@contextlib.contextmanager
def down(shop, error, match):
    """What is done inside fails, and the app stays down until it is resumed."""
    with pytest.raises(error, match=f"{match}.*so that the app stays down.*--app {shop.name} --resume"):
        yield
    shop.app.stage.backend.gate.open()

    assert shop.is_down()
    assert shop.journal.phase is Phase.WRITING


def test_a_volume_that_may_be_half_restored_keeps_the_app_down_until_it_is_resumed(shop):
    node, gate, jobs = shop.app.stage.node, shop.app.stage.backend.gate, shop.app.stage.jobs.controller
    last = shop.source["status"]["lastSyncTime"]

    def kill():
        at_step(shop, "restore")
        gate.hold_after(0)
        eventually(lambda: gate.is_holding and movers(shop))
        # no other attempt comes within the time of this test
        jobs.stop()
        node.kill(movers(shop)[0], shop.app.namespace)

    with meanwhile(kill), down(shop, MoverFailed, "the mover was killed"):
        shop.restore()
    jobs.start()
    # its source is held, which began no backup, and none is due
    status = shop.source["status"]
    assert (reason(shop.source), status["lastSyncTime"], status.get("nextSyncTime")) == ("WaitingForManual", last, None)
    # another one may be chosen then: of the safety backup, say
    shop.restore(resume=True, snapshot=shop.newer)

    assert shop.files == {"a": "2", "b": "b"}


def movers(shop):
    return [name for _, name in shop.app.stage.node.running(shop.app.namespace) if name.startswith("volsync-dst-")]


def test_an_app_that_somebody_starts_during_its_restore_is_found_and_stopped_again(shop, monkeypatch):
    monkeypatch.setattr(destination, "SETTLE_S", 1.0)
    gate = shop.app.stage.backend.gate

    def start():
        at_step(shop, "restore")
        gate.hold_after(0)
        eventually(lambda: movers(shop))
        scale = {"spec": {"replicas": restores.REPLICAS}}
        shop.cluster.patch(DEPLOYMENT, "web", shop.app.namespace, scale)

    with (
        meanwhile(start),
        pytest.raises(Drift, match=r"pod web-\d has it while it is restored; its volume may be half restored"),
    ):
        shop.restore()
    gate.open()
    shop.restore(resume=True)

    assert shop.files == {"a": "1"}


def test_a_volume_that_is_not_as_the_snapshot_is_found_also_without_flux(shop, monkeypatch):
    record = VolumePods.record

    def spoilt(self, pvc):
        (shop.folder / "a").write_text("4")
        (shop.folder / "d").write_text("")
        return record(self, pvc)

    monkeypatch.setattr(VolumePods, "record", spoilt)
    with (
        shop.without_flux(),
        pytest.raises(ProofFailed, match=r"a: mtime_ns is .*; a: sha256 is .*; d is unexpected.*stays down"),
    ):
        shop.restore()

    assert [each["spec"].get("suspend") for each in shop.flux()] == [None, None]

    monkeypatch.setattr(VolumePods, "record", record)
    shop.restore(resume=True)

    assert shop.files == {"a": "1"}
