"""backup.now on a cluster: what is proven, what fails at once, and what is left when it is cut short."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from scripts.cluster import Limits
from scripts.cluster.kinds import NAMESPACE, REPLICATION_SOURCE
from scripts.errors import Conflict, FindingsFound, Forbidden, MoverFailed, SettingsError, Unreachable
from scripts.operate import now, status, trigger
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import roles
from tests.cluster.apps import App, idle, reason
from tests.processes import eventually

DAILY = {"schedule": "0 2 * * *"}


def back_up(app, context="administrator", **rest):
    usual = {"all_apps": False, "concurrency": 1, "timeout_s": 120}
    now.run(context=context, app=f"{app.namespace}/{app.name}", **usual | rest)


@pytest.fixture
def ready(app):
    """An app with a schedule, idle after a first backup that moved nothing: the next one is real."""
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.stage.node.instant_movers = True
    app.make_source(DAILY)
    app.source()
    app.stage.node.instant_movers = False
    return app


def snapshots(app):
    return [name for name in app.stage.backend.objects(app.namespace) if "/snapshots/" in name]


def manual(app):
    return trigger.manual(app.source(lambda _: True))


def test_a_backup_is_done_when_it_saved_a_snapshot_and_its_schedule_is_back(ready, capsys):
    back_up(ready)
    out = capsys.readouterr().out.splitlines()

    assert len(snapshots(ready)) == 1
    assert f"{ready.namespace}/app: backed up in " in out[0]
    assert "snapshot " in out[0]
    assert out[1] == "1 apps on administrator: 1 backed up, 0 failed, 0 still running, 0 not begun"
    assert manual(ready) == ""
    ready.source(lambda found: reason(found) == "WaitingForSchedule", "its schedule")


def test_a_machine_reads_one_document_of_how_a_backup_ended(ready, capsys):
    back_up(ready, format_name="json")
    (saved,) = json.loads(capsys.readouterr().out)["apps"]

    assert (saved["app"], saved["result"], saved["error"]) == (f"{ready.namespace}/app", "backed up", None)
    assert f"/snapshots/{saved['snapshot']}" in snapshots(ready)[0]
    assert saved["duration_s"] > 0

    ready.change_source(paused=True)
    with pytest.raises(MoverFailed):
        back_up(ready, format_name="json")
    (failed,) = json.loads(capsys.readouterr().out)["apps"]

    assert (failed["result"], failed["snapshot"]) == ("failed", None)
    assert failed["error"] == {
        "where": f"ReplicationSource {ready.namespace}/app",
        "found": "is paused: its mover would never run",
        "next_step": "remove spec.paused, or see who set it",
        "exit_code": MoverFailed.exit_code,
    }


def test_a_backup_that_somebody_else_began_is_waited_for_and_is_not_taken_for_this_one(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(DAILY)
    app.source(lambda found: reason(found) == "SyncInProgress")
    back_up(app)

    assert len(snapshots(app)) == 2


def test_a_source_without_a_schedule_keeps_its_tag_for_without_one_it_would_never_stop(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.stage.node.instant_movers = True
    app.make_source({"manual": "first"})
    app.source()
    back_up(app)

    assert trigger.is_ours(manual(app))
    assert idle(app.source())


def test_a_tag_that_a_killed_run_left_behind_is_taken_back(ready):
    ready.stage.node.instant_movers = True
    ready.back_up(f"{trigger.TAG_PREFIX}left")
    ready.change_source(trigger=DAILY)
    back_up(ready)

    assert manual(ready) == ""


def test_an_empty_volume_is_a_failure(app, capsys):
    app.make_claim()
    app.make_secret()
    app.make_source(DAILY)
    app.source()

    with pytest.raises(MoverFailed, match="its volume is empty: nothing was saved"):
        back_up(app)

    assert "0 backed up, 1 failed" in capsys.readouterr().out
    assert manual(app) == ""


def test_a_mover_that_fails_is_told_in_its_own_words_long_before_volsync_says_so(ready):
    ready.stage.cluster.patch(REPLICATION_SOURCE, "app", ready.namespace, {"spec": {"restic": {"repository": "other"}}})
    ready.make_secret("other", RESTIC_PASSWORD="")

    with pytest.raises(MoverFailed, match=r"VolSync goes on trying: a key of the Secret is empty \(RESTIC_PASSWORD"):
        back_up(ready)

    assert ready.source(lambda _: True)["status"]["latestMoverStatus"]["result"] == "Successful"
    assert manual(ready) == ""
    # what failed before is not waited for either
    with pytest.raises(MoverFailed, match="a backup that was in progress already failed"):
        back_up(ready)


def test_what_volsync_cannot_do_is_told_in_its_words(ready):
    ready.change_source(restic={"repository": "nosuch"})

    with pytest.raises(MoverFailed, match='VolSync cannot go on: Secret "nosuch" not found'):
        back_up(ready)


def test_a_source_that_is_paused_is_not_waited_for(ready):
    ready.change_source(paused=True)

    with pytest.raises(MoverFailed, match="is paused"):
        back_up(ready)


def test_a_dead_operator_is_told_within_a_bound_and_leaves_no_trigger(ready):
    ready.stage.operator.stop()

    with pytest.raises(Unreachable, match="VolSync did not begin within 1 s"):
        back_up(ready, begin_s=1.0)

    assert manual(ready) == ""


def test_a_source_that_volsync_never_looked_at_is_not_waited_for(app):
    app.stage.operator.stop()
    app.make_source(DAILY)

    with pytest.raises(Unreachable, match="VolSync did not look at it within 1 s"):
        back_up(app, begin_s=1.0)


@contextlib.contextmanager
def meanwhile(action):
    """Do something beside the test; what it raises fails the test."""
    raised = []

    def act():
        try:
            action()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    assert raised == []


def triggered(app):
    """Wait until it is, by backup.now."""
    eventually(lambda: trigger.is_ours(manual(app)))


@pytest.fixture
def held(ready):
    """An app whose next mover hangs at MinIO until the gate is opened."""
    ready.stage.backend.gate.hold_after(0)
    return ready


def test_a_backup_outlives_a_restart_of_the_api(held):
    def restart():
        triggered(held)
        held.stage.api.stop()
        held.stage.api.start()
        held.stage.backend.gate.open()

    with meanwhile(restart):
        back_up(held)

    assert len(snapshots(held)) == 1
    assert manual(held) == ""


def test_an_api_that_stays_away_ends_it_and_the_next_run_gives_the_schedule_back(held, capsys):
    def shut():
        triggered(held)
        held.stage.gate.shut()

    with meanwhile(shut), pytest.raises(Unreachable, match="does not answer"):
        back_up(held, "administrator-gate", limits=Limits(total_s=0.5))
    held.stage.gate.open()
    held.stage.backend.gate.open()
    out = capsys.readouterr().out

    assert "app: its schedule is still off; run this again" in out
    assert "0 backed up, 0 failed, 1 still running, 0 not begun" in out
    assert trigger.is_ours(manual(held))

    back_up(held)

    assert manual(held) == ""


def test_a_trigger_that_somebody_else_sets_meanwhile_is_not_taken_for_this_one(held):
    def other():
        triggered(held)
        held.change_source(trigger={"manual": "theirs"})

    with meanwhile(other), pytest.raises(Conflict, match="somebody else set its trigger to theirs meanwhile"):
        back_up(held)
    held.stage.backend.gate.open()

    assert manual(held) == "theirs"


def test_a_namespace_that_is_deleted_meanwhile_ends_it(held):
    def delete():
        triggered(held)
        held.stage.cluster.delete(NAMESPACE, held.namespace)
        held.stage.backend.gate.open()

    with meanwhile(delete), pytest.raises(MoverFailed, match=r"was deleted meanwhile|is being terminated"):
        back_up(held)


def test_a_mover_that_is_killed_is_told(held):
    def kill():
        eventually(lambda: held.stage.node.running(held.namespace))
        held.stage.node.kill(held.stage.node.running(held.namespace)[0][1], held.namespace)

    with meanwhile(kill), pytest.raises(MoverFailed, match=r"the mover was killed, .*; exit code 137"):
        back_up(held)
    held.stage.backend.gate.open()


def test_a_backup_that_takes_too_long_is_given_up_and_goes_on(held):
    with pytest.raises(Unreachable, match="was not done within 2 s, last seen: SyncInProgress"):
        back_up(held, timeout_s=2)
    held.stage.backend.gate.open()

    assert manual(held) == ""
    held.source()
    assert len(snapshots(held)) == 1


def started_as_a_program(app):
    """backup.now of the app, as people start it."""
    command = [sys.executable, "-m", "invoke", "backup.now", "--context", "administrator"]
    return subprocess.Popen(
        [*command, "--app", f"{app.namespace}/app"],
        cwd=REPOSITORY_ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_leaves_no_trigger_and_says_what_goes_on(held, number):
    started = started_as_a_program(held)
    try:
        triggered(held)
        held.source(lambda found: reason(found) == "SyncInProgress")
        started.send_signal(number)
        out, err = started.communicate(timeout=60)
    finally:
        started.kill()
        held.stage.backend.gate.open()

    assert started.returncode == 130
    assert f"{held.namespace}/app: still running: VolSync goes on with it" in out
    assert "0 failed, 1 still running, 0 not begun" in out
    assert err.splitlines()[-1].startswith(f"error: {number.name}: ")
    assert manual(held) == ""


def test_a_kill_leaves_a_tag_that_status_names_and_the_next_run_takes_it_back(held, capsys):
    started = started_as_a_program(held)
    try:
        triggered(held)
    finally:
        started.kill()
        started.communicate(timeout=60)
        held.stage.backend.gate.open()
    held.source(lambda found: idle(found) and trigger.is_ours(found["status"].get("lastManualSync", "")), "its end")
    with pytest.raises(FindingsFound):
        status.run(context="administrator", app=f"{held.namespace}/app", all_apps=False, format_name="text")
    said = capsys.readouterr().out

    assert started.returncode == -signal.SIGKILL
    assert (
        f"its schedule is off for as long as the manual trigger {manual(held)} is set; run `invoke backup.now`" in said
    )

    held.stage.node.instant_movers = True
    back_up(held)

    assert manual(held) == ""
    held.source(lambda found: reason(found) == "WaitingForSchedule", "its schedule")


def test_all_apps_are_backed_up_so_many_at_once_and_what_failed_is_listed(app, capsys):
    stage, count, at_once = app.stage, 8, 3
    eventually(lambda: stage.cluster.list(REPLICATION_SOURCE) == ())
    app.make_claim(files={"a": "1"})
    app.make_secret()
    stage.node.instant_movers = True
    several = [App(stage=stage, namespace=app.namespace, name=f"app-{number:02}") for number in range(count)]
    for each in several:
        each.make_source(DAILY)
    for each in several:
        each.source()
    several[5].change_source(paused=True)
    with (
        stage.hub.recording(app.namespace) as changes,
        pytest.raises(MoverFailed, match="1 of 8 apps were not backed"),
    ):
        now.run(context="administrator", app="", all_apps=True, concurrency=at_once, timeout_s=120)
    out = capsys.readouterr().out.splitlines()

    assert most_at_once(changes) == at_once
    assert [line for line in out if "backed up" not in line] == [
        f"{app.namespace}/app-05: failed: is paused: its mover would never run; remove spec.paused, or see who set it"
    ]
    assert out[-1] == "8 apps on administrator: 7 backed up, 1 failed, 0 still running, 0 not begun"
    assert all(idle(each.source()) and manual(each) == "" for each in several)


def most_at_once(changes):
    """The most ReplicationSources that had a tag of this project at one time."""
    tagged, most = set(), 0
    for kind, change in changes:
        if kind is REPLICATION_SOURCE:
            name = change.object["metadata"]["name"]
            (tagged.add if trigger.is_ours(trigger.manual(change.object)) else tagged.discard)(name)
            most = max(most, len(tagged))
    return most


# ------------------------------------------------------------------------------------------------------------- the role


def test_the_documented_role_is_enough(ready):
    ready.stage.node.instant_movers = True
    with roles.bound(ready.stage.cluster, roles.read("backup-now")):
        back_up(ready, "person")

    assert manual(ready) == ""


def test_without_any_of_its_rights_it_does_not_do_what_it_does(ready):
    ready.stage.cluster.patch(REPLICATION_SOURCE, "app", ready.namespace, {"spec": {"restic": {"repository": "other"}}})
    ready.make_secret("other", RESTIC_PASSWORD="")
    with pytest.raises(MoverFailed):
        back_up(ready)
    for resource, verb in roles.rights("backup-now"):
        if verb == "patch":
            continue
        less = roles.without(roles.read("backup-now"), resource, verb)
        error, said = (MoverFailed, "its log was not read") if resource == "pods/log" else (Forbidden, resource)
        with roles.bound(ready.stage.cluster, less), pytest.raises(error, match=said):
            back_up(ready, "person")


def test_a_trigger_is_not_set_by_whom_it_is_refused(ready):
    less = roles.without(roles.read("backup-now"), "replicationsources", "patch")
    with roles.bound(ready.stage.cluster, less), pytest.raises(Forbidden, match="refuses to patch replicationsources"):
        back_up(ready, "person")


@pytest.mark.parametrize("number", [{"concurrency": 0}, {"timeout_s": 0}], ids=["concurrency", "timeout"])
def test_a_number_that_is_too_small_is_refused(api, number):  # noqa: ARG001 - it has to run
    usual = {"context": "administrator", "app": "a", "all_apps": False, "concurrency": 1, "timeout_s": 1}

    with pytest.raises(SettingsError, match="is too small"):
        now.run(**usual | number)
