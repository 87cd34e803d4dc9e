"""The only place that starts a program or waits for something."""

import contextlib
import io
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from scripts import interrupts
from scripts.errors import CommandFailed, SettingsError, ToolMissing, Unreachable
from scripts.settings import REDACTED, Secret, environment

Value = TypeVar("Value")

GRACE_S = 5.0
"""Seconds between asking a program to end and ending it."""

LOOK_UP_S = 1.0
"""After which a thread that waits for a program looks whether the work was ended meanwhile, in seconds."""

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CACHE_HOME")
"""What a program gets of this process's environment unless it is given more: never a credential."""

SHORT_LIVED = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""For a program in Go that ends before its garbage fills the memory: not to collect it takes a third off its time."""


@dataclass(frozen=True, kw_only=True)
class Completed:
    """
    A program that ended.

    Args:
        command: what was run; secrets are never part of it.

        exit_code: 0 or more; minus the signal's number where a signal ended it.

        stdout: what it wrote, secrets of its environment redacted; bytes that are no UTF-8 are kept as surrogates.

        stderr: likewise.

        duration_s: wall time in seconds.
    """

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Server:
    """
    A program that runs until its context ends.

    Args:
        name: for messages.

        process_id: of the program, which leads its own process group.

        log: the file that its output goes to.

        exit_code: a function that gives its exit code, None while it runs.
    """

    name: str
    process_id: int
    log: Path
    exit_code: Callable[[], int | None]


def minimal_environment(extra: Mapping[str, str | Secret] | None = None) -> dict[str, str | Secret]:
    """
    What a program may see: paths and locale of this process, and what it is given by name.

    Args:
        extra: further variables; they win.

    Returns:
        A mapping for `run` and `serve`.
    """
    found = environment()
    inherited: dict[str, str | Secret] = {name: found[name] for name in INHERITED if name in found}
    return inherited | dict(extra or {})


def run(
    command: Sequence[str | Path],
    *,
    timeout_s: float,
    environment: Mapping[str, str | Secret] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    accept: tuple[int, ...] | None = (0,),
    next_step: str = "read its output above",
) -> Completed:
    """
    Run a program to its end.

    Args:
        command: the program and its arguments; never a secret.

        timeout_s: after which it is ended, in seconds.

        environment: all that it sees; `minimal_environment()` where None.

        cwd: its working directory.

        stdin: what it reads.

        accept: exit codes that are not failures; None accepts every one.

        next_step: for the message of a failure.

    Returns:
        What it wrote and how it ended.

    Raises:
        ToolMissing: where there is no such program.

        CommandFailed: where its exit code is not accepted, or the time is over.
    """
    words = tuple(str(word) for word in command)
    variables = minimal_environment() if environment is None else environment
    started = time.monotonic()
    pipe = subprocess.PIPE
    with _running(words, variables, cwd, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            out, err = process.communicate(stdin.encode("utf-8", "surrogateescape"), timeout=timeout_s)
        except subprocess.TimeoutExpired as expired:
            raise CommandFailed(
                Path(words[0]).name,
                f"`{_shown(words)}` did not end within {timeout_s:g} s",
                "run it by hand to see what it waits for",
            ) from expired
    completed = Completed(
        command=words,
        exit_code=process.returncode,
        stdout=_redacted(out.decode("utf-8", "surrogateescape"), variables),
        stderr=_redacted(err.decode("utf-8", "surrogateescape"), variables),
        duration_s=time.monotonic() - started,
    )
    _accept(completed, accept, next_step)
    return completed


@contextlib.contextmanager
def streamed(
    command: Sequence[str | Path],
    *,
    silence_s: float,
    environment: Mapping[str, str | Secret],
    next_step: str = "read its output above",
) -> Iterator[IO[bytes]]:
    """
    Run a program whose output is too large to be kept.

    Args:
        command: the program and its arguments; never a secret.

        silence_s: how long it may be waited for, for more of its output or for its end, in seconds.

        environment: all that it sees.

        next_step: for the message of a failure.

    Yields:
        What it writes to its standard output, as it is written. Secrets are not redacted in it.

    Raises:
        ToolMissing: where there is no such program.

        CommandFailed: where it is silent for too long, or at the end, where its exit code is not 0.
    """
    words = tuple(str(word) for word in command)
    begun = time.monotonic()
    # a file, because a pipe that nobody empties would stop it
    with (
        tempfile.TemporaryFile() as errors,
        _running(words, environment, None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        silent = CommandFailed(
            Path(words[0]).name,
            f"`{_shown(words)}` was silent for {silence_s:g} s",
            "run it by hand to see what it waits for",
        )
        output = io.BufferedReader(_Output(process.stdout.fileno(), silence_s, silent), _Output.BLOCK_BYTES)
        yield output
        while output.read(_Output.BLOCK_BYTES):
            pass
        try:
            process.wait(timeout=silence_s)
        except subprocess.TimeoutExpired as expired:
            raise silent from expired
        errors.seek(0)
        text = _redacted(errors.read().decode("utf-8", "surrogateescape"), environment)
        completed = Completed(
            command=words,
            exit_code=process.returncode,
            stdout="",
            stderr=text,
            duration_s=time.monotonic() - begun,
        )
        _accept(completed, (0,), next_step)


class _Output(io.RawIOBase):
    """A program's output, which is not waited for without an end."""

    BLOCK_BYTES = 1 << 20

    def __init__(self, descriptor: int, silence_s: float, silent: CommandFailed) -> None:
        self._descriptor = descriptor
        self._silence_s = silence_s
        self._silent = silent

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # BufferedReader gives it one
        deadline = time.monotonic() + self._silence_s
        while not select.select([self._descriptor], [], [], min(self._silence_s, LOOK_UP_S))[0]:
            interrupts.look()
            if time.monotonic() >= deadline:
                raise self._silent
        interrupts.look()
        read = os.read(self._descriptor, len(buffer))
        buffer[: len(read)] = read
        return len(read)


def last_words(completed: Completed, lines: int = 3) -> str:
    """
    The end of what a program wrote, on one line.

    Args:
        completed: the program.

        lines: how many of its last lines that are not empty.

    Returns:
        The end of its standard error, or of its standard output where that is empty; "no output" where both are.
    """
    text = completed.stderr.strip() or completed.stdout.strip()
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " / ".join(kept).encode("utf-8", "backslashreplace").decode() or "no output"


@contextlib.contextmanager
def serve(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str | Secret],
    ready: Callable[[], bool],
    timeout_s: float,
) -> Iterator[Server]:
    """
    Run a program for as long as the context lasts, and end it and its children after.

    Args:
        name: for messages.

        command: the program and its arguments; never a secret.

        log: a file for its output.

        environment: all that it sees.

        ready: tells whether it can be used.

        timeout_s: within which it has to be ready, in seconds.

    Yields:
        The running program.

    Raises:
        ToolMissing: where there is no such program.

        CommandFailed: where it ends before it is ready.

        Unreachable: where it is not ready in time.
    """
    words = tuple(str(word) for word in command)
    with (
        log.open("ab") as output,
        _running(words, environment, None, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):

        def ready_or_ended() -> bool:
            if process.poll() is not None:
                text = _redacted(log.read_text(errors="replace"), environment).strip().splitlines()
                raise CommandFailed(name, f"ended before it was ready: {' / '.join(text[-3:])}", f"read {log}")
            return ready()

        wait_until(ready_or_ended, timeout_s=timeout_s, every_s=0.05, what=f"{name} to be ready")
        yield Server(name=name, process_id=process.pid, log=log, exit_code=process.poll)


def kill(server: Server) -> None:
    """
    End a server and its children at once, without a chance to clean up, as a lost node would.

    Args:
        server: the running program; its context may go on and end as usual.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.process_id, signal.SIGKILL)


def wait_until(predicate: Callable[[], Value], *, timeout_s: float, every_s: float, what: str) -> Value:
    """
    Wait until something is so.

    Args:
        predicate: gives a true value when it is; what it raises ends the waiting.

        timeout_s: how long to wait, in seconds.

        every_s: between two looks, in seconds.

        what: for the message, as in "waited for …".

    Returns:
        The first true value.

    Raises:
        Unreachable: when the time is over; the message has the last value seen.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        interrupts.look()
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Unreachable(
                what, f"waited {timeout_s:g} s in vain, last seen: {value!r}", "see whether it is overloaded and retry"
            )
        time.sleep(every_s)


def free_port() -> int:
    """
    A TCP port of the loopback interface that nothing listens on now.

    Returns:
        Its number.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(
    words: tuple[str, ...],
    variables: Mapping[str, str | Secret],
    cwd: Path | None,
    *,
    stdin: int,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
) -> "Iterator[subprocess.Popen[bytes]]":
    process = None
    try:
        with interrupts.held():
            process = _start(words, variables, cwd, stdin=stdin, stdout=stdout, stderr=stderr)
        yield process
    finally:
        if process is not None:
            _end(process)


def _start(
    words: tuple[str, ...],
    variables: Mapping[str, str | Secret],
    cwd: Path | None,
    *,
    stdin: int,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
) -> "subprocess.Popen[bytes]":
    revealed = {
        name: value.reveal() if isinstance(value, Secret) else value for name, value in sorted(variables.items())
    }
    try:
        # its own session: a Ctrl-C reaches it through _end, in our order, and its children end with it
        return subprocess.Popen(
            words, env=revealed, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    except OSError as error:
        if cwd is not None and not cwd.is_dir():
            raise SettingsError(str(cwd), "is no folder that a program can be started in", "make it") from error
        if isinstance(error, FileNotFoundError):
            raise ToolMissing(words[0], "there is no such program", "run `invoke tools.install`") from error
        raise ToolMissing(
            words[0], f"is no program that can be started ({error.strerror})", "run `invoke tools.install`"
        ) from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
    finally:
        # also where a signal cut the grace short
        _signal(process, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # the group may outlive its leader: a program's children end with it
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _accept(completed: Completed, accept: tuple[int, ...] | None, next_step: str) -> None:
    if accept is not None and completed.exit_code not in accept:
        raise CommandFailed(
            Path(completed.command[0]).name,
            f"`{_shown(completed.command)}` ended with exit code {completed.exit_code}: {last_words(completed)}",
            next_step,
            command_exit_code=completed.exit_code,
        )


def _redacted(text: str, variables: Mapping[str, str | Secret]) -> str:
    for value in variables.values():
        if isinstance(value, Secret) and value:
            text = text.replace(value.reveal(), REDACTED)
    return text


def _shown(words: tuple[str, ...]) -> str:
    return " ".join([Path(words[0]).name, *words[1:]])
