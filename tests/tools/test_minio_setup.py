"""The set-up on a real MinIO: from any state to the wanted one, and never over somebody else's work without --force."""

import dataclasses
import io
import json

import pytest
from minio.versioningconfig import SUSPENDED, VersioningConfig

from scripts.e2e import minio_server
from scripts.errors import Drift, Refused, SettingsError, Unreachable
from scripts.process import kill
from scripts.provision import converge, minio_clients, policy
from scripts.provision.converge import Manner
from scripts.provision.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY, AccessKey
from scripts.settings import Secret
from tests.tools.provisioning import Killed, access_to, administration, files_of, killed, s3, user_of

FORCE = Manner(force=True)
STEPS = 5
"""How many steps a fresh MinIO needs."""


@pytest.fixture
def complete_record(record, shared):
    converge.set_up_record(record, shared)
    return record


@pytest.fixture
def converged(complete_record, access, shared):
    converge.set_up_minio(complete_record, access, shared)
    return complete_record


def wanted(access, shared):
    """What a converged server says of everything that was set up."""
    return {
        "versioning": s3(access).get_bucket_versioning(bucket_name=shared.bucket).status,
        "policy is ours": policy.is_same(
            json.loads(administration(access).policy_info(shared.policy)), policy.document(shared.bucket)
        ),
        "user": user_of(access, shared),
    }


def right(shared):
    return {
        "versioning": "Enabled",
        "policy is ours": True,
        "user": {"policyName": shared.policy, "status": "enabled"},
    }


def test_a_fresh_minio_gets_bucket_versioning_policy_and_user(complete_record, access, shared):
    done = converge.set_up_minio(complete_record, access, shared)

    assert len(done.plans[0].steps) == STEPS
    assert wanted(access, shared) == right(shared)


def test_what_the_key_can_and_cannot_do_is_proven_at_the_end(complete_record, access, shared):
    done = converge.set_up_minio(complete_record, access, shared)

    assert done.proven[0] == f"reads and writes bucket {shared.bucket}"
    assert len([sentence for sentence in done.proven if sentence.startswith("is refused ")]) == 8


@pytest.mark.usefixtures("converged")
def test_no_probe_stays_where_the_administrator_is_at_hand(access, shared):
    versions = list(s3(access).list_objects(bucket_name=shared.bucket, include_version=True, recursive=True))

    assert versions == []


def test_a_second_run_changes_nothing(record, own_minio, shared, tmp_path):
    access = access_to(own_minio, shared)
    converge.set_up_all(record, access, shared)
    folders = [
        tmp_path / "data" / name for name in (".minio.sys/config", f".minio.sys/buckets/{shared.bucket}", shared.bucket)
    ]
    before = [files_of(folder) for folder in folders]

    done = converge.set_up_all(record, access, shared)

    assert [plan.steps for plan in done.plans] == [(), ()]
    assert [files_of(folder) for folder in folders] == before
    assert any("iam" in name for name in before[0])


def test_a_dry_run_shows_every_step_and_takes_none(complete_record, own_minio, shared, tmp_path):
    access = access_to(own_minio, shared)
    before = files_of(tmp_path / "data" / ".minio.sys" / "config")

    planned = converge.set_up_minio(complete_record, access, shared, Manner(dry_run=True))

    assert len(planned.plans[0].steps) == STEPS
    assert planned.proven == ()
    assert s3(access).list_buckets() == []
    assert files_of(tmp_path / "data" / ".minio.sys" / "config") == before
    assert converge.set_up_minio(complete_record, access, shared).plans == planned.plans


@pytest.mark.parametrize("before", [pytest.param(True, id="before it"), pytest.param(False, id="after it")])
@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_a_run_that_is_killed_at_a_step_is_finished_by_the_next(complete_record, access, shared, number, before):
    with pytest.raises(Killed):
        converge.set_up_minio(complete_record, access, shared, Manner(taking=killed(number, before=before)))

    done = converge.set_up_minio(complete_record, access, shared)

    assert len(done.plans[0].steps) == STEPS - number + (1 if before else 0)
    assert wanted(access, shared) == right(shared)


def suspend_versioning(access, shared, _record):
    s3(access).set_bucket_versioning(bucket_name=shared.bucket, config=VersioningConfig(SUSPENDED))


def rewrite_policy(access, shared, _record):
    document = policy.document(shared.bucket)
    document["Statement"].pop()
    administration(access).policy_add(shared.policy, policy=document)


def disable_user(access, shared, _record):
    administration(access).user_disable(shared.user)


def change_secret(access, shared, _record):
    administration(access).user_add(shared.user, "somebody-elses-secret")


def attach_another_policy(access, shared, _record):
    administration(access).attach_policy(["readwrite"], user=shared.user)


def join_a_group(access, shared, _record):
    administration(access).group_add(f"{shared.user}-group", [shared.user])
    administration(access).policy_set("readwrite", group=f"{shared.user}-group")


def record_a_strangers_key(_access, _shared, record):
    # pragma: allowlist nextline secret - made up for the tests
    stranger = {ACCESS_KEY_ID: "somebody-else", SECRET_ACCESS_KEY: "somebody-elses-secret"}
    record.write(record.observe(), [(label, Secret(value)) for label, value in stranger.items()])


def record_the_administrators_key(access, _shared, record):
    key = access.administrator
    record.write(record.observe(), [(ACCESS_KEY_ID, Secret(key.id)), (SECRET_ACCESS_KEY, key.secret)])


FOREIGN = [
    pytest.param(suspend_versioning, "suspended", id="versioning is suspended"),
    pytest.param(rewrite_policy, "another document", id="the policy says something else"),
    pytest.param(disable_user, "disabled", id="the user is disabled"),
    pytest.param(change_secret, "another secret", id="the user has another secret"),
    pytest.param(attach_another_policy, "also readwrite", id="another policy is attached"),
    pytest.param(join_a_group, "-group", id="the user is in a group that may do more"),
    pytest.param(record_a_strangers_key, "neither the user", id="the record has a key that nobody has"),
    pytest.param(record_the_administrators_key, "neither the user", id="the record has the administrator's key"),
]


@pytest.mark.parametrize(("change", "message"), FOREIGN)
def test_what_somebody_else_made_is_shown_and_left_alone(converged, access, shared, change, message):
    change(access, shared, converged)
    before, recorded = wanted(access, shared), converged.read().key

    with pytest.raises(Drift, match=message) as refused:
        converge.set_up_minio(converged, access, shared)

    assert "--force" in refused.value.next_step
    assert wanted(access, shared) == before
    assert converged.read().key == recorded


@pytest.mark.parametrize(("change", "message"), FOREIGN)
def test_what_somebody_else_made_is_overwritten_with_force_and_proven(converged, access, shared, change, message):
    change(access, shared, converged)
    password = converged.read().restic_password

    done = converge.set_up_minio(converged, access, shared, FORCE)

    assert message in str(done.plans[0].replaced[0])
    assert done.proven
    assert wanted(access, shared) == right(shared)
    assert converged.read().restic_password == password
    assert converge.set_up_minio(converged, access, shared).plans[0].steps == ()


@pytest.mark.parametrize("number", [1, 2])
def test_a_forced_run_that_is_killed_is_finished_by_the_same_command(converged, access, shared, number):
    record_a_strangers_key(access, shared, converged)
    with pytest.raises(Killed):
        converge.set_up_minio(converged, access, shared, Manner(force=True, taking=killed(number, before=False)))

    converge.set_up_minio(converged, access, shared, FORCE)

    assert wanted(access, shared) == right(shared)


def rotated(access, record):
    """A service account that the user made under itself, in the record: a rotation that leaves the user alone."""
    admin = minio_clients.administration(access.server, record.read().key)
    made = json.loads(admin.add_service_account(name="rotated"))["credentials"]
    values = {ACCESS_KEY_ID: made["accessKey"], SECRET_ACCESS_KEY: made["secretKey"]}
    record.write(record.observe(), [(label, Secret(value)) for label, value in values.items()])
    return made


def test_a_rotated_key_is_accepted_where_it_is_a_service_account_of_the_user(converged, access, shared):
    made = rotated(access, converged)

    done = converge.set_up_minio(converged, access, shared)

    assert done.plans[0].steps == ()
    assert done.proven
    assert converged.read().key.id == made["accessKey"]


def test_a_rotated_key_with_another_secret_is_drift_and_is_set_with_force(converged, access, shared):
    rotated(access, converged)
    converged.write(converged.observe(), [(SECRET_ACCESS_KEY, Secret("a-secret-typed-by-hand"))])

    with pytest.raises(Drift, match="service account"):
        converge.set_up_minio(converged, access, shared)

    assert converge.set_up_minio(converged, access, shared, FORCE).proven
    assert converge.set_up_minio(converged, access, shared).plans[0].steps == ()


def test_objects_and_versions_of_the_bucket_survive_a_forced_run(converged, access, shared):
    s3(access).put_object(bucket_name=shared.bucket, object_name="app/config", data=io.BytesIO(b"x"), length=1)
    suspend_versioning(access, shared, converged)

    converge.set_up_minio(converged, access, shared, FORCE)

    assert s3(access).get_object(bucket_name=shared.bucket, object_name="app/config").read() == b"x"


def test_minio_is_not_touched_as_long_as_the_record_is_not_complete(record, access, shared):
    with pytest.raises(SettingsError, match="does not exist") as refused:
        converge.set_up_minio(record, access, shared)

    assert refused.value.next_step == "run `invoke onepassword.setup`"
    assert not s3(access).bucket_exists(bucket_name=shared.bucket)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda key: AccessKey(id=key.id, secret=Secret("wrong-secret")),
            "secret of the administrator",
            id="a wrong secret",
        ),
        pytest.param(
            lambda key: AccessKey(id="nobody", secret=key.secret),
            "does not know the access key",
            id="an unknown access key",
        ),
    ],
)
def test_a_wrong_administrator_is_named_and_not_repeated(complete_record, access, shared, change, message):
    key = change(access.administrator)

    with pytest.raises(Refused, match=message) as refused:
        converge.set_up_minio(complete_record, dataclasses.replace(access, administrator=key), shared)

    assert "MINIO_ADMIN_ACCESS_KEY" in refused.value.next_step
    assert key.secret.reveal() not in str(refused.value)


@pytest.mark.usefixtures("converged")
def test_an_administrator_who_may_administer_nothing_is_refused(access, shared, record):
    nobody = AccessKey(id=f"{shared.user[:17]}-no", secret=Secret("a-secret-of-somebody"))
    administration(access).user_add(nobody.id, nobody.secret.reveal())

    with pytest.raises(Refused, match="AccessDenied"):
        converge.set_up_minio(record, dataclasses.replace(access, administrator=nobody), shared)


def test_a_minio_that_was_killed_is_unreachable(complete_record, own_minio, shared):
    access = access_to(own_minio, shared)
    kill(own_minio.server)

    with pytest.raises(Unreachable, match="cannot be reached") as refused:
        converge.set_up_minio(complete_record, access, shared)

    assert "see whether it runs" in refused.value.next_step


def test_a_minio_that_is_killed_half_way_is_set_up_once_it_is_back(record, shared, tmp_path):
    (tmp_path / "data").mkdir()
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as server:
        taking = killed(3, before=False)

        with pytest.raises(Killed):
            converge.set_up_all(record, access_to(server, shared), shared, Manner(taking=taking))
        kill(server.server)
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as server:
        access = access_to(server, shared)

        converge.set_up_all(record, access, shared)

        assert wanted(access, shared) == right(shared)
