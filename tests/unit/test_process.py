"""Programs are started, bounded and ended in one place: real programs, real signals."""

import os
import random
import signal
import socket
import sys
import threading
import time

import pytest

from scripts import interrupts, process
from scripts.errors import CommandFailed, Interrupted, SettingsError, ToolMissing, Unreachable
from scripts.settings import Secret
from tests.processes import alive, eventually, running

SH = "/bin/sh"
STUBBORN = "trap '' TERM; sleep 600 & echo $! >{file}; wait; wait; sleep 600"
"""A program with a child, which both ignore SIGTERM."""


def child_of(file) -> int:
    eventually(lambda: file.exists() and file.read_text().strip())
    return int(file.read_text())


@pytest.fixture
def short_grace(monkeypatch):
    monkeypatch.setattr(process, "GRACE_S", 0.2)


def test_a_program_gives_its_output_and_its_exit_code():
    completed = process.run([SH, "-c", "cat; echo problem >&2; exit 3"], timeout_s=60, stdin="text", accept=(3,))

    assert (completed.exit_code, completed.stdout, completed.stderr) == (3, "text", "problem\n")


def test_output_that_is_no_utf_8_comes_back_byte_for_byte():
    completed = process.run([SH, "-c", r"printf '\377\n'"], timeout_s=60)

    assert completed.stdout.encode("utf-8", "surrogateescape") == b"\xff\n"


def test_an_exit_code_that_was_not_expected_is_a_failure_with_the_last_words():
    with pytest.raises(CommandFailed) as failed:
        process.run([SH, "-c", "echo first >&2; echo the reason >&2; exit 7"], timeout_s=60, next_step="run `x`")

    assert failed.value.command_exit_code == 7
    assert failed.value.where == "sh"
    assert failed.value.found.endswith("ended with exit code 7: first / the reason")
    assert failed.value.next_step == "run `x`"


def test_any_exit_code_can_be_accepted():
    assert process.run([SH, "-c", "exit 9"], timeout_s=60, accept=None).exit_code == 9


def test_a_program_that_a_signal_ended_says_which():
    assert process.run([SH, "-c", "kill -9 $$"], timeout_s=60, accept=None).exit_code == -signal.SIGKILL


def test_a_program_sees_only_the_environment_that_it_is_given(monkeypatch):
    monkeypatch.setenv("OP_CONNECT_TOKEN", "hunter2")

    seen = process.run(["/usr/bin/env"], timeout_s=60).stdout

    assert "OP_CONNECT_TOKEN" not in seen
    assert f"PATH={os.environ['PATH']}\n" in seen


def test_a_secret_reaches_the_program_and_is_redacted_in_what_it_says():
    variables = process.minimal_environment({"KEY": Secret("hunter2"), "EMPTY": Secret("")})

    completed = process.run(
        [SH, "-c", 'echo "[$KEY]"; echo "[$KEY]" >&2; echo ${#KEY}'], timeout_s=60, environment=variables
    )

    assert completed.stdout == "[**redacted**]\n7\n"
    assert completed.stderr == "[**redacted**]\n"


def test_a_secret_is_redacted_in_the_message_of_a_failure():
    variables = process.minimal_environment({"KEY": Secret("hunter2")})

    with pytest.raises(CommandFailed) as failed:
        process.run([SH, "-c", 'echo "wrong key $KEY" >&2; exit 1'], timeout_s=60, environment=variables)

    assert failed.value.found.endswith("wrong key **redacted**")


@pytest.mark.parametrize(
    ("content", "mode", "found"),
    [
        pytest.param(None, 0, "there is no such program", id="no such program"),
        pytest.param(
            b"#!/bin/sh\n", 0o644, "is no program that can be started (Permission denied)", id="not executable"
        ),
        pytest.param(
            b"\x7fELF", 0o755, "is no program that can be started (Exec format error)", id="another machine's"
        ),
    ],
)
def test_a_program_that_cannot_be_started_is_missing(tmp_path, content, mode, found):
    program = tmp_path / "program"
    if content is not None:
        program.write_bytes(content)
        program.chmod(mode)

    with pytest.raises(ToolMissing) as missing:
        process.run([program], timeout_s=60)

    assert str(missing.value) == f"{program}: {found}; run `invoke tools.install`"


def test_a_working_directory_that_is_missing_is_not_taken_for_a_missing_program(tmp_path):
    with pytest.raises(SettingsError, match="is no folder"):
        process.run([SH, "-c", "true"], timeout_s=60, cwd=tmp_path / "missing")


@pytest.mark.usefixtures("short_grace")
def test_when_the_time_is_over_the_program_and_its_children_are_ended(tmp_path):
    file = tmp_path / "child"

    with pytest.raises(CommandFailed, match=r"did not end within 1 s") as late:
        process.run([SH, "-c", STUBBORN.format(file=file)], timeout_s=1)

    assert late.value.command_exit_code is None
    eventually(lambda: not alive(child_of(file)))


def test_a_child_that_outlives_its_program_is_ended_with_it(tmp_path):
    file = tmp_path / "child"

    process.run([SH, "-c", f"sleep 600 >/dev/null 2>&1 </dev/null & echo $! >{file}"], timeout_s=60)

    eventually(lambda: not alive(child_of(file)))


def streamed(script, silence_s=60, **secrets):
    return process.streamed([SH, "-c", script], silence_s=silence_s, environment=process.minimal_environment(secrets))


def test_a_stream_is_read_as_it_is_written_and_what_is_left_of_it_does_not_stop_the_program():
    big = f"{sys.executable} -c \"import sys; [stream.write('x' * 300_000) for stream in (sys.stderr, sys.stdout)]\""

    with streamed(f"echo first; {big}") as output:
        assert output.readline() == b"first\n"


def test_a_stream_of_a_program_that_fails_fails_at_its_end_with_the_last_words_and_no_secret():
    with (
        pytest.raises(CommandFailed, match=r"ended with exit code 7: wrong key \*\*redacted\*\*") as failed,
        streamed('echo text; echo "wrong key $KEY" >&2; exit 7', KEY=Secret("hunter2")) as output,
    ):
        assert output.read() == b"text\n"

    assert failed.value.command_exit_code == 7


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize("silent", ["echo text", "echo text; exec >&-"], ids=["before the end", "after its output"])
def test_a_stream_that_falls_silent_is_given_up_and_its_program_ended(tmp_path, silent):
    file = tmp_path / "child"

    with (
        pytest.raises(CommandFailed, match=r"was silent for 0\.3 s"),
        streamed(f"{silent}; {STUBBORN.format(file=file)}".replace("sleep 600 &", "sleep 600 >&2 &"), 0.3) as output,
    ):
        output.read()

    eventually(lambda: not alive(child_of(file)))


def test_a_stream_ends_its_program_where_the_work_fails(tmp_path):
    file = tmp_path / "child"

    with pytest.raises(ValueError, match="no number"), streamed(f"echo $$ >{file}; echo no number; yes") as output:
        int(output.readline())

    assert not alive(child_of(file))


def serve_python(tmp_path, program, **options):
    return process.serve(
        "the server",
        [sys.executable, "-c", program],
        log=tmp_path / "log",
        environment=process.minimal_environment(options.pop("environment", None)),
        **options,
    )


def test_a_server_runs_while_its_context_lasts_and_its_children_end_with_it(tmp_path):
    file = tmp_path / "child"
    script = f"sleep 600 & echo $! >{file}; wait"

    with process.serve(
        "the server",
        [SH, "-c", script],
        log=tmp_path / "log",
        environment=process.minimal_environment(),
        ready=file.exists,
        timeout_s=60,
    ) as server:
        child = child_of(file)
        running = (server.exit_code(), alive(server.process_id), alive(child))

    assert running == (None, True, True)
    assert not alive(server.process_id)
    eventually(lambda: not alive(child))


def test_a_server_ends_also_where_the_work_fails(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        serve_python(tmp_path, "import time; time.sleep(600)", ready=lambda: True, timeout_s=60) as server,
    ):
        raise ZeroDivisionError

    assert not alive(server.process_id)


def test_a_server_that_dies_before_it_is_ready_is_told_with_its_last_words_and_without_its_secrets(tmp_path):
    program = "import os, sys; sys.exit('wrong password ' + os.environ['KEY'])"

    with (
        pytest.raises(CommandFailed) as dead,
        serve_python(tmp_path, program, ready=lambda: False, timeout_s=60, environment={"KEY": Secret("hunter2")}),
    ):
        pass

    assert dead.value.found == "ended before it was ready: wrong password **redacted**"


def test_a_server_that_does_not_get_ready_is_given_up_and_ended(tmp_path):
    seen = []

    def never():
        seen.append(None)
        return False

    with (
        pytest.raises(Unreachable, match=r"the server to be ready: waited 0\.3 s in vain"),
        process.serve(
            "the server",
            [SH, "-c", f"echo $$ >{tmp_path}/server; exec sleep 600"],
            log=tmp_path / "log",
            environment=process.minimal_environment(),
            ready=never,
            timeout_s=0.3,
        ),
    ):
        pass

    assert len(seen) > 1
    assert not alive(child_of(tmp_path / "server"))


def test_a_server_that_is_killed_ends_at_once_and_its_context_ends_as_usual(tmp_path):
    with serve_python(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
        ready=lambda: (tmp_path / "log").read_text() == "up\n",
        timeout_s=60,
    ) as server:
        process.kill(server)
        code = process.wait_until(server.exit_code, timeout_s=60, every_s=0.01, what="the end")

    assert code == -signal.SIGKILL


def test_waiting_gives_the_first_value_that_is_true():
    values = iter([0, "", None, "here"])

    assert process.wait_until(lambda: next(values), timeout_s=60, every_s=0, what="a value") == "here"


def test_waiting_in_vain_ends_and_shows_what_was_seen_last():
    with pytest.raises(Unreachable) as vain:
        process.wait_until(lambda: [], timeout_s=0.05, every_s=0.01, what="the repository to be unlocked")

    assert vain.value.where == "the repository to be unlocked"
    assert vain.value.found == "waited 0.05 s in vain, last seen: []"


def test_a_predicate_that_raises_ends_the_waiting():
    with pytest.raises(ZeroDivisionError):
        process.wait_until(lambda: 1 / 0, timeout_s=60, every_s=0, what="nothing")


@pytest.mark.parametrize("number", interrupts.SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_the_work_and_the_programs_it_started(tmp_path, number):
    file = tmp_path / "child"

    def send():
        child_of(file)
        os.kill(os.getpid(), number)

    threading.Thread(target=send).start()
    with pytest.raises(Interrupted) as interrupted, interrupts.signals_as_interrupts():
        process.run([SH, "-c", f"sleep 600 & echo $! >{file}; wait"], timeout_s=60)

    assert interrupted.value.where == number.name
    eventually(lambda: not alive(child_of(file)))


def test_a_second_signal_does_not_break_the_clean_up_of_the_first():
    cleaned_up = []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned_up.append(True)

    with pytest.raises(Interrupted), interrupts.signals_as_interrupts():
        work()

    assert cleaned_up == [True]


def test_signals_are_as_before_when_the_work_is_over():
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    with interrupts.signals_as_interrupts():
        during = [signal.getsignal(number) for number in interrupts.SIGNALS]

    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
    assert all(handler not in before for handler in during)


def test_a_signal_that_cuts_the_grace_short_leaves_nothing_behind(tmp_path):
    file = tmp_path / "child"

    def send():
        eventually((tmp_path / "asked").exists)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send).start()
    script = f"trap 'touch {tmp_path}/asked' TERM; echo $$ >{file}; while :; do sleep 0.05; done"
    with (
        pytest.raises(Interrupted),
        interrupts.signals_as_interrupts(),
        process.serve(
            "the server",
            [SH, "-c", script],
            log=tmp_path / "log",
            environment=process.minimal_environment(),
            ready=file.exists,
            timeout_s=60,
        ),
    ):
        pass

    assert not alive(child_of(file))


def test_a_signal_ends_the_work_of_a_thread_that_looks_for_it_once_and_of_no_other():
    ended, over = [], threading.Event()

    def waits():
        process.wait_until(over.is_set, timeout_s=60, every_s=0.01, what="the end")

    def looks():
        with interrupts.also_in_this_thread():
            try:
                waits()
            except Interrupted:
                # the clean-up may wait again
                waits()
                ended.append("interrupted")

    def does_not():
        waits()
        ended.append("not interrupted")

    threads = [threading.Thread(target=each) for each in (looks, does_not)]

    def work():
        for each in threads:
            each.start()
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            time.sleep(0.1)
            over.set()
            for each in threads:
                each.join()

    with pytest.raises(Interrupted), interrupts.signals_as_interrupts():
        work()

    assert sorted(ended) == ["interrupted", "not interrupted"]


def test_a_stream_in_a_thread_that_looks_for_a_signal_ends_with_it():
    ended, begun = [], threading.Event()

    def reads():
        try:
            with interrupts.also_in_this_thread(), streamed("echo x; sleep 600") as output:
                output.readline()
                begun.set()
                output.read()
        except Interrupted:
            ended.append(True)

    thread = threading.Thread(target=reads)

    def work():
        thread.start()
        begun.wait()
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            thread.join()

    with pytest.raises(Interrupted), interrupts.signals_as_interrupts():
        work()

    assert ended == [True]


def test_a_signal_while_a_program_is_being_started_does_not_lose_the_program():
    """The moment is drawn at random, 150 times: a start takes about a millisecond."""
    draw = random.Random(36)  # noqa: S311 - not for a secret
    marker = f"600.{os.getpid()}"

    def start_when_a_signal_is_on_its_way():
        timer.start()
        process.run(["/bin/sleep", marker], timeout_s=60)

    for _ in range(150):
        timer = threading.Timer(draw.uniform(0, 0.004), os.kill, (os.getpid(), signal.SIGTERM))
        with pytest.raises(Interrupted), interrupts.signals_as_interrupts():
            start_when_a_signal_is_on_its_way()
        timer.join()

    assert [command for command in running().values() if marker in command] == []


def test_a_signal_is_not_lost_where_the_program_cannot_be_started():
    def start():
        os.kill(os.getpid(), signal.SIGTERM)
        raise ToolMissing("program", "there is no such program", "install it")

    with pytest.raises(Interrupted), interrupts.signals_as_interrupts(), interrupts.held():
        start()


def test_programs_can_be_started_from_other_threads():
    results = []
    thread = threading.Thread(target=lambda: results.append(process.run([SH, "-c", "echo ok"], timeout_s=60).stdout))
    thread.start()
    thread.join()

    assert results == ["ok\n"]


def test_a_free_port_can_be_listened_on():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", process.free_port()))
        listening.listen()
