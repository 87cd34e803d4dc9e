"""The wrapper around every task, as a user meets it: in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from scripts.settings import REPOSITORY_ROOT
from tests.processes import alive, eventually

TASKS = """
from invoke import task
from scripts.errors import Drift, Refused
from scripts.process import run
from scripts.task import exits_cleanly


@task(help={{"name": "of somebody"}})
@exits_cleanly
def works(_, name="nobody"):
    \"\"\"Work.\"\"\"
    print(f"hello {{name}}")


@task
@exits_cleanly
def refuses(_):
    raise Refused("MinIO", "the key is unknown", "run `invoke minio.setup`")


@task
@exits_cleanly
def drifts(_):
    raise Drift("bucket volsync", "is suspended [red]", "run it with --force")


@task
@exits_cleanly
def has_a_bug(_):
    raise KeyError("a bug")


@task
@exits_cleanly
def waits(_):
    try:
        run(["/bin/sh", "-c", "sleep 600 & echo $! >{folder}/child; wait"], timeout_s=60)
    finally:
        open("{folder}/cleaned-up", "w").close()


@task
@exits_cleanly
def retries(_):
    import stamina

    attempts = []

    @stamina.retry(on=(Refused, OSError), attempts=3, wait_initial=0.01)
    def call():
        attempts.append(None)
        if len(attempts) == 1:
            raise Refused("MinIO", "is starting", "wait")
        if len(attempts) == 2:
            raise OSError("hunter2 was quoted")

    call()
"""


@pytest.fixture
def tasks(tmp_path):
    (tmp_path / "tasks.py").write_text(TASKS.format(folder=tmp_path))
    return [sys.executable, "-m", "invoke", "--search-root", str(tmp_path)]


@pytest.fixture
def variables():
    return os.environ | {"PYTHONPATH": str(REPOSITORY_ROOT)}


@pytest.fixture
def invoke(tasks, variables):
    def invoke(*words):
        return subprocess.run([*tasks, *words], env=variables, capture_output=True, text=True, check=False, timeout=60)

    return invoke


def test_a_task_that_works_ends_with_0_and_keeps_its_flags(invoke):
    ended = invoke("works", "--name", "somebody")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "hello somebody\n", "")


def test_help_survives_the_wrapper(invoke):
    shown = invoke("--help", "works").stdout

    assert "Work." in shown
    assert "of somebody" in shown


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        pytest.param("refuses", 7, "error: MinIO: the key is unknown; run `invoke minio.setup`\n", id="refused"),
        pytest.param("drifts", 8, "error: bucket volsync: is suspended [red]; run it with --force\n", id="drift"),
    ],
)
def test_a_failure_is_one_line_and_its_exit_code(invoke, name, code, line):
    ended = invoke(name)

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", line)


def test_a_bug_keeps_its_traceback(invoke):
    ended = invoke("has-a-bug")

    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "KeyError: 'a bug'" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_a_task_with_130_after_it_cleaned_up(tasks, variables, tmp_path, number):
    child = tmp_path / "child"
    running = subprocess.Popen([*tasks, "waits"], env=variables, stdout=-1, stderr=-1, text=True)
    eventually(lambda: child.exists() and child.read_text().strip())

    running.send_signal(number)
    out, err = running.communicate(timeout=60)

    assert (running.returncode, out) == (130, "")
    assert err == f"error: {number.name}: the work was ended half-way and cleaned up; run it again\n"
    assert (tmp_path / "cleaned-up").exists()
    eventually(lambda: not alive(int(child.read_text())))


def test_a_retry_is_said_and_quotes_no_foreign_exception(invoke):
    ended = invoke("retries")

    first, second = ended.stderr.splitlines()
    assert ended.returncode == 0
    assert re.fullmatch(r"attempt 1 failed, again in \d\.\d s: is starting", first)
    assert re.fullmatch(r"attempt 2 failed, again in \d\.\d s: OSError", second)


def test_the_list_of_tasks_needs_none_of_the_pipelines():
    program = (
        "import sys, tasks; print(sorted({name.split('.')[0] for name in sys.modules} & {'rich', 'minio', 'stamina'}))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "[]\n"


def test_each_task_is_listed_with_one_sentence():
    listed = subprocess.run(
        [sys.executable, "-m", "invoke", "--list", "--list-format", "json"],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    def sentences(collection):
        yield from (task["help"] for task in collection["tasks"])
        for inner in collection["collections"]:
            yield from sentences(inner)

    found = list(sentences(json.loads(listed.stdout)))

    assert len(found) >= 8
    assert [text for text in found if not text.endswith(".") or "\n" in text] == []
