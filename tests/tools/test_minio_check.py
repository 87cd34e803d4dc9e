"""The proof: what the key of the record can do on a real MinIO, and that too much or too little is found."""

import copy
import dataclasses
import socket
import threading

import pytest
from minio.versioningconfig import SUSPENDED, VersioningConfig

from scripts.e2e import minio_server
from scripts.errors import ProofFailed, Refused, SettingsError, Unreachable
from scripts.model import Change
from scripts.provision import converge, policy
from scripts.provision.converge import Manner
from scripts.provision.credentials import SECRET_ACCESS_KEY
from scripts.provision.proof import prove
from scripts.settings import Secret
from tests.tools import certificates
from tests.tools.provisioning import access_to, administration, answering, s3, server_at


@pytest.fixture
def converged(record, access, shared):
    converge.set_up_all(record, access, shared)
    return record


def check(record, access, shared):
    return converge.check_minio(record, access.server, shared)


def test_the_check_needs_no_administrator(converged, access, shared):
    proven = check(converged, access, shared)

    assert proven[0] == f"reads and writes bucket {shared.bucket}"
    assert proven[-1] == "deletes what it wrote, of which MinIO keeps the version"


def test_without_an_administrator_one_hidden_version_stays_under_a_prefix_of_its_own(converged, access, shared):
    check(converged, access, shared)

    names = {
        each.object_name
        for each in s3(access).list_objects(bucket_name=shared.bucket, recursive=True, include_version=True)
    }
    assert len(names) == 1
    assert all(name.startswith(".probe/") for name in names)


def write_policy(access, shared, *, allowed=(), not_denied=()):
    """The policy of the set-up, with more allowed and less denied."""
    document = copy.deepcopy(policy.document(shared.bucket))
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            statement["Action"] = [action for action in statement["Action"] if action not in not_denied]
    document["Statement"] = [statement for statement in document["Statement"] if statement["Action"]]
    everywhere = ["arn:aws:s3:::*"]
    if allowed:
        document["Statement"].append({"Effect": "Allow", "Action": list(allowed), "Resource": everywhere})
    administration(access).policy_add(shared.policy, policy=document)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        pytest.param("s3:DeleteBucket", "the deletion of the bucket", id="it may delete the bucket"),
        pytest.param("s3:ListBucket", "the listing of another bucket", id="it may list every bucket"),
        pytest.param("s3:CreateBucket", "the making of another bucket", id="it may make buckets"),
        pytest.param("s3:PutBucketVersioning", "a change of versioning", id="it may suspend versioning"),
        pytest.param("s3:PutLifecycleConfiguration", "a lifecycle rule", id="it may let versions expire"),
        pytest.param("s3:PutBucketPolicy", "a bucket policy", id="it may open the bucket to others"),
        pytest.param("s3:DeleteObjectVersion", "deletion of an object's version", id="it may delete versions"),
    ],
)
def test_a_key_that_may_do_too_much_is_found_and_does_no_harm(converged, access, shared, action, message):
    client = s3(access)
    buckets = len(client.list_buckets())
    write_policy(access, shared, allowed=[action], not_denied=[action])

    with pytest.raises(ProofFailed, match=message) as failed:
        converge.check_minio(converged, access.server, shared, access.administrator)

    assert "invoke minio.setup" in failed.value.next_step
    assert len(client.list_buckets()) == buckets
    assert client.get_bucket_versioning(bucket_name=shared.bucket).status == "Enabled"
    assert client.get_bucket_lifecycle(bucket_name=shared.bucket) is None


def test_a_bucket_that_the_proof_made_and_could_not_remove_is_named(converged, access, shared):
    write_policy(access, shared, allowed=["s3:CreateBucket"])

    with pytest.raises(ProofFailed) as failed:
        check(converged, access, shared)

    left = next(each.name for each in s3(access).list_buckets() if each.name.startswith(f"{shared.bucket}-probe"))
    assert f"remove the bucket {left}" in failed.value.next_step


def test_a_key_that_may_delete_versions_only_among_many_is_found(converged, access, shared):
    # what MinIO does where DeleteObject is allowed and DeleteObjectVersion is not denied
    write_policy(access, shared, not_denied=["s3:DeleteObjectVersion"])

    with pytest.raises(ProofFailed, match="version"):
        check(converged, access, shared)


@pytest.mark.parametrize(
    ("missing", "where"),
    [
        pytest.param("s3:PutObject", 1, id="it may not write"),
        pytest.param("s3:GetObject", 1, id="it may not read"),
        pytest.param("s3:DeleteObject", 1, id="it may not delete"),
    ],
)
def test_a_key_that_may_do_too_little_is_refused(converged, access, shared, missing, where):
    document = policy.document(shared.bucket)
    document["Statement"][where]["Action"].remove(missing)
    administration(access).policy_add(shared.policy, policy=document)

    with pytest.raises(Refused, match="AccessDenied") as refused:
        check(converged, access, shared)

    assert refused.value.next_step == "run `invoke minio.setup`"


def test_a_bucket_without_versions_is_found(converged, access, shared):
    s3(access).set_bucket_versioning(bucket_name=shared.bucket, config=VersioningConfig(SUSPENDED))

    with pytest.raises(ProofFailed, match="keeps no versions"):
        check(converged, access, shared)


def test_a_missing_bucket_is_named_with_what_makes_it(access, shared):
    with pytest.raises(Refused, match="does not have the bucket") as refused:
        prove(access.server, shared.bucket, access.administrator, administrator=None)

    assert refused.value.next_step == "run `invoke minio.setup`"


def test_a_secret_that_does_not_sign_in_is_refused_and_not_repeated(converged, access, shared):
    converged.write(converged.observe(), [(SECRET_ACCESS_KEY, Secret("a-secret-typed-by-hand"))])

    with pytest.raises(Refused, match="does not accept the secret of the key of the record") as refused:
        check(converged, access, shared)

    assert "a-secret-typed-by-hand" not in str(refused.value)


def test_a_proof_after_a_change_waits_for_a_server_that_learns_of_it_late(converged, access, shared):
    administration(access).user_disable(shared.user)
    waited = dataclasses.replace(access.server, patience=dataclasses.replace(access.server.patience, settle_s=20.0))
    timer = threading.Timer(0.7, lambda: administration(access).user_enable(shared.user))
    timer.start()

    proven = prove(waited, shared.bucket, converged.read().key, administrator=None, settle_s=20.0)

    timer.join()
    assert proven


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(200, (SettingsError, "does not answer as MinIO does"), id="a web page"),
        pytest.param(404, (SettingsError, "does not answer as MinIO does"), id="a page that is not there"),
        pytest.param(503, (Unreachable, "its own faults"), id="a proxy without a server behind it"),
    ],
)
def test_a_server_that_is_no_minio_is_told_apart(converged, access, shared, status, expected):
    error, message = expected
    with answering(status, b"<html>welcome</html>") as (url, asked):
        other = dataclasses.replace(access, server=server_at(url, shared))
        with pytest.raises(error, match=message):
            converge.set_up_minio(converged, other, shared)

    assert 1 <= len(asked) <= access.server.patience.attempts


def test_a_server_that_never_answers_is_given_up_after_so_many_tries(converged, access, shared):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        patience = dataclasses.replace(access.server.patience, read_s=0.1)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        other = dataclasses.replace(access, server=server_at(url, shared, patience=patience))

        with pytest.raises(Unreachable, match="cannot be reached"):
            converge.set_up_minio(converged, other, shared)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates.signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def https(tls, tmp_path_factory):
    folder = tmp_path_factory.mktemp("https")
    (folder / "data").mkdir()
    with minio_server.run(data=folder / "data", log=folder / "log", tls=tls) as server:
        yield server


def test_https_works_with_the_certificate_of_the_authority(record, https, tls, shared):
    done = converge.set_up_all(record, access_to(https, shared, ca_file=tls.ca_file), shared)

    assert done.proven
    assert {step.change for plan in done.plans for step in plan.steps} == {Change.CREATE}


def test_https_without_the_certificate_of_the_authority_is_refused(record, https, shared):
    with pytest.raises(SettingsError, match="certificate that is not trusted") as refused:
        converge.set_up_all(record, access_to(https, shared), shared, Manner(dry_run=True))

    assert "--ca-file" in refused.value.next_step


def test_http_to_a_server_that_speaks_https_says_so(record, https, shared):
    access = access_to(https, shared)
    plain = server_at(https.endpoint.replace("https", "http"), shared)

    with pytest.raises(SettingsError, match="does not answer as MinIO does"):
        converge.set_up_all(record, dataclasses.replace(access, server=plain), shared)


def test_https_to_a_server_that_speaks_http_says_so(record, access, shared):
    secure = server_at(str(access.server.endpoint).replace("http", "https"), shared)

    with pytest.raises(SettingsError, match="does not speak https") as refused:
        converge.set_up_all(record, dataclasses.replace(access, server=secure), shared)

    assert refused.value.next_step == "write its address with http://"
