"""`invoke e2e` as a user runs it: it passes, it fails for a reason, it can be ended, and it leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.e2e.evidence import KNOWN_LOSSES
from scripts.provision.credentials import made
from scripts.settings import REPOSITORY_ROOT

SMALL = ("--size", "1MiB", "--files", "20")
TIMEOUT_S = 600
MADE_VALUE = re.compile(r"\b(?![0-9a-f]+\b)[A-Za-z0-9]{40,44}\b")
"""What a secret that the set-up makes looks like, and no digest does."""


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def started_in(folder, *arguments):
    """A running `invoke e2e` whose temporary files and evidence go below a folder."""
    return subprocess.Popen(
        (sys.executable, "-m", "invoke", "e2e", "--evidence", str(folder / "evidence"), *arguments),
        cwd=REPOSITORY_ROOT,
        env=os.environ | {"TMPDIR": str(folder / "temporary")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run: its exit code, its output and its folder."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "temporary").mkdir()
    process = started_in(folder, *SMALL)
    output, _ = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, output, folder


@pytest.fixture
def start(tmp_path, temporary):
    """Starts `invoke e2e`; the output can be read while it runs, and nothing survives the test."""
    started = []

    def run(*arguments):
        assert temporary.is_dir()
        started.append(started_in(tmp_path, *arguments))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(process, words):
    """Reads the output until a line has the words; a watchdog ends a program that never says them."""
    watchdog = threading.Timer(TIMEOUT_S, process.kill)
    watchdog.start()
    seen = []
    try:
        for line in process.stdout:
            seen.append(line)
            if words in line:
                return
    finally:
        watchdog.cancel()
    pytest.fail(f"`{words}` never came: {''.join(seen)}")


def processes_of(folder):
    """The command lines of living programs that have the folder in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in command:
                found.append(command)
    return found


def report_of(folder):
    (run,) = folder.iterdir()
    return json.loads((run / "report.json").read_text(encoding="utf-8")), run


def test_what_was_backed_up_comes_back(finished):
    exit_code, output, folder = finished
    report, _ = report_of(folder / "evidence")
    count = len(report["steps"])

    assert exit_code == 0, output
    assert report["passed"] is True
    assert {step["status"] for step in report["steps"]} == {"passed"}
    assert f"{count} of {count} steps passed" in output


def test_the_evidence_says_what_was_done_with_what(finished):
    report, run = report_of(finished[2] / "evidence")
    markdown = (run / "report.md").read_text(encoding="utf-8")
    suite = ElementTree.parse(run / "junit.xml").getroot()  # noqa: S314 - written by this project just now

    assert (suite.get("failures"), suite.get("skipped"), suite.get("tests")) == ("0", "0", str(len(report["steps"])))
    assert {"commit", "manifests", "restic", "minio", "kustomize"} <= set(report["facts"])
    assert report["facts"]["dataset"].startswith("20 files of 1048576 bytes")
    assert report["known_losses"] == list(KNOWN_LOSSES)
    assert "restoring snapshot" in markdown
    assert (run / "source-record.txt").read_text(encoding="utf-8").count("\n") > 20


def test_a_whole_run_leaves_nothing_behind(finished):
    temporary = finished[2] / "temporary"

    assert list(temporary.iterdir()) == []
    assert processes_of(temporary) == []


def test_no_secret_is_in_the_output_or_in_the_evidence(finished):
    _, output, folder = finished
    kept = "".join(path.read_text(encoding="utf-8") for path in (folder / "evidence").rglob("*") if path.is_file())

    assert all(MADE_VALUE.search(value.reveal()) for value in made("u").values() if len(value.reveal()) > 20)
    assert MADE_VALUE.search(output + kept) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
@pytest.mark.parametrize("words", ["set up the 1Password item and MinIO", "report a locked repository"])
def test_a_run_that_is_ended_half_way_leaves_nothing_behind(start, tmp_path, temporary, number, words):
    process = start(*SMALL)
    wait_for(process, words)

    os.kill(process.pid, number)
    output, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 130, output
    assert f"error: {number.name}:" in output
    assert list(temporary.iterdir()) == []
    assert processes_of(temporary) == []
    assert report_of(tmp_path / "evidence")[0]["passed"] is False


def test_a_server_that_dies_fails_the_run_and_leaves_nothing_behind(start, tmp_path, temporary):
    process = start(*SMALL)
    wait_for(process, "wipe the source")
    killed = [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and is_minio_of(entry, temporary)
    ]

    for number in killed:
        os.kill(number, signal.SIGKILL)
    output, _ = process.communicate(timeout=TIMEOUT_S)
    report, _ = report_of(tmp_path / "evidence")

    assert killed
    assert process.returncode not in (0, 1), output
    assert "Traceback" not in output
    assert [step["status"] for step in report["steps"]].count("failed") == 1
    assert list(temporary.iterdir()) == []
    assert processes_of(temporary) == []


def is_minio_of(entry, folder):
    try:
        command = (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"server" in command and any(os.fsencode(folder) in word for word in command)


def test_two_runs_at_once_do_not_meet(start, tmp_path):
    first, second = start(*SMALL), start(*SMALL)
    outputs = [process.communicate(timeout=TIMEOUT_S)[0] for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert len(list((tmp_path / "evidence").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--files", "0"), "0 is no number of files", id="no files"),
        pytest.param(("--size", "1GB"), "`1GB` is no size", id="a unit that is not binary"),
        pytest.param(("--size", "1000TiB"), "bytes free and this dataset needs", id="more than the disk has"),
    ],
)
def test_a_dataset_that_cannot_be_is_refused_in_one_sentence(start, tmp_path, temporary, arguments, words):
    process = start(*arguments)
    output, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 3, output
    assert words in output
    assert output.count("\n") == 1
    assert not (tmp_path / "evidence").exists()
    assert list(temporary.iterdir()) == []
