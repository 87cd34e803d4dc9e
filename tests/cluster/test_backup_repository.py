"""backup.snapshots and backup.unlock on a cluster: what a repository holds, and when a lock is removed."""

import json
import os
import re
from datetime import UTC, datetime, timedelta

import pytest

from scripts import toolchain
from scripts.cluster.kinds import CONFIG_MAP, REPLICATION_SOURCE, SECRET
from scripts.e2e import minio_server, mover
from scripts.e2e.mover import Mover
from scripts.errors import CommandFailed, Drift, Forbidden, NotFound, SettingsError
from scripts.operate import snapshots, unlock
from scripts.process import run
from tests.cluster import roles
from tests.cluster.test_backup_now import meanwhile
from tests.cluster.test_operator_double_failures import failed
from tests.processes import eventually
from tests.tools import certificates

DAILY = {"schedule": "0 2 * * *"}


@pytest.fixture
def ready(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source(DAILY)
    app.source()
    return app


def listed(app, capsys, context="administrator", format_name="json"):
    snapshots.run(context=context, app=f"{app.namespace}/app", format_name=format_name)
    out = capsys.readouterr().out
    return json.loads(out)["snapshots"] if format_name == "json" else out.splitlines()


# ------------------------------------------------------------------------------------------------------------- snapshots


def test_snapshots_are_listed_as_a_restore_counts_them(ready, capsys):
    (ready.stage.volumes.directory("data", ready.namespace) / "b").write_text("22")
    ready.back_up("second")
    saved = ready.source()["status"]["latestMoverStatus"]["logs"]
    found = listed(ready, capsys)

    assert [each["index"] for each in found] == [0, 1]
    assert f"snapshot {found[0]['id'][:8]} saved" in saved
    assert found[0]["time"] >= found[1]["time"]
    assert [each["size_bytes"] for each in found] == [3, 1]

    lines = listed(ready, capsys, format_name="text")

    assert lines[1].split() == ["0", found[0]["id"][:8], found[0]["time"], "3", "B"]
    assert lines[-1] == f"{ready.namespace}/app: 2 snapshots that a restore can choose"


def test_a_repository_that_is_not_there_is_no_list(app, capsys):
    app.make_claim()
    app.make_secret()
    app.make_source(DAILY)
    app.source()

    with pytest.raises(NotFound, match=r"repository s3:.*: is not there"):
        listed(app, capsys)


def test_a_wrong_password_is_told_and_not_shown(ready, capsys):
    wrong = "not-the-one-of-before"
    ready.stage.cluster.patch(SECRET, "restic", ready.namespace, {"stringData": {"RESTIC_PASSWORD": wrong}})

    with pytest.raises(CommandFailed, match="RESTIC_PASSWORD is not the one") as refused:
        listed(ready, capsys)

    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"RESTIC_PASSWORD": ""}, "has no RESTIC_PASSWORD", id="no password"),
        pytest.param({"RESTIC_REPOSITORY": "sftp:host:/path"}, "not in S3", id="a repository that starts a program"),
    ],
)
def test_a_secret_that_leads_to_no_repository_is_refused(app, capsys, values, said):
    app.make_secret(**values)
    app.make_source(DAILY)

    with pytest.raises(SettingsError, match=said):
        listed(app, capsys)


def test_no_key_of_the_secret_but_the_known_ones_reaches_restic(ready, capsys, tmp_path):
    run_by_restic = tmp_path / "ran"
    command = {"RESTIC_PASSWORD_COMMAND": f"touch {run_by_restic}"}
    ready.stage.cluster.patch(SECRET, "restic", ready.namespace, {"stringData": command})

    assert len(listed(ready, capsys)) == 1
    assert not run_by_restic.exists()


@pytest.fixture
def https(app, tmp_path):
    """An app whose repository is on a MinIO of its own, with a certificate of its own authority; gives app and authority."""
    (tmp_path / "objects").mkdir()
    tls = certificates.signed(tmp_path)
    with minio_server.run(data=tmp_path / "objects", log=tmp_path / "log", tls=tls) as server:
        address = f"s3:{server.endpoint}/of-its-own/app"
        administrator = {
            "AWS_ACCESS_KEY_ID": server.administrator.id,
            "AWS_SECRET_ACCESS_KEY": server.administrator.secret.reveal(),
        }
        app.make_secret(RESTIC_REPOSITORY=address, **administrator)
        secret = app.stage.cluster.secret("restic", app.namespace)
        environment = mover.environment(Mover(restic=tmp_path, secret=secret, data=tmp_path, cache=tmp_path / "cache"))
        run((toolchain.get("restic").path, "init", "--cacert", tls.ca_file), timeout_s=60, environment=environment)
        yield app, tls.ca_file.read_text()


def test_a_repository_behind_an_authority_of_ones_own_is_read_where_custom_ca_names_it(https, capsys):
    app, authority = https
    metadata = {"name": "authority", "namespace": app.namespace}
    app.stage.cluster.create(CONFIG_MAP, {"metadata": metadata, "data": {"ca.crt": authority}})
    app.stage.cluster.create(SECRET, {"metadata": metadata, "stringData": {"ca.crt": authority}})
    app.make_source(DAILY)
    role = roles.read("backup-snapshots")

    for custom, error, said in (
        (None, CommandFailed, "MinIO's certificate is not trusted .*customCA"),
        ({"configMapName": "authority"}, CommandFailed, "MinIO's certificate is not trusted"),
        ({"configMapName": "authority", "key": "other"}, SettingsError, "has no other, which customCA names"),
        ({"secretName": "none", "key": "ca.crt"}, NotFound, "none"),
    ):
        app.change_source(restic={"customCA": custom})
        with pytest.raises(error, match=said):
            listed(app, capsys)
    for name in ("configMapName", "secretName"):
        app.change_source(restic={"customCA": None})
        app.change_source(restic={"customCA": {name: "authority", "key": "ca.crt"}})
        with roles.bound(app.stage.cluster, role):
            assert listed(app, capsys, "person") == []
    app.change_source(restic={"customCA": {"secretName": None, "configMapName": "authority"}})
    with (
        roles.bound(app.stage.cluster, roles.without(role, "configmaps", "get")),
        pytest.raises(Forbidden, match="get configmaps"),
    ):
        listed(app, capsys, "person")


# ------------------------------------------------------------------------------------------------------------- unlock


def in_an_hour():
    return datetime.now(UTC) + timedelta(hours=1)


def unlocked(app, context="administrator", **rest):
    usual = {"backup": True, "timeout_s": 120, "clock": in_an_hour}
    unlock.run(context=context, app=f"{app.namespace}/app", **usual | rest)


def locks(app):
    return [name for name in app.stage.backend.objects(app.namespace) if "/locks/" in name]


@pytest.fixture
def killed(ready):
    """An app whose mover was killed in the middle of an upload, and that cannot forget any more."""
    folder = ready.stage.volumes.directory("data", ready.namespace)
    (folder / "big").write_bytes(os.urandom(32 << 20))
    ready.stage.backend.gate.hold_after(4 << 20)
    ready.change_source(trigger={"manual": "again"})
    eventually(lambda: ready.stage.backend.gate.is_holding)
    ready.stage.node.kill(ready.stage.node.running(ready.namespace)[0][1], ready.namespace)
    failed(ready)
    ready.stage.backend.gate.open()
    failed(ready, 2)
    return ready


@pytest.fixture
def quiet(killed):
    """The same app between two attempts; the next one comes when VolSync is told to unlock, or at the end."""
    jobs = killed.stage.jobs.controller
    jobs.stop()
    eventually(lambda: all(each["status"].get("phase") == "Failed" for each in killed.pods()))
    yield killed
    jobs.stop()
    jobs.start()


def attempts_when_told_to_unlock(app):
    def wait():
        eventually(lambda: "unlock" in app.source(lambda _: True)["spec"]["restic"])
        app.stage.jobs.controller.start()

    return meanwhile(wait)


def test_a_lock_that_may_be_a_living_ones_is_left_and_without_a_backup_nothing_is_proven(quiet, capsys):
    with pytest.raises(Drift, match=r"was refreshed at .*, so that its holder may be alive; run this again after"):
        unlocked(quiet, clock=lambda: datetime.now(UTC))

    assert len(locks(quiet)) == 1
    assert "unlock" not in quiet.source(lambda _: True)["spec"]["restic"]

    unlocked(quiet, backup=False)

    assert "not proven: the locks are removed by the next backup" in capsys.readouterr().out

    with pytest.raises(Drift):
        unlocked(quiet, format_name="json", clock=lambda: datetime.now(UTC))
    refused = json.loads(capsys.readouterr().out)
    unlocked(quiet, format_name="json", backup=False)
    asked = json.loads(capsys.readouterr().out)

    assert [(each["kind"], each["age_s"] < 1800) for each in refused["locks"]] == [("shared", True)]
    assert (refused["result"], asked["result"], asked["backup"]) == (None, "not proven", None)
    assert quiet.source(lambda _: True)["spec"]["restic"]["unlock"]


def test_a_lock_is_left_while_a_mover_runs(ready):
    ready.stage.backend.gate.open()
    (ready.stage.volumes.directory("data", ready.namespace) / "big").write_bytes(os.urandom(32 << 20))
    ready.stage.backend.gate.hold_after(4 << 20)
    ready.change_source(trigger={"manual": "again"})
    eventually(lambda: ready.stage.backend.gate.is_holding)
    patched = {"stringData": {"RESTIC_REPOSITORY": past_the_gate(ready)}}
    ready.stage.cluster.patch(SECRET, "restic", ready.namespace, patched)
    with pytest.raises(Drift, match=r"pod volsync-src-app-\w+ works in its repository"):
        unlocked(ready)
    ready.stage.backend.gate.open()

    assert "unlock" not in ready.source(lambda _: True)["spec"]["restic"]


def past_the_gate(app):
    return f"s3:{app.stage.backend.access.server.endpoint}/{app.stage.backend.settings.bucket}/{app.namespace}"


def test_a_repository_without_a_lock_is_left_alone(ready, capsys):
    unlocked(ready)

    assert capsys.readouterr().out == f"{ready.namespace}/app: no lock\n"
    assert "unlock" not in ready.source(lambda _: True)["spec"]["restic"]


# ------------------------------------------------------------------------------------------------------------- the roles


def test_a_lock_of_a_dead_mover_is_shown_removed_and_proven_gone_by_whom_the_roles_allow_it_and_nobody_else(
    quiet, capsys
):
    administrator = quiet.stage.cluster
    snapshots_role, unlock_role = roles.read("backup-snapshots"), roles.read("backup-unlock")
    with roles.bound(administrator, snapshots_role):
        assert len(listed(quiet, capsys, "person")) >= 2
    for name, role in (("backup-snapshots", snapshots_role), ("backup-unlock", unlock_role)):
        for resource, verb in roles.rights(name):
            if resource in {"configmaps", "pods/log"}:
                # of a customCA; of a mover that fails: as for backup.now
                continue
            others = (unlock_role,) if role is snapshots_role else (snapshots_role,)
            less = roles.without(role, resource, verb)
            with roles.bound(administrator, less, *others), pytest.raises(Forbidden, match=f"{verb} {resource}"):
                unlocked(quiet, "person")
    quiet.stage.cluster.patch(REPLICATION_SOURCE, "app", quiet.namespace, {"spec": {"restic": {"unlock": None}}})
    capsys.readouterr()
    with roles.bound(administrator, snapshots_role, unlock_role), attempts_when_told_to_unlock(quiet):
        unlocked(quiet, "person")
    out = capsys.readouterr().out

    assert re.search(r"^lock [0-9a-f]{8}: shared, (59 min|1 h \d min) old, of process \d+ on ", out, re.MULTILINE)
    assert f"{quiet.namespace}/app: unlocked, 1 locks are gone" in out
    assert locks(quiet) == []
