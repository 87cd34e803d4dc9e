"""backup.rotate-keys on a cluster: another key, never a moment without one, and a run that was killed is finished by the next."""

import pytest

from scripts.cluster.kinds import REPLICATION_SOURCE, SECRET
from scripts.errors import Drift, Forbidden, ProofFailed, Refused, Unreachable
from scripts.operate import rotate_keys
from scripts.provision import minio, minio_clients, rotation, service_accounts
from scripts.provision.credentials import RESTIC_PASSWORD
from scripts.provision.onepassword import ItemRecord
from scripts.provision.rotation import Phase
from scripts.provision.service_accounts import LABELS
from scripts.settings import Secret
from tests.cluster import roles
from tests.cluster.rotations import app_of_the_item, at, in_use, kill, rotating, signs_in, titles
from tests.processes import eventually
from tests.tools.provisioning import Killed, vault_of


@pytest.fixture
def keyed(app):
    return app_of_the_item(app)


def rotated(app, context="administrator", **changes):
    with rotating(app, LABELS, context, **changes) as on:
        rotate_keys.rotate(on)


def phase(app):
    record = app.stage.backend.record
    return rotation.phase(record.observe(), LABELS, name=record.name)


def accounts(app):
    access = app.stage.backend.access
    admin = minio_clients.administration(access.server, access.administrator)
    return minio.account_ids(admin, app.stage.backend.settings.user)


def test_whoever_has_the_documented_role_rotates_the_key_and_without_any_of_its_rights_nobody_does(keyed, capsys):
    before = keyed.stage.backend.credentials()
    for resource, verb in (*roles.rights("backup-rotate-keys"), ("all of them", "")):
        if resource == "pods/log" or (resource, verb) == ("externalsecrets", "get"):
            # of a mover that fails, and of a Secret that is not refreshed
            continue
        less = roles.without(roles.read("backup-rotate-keys"), resource, verb)
        with roles.bound(keyed.stage.cluster, less):
            if verb:
                with pytest.raises(Forbidden, match=f"{verb} {resource}"):
                    rotated(keyed, "person")
                assert signs_in(keyed, in_use(keyed))
            else:
                keyed.stage.node.instant_movers = False
                rotated(keyed, "person")
    after = keyed.stage.backend.credentials()
    said = "".join(capsys.readouterr())

    assert after.key.id != before.key.id
    assert in_use(keyed) == after.key
    assert signs_in(keyed, after.key)
    assert not signs_in(keyed, before.key)
    assert f"proven: MinIO refuses the old key, {before.key.id}; 1 Secrets have the new one, {after.key.id}" in said
    assert f"{keyed.namespace}/app: backed up in " in said
    assert before.key.secret.reveal() not in said
    assert after.key.secret.reveal() not in said
    assert after.restic_password == before.restic_password
    assert phase(keyed) is Phase.FRESH


def test_a_run_that_is_killed_before_any_step_is_finished_by_the_next_and_there_always_is_a_key(keyed):
    old = keyed.stage.backend.credentials()
    steps, taking = titles()
    rotated(keyed, taking=taking)
    first = keyed.stage.backend.credentials()

    assert len(steps) == len(set(steps)) == 11
    assert not signs_in(keyed, old.key)

    for title in steps:
        with pytest.raises(Killed):
            rotated(keyed, taking=at(title, kill))
        recorded = keyed.stage.backend.credentials()

        assert signs_in(keyed, in_use(keyed)), title
        assert signs_in(keyed, recorded.key), title
        assert recorded.restic_password == old.restic_password
        assert len(accounts(keyed)) <= 2
    rotated(keyed)
    second = keyed.stage.backend.credentials()

    assert accounts(keyed) == {second.key.id}
    assert in_use(keyed) == second.key != first.key
    assert not signs_in(keyed, first.key)
    assert phase(keyed) is Phase.FRESH


class Refusing(ItemRecord):
    """An item that is not written."""

    def write(self, *_, **__):
        raise Refused(self.name, "does not let this token do that (PUT)", "give the token write access")


def test_what_is_in_the_way_before_the_first_step_changes_nothing(keyed):
    backend, before = keyed.stage.backend, keyed.stage.backend.credentials()
    held = accounts(keyed)
    no_token = vault_of(backend.connect, backend.settings, token=Secret("of nobody"))
    for record in (
        ItemRecord(vault=no_token, title=backend.settings.item),
        Refusing(vault=backend.vault, title=backend.settings.item),
    ):
        with pytest.raises(Refused):
            rotated(keyed, record=record)
    keyed.make_secret("by-hand")
    other = {"metadata": {"name": "other", "namespace": keyed.namespace}}
    made = keyed.source()
    keyed.stage.cluster.create(
        REPLICATION_SOURCE,
        {**other, "spec": {**made["spec"], "restic": {**made["spec"]["restic"], "repository": "by-hand"}}},
    )
    with pytest.raises(Drift, match=r"Secret .*/by-hand: has the values of the record, and no ExternalSecret"):
        rotated(keyed)
    keyed.stage.cluster.delete(REPLICATION_SOURCE, "other", keyed.namespace)
    keyed.stage.cluster.delete(SECRET, "by-hand", keyed.namespace)
    stranger = service_accounts.key(service_accounts.fresh("stranger"))
    service_accounts.make(backend.access, backend.settings.user, before.key, stranger)
    with pytest.raises(Drift, match=f"has the service accounts {stranger.id}, which the record does not name"):
        rotated(keyed)
    service_accounts.remove(backend.access, backend.settings.user, stranger)

    assert backend.credentials() == before
    assert accounts(keyed) == held
    assert phase(keyed) is Phase.FRESH


def test_minio_or_external_secrets_that_stop_in_between_leave_the_old_key_and_the_next_run_finishes(keyed):
    stage, before = keyed.stage, keyed.stage.backend.credentials()
    with pytest.raises(Unreachable, match="cannot be reached"):
        rotated(keyed, taking=at("make the next key in MinIO", stage.backend.gate.shut))
    stage.backend.gate.open()

    assert phase(keyed) is Phase.BEGUN
    assert in_use(keyed) == stage.backend.credentials().key == before.key

    stage.external_secrets.controller.stop()
    with pytest.raises(Unreachable, match=r"ExternalSecret .*/restic: did not bring the new values within 1 s"):
        rotated(keyed, timeout_s=1.0)

    assert phase(keyed) is Phase.REPLACED
    assert in_use(keyed) == before.key
    assert signs_in(keyed, before.key)

    stage.external_secrets.controller.start()
    with pytest.raises(Unreachable, match="cannot be reached"):
        rotated(keyed, taking=at("take the old key out of force", stage.backend.gate.shut))
    stage.backend.gate.open()

    assert in_use(keyed) == stage.backend.credentials().key != before.key
    assert signs_in(keyed, before.key)

    rotated(keyed)

    assert not signs_in(keyed, before.key)
    assert stage.backend.record.read().fields()[RESTIC_PASSWORD] == before.restic_password


def test_an_old_key_that_is_still_accepted_is_no_success(keyed):
    backend = keyed.stage.backend
    before = backend.credentials().key

    def undo():
        service_accounts.make(backend.access, backend.settings.user, backend.credentials().key, before)

    with pytest.raises(ProofFailed, match="still accepts the old key"):
        rotated(keyed, taking=at("prove that MinIO refuses", undo))

    assert phase(keyed) is Phase.REPLACED

    rotated(keyed)

    assert not signs_in(keyed, before)


def test_a_mover_that_began_with_the_old_key_is_waited_for(keyed):
    stage, before = keyed.stage, keyed.stage.backend.credentials().key
    past_the_gate = stage.backend.access
    stage.node.instant_movers = False
    stage.backend.gate.hold_after(0)
    keyed.change_source(trigger={"manual": "theirs"})
    eventually(lambda: stage.node.running(keyed.namespace))
    with pytest.raises(Unreachable, match=r"Pod .*/volsync-src-app-\w+: has not ended within 10 s, and may have"):
        rotated(keyed, access=past_the_gate, timeout_s=10.0)

    assert in_use(keyed) == stage.backend.credentials().key != before
    assert signs_in(keyed, before)

    stage.backend.gate.open()
    keyed.change_source(trigger={"manual": None})
    rotated(keyed, access=past_the_gate)

    assert not signs_in(keyed, before)
    assert len([name for name in stage.backend.objects(keyed.namespace) if "/snapshots/" in name]) == 2
