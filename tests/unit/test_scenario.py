"""The scenario against a system in memory that can lie in every way that backups are known to lie."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scripts.e2e import steps
from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import Entry
from scripts.e2e.scenario import Scenario
from scripts.e2e.selection import select
from scripts.e2e.system import BackupResult, RestoreResult, Snapshot, Stored
from scripts.errors import Interrupted, MoverFailed
from scripts.model import Status

DATASET = Dataset(size_bytes=1000, files=3, nonce="cafe")
REPOSITORY = "s3:http://127.0.0.1:1/volsync/fake"


def entry(content):
    return Entry(type="file", mode=0o644, size_bytes=1000, mtime_ns=1, sha256=content)


def failed(found):
    return MoverFailed("the fake", found, "unlock, minio.check", log=("said before it failed",))


class FakeSystem:
    """Does what a right system does, but for the one thing named by `lie`."""

    name = "fake"
    source_pvc = "fake-data"

    def __init__(self, lie=""):
        self.lie = lie
        self.volumes = {}
        self.saved = []
        # pragma: allowlist nextline secret - a word that this fake compares, no key
        self.secret = {"RESTIC_REPOSITORY": REPOSITORY, "AWS_SECRET_ACCESS_KEY": "right"}
        self.created = set()
        self.held = False
        self.lock_count = 0
        # just under a second ago, so that the scenario need not wait for the next second
        self.clock = datetime.now(UTC) - timedelta(seconds=1.9)

    @property
    def repository(self):
        return self.secret["RESTIC_REPOSITORY"]

    def resolve_secret(self):
        return tuple(self.secret)

    def create_volume(self, pvc):
        self.volumes[pvc] = {}

    def volume_exists(self, pvc):
        return pvc in self.volumes

    def delete_volume(self, pvc):
        if self.lie != "the wipe does nothing":
            self.volumes.pop(pvc)

    def write(self, pvc, dataset):
        self.volumes[pvc] = {f"file-{number}": entry("first") for number in range(dataset.files + 1)}
        if self.lie == "the dataset is not written":
            self.volumes[pvc] = {}
        return ()

    def change(self, pvc, _dataset):
        if self.lie != "the change changes nothing":
            self.volumes[pvc]["file-0"] = entry("second")

    def corrupt(self, pvc):
        before = self.volumes[pvc]["file-1"]
        turned = {"first": "turned", "turned": "first"}[before.sha256]
        self.volumes[pvc]["file-1"] = replace(before, sha256=turned)
        return "file-1"

    def record(self, pvc):
        found = dict(self.volumes[pvc])
        if self.lie == "the record is blind to content":
            found = {path: replace(each, sha256="same") for path, each in found.items()}
        return found

    def back_up(self, request):
        pvc = request.source_pvc or self.source_pvc
        if request.volume_snapshot_class and self.lie != "a missing snapshot class is ignored":
            raise failed(f"no {request.volume_snapshot_class}")
        if request.cache_storage_class and self.lie != "a missing cache class is ignored":
            raise failed(f"no {request.cache_storage_class}")
        # pragma: allowlist nextline secret - the same word
        if self.secret["AWS_SECRET_ACCESS_KEY"] != "right" and self.lie != "wrong credentials are ignored":
            raise failed("refused")
        if not self.volumes[pvc] and self.lie != "an empty source is a success":
            raise failed("the source is empty")
        if request.unlock and self.lie != "unlock leaves the lock":
            self.lock_count = 0
        self.clock += timedelta(seconds=1)
        made = Snapshot(id=f"{len(self.saved):064x}"[::-1], time=self.clock)
        if self.lie == "the snapshot is an old one":
            made = replace(made, time=self.clock - timedelta(days=1))
        self.saved.append((made, dict(self.volumes[pvc])))
        if self.lie == "a backup forgets the first" and len(self.saved) == 2:
            self.saved.pop(0)
        if self.held and self.lie != "a lock is ignored":
            raise failed("locked")
        return BackupResult(snapshot=made, mover_log=("saved",), duration_s=0.0)

    def restore(self, request):
        if self.repository != REPOSITORY:
            if self.lie == "a restore creates a repository":
                self.created.add(self.repository)
            if self.lie != "a wrong path is a success":
                raise failed("no repository")
            self.volumes[request.pvc] = {}
            return RestoreResult(snapshot_id="", mover_log=(), duration_s=0.0)
        chosen = select(self.snapshots(), previous=request.previous, restore_as_of=request.restore_as_of)
        if self.lie == "a restore fails and leaves a PVC" and chosen is None:
            self.volumes[request.pvc] = {}
        if chosen is None and self.lie != "no eligible snapshot is a success":
            raise failed("nothing is eligible")
        if self.lie == "the newest is restored whatever was asked" or chosen is None:
            chosen = self.snapshots()[-1]
        content = next(dict(content) for snapshot, content in self.saved if snapshot == chosen)
        self.volumes[request.pvc] = self.damaged(content)
        return RestoreResult(snapshot_id=chosen.id[:8], mover_log=("restored",), duration_s=0.0)

    def damaged(self, content):
        match self.lie:
            case "a restore is empty":
                return {}
            case "a restore loses a file":
                content.pop("file-1")
            case "a restore adds a file":
                content["stray"] = entry("stray")
            case "a restore changes a mode":
                content["file-1"] = replace(content["file-1"], mode=0o600)
            case "a later restore is damaged" if "again" in str(sorted(self.volumes)) or len(self.saved) > 2:
                content["file-1"] = entry("damaged")
        return content

    def snapshots(self):
        if self.lie == "a failed backup removes the history" and len(self.saved) == 2:
            return ()
        return tuple(snapshot for snapshot, _ in self.saved)

    def snapshot_ids(self):
        return frozenset(snapshot.id for snapshot in self.snapshots())

    def stored(self, repository):
        if repository != REPOSITORY:
            return Stored(objects=int(repository in self.created), size_bytes=0)
        if self.lie == "the bucket stays empty":
            return Stored(objects=0, size_bytes=0)
        return Stored(objects=5, size_bytes=1 if self.lie == "the bucket holds too little" else 2000)

    @contextlib.contextmanager
    def secret_changed(self, key, value):
        before = self.secret[key]
        self.secret[key] = value.reveal()
        try:
            yield
        finally:
            self.secret[key] = before

    @contextlib.contextmanager
    def lock_held(self):
        self.held, self.lock_count = True, 1
        yield
        self.held = False

    def locks(self):
        return self.lock_count

    def check_repository(self):
        if self.lie == "the repository is damaged":
            raise failed("pack is damaged")


def test_a_system_that_does_what_it_says_passes_every_step():
    records, failure = steps.run(Scenario(FakeSystem(), DATASET).steps())

    assert failure is None
    assert {record.status for record in records} == {Status.PASSED}


@pytest.mark.parametrize(
    ("lie", "step"),
    [
        ("the dataset is not written", "write the dataset and record it"),
        ("the snapshot is an old one", "back up"),
        ("the bucket stays empty", "find the objects in MinIO"),
        ("the bucket holds too little", "find the objects in MinIO"),
        ("the wipe does nothing", "wipe the source"),
        ("a restore is empty", "compare every file with the record, both ways"),
        ("a restore loses a file", "compare every file with the record, both ways"),
        ("a restore adds a file", "compare every file with the record, both ways"),
        ("a restore changes a mode", "compare every file with the record, both ways"),
        ("the record is blind to content", "control: find one changed byte"),
        ("the change changes nothing", "back up again after a change"),
        ("a backup forgets the first", "restore as of the first backup"),
        ("the newest is restored whatever was asked", "restore as of the first backup"),
        ("a failed backup removes the history", "restore as of the first backup"),
        ("a missing snapshot class is ignored", "refuse a VolumeSnapshotClass that is missing"),
        ("a missing cache class is ignored", "refuse a cache StorageClass that is missing"),
        ("wrong credentials are ignored", "refuse wrong MinIO credentials"),
        ("a lock is ignored", "report a locked repository"),
        ("unlock leaves the lock", "unlock the repository and back up"),
        ("an empty source is a success", "refuse an empty source"),
        ("a wrong path is a success", "refuse a restore from a wrong path"),
        ("a restore creates a repository", "refuse a restore from a wrong path"),
        ("no eligible snapshot is a success", "refuse `previous` past the oldest snapshot"),
        ("a restore fails and leaves a PVC", "refuse `previous` past the oldest snapshot"),
        ("a later restore is damaged", "restore every earlier snapshot again and verify the repository"),
        ("the repository is damaged", "restore every earlier snapshot again and verify the repository"),
    ],
    ids=lambda value: value.replace(" ", "-"),
)
def test_a_lie_fails_at_its_step_and_blocks_the_rest(lie, step):
    records, failure = steps.run(Scenario(FakeSystem(lie), DATASET).steps())
    titles = [record.title for record in records]
    position = titles.index(step)

    assert failure is not None
    assert [record.status for record in records[:position]] == [Status.PASSED] * position
    assert records[position].status is Status.FAILED, records[position]
    assert {record.status for record in records[position + 1 :]} <= {Status.BLOCKED}
    assert all(step in record.detail for record in records[position + 1 :])


def test_what_the_mover_said_is_kept_of_a_failure_that_is_wanted_and_of_one_that_is_not():
    wanted, _ = steps.run(Scenario(FakeSystem(), DATASET).steps())
    unwanted, _ = steps.run(Scenario(FakeSystem("the repository is damaged"), DATASET).steps())

    assert {record.log for record in wanted if record.title.startswith("refuse")} == {("said before it failed",)}
    assert unwanted[-1].status is Status.FAILED
    assert unwanted[-1].log == ("said before it failed",)


def test_an_interruption_is_a_failed_step_and_blocks_the_rest():
    class Interruptible(FakeSystem):
        def restore(self, _request):
            raise Interrupted("SIGINT", "the work was ended half-way", "run it again")

    records, failure = steps.run(Scenario(Interruptible(), DATASET).steps())

    assert isinstance(failure, Interrupted)
    assert Status.BLOCKED in {record.status for record in records}


def test_a_bug_in_a_system_keeps_its_traceback():
    class Buggy(FakeSystem):
        def restore(self, _request):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        steps.run(Scenario(Buggy(), DATASET).steps())
