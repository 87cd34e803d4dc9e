"""The sessions with the real nox: what they run, and how they end."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.settings import REPOSITORY_ROOT
from tests.processes import alive, eventually

SESSIONS = ("e2e", "tests", "lint", "bench")

TASKS = """
from invoke import task
from scripts.process import run
from scripts.task import exits_cleanly


@task
@exits_cleanly
def e2e(_, size="", files=0):
    print(f"size {{size}} files {{files}}")


@task
@exits_cleanly
def waits(_):
    try:
        run(["/bin/sh", "-c", "sleep 600 & echo $! >{folder}/child; wait"], timeout_s=60)
    finally:
        run(["/bin/sleep", "2"], timeout_s=60)  # longer than nox waits unless it is told to
        open("{folder}/cleaned-up", "w").close()
"""


@pytest.fixture
def nox(tmp_path):
    """The noxfile of this project beside tasks that only stand for its own; in this environment, nothing installed."""
    (tmp_path / "tasks.py").write_text(TASKS.format(folder=tmp_path))
    shutil.copy(REPOSITORY_ROOT / "noxfile.py", tmp_path)
    command = [sys.executable, "-m", "nox", "--force-venv-backend", "none", "--no-install"]
    variables = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY_ROOT),
    }
    return {"args": command, "cwd": tmp_path, "env": variables}


@pytest.fixture
def ctrl_c_works():
    """In the background of a shell script Ctrl-C is ignored, and programs inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(nox, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*nox["args"], *words], cwd=nox["cwd"], env=nox["env"], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_sessions_are_listed_with_what_they_do():
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json", "-s", *SESSIONS],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {session["name"]: session["description"] for session in json.loads(listed.stdout)}

    assert sorted(found) == sorted(SESSIONS)
    assert all(description.endswith(".") for description in found.values())


def test_the_size_of_the_dataset_is_passed_on(nox):
    ended = run(nox, "-s", "e2e", "--", "--size", "1GiB", "--files", "100000")

    assert ended.returncode == 0
    assert ended.stdout == "size 1GiB files 100000\n"


def test_a_session_fails_where_its_command_fails(nox):
    ended = run(nox, "-s", "e2e", "--", "--no-such-flag")

    assert ended.returncode == 1


@pytest.mark.usefixtures("ctrl_c_works")
@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C on the terminal", "kill of nox alone"])
def test_an_interrupted_session_waits_until_its_task_has_cleaned_up(nox, tmp_path, whole_group):
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(noxfile.read_text().replace('"invoke", "e2e"', '"invoke", "waits"'))
    child = tmp_path / "child"
    running = subprocess.Popen(
        [*nox["args"], "-s", "e2e"], cwd=nox["cwd"], env=nox["env"], stdout=-1, stderr=-1, text=True, process_group=0
    )
    eventually(lambda: child.exists() and child.read_text().strip())

    if whole_group:
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.terminate()
    said, _ = running.communicate(timeout=120)  # nox puts what a command says on standard output

    assert running.returncode == 130
    assert (tmp_path / "cleaned-up").exists()
    assert "the work was ended half-way and cleaned up; run it again" in said
    assert not alive(int(child.read_text()))
