"""The local system against a real MinIO and the real restic: what it writes, what it refuses, what it survives."""

import contextlib
import copy
import io
import secrets
import shutil
from dataclasses import replace

import pytest

from scripts.e2e import mover, steps
from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import compare
from scripts.e2e.local import LocalSystem
from scripts.e2e.mover import Mover
from scripts.e2e.services import Services
from scripts.e2e.system import BackupRequest, RestoreRequest
from scripts.errors import BackupError, CommandFailed, MoverFailed
from scripts.process import kill
from scripts.provision.minio_clients import s3
from scripts.settings import REPOSITORY_ROOT, Secret

DATASET = Dataset(size_bytes=200_000, files=10, nonce="cafe")


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with Services(tmp_path_factory.mktemp("services"), REPOSITORY_ROOT) as started:
        _, failure = steps.run(started.steps())
        assert failure is None, failure
        yield started


@pytest.fixture
def system(services):
    """A system with a repository and volumes of its own."""
    with own_repository(services.system()) as made:
        yield made
    shutil.rmtree(made._storage.root)


@contextlib.contextmanager
def own_repository(system):
    system.resolve_secret()
    with system.secret_changed("RESTIC_REPOSITORY", Secret(f"{system.repository}-{secrets.token_hex(4)}")):
        yield system


@pytest.fixture
def written(system):
    system.create_volume(system.source_pvc)
    system.write(system.source_pvc, DATASET)
    return system


def pod(system):
    return system._reader()


def changed(services, kind, *keys, value):
    """A system whose manifest of a kind has another value at a path of keys; None removes it."""
    system = services.system()
    objects = []
    for resource in services._objects:
        document = copy.deepcopy(resource.document)
        if resource.id.kind == kind:
            target = document
            for key in keys[:-1]:
                target = target[key]
            if value is None:
                del target[keys[-1]]
            else:
                target[keys[-1]] = value
        objects.append(replace(resource, document=document))
    return LocalSystem(
        objects=tuple(objects),
        fields=system._fields,
        storage=system._storage,
        cache=system._cache,
        restic=system._restic,
        bucket=system._bucket,
    )


def test_what_it_writes_is_what_the_mover_selects(written):
    """The mover takes the lines of `restic snapshots` that have /data in them, of any host."""
    result = written.back_up(BackupRequest())
    table = mover.restic(pod(written), "snapshots", accept=(0,)).stdout
    (line,) = [line for line in table.splitlines() if "/data" in line]

    assert line.startswith(result.snapshot.id[:8])
    assert " volsync " in line
    assert line.split()[-3].endswith("/data")


def test_what_a_mover_wrote_is_restored(system, tmp_path):
    data, cache = tmp_path / "data", tmp_path / "cache"
    data.mkdir()
    (data / "file").write_text("written elsewhere")
    foreign = Mover(restic=system._restic, secret=system._secret, data=data, cache=cache)
    mover.restic(foreign, "init", accept=(0,))
    mover.restic(foreign, "backup", "--host", "another", "--exclude=lost+found", ".", accept=(0,), in_data=True)

    system.restore(RestoreRequest(pvc="new"))

    assert (system._storage.volume("new") / "file").read_text() == "written elsewhere"


def test_lost_and_found_is_not_backed_up_and_alone_counts_as_empty(system):
    system.create_volume(system.source_pvc)
    (system._storage.volume(system.source_pvc) / "lost+found").mkdir()

    with pytest.raises(MoverFailed, match="the source is empty"):
        system.back_up(BackupRequest())
    assert system.stored(system.repository).objects == 0

    (system._storage.volume(system.source_pvc) / "file").touch()
    system.back_up(BackupRequest())
    system.restore(RestoreRequest(pvc="new"))
    assert list(system.record("new")) == ["file"]


def test_a_restore_into_an_empty_bucket_creates_nothing(system):
    with pytest.raises(MoverFailed, match="restic finds no repository there"):
        system.restore(RestoreRequest(pvc="new"))

    assert system.stored(system.repository).objects == 0
    assert not system.volume_exists("new")


def test_the_movers_commands_come_in_its_order(written):
    first = written.back_up(BackupRequest())
    second = written.back_up(BackupRequest(unlock="now"))

    assert [line for line in first.mover_log if line.startswith("===")] == [
        "=== init ===",
        "=== backup ===",
        "=== forget ===",
    ]
    assert [line for line in second.mover_log if line.startswith("===")] == [
        "=== unlock ===",
        "=== backup ===",
        "=== forget ===",
    ]
    assert any("keep 24 hourly, 7 daily, 4 weekly, 12 monthly" in line for line in first.mover_log)


def test_a_prune_that_is_due_runs_last(services):
    with own_repository(
        changed(services, "ReplicationSource", "spec", "restic", "pruneIntervalDays", value=0)
    ) as system:
        system.create_volume(system.source_pvc)
        system.write(system.source_pvc, DATASET)
        result = system.back_up(BackupRequest())
        shutil.rmtree(system._storage.root)

    assert [line for line in result.mover_log if line.startswith("===")][-1] == "=== prune ==="


@pytest.mark.parametrize(
    ("kind", "keys", "value", "words"),
    [
        pytest.param(
            "ReplicationSource",
            ("spec", "restic", "repository"),
            "typo",
            'Secret "typo" not found',
            id="another Secret",
        ),
        pytest.param("ReplicationSource", ("spec", "sourcePVC"), "typo", '"typo" not found', id="another source PVC"),
        pytest.param(
            "ReplicationSource", ("spec", "restic", "copyMethod"), "Direct", "copyMethod is Direct", id="no snapshot"
        ),
        pytest.param(
            "ReplicationDestination",
            ("spec", "restic", "copyMethod"),
            "Direct",
            "populator needs copyMethod Snapshot",
            id="no image to populate from",
        ),
        pytest.param(
            "ReplicationDestination",
            ("spec", "restic", "capacity"),
            None,
            "capacity must be provided",
            id="no capacity",
        ),
        pytest.param(
            "ReplicationDestination",
            ("spec", "restic", "accessModes"),
            None,
            "accessModes must be provided",
            id="no access modes",
        ),
        pytest.param(
            "ReplicationDestination",
            ("spec", "restic", "volumeSnapshotClassName"),
            "typo",
            "no VolumeSnapshotClass typo",
            id="no class for the image",
        ),
        pytest.param(
            "PersistentVolumeClaim",
            ("spec", "dataSourceRef", "name"),
            "typo",
            "dataSourceRef does not name it",
            id="a PVC that is filled from elsewhere",
        ),
        pytest.param(
            "PersistentVolumeClaim",
            ("spec", "dataSourceRef", "apiGroup"),
            "",
            "dataSourceRef does not name it",
            id="a PVC that is filled from another group's object",
        ),
        pytest.param(
            "PersistentVolumeClaim",
            ("spec", "storageClassName"),
            "typo",
            "no StorageClass typo",
            id="no class for the PVC",
        ),
        pytest.param(
            "ExternalSecret",
            ("spec", "target", "template", "data"),
            {"RESTIC_REPOSITORY": "s3:http://127.0.0.1:1/volsync/x"},
            "secret is missing field: RESTIC_PASSWORD",
            id="a Secret without the password",
        ),
    ],
)
def test_a_manifest_that_the_operator_would_not_follow_is_refused(services, kind, keys, value, words):
    system = changed(services, kind, *keys, value=value)
    with pytest.raises(MoverFailed, match=words):
        go_through(system)
    shutil.rmtree(system._storage.root, ignore_errors=True)


def go_through(system):
    with own_repository(system):
        pvc = "volsync-test-data"
        system.create_volume(pvc)
        system.write(pvc, DATASET)
        system.back_up(BackupRequest())
        system.restore(RestoreRequest(pvc="new"))


def test_a_wrong_password_is_named_and_changes_nothing(written):
    before = written.back_up(BackupRequest())

    with written.secret_changed("RESTIC_PASSWORD", Secret(secrets.token_hex())), pytest.raises(MoverFailed) as caught:
        written.back_up(BackupRequest())

    assert "wrong password" in str(caught.value)
    assert "exit code 3" in str(caught.value)
    assert any("wrong password" in line for line in caught.value.log)
    assert written.snapshots() == (before.snapshot,)


def test_a_damaged_pack_is_found_and_nothing_is_bound_from_it(written, services):
    written.back_up(BackupRequest())
    administrator = s3(services._access.server, services._access.administrator)
    prefix = written.repository.split("/volsync/", 1)[1]
    packs = list(administrator.list_objects(bucket_name="volsync", prefix=f"{prefix}/data/", recursive=True))
    largest = max(packs, key=lambda each: each.size)
    administrator.put_object(
        bucket_name="volsync",
        object_name=largest.object_name,
        data=io.BytesIO(b"x" * largest.size),
        length=largest.size,
    )

    with pytest.raises(CommandFailed):
        written.check_repository()
    with pytest.raises(BackupError):
        written.restore(RestoreRequest(pvc="new"))
    assert not written.volume_exists("new")


def test_a_temporary_volume_of_a_killed_mover_is_in_nobodys_way(written):
    stale = written._storage.volume("volsync-volsync-test-backup-src")
    stale.mkdir(parents=True)
    (stale / "half a copy").touch()

    written.back_up(BackupRequest())
    written.restore(RestoreRequest(pvc="new"))

    assert compare(written.record(written.source_pvc), written.record("new")) == ()
    assert not stale.exists()


def test_without_minio_each_failure_is_a_sentence(tmp_path):
    with Services(tmp_path, REPOSITORY_ROOT) as services:
        steps.run(services.steps())
        system = services.system()
        system.resolve_secret()
        system.create_volume(system.source_pvc)
        system.write(system.source_pvc, DATASET)
        kill(services._servers[0])

        with pytest.raises(MoverFailed, match="connection refused"):
            system.back_up(BackupRequest())
        with pytest.raises(MoverFailed, match="connection refused"):
            system.restore(RestoreRequest(pvc="new"))

    assert not system.volume_exists("new")
