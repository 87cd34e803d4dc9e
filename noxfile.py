"""
Names, flags and help of the sessions; each is an environment with pinned packages and the commands that run in it.

`nox --list` shows them. What follows `--` goes to the session's last command.
"""

import signal
from typing import TypedDict

import nox

nox.needs_version = ">=2026.10.20"
nox.options.sessions = ("lint", "tests")
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

# `kill` ends a session the way Ctrl-C does: what it started is told, and waited for
signal.signal(signal.SIGTERM, signal.default_int_handler)

PINNED = ("--no-user", "--require-hashes", "-r")
"""For pip, before a requirements file; some machines are set up to install for the user, which environments refuse."""


class Patience(TypedDict):
    """Seconds that a command has to clean up: after Ctrl-C, and after the SIGTERM that follows it."""

    interrupt_timeout: float
    terminate_timeout: float


CLEANS_UP_ON_SIGTERM: Patience = {"interrupt_timeout": 1.0, "terminate_timeout": 120.0}
"""For a task (scripts/task.py): it cleans up on the first signal, whichever it is, and ignores the others."""

CLEANS_UP_ON_CTRL_C: Patience = {"interrupt_timeout": 120.0, "terminate_timeout": 10.0}
"""For pytest and the benchmark: Ctrl-C lets fixtures end their servers, SIGTERM would not."""


@nox.session
def e2e(session: nox.Session) -> None:
    """Back up, wipe, restore and compare on this machine, or on a cluster with `-- --context NAME`; `-- --size 1GiB` scales it."""
    session.install(*PINNED, "requirements.txt")
    if any(word.partition("=")[0] == "--context" for word in session.posargs):
        session.run("python", "-m", "invoke", "cluster.e2e", *session.posargs, **CLEANS_UP_ON_SIGTERM)
    else:
        session.run("python", "-m", "invoke", "e2e", *session.posargs, **CLEANS_UP_ON_SIGTERM)


@nox.session
def tests(session: nox.Session) -> None:
    """Unit tests, tests with the real tools, alert rules and the end-to-end scenario; `-- -k word` selects some."""
    session.install(*PINNED, "requirements-dev.txt")
    # before pytest, which would hide the progress of a first build
    session.run("python", "-m", "invoke", "tools.install", **CLEANS_UP_ON_SIGTERM)
    session.run("pytest", *session.posargs, **CLEANS_UP_ON_CTRL_C)


@nox.session
def cluster(session: nox.Session) -> None:
    """The tasks on a cluster against a real Kubernetes API server; `-- -k word` selects some."""
    session.install(*PINNED, "requirements-dev.txt")
    names = ("etcd", "kube-apiserver", "kustomize", "minio", "restic")
    wanted = [word for name in names for word in ("--name", name)]
    session.run("python", "-m", "invoke", "tools.install", *wanted, **CLEANS_UP_ON_SIGTERM)
    session.run("pytest", "tests/cluster", *session.posargs, **CLEANS_UP_ON_CTRL_C)


@nox.session
def lint(session: nox.Session) -> None:
    """Lint, format, types, and the direction of the imports."""
    session.install(*PINNED, "requirements-dev.txt")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure and print JSON; what follows `--` goes to `python -m scripts.bench`."""
    session.install(*PINNED, "requirements.txt")
    session.run("python", "-m", "scripts.bench", *session.posargs, **CLEANS_UP_ON_CTRL_C)
