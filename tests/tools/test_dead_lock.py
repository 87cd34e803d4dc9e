"""A lock of a dead holder, in a real repository: what the real restic makes of it."""

from datetime import timedelta

import pytest

from scripts import toolchain
from scripts.cluster_e2e import dead_lock
from scripts.e2e import minio_server, mover
from scripts.e2e.bucket import Bucket
from scripts.e2e.mover import Mover
from scripts.errors import ProofFailed
from scripts.provision import endpoint
from scripts.provision.minio_clients import MinioServer, s3
from scripts.settings import Secret

PASSWORD = Secret("made up for this test")
REGION = "us-east-1"


@pytest.fixture
def pod(tmp_path):
    for name in ("objects", "data", "cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "file").touch()
    with minio_server.run(data=tmp_path / "objects", log=tmp_path / "minio.log") as minio:
        server = MinioServer(endpoint=endpoint.parse(minio.endpoint), region=REGION)
        s3(server, minio.administrator).make_bucket(bucket_name="volsync")
        secret = {
            "RESTIC_REPOSITORY": Secret(f"s3:{minio.endpoint}/volsync/app"),
            "RESTIC_PASSWORD": PASSWORD,
            "AWS_ACCESS_KEY_ID": Secret(minio.administrator.id),
            "AWS_SECRET_ACCESS_KEY": minio.administrator.secret,
            "AWS_DEFAULT_REGION": Secret(REGION),
        }
        made = Mover(
            restic=toolchain.get("restic").path, secret=secret, data=tmp_path / "data", cache=tmp_path / "cache"
        )
        mover.restic(made, "init", accept=(0,))
        yield made, Bucket(server, minio.administrator), secret["RESTIC_REPOSITORY"].reveal()


def backup(pod):
    return mover.restic(pod, "backup", ".", accept=None, in_data=True)


def test_it_keeps_everybody_out_until_it_is_removed_as_one_of_the_dead(pod):
    pod, bucket, repository = pod
    dead_lock.leave(bucket, repository, PASSWORD)
    refused = backup(pod)

    assert refused.exit_code == 11
    assert f"repository is already locked exclusively by PID 1 on {dead_lock.HOST}" in refused.stderr

    mover.restic(pod, "unlock", accept=(0,))

    assert bucket.stored(f"{repository}/locks").objects == 0
    assert backup(pod).exit_code == 0


def test_a_younger_one_of_another_machine_would_stay(pod, monkeypatch):
    pod, bucket, repository = pod
    monkeypatch.setattr(dead_lock, "AGE", timedelta(minutes=25))
    dead_lock.leave(bucket, repository, PASSWORD)
    mover.restic(pod, "unlock", accept=(0,))

    assert bucket.stored(f"{repository}/locks").objects == 1


def test_a_password_that_opens_no_key_is_refused(pod):
    _, bucket, repository = pod

    with pytest.raises(ProofFailed, match="no key that RESTIC_PASSWORD opens"):
        dead_lock.leave(bucket, repository, Secret("another"))
