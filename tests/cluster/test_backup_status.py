"""backup.status on a cluster: what it says of backups that work, fail and hang, and what a user needs for it."""

import json
import os
import subprocess
import sys

import pytest

from scripts.cluster.kinds import REPLICATION_SOURCE, STORAGE_CLASS
from scripts.errors import CouldNotRun, FindingsFound, Forbidden, NotFound, SettingsError
from scripts.operate import status
from scripts.operate.state import PROVEN_AT
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import roles
from tests.cluster.apps import reason
from tests.cluster.test_operator_double_failures import failed
from tests.processes import eventually

DAILY = {"schedule": "0 2 * * *"}


@pytest.fixture
def told(app, capsys):
    """Runs the task for the app, and gives what it said of it and what it ended with."""

    def run(context="administrator"):
        error = None
        try:
            status.run(context=context, app=f"{app.namespace}/app", all_apps=False, format_name="json")
        except (FindingsFound, CouldNotRun) as raised:
            error = raised
        document = json.loads(capsys.readouterr().out)
        (found,) = document["apps"]
        return {**found, "unreadable": document["unreadable"], "error": type(error)}

    return run


@pytest.fixture
def backed_up(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(DAILY)
    app.source()
    return app


def found(said):
    (only,) = said["reasons"]
    return only["found"]


def test_a_backup_that_saved_something_is_fine(backed_up, told):
    said = told()

    assert (said["health"], said["reasons"], said["unknown"]) == ("fine", [], [])
    assert said["error"] is type(None)
    assert said["processed"].startswith("1 files, ")
    assert said["saved_snapshot"]
    assert said["next_run"] > said["last_success"]
    assert said["restore_proven_at"] is None

    proven = {"metadata": {"annotations": {PROVEN_AT: "2026-11-20T00:00:00Z"}}}
    backed_up.stage.cluster.patch(REPLICATION_SOURCE, "app", backed_up.namespace, proven)

    assert told()["restore_proven_at"] == "2026-11-20T00:00:00Z"


def test_a_backup_of_an_empty_volume_is_no_success(app, told):
    app.make_claim()
    app.make_secret()
    app.make_source(DAILY)
    app.source()
    said = told()

    assert said["result"] == "Successful"
    assert said["last_success"] is None
    assert "its volume is empty" in found(said)
    assert said["error"] is FindingsFound


def test_a_wrong_password_is_told_in_the_movers_words(app, told):
    app.make_claim(files={"a": "1"})
    app.make_secret(RESTIC_PASSWORD="")
    app.make_source(DAILY)
    failed(app)
    said = told()

    assert "a key of the Secret is empty (RESTIC_PASSWORD must be defined)" in found(said)
    assert said["running_since"]
    assert said["error"] is FindingsFound


def test_a_secret_that_is_missing_is_told(app, told):
    app.make_claim(files={"a": "1"})
    app.make_source(DAILY)
    app.source(lambda found: reason(found) == "Error", "an error")

    assert found(told()) == 'VolSync cannot go on: Secret "restic" not found'


def test_a_snapshot_class_that_is_missing_is_told(app, told):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(DAILY, volumeSnapshotClassName="nosuch")
    eventually(lambda: "GetSnapshotClassFailed" in app.events("volsync-app-src"))

    assert '"nosuch" not found' in found(told())


def test_a_cache_class_that_is_missing_is_told(app, told):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(DAILY, cacheStorageClassName="nosuch")
    eventually(lambda: "ProvisioningFailed" in app.events("volsync-app-cache"))

    assert 'PersistentVolumeClaim volsync-app-cache is not bound (storageclass.storage.k8s.io "nosuch"' in found(told())
    assert app.stage.cluster.find(STORAGE_CLASS, "nosuch") is None


def test_a_trigger_that_was_left_behind_is_told(backed_up, told):
    backed_up.change_source(trigger={"manual": "by-hand"})
    backed_up.source(lambda found: found["status"].get("lastManualSync") == "by-hand")
    backed_up.source()

    assert "its schedule is off" in found(told())


# ------------------------------------------------------------------------------------------------------------- the roles


def test_the_documented_role_is_enough(backed_up, told):
    with roles.bound(backed_up.stage.cluster, roles.read("backup-status")):
        said = told("person")

    assert (said["health"], said["unreadable"]) == ("fine", {})


def test_without_any_of_its_rights_something_is_not_known(app, told):
    app.make_claim(files={"a": "1"})
    app.make_secret(RESTIC_PASSWORD="")
    app.make_source(DAILY)
    failed(app)
    for resource, verb in roles.rights("backup-status"):
        less = roles.without(roles.read("backup-status"), resource, verb)
        with roles.bound(app.stage.cluster, less):
            if resource == "replicationsources":
                with pytest.raises(Forbidden, match="refuses to list replicationsources"):
                    told("person")
                continue
            said = told("person")
        blind = {each.partition(".")[0] for each in said["unreadable"]}

        assert blind == ({resource} if resource != "pods/log" else set())
        assert said["health"] != "fine", resource
        assert resource == "events" or said["unknown"], resource


# ------------------------------------------------------------------------------------------------------------- what it is told


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({"context": ""}, SettingsError, id="no context"),
        pytest.param({"app": ""}, SettingsError, id="neither an app nor all"),
        pytest.param({"all_apps": True}, SettingsError, id="an app and all"),
        pytest.param({"app": "a/b/c"}, SettingsError, id="a name that is none"),
        pytest.param({"format_name": "xml"}, SettingsError, id="a format that there is not"),
        pytest.param({"app": "no-such-app"}, NotFound, id="an app that there is not"),
    ],
)
def test_what_cannot_be_meant_is_refused(api, arguments, error):  # noqa: ARG001 - it has to run
    usual = {"context": "administrator", "app": "a", "all_apps": False, "format_name": "text"}

    with pytest.raises(error):
        status.run(**usual | arguments)


def test_the_program_prints_lines_and_ends_with_1_where_a_person_is_needed(app):
    app.make_claim()
    app.make_secret()
    app.make_source(DAILY)
    app.source()
    command = [sys.executable, "-m", "invoke", "backup.status", "--context", "administrator"]
    ended = subprocess.run(
        [*command, "--app", f"{app.namespace}/app"],
        cwd=REPOSITORY_ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert f"{app.namespace}/app  needs a person: no backup; next in" in ended.stdout
    assert "    its volume is empty: the last backup saved nothing" in ended.stdout
    assert "1 apps on administrator" in ended.stdout
    assert ended.stderr.splitlines()[-1].startswith("error: cluster administrator: 1 of 1 apps need a person; ")
