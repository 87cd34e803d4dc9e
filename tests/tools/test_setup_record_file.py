"""The record as a file, where there is no Connect server."""

import fcntl
import json
import os
import shlex
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from scripts.errors import Drift, SettingsError
from scripts.provision import converge
from scripts.provision.converge import Manner
from scripts.provision.credentials import ACCESS_KEY_ID, LABELS, NO_RECORD, RESTIC_PASSWORD, SECRET_ACCESS_KEY, made
from scripts.provision.record_file import FileRecord
from scripts.settings import Secret


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "folder with a space"
    folder.mkdir(mode=0o700)
    return folder / "record.json"


@pytest.fixture
def record(path):
    return FileRecord(path=path, vault="Kubernetes", item="volsync-minio")


def values(path):
    return {field["label"]: field["value"] for field in json.loads(path.read_text())["fields"]}


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def write(path, document, mode=0o600):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)


def field(label, value, **more):
    return {"label": label, "value": value, "type": "CONCEALED", **more}


def test_a_file_is_made_that_only_its_owner_can_read(record, path, shared):
    umask = os.umask(0)
    try:
        converge.set_up_record(record, shared)
    finally:
        os.umask(umask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(values(path)) == set(LABELS)
    assert record.read().key.id == shared.user
    assert names(path.parent) == [path.name]


def test_the_file_is_a_template_of_the_item_for_1passwords_own_program(record, path, shared):
    converge.set_up_record(record, shared)

    document = json.loads(path.read_text())
    assert (document["title"], document["category"]) == ("volsync-minio", "API_CREDENTIAL")
    assert [each["type"] for each in document["fields"]] == ["CONCEALED", "STRING", "CONCEALED"]


def test_the_command_that_stores_it_reads_the_values_from_the_file(record, path, shared):
    converge.set_up_record(record, shared)
    command = record.hint.split("`")[1]

    assert shlex.split(command) == ["op", "item", "create", "--vault", "Kubernetes", "--template", str(path)]
    for secret in (RESTIC_PASSWORD, SECRET_ACCESS_KEY):
        assert values(path)[secret] not in record.hint


def test_a_second_run_leaves_the_file_as_it_is(record, path, shared):
    converge.set_up_record(record, shared)
    before = (path.read_bytes(), path.stat())

    done = converge.set_up_record(record, shared)

    assert done.plans[0].steps == ()
    assert (path.read_bytes(), path.stat()) == before


def test_a_dry_run_makes_no_file(record, path, shared):
    planned = converge.set_up_record(record, shared, Manner(dry_run=True))

    assert len(planned.plans[0].steps) == len(LABELS)
    assert names(path.parent) == []


def test_only_what_is_missing_is_added(record, path, shared):
    fields = [field(RESTIC_PASSWORD, "kept"), {"label": "note", "value": "by hand", "purpose": "NOTES"}]
    write(path, {"title": "mine", "tags": ["a"], "fields": fields})

    converge.set_up_record(record, shared, Manner(force=True))

    document = json.loads(path.read_text())
    assert (document["title"], document["tags"], document["fields"][:2]) == ("mine", ["a"], fields)
    assert [each["label"] for each in document["fields"][2:]] == [ACCESS_KEY_ID, SECRET_ACCESS_KEY]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        pytest.param(0o644, "0644", id="readable by all"),
        pytest.param(0o640, "0640", id="readable by a group"),
        pytest.param(0o620, "0620", id="writable by a group"),
        pytest.param(0o604, "0604", id="readable by others"),
    ],
)
def test_a_file_that_others_can_read_or_write_is_refused(record, path, mode, shown):
    write(path, {"fields": []}, mode)

    with pytest.raises(SettingsError, match=f"mode {shown}") as refused:
        record.observe()

    assert refused.value.next_step == f"run `chmod 600 '{path}'`"


def make_work_tree(folder):
    subprocess.run(["git", "init", "-q", folder], check=True)


def make_linked_work_tree(folder):
    (folder / ".git").write_text("gitdir: /somewhere/else\n")


def make_bare_repository(folder):
    subprocess.run(["git", "init", "-q", "--bare", folder], check=True)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make_work_tree, id="a work tree"),
        pytest.param(make_linked_work_tree, id="a linked work tree"),
        pytest.param(make_bare_repository, id="a repository without a work tree"),
    ],
)
@pytest.mark.parametrize("below", ["", "a/b"], ids=["at its top", "deep in it"])
def test_a_file_in_git_is_refused_before_anything_is_written(tmp_path, shared, make, below):
    make(tmp_path)
    folder = tmp_path / below
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "record.json"

    with pytest.raises(SettingsError, match="git work tree"):
        converge.set_up_record(FileRecord(path=path, vault="v", item="i"), shared)

    assert not path.exists()


def test_a_link_that_leads_into_git_is_refused(tmp_path, shared):
    make_work_tree(tmp_path / "checkout")
    (tmp_path / "checkout" / "docs").mkdir()
    (tmp_path / "outside").symlink_to(tmp_path / "checkout" / "docs")
    path = tmp_path / "outside" / "record.json"

    with pytest.raises(SettingsError, match="git work tree"):
        converge.set_up_record(FileRecord(path=path, vault="v", item="i"), shared)

    assert not path.exists()


def make_symlink(path):
    write(path.with_name("elsewhere"), {"fields": []})
    path.symlink_to("elsewhere")


def make_dangling_symlink(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(make_symlink, "symbolic link", id="a symbolic link"),
        pytest.param(make_dangling_symlink, "symbolic link", id="a symbolic link to nowhere"),
        pytest.param(lambda path: path.mkdir(mode=0o700), "is no file", id="a folder"),
        pytest.param(lambda path: os.mkfifo(path, 0o600), "is no file", id="a pipe"),
        pytest.param(lambda path: write(path, "not JSON"), "is not JSON", id="text"),
        pytest.param(lambda path: write(path, ""), "is not JSON", id="nothing"),
        pytest.param(lambda path: write(path, []), "is not JSON", id="JSON of another shape"),
        pytest.param(
            lambda path: write(path, {"fields": [{"value": "x"}]}), "is not JSON", id="a field without a label"
        ),
        pytest.param(lambda path: write(path, {"fields": [{"label": "x", "value": 1}]}), "is not JSON", id="a number"),
        pytest.param(lambda path: path.parent.rmdir(), "no folder", id="no folder"),
    ],
)
def test_what_is_no_record_is_refused_and_left_alone(record, path, shared, make, message):
    make(path)

    with pytest.raises(SettingsError, match=message):
        converge.set_up_record(record, shared, Manner(force=True))

    assert path.is_symlink() == (make in {make_symlink, make_dangling_symlink})


def test_a_label_that_is_there_twice_is_drift(record, path):
    write(path, {"fields": [field(RESTIC_PASSWORD, "one"), field(RESTIC_PASSWORD, "two")]})

    with pytest.raises(Drift, match="more than one field RESTIC_PASSWORD"):
        record.read()


def test_a_folder_that_cannot_be_written_is_said(shared):
    record = FileRecord(path=Path("/proc/self/record.json"), vault="v", item="i")

    with pytest.raises(SettingsError, match="cannot be written"):
        converge.set_up_record(record, shared)


@pytest.mark.parametrize("number", range(10))
def test_of_many_first_runs_at_once_one_makes_the_file_and_the_others_say_so(tmp_path, shared, number):
    record = FileRecord(path=tmp_path / f"record-{number}.json", vault="Kubernetes", item="volsync-minio")
    start = threading.Barrier(8)
    outcomes = []

    def set_up():
        start.wait()
        try:
            record.write(NO_RECORD, tuple(made(shared.user).items()))
            outcomes.append("done")
        except Drift as drift:
            outcomes.append(drift.next_step)

    threads = [threading.Thread(target=set_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done"] + ["run it again"] * 7
    assert set(values(record.path)) == set(LABELS)
    assert names(tmp_path) == [record.path.name]


def test_of_two_first_runs_the_second_does_not_overwrite_what_the_first_wrote(record, path):
    record.write(NO_RECORD, [(RESTIC_PASSWORD, Secret("first"))])

    with pytest.raises(Drift, match="at the same time"):
        record.write(NO_RECORD, [(RESTIC_PASSWORD, Secret("second"))])

    # pragma: allowlist nextline secret - made up for this test
    assert values(path)[RESTIC_PASSWORD] == "first"


def test_a_change_since_it_was_looked_at_is_not_overwritten(record, path):
    write(path, {"fields": [field(ACCESS_KEY_ID, "kept")]})
    observed = record.observe()
    write(path, {"fields": [field(RESTIC_PASSWORD, "theirs")]})

    with pytest.raises(Drift, match="at the same time"):
        record.write(observed, [(RESTIC_PASSWORD, Secret("ours"))])

    # pragma: allowlist nextline secret - made up for this test
    assert values(path) == {RESTIC_PASSWORD: "theirs"}


def test_what_a_killed_run_left_is_removed_and_what_a_running_one_writes_is_not(record, path, shared):
    leftover = path.with_name(f".{path.name}.writing-dead")
    at_work = path.with_name(f".{path.name}.writing-alive")
    for each in (leftover, at_work):
        write(each, "half a file")

    with at_work.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        converge.set_up_record(record, shared)

        assert names(path.parent) == [at_work.name, path.name]
