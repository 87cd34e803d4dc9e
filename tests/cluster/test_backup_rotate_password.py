"""backup.rotate-password on a cluster: another password for every repository, and never one that nothing opens."""

import pytest

from scripts import toolchain
from scripts.e2e import mover
from scripts.e2e.mover import Mover
from scripts.errors import Drift, Refused, Unreachable
from scripts.operate import rotate_password
from scripts.operate.rotate_password import LABELS, NOT_COVERED
from scripts.provision import rotation
from scripts.provision.credentials import RESTIC_PASSWORD
from scripts.provision.rotation import Phase
from scripts.settings import Secret
from tests.cluster import roles
from tests.cluster.rotations import app_of_the_item, at, kill, rotating, titles
from tests.cluster.test_backup_rotate_keys import Refusing
from tests.tools.provisioning import Killed


@pytest.fixture
def saved(app):
    """An app of the item whose repository, the only one of the bucket, has a snapshot."""
    backend = app.stage.backend
    for each in backend.s3().list_objects(bucket_name=backend.settings.bucket, recursive=True):
        backend.s3().remove_object(bucket_name=backend.settings.bucket, object_name=each.object_name)
    found = app_of_the_item(app)
    app.stage.node.instant_movers = False
    app.back_up("real")
    app.stage.node.instant_movers = True
    app.change_source(trigger={"manual": None, "schedule": "0 2 * * *"})
    return found


def rotated(app, context="administrator", **changes):
    with rotating(app, LABELS, context, **changes) as on:
        rotate_password.rotate(on)


def phase(app):
    record = app.stage.backend.record
    return rotation.phase(record.observe(), LABELS, name=record.name)


def make_repository(app, path, folder, password=None):
    """A repository of no app of the cluster."""
    folder.mkdir()
    secret = {name: Secret(value) for name, value in app.credentials().items()}
    secret |= {"RESTIC_REPOSITORY": Secret(app.stage.backend.repository(path))}
    secret |= {} if password is None else {"RESTIC_PASSWORD": password}
    mover.restic(
        Mover(restic=toolchain.get("restic").path, secret=secret, data=folder, cache=folder), "init", accept=(0,)
    )


def opened_by(app, password):
    """The repositories that a password opens."""
    with rotating(app, LABELS) as on, rotate_password.repositories(on) as found:
        return [each.where.rpartition("/")[2] for each in found if each.id(password)]


def in_use(app):
    return app.stage.cluster.secret("restic", app.namespace)[RESTIC_PASSWORD]


def test_whoever_has_the_documented_role_rotates_the_password_of_every_repository_of_the_bucket(
    saved, capsys, tmp_path
):
    before = saved.stage.backend.credentials()
    make_repository(saved, "gone", tmp_path / "gone")

    def meanwhile():
        make_repository(saved, "newly/made", tmp_path / "made", before.restic_password)

    saved.stage.node.instant_movers = False
    with roles.bound(saved.stage.cluster, roles.read("backup-rotate-keys")):
        rotated(saved, "person", taking=at("wait for the movers", meanwhile))
    after = saved.stage.backend.credentials()
    said = "".join(capsys.readouterr())

    assert opened_by(saved, after.restic_password) == ["gone", "made", saved.namespace]
    assert opened_by(saved, before.restic_password) == []
    assert in_use(saved) == after.restic_password
    assert after.key == before.key
    assert phase(saved) is Phase.FRESH
    assert "proven: the new password opens 3 repositories, and the old one none" in said
    assert NOT_COVERED in said
    assert before.restic_password.reveal() not in said
    assert after.restic_password.reveal() not in said
    assert len([name for name in saved.stage.backend.objects(saved.namespace) if "/snapshots/" in name]) == 2


def test_a_run_that_is_killed_before_any_step_is_finished_by_the_next_and_no_repository_is_lost(saved):
    steps, taking = titles()
    rotated(saved, taking=taking)
    before = saved.stage.backend.credentials()

    for title in steps:
        with pytest.raises(Killed):
            rotated(saved, taking=at(title, kill))

        assert opened_by(saved, in_use(saved)) == [saved.namespace], title
        assert opened_by(saved, saved.stage.backend.credentials().restic_password) == [saved.namespace], title
    rotated(saved)
    after = saved.stage.backend.credentials()

    assert len(steps) == len(set(steps)) == 10
    assert opened_by(saved, after.restic_password) == [saved.namespace]
    assert opened_by(saved, before.restic_password) == []
    assert len([name for name in saved.stage.backend.objects(saved.namespace) if "/keys/" in name]) == 1


def test_a_repository_that_the_record_does_not_open_or_a_refused_record_changes_nothing(saved, tmp_path):
    backend, before = saved.stage.backend, saved.stage.backend.credentials()
    with pytest.raises(Refused):
        rotated(saved, record=Refusing(vault=backend.vault, title=backend.settings.item))
    make_repository(saved, "theirs", tmp_path / "theirs", Secret("another one"))
    with pytest.raises(Drift, match=r"volsync/theirs: is opened by no password of the record"):
        rotated(saved)

    assert backend.credentials() == before
    assert phase(saved) is Phase.FRESH
    assert len([name for name in backend.objects(saved.namespace) if "/keys/" in name]) == 1


def test_a_minio_that_stops_in_between_leaves_both_passwords_and_the_next_run_finishes(saved):
    gate, before = saved.stage.backend.gate, saved.stage.backend.credentials()
    with pytest.raises(Unreachable, match="cannot be reached"):
        rotated(saved, taking=at("remove the old password", gate.shut))
    gate.open()
    after = saved.stage.backend.credentials()

    assert phase(saved) is Phase.REPLACED
    assert opened_by(saved, before.restic_password) == opened_by(saved, after.restic_password) == [saved.namespace]

    rotated(saved)

    assert opened_by(saved, before.restic_password) == []
