"""What a restore of a snapshot has to bring, read from real repositories, and from what damages them."""

import dataclasses
import os
import socket
from pathlib import Path

import pytest

from scripts import toolchain
from scripts.e2e import dataset, mover
from scripts.e2e.dataset import Dataset
from scripts.e2e.digest import compare, record
from scripts.e2e.mover import Mover
from scripts.errors import CommandFailed, ProofFailed
from scripts.operate import contents
from scripts.operate.repository import Repository
from scripts.settings import Secret


@pytest.fixture
def pod(tmp_path):
    """A mover with a volume that is hard to bring back, and a repository on this machine."""
    (tmp_path / "data").mkdir()
    (tmp_path / "cache").mkdir()
    secret = {"RESTIC_REPOSITORY": Secret(str(tmp_path / "repository")), "RESTIC_PASSWORD": Secret("made-up")}
    pod = Mover(restic=toolchain.get("restic").path, secret=secret, data=tmp_path / "data", cache=tmp_path / "cache")
    mover.restic(pod, "init", accept=(0,))
    dataset.write(Dataset(size_bytes=3 << 20, files=20, nonce="nonce"), pod.data)
    return pod


def saved(pod) -> str:
    ended = mover.back_up(pod, unlock=False, retain={"last": "9"}, prune=False)
    assert ended.exit_code == 0, ended.log
    return ended.snapshot_id


def test_the_record_of_a_snapshot_is_the_one_of_the_volume(pod, monkeypatch):
    link = os.fsdecode(b"link \xe2\x82 to \xff")
    (pod.data / link).symlink_to(os.fsdecode(b"\xfe\xed"))
    os.utime(pod.data / link, ns=(1, -1_500_000_000), follow_symlinks=False)
    (pod.data / "kinds" / "empty directory").chmod(0o3770)
    deep = pod.data.joinpath(*("d" * 200 for _ in range(3)))
    deep.mkdir(parents=True)
    (deep / "e").hardlink_to(pod.data / "kinds" / "hard link a")
    expected = record(pod.data)
    # what no backup has
    (pod.data / "lost+found").mkdir()
    monkeypatch.chdir(pod.data)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

    found = contents.read(Repository(pod), saved(pod))

    assert compare(expected, found) == ()
    assert list(found) == sorted(found)
    assert found["kinds/hard link b"].linked_to == str((deep / "e").relative_to(pod.data))


def test_a_restore_is_held_against_the_snapshot_and_not_against_the_volume_of_now(pod, tmp_path):
    snapshot = saved(pod)
    dataset.change(Dataset(size_bytes=0, files=1, nonce="nonce"), pod.data)
    target = tmp_path / "restored" / "data"
    target.mkdir(parents=True)
    assert mover.restore(dataclasses.replace(pod, data=target), previous=0, restore_as_of=None, delete=True).snapshot_id
    expected = contents.read(Repository(pod), snapshot)

    assert compare(expected, record(target)) == ()

    changed = dataset.corrupt_one_byte(target)

    assert [(each.path, each.what) for each in compare(expected, record(target))] == [(changed, "sha256")]


def test_a_snapshot_of_which_a_byte_is_lost_has_no_record(pod):
    snapshot = saved(pod)
    pack = max((Path(pod.secret["RESTIC_REPOSITORY"].reveal()) / "data").rglob("*/*"), key=lambda p: p.stat().st_size)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)

    with pytest.raises(CommandFailed, match=r"repository .*: cannot be read: .*"):
        contents.read(Repository(pod), snapshot)


@pytest.mark.parametrize(
    ("archive", "path"),
    [
        pytest.param("tar -cf - a", "b", id="the archive lacks a file"),
        pytest.param("touch c; tar -cf - a b c", "c", id="the list lacks a file"),
        pytest.param("echo more >>b; tar -cf - a b", "b", id="a file has another size"),
        pytest.param("echo no archive", "a", id="no archive"),
    ],
)
def test_a_list_and_an_archive_that_are_not_of_the_same_things_are_no_record(pod, tmp_path, archive, path):
    (tmp_path / "small" / "data").mkdir(parents=True)
    small = dataclasses.replace(pod, data=tmp_path / "small" / "data")
    for name in ("a", "b"):
        (small.data / name).write_text(name)
    snapshot = saved(small)
    program = tmp_path / "restic"
    program.write_text(f'#!/bin/sh\n[ "$1" = dump ] || exec {pod.restic} "$@"\ncd {small.data}\n{archive}\n')
    program.chmod(0o755)

    with pytest.raises(ProofFailed, match=f"its list and its archive differ at {path};"):
        contents.read(Repository(dataclasses.replace(small, restic=program)), snapshot)
