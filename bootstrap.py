"""
A checkout -> its virtual environment `.venv` with everything of requirements.txt.

    python3 bootstrap.py && .venv/bin/nox -s e2e

Needs Python and nothing else, no root, and may be run again at any time. It starts under any Python since 3.6, so that
an old one is told what to do instead of showing a traceback.
"""

import os
import shutil
import subprocess  # noqa: TID251 - runs before the package `scripts` can be imported
import sys
from pathlib import Path
from typing import NoReturn

LEAST = (3, 11)
NEWEST_TRIED = 20
ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = str(ENVIRONMENT / "bin" / "python")

NEW_ENOUGH = f"import sys; sys.exit(sys.version_info < {LEAST!r})"
HAS_PIP = "import pip"
GET_PIP = "install Python's venv and pip (on Debian and Ubuntu: sudo apt-get install python3-venv) and run this again"


def main() -> None:
    """Make the virtual environment where there is none that works, and install what is pinned."""
    use_new_enough_python()
    if not works(PYTHON, NEW_ENOUGH):
        make_environment()
    # --no-user: some machines are set up to install for the user, which a virtual environment refuses
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-user", "--require-hashes"]
    if run([*pip(), "install", *options, "-r", str(ROOT / "requirements.txt")]) != 0:
        fail("pip could not install requirements.txt", "see its message above, then run this again")


def use_new_enough_python() -> None:
    """Start again under a newer Python of the PATH where this one is too old."""
    if sys.version_info[:2] >= LEAST:
        return
    for minor in range(NEWEST_TRIED, LEAST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer and works(newer, NEW_ENOUGH):
            os.execv(newer, [newer, str(Path(__file__).resolve())])  # noqa: S606 - the same script, another Python
    version = ".".join(map(str, sys.version_info[:2]))
    fail(f"this is Python {version} and no newer one is on the PATH", "install Python 3.11 or newer and run this again")


def make_environment() -> None:
    """Make `.venv` anew; one whose Python has gone or is too old is replaced."""
    print("make .venv", file=sys.stderr, flush=True)
    make = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    # the second needs no ensurepip, which Debian keeps in the package python3-venv
    if run(make, quiet=True) != 0 and run([*make, "--without-pip"]) != 0:
        fail(f"cannot make {ENVIRONMENT}", GET_PIP)


def pip() -> "list[str]":
    """The pip that installs into `.venv`: its own, or that of this Python."""
    if works(PYTHON, HAS_PIP):
        return [PYTHON, "-m", "pip"]
    if works(sys.executable, HAS_PIP):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    # so that the next run makes it anew
    shutil.rmtree(ENVIRONMENT)
    return fail("there is no pip", GET_PIP)


def works(python: str, program: str) -> bool:
    """Tell whether a Python is there and runs a program to a good end."""
    return Path(python).exists() and run([python, "-c", program], quiet=True) == 0


def run(command: "list[str]", quiet: bool = False) -> int:
    """Run a command; gives its exit code."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call(command, stdout=output, stderr=output)


def fail(found: str, next_step: str) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    sys.exit(f"error: bootstrap.py: {found}; {next_step}")


if __name__ == "__main__":
    main()
