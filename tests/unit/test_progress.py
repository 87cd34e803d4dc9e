"""What is shown while something goes on, on a terminal and elsewhere."""

import os
import pty
import re
import subprocess
import sys

import pytest

from scripts.settings import REPOSITORY_ROOT

PROGRAM = """
import sys
from scripts.progress import say, step

say("a [line] with brackets")
try:
    with step("back up 64 MiB [of 1 GiB]"):
        with step("an inner step"):
            pass
        if "fail" in sys.argv:
            raise KeyError("a bug")
except KeyError:
    pass
print("result")
"""


def without_times(text: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(0.0 s)", text)


def variables(**changes: str) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "NO_COLOR", "COLUMNS"}
    }
    return inherited | {"TERM": "xterm"} | changes


def on_a_terminal(*words: str) -> str:
    """Everything that a terminal is sent, results and progress."""
    master, slave = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], cwd=REPOSITORY_ROOT, env=variables(), stdout=slave, stderr=slave
    )
    os.close(slave)
    sent = b""
    try:
        while block := os.read(master, 65536):
            sent += block
    except OSError:
        pass  # Linux says so when the other end is closed
    finally:
        os.close(master)
    assert running.wait(timeout=60) == 0
    return sent.decode()


@pytest.mark.parametrize(("words", "verdict"), [((), "done"), (("fail",), "failed")], ids=["done", "failed"])
def test_without_a_terminal_progress_is_plain_lines_beside_the_result(words, verdict):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=REPOSITORY_ROOT,
        env=variables(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stdout == "result\n"
    assert without_times(ended.stderr).splitlines() == [
        "a [line] with brackets",
        "back up 64 MiB [of 1 GiB] ...",
        "an inner step ...",
        "done an inner step (0.0 s)",
        f"{verdict} back up 64 MiB [of 1 GiB] (0.0 s)",
    ]


def test_a_long_line_is_not_broken_without_a_terminal():
    text = "word " * 60

    ended = subprocess.run(
        [sys.executable, "-c", f"from scripts.progress import say; say({text!r})"],
        cwd=REPOSITORY_ROOT,
        env=variables(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(("words", "verdict"), [((), "done"), (("fail",), "failed")], ids=["done", "failed"])
def test_on_a_terminal_a_line_is_live_and_its_end_stays(words, verdict):
    sent = on_a_terminal(*words)
    shown = without_times(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent))

    assert "\x1b[?25l" in sent  # the cursor is hidden while the line is live
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")
    assert "back up 64 MiB [of 1 GiB] ..." not in shown
    assert "done an inner step (0.0 s)" in shown
    assert f"{verdict} back up 64 MiB [of 1 GiB] (0.0 s)" in shown
    assert shown.rstrip().endswith("result")
