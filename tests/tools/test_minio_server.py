"""The real MinIO that the tests and the end-to-end run start."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio

from scripts.e2e import minio_server
from scripts.errors import CommandFailed
from scripts.process import kill, wait_until


def client(server):
    return Minio(
        endpoint=urlsplit(server.endpoint).netloc,
        access_key=server.administrator.id,
        secret_key=server.administrator.secret.reveal(),
        secure=False,
    )


def listening(process_id):
    """Local addresses that the process listens on, as the kernel tells them."""
    inodes = set()
    for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process_id}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                found.add(words[1])
    return found


def test_it_listens_on_one_port_of_the_loopback_interface_alone(own_minio):
    port = urlsplit(own_minio.endpoint).port

    found = listening(own_minio.server.process_id)

    v4, v6 = f"0100007F:{port:04X}", f"00000000000000000000000001000000:{port:04X}"
    assert v4 in found
    assert found <= {v4, v6}


def test_nothing_runs_or_listens_once_the_context_ends(tmp_path):
    (tmp_path / "data").mkdir()
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as server:
        process_id, port = server.server.process_id, urlsplit(server.endpoint).port

    assert not Path(f"/proc/{process_id}").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_administrator_is_new_each_time_and_the_objects_stay(tmp_path):
    (tmp_path / "data").mkdir()
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as first:
        client(first).make_bucket(bucket_name="kept")
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as second:
        assert client(second).bucket_exists(bucket_name="kept")

    assert first.administrator != second.administrator


def test_the_secret_of_the_administrator_is_not_in_the_arguments_nor_in_the_log(own_minio, tmp_path):
    secret = own_minio.administrator.secret.reveal()
    arguments = Path(f"/proc/{own_minio.server.process_id}/cmdline").read_text()

    assert "server" in arguments
    assert secret not in arguments
    assert secret not in (tmp_path / "minio.log").read_text()
    assert secret not in repr(own_minio)


def test_a_port_that_somebody_took_is_said(tmp_path):
    (tmp_path / "data").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        starting = minio_server.run(data=tmp_path / "data", log=tmp_path / "log", port=port)

        with pytest.raises(CommandFailed, match="already in use"):
            starting.__enter__()


def test_a_port_that_was_taken_in_between_is_left_for_another(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        free_port = minio_server.free_port
        # the race cannot be had on demand: the first port found free is one that is taken by now
        monkeypatch.setattr(minio_server, "free_port", lambda: next(ports, None) or free_port())

        with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as server:
            assert urlsplit(server.endpoint).port != taken.getsockname()[1]
            assert client(server).list_buckets() == []


def test_a_stranger_that_took_the_port_is_not_taken_for_it(own_minio, tmp_path):
    port = urlsplit(own_minio.endpoint).port
    (tmp_path / "other").mkdir()
    starting = minio_server.run(data=tmp_path / "other", log=tmp_path / "other.log", port=port)

    with pytest.raises(CommandFailed, match="already in use"):
        starting.__enter__()


def test_a_killed_server_is_cleaned_up_like_any_other(tmp_path):
    (tmp_path / "data").mkdir()
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "log") as server:
        kill(server.server)
        wait_until(lambda: server.server.exit_code() is not None, timeout_s=10, every_s=0.02, what="MinIO to end")

    assert server.server.exit_code() == -9
