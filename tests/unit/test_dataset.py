import inspect
import subprocess
import sys

import pytest

from scripts.e2e import dataset, digest
from scripts.e2e.dataset import AWKWARD_NAMES, NONCE_FILE, Dataset, change, corrupt_one_byte, write
from scripts.e2e.digest import compare, record
from scripts.e2e.size import parse_size
from scripts.errors import SettingsError

DATASET = Dataset(size_bytes=10_001, files=7, nonce="cafe")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("0B", 0, id="nothing"),
        pytest.param("512 B", 512, id="bytes"),
        pytest.param("64MiB", 64 << 20, id="mebibytes"),
        pytest.param(" 1GiB ", 1 << 30, id="gibibytes"),
    ],
)
def test_a_size_is_read_as_people_write_it(text, expected):
    assert expected == parse_size(text)


@pytest.mark.parametrize("text", ["", "1", "1GB", "-1MiB", "1.5GiB", "MiB", "1 mib"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(SettingsError, match="is no size"):
        parse_size(text)


def test_the_bulk_has_the_size_and_the_files_that_were_asked_for(tmp_path):
    refused = write(DATASET, tmp_path)
    bulk = [path for path in (tmp_path / "bulk").rglob("*") if path.is_file()]

    assert refused == ()
    assert len(bulk) == DATASET.files
    assert sum(path.stat().st_size for path in bulk) == DATASET.size_bytes


def test_the_dataset_holds_one_of_everything_that_backups_lose(tmp_path):
    write(DATASET, tmp_path)
    found = record(tmp_path)

    assert {entry.type for entry in found.values()} == {"file", "directory", "symlink", "fifo"}
    assert len([path for path in found if path.startswith("names/") and path.count("/") == 1]) == len(AWKWARD_NAMES) + 1
    assert found["kinds/hard link b"].linked_to == "kinds/hard link a"
    assert (tmp_path / "kinds/sparse").stat().st_blocks * 512 < found["kinds/sparse"].size_bytes
    assert found["attributes/mode 4755"].mode == 0o4755
    assert found["attributes/mtime nanoseconds"].mtime_ns == 1_700_000_000_123_456_789


def test_two_datasets_are_never_the_same(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(DATASET, tmp_path / "a")
    write(DATASET, tmp_path / "b")

    assert compare(record(tmp_path / "a"), record(tmp_path / "b"))


def test_a_change_rewrites_removes_and_adds(tmp_path):
    write(DATASET, tmp_path)
    before = record(tmp_path)

    change(DATASET, tmp_path)

    kinds = {each.what for each in compare(before, record(tmp_path))}
    assert {"sha256", "missing", "unexpected"} <= kinds


def test_a_corruption_is_one_byte_and_the_second_takes_it_back(tmp_path):
    write(DATASET, tmp_path)
    before = record(tmp_path)

    path = corrupt_one_byte(tmp_path)

    assert [(each.path, each.what) for each in compare(before, record(tmp_path))] == [(NONCE_FILE, "sha256")]
    assert path == NONCE_FILE
    corrupt_one_byte(tmp_path)
    assert compare(before, record(tmp_path)) == ()


@pytest.mark.parametrize("module", [dataset, digest], ids=["dataset", "digest"])
def test_what_a_pod_runs_needs_nothing_of_this_project(module, tmp_path):
    # -I: not even the folder that it runs in is looked through
    command = [sys.executable, "-I", "-c", inspect.getsource(module)]

    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
