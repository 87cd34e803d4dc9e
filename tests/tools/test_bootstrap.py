"""bootstrap.py makes an environment from a Python and nothing else; with the real venv and pip, without a network."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.settings import REPOSITORY_ROOT
from tests.tools import python_package


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    shutil.copy(REPOSITORY_ROOT / "bootstrap.py", tmp_path)
    packages = tmp_path / "packages"
    packages.mkdir()
    python_package.publish(packages, "packed", "1.0.0", {"packed.py": "VALUE = 36\n"})
    shutil.move(packages / "requirements-packed.txt", tmp_path / "requirements.txt")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(packages))
    return tmp_path


@pytest.fixture
def environment(checkout):
    """An environment that is there already, without the pip that takes seconds to put into it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)


def bootstrap(checkout: Path, python: str = sys.executable) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, str(checkout / "bootstrap.py")], capture_output=True, text=True, check=False, timeout=300
    )


def works(checkout: Path) -> bool:
    program = "import packed; assert packed.VALUE == 36"
    return subprocess.run([str(checkout / ".venv/bin/python"), "-c", program], check=False).returncode == 0


def test_an_environment_is_made_and_the_second_run_keeps_it(checkout):
    first = bootstrap(checkout)
    (checkout / ".venv" / "kept").touch()
    second = bootstrap(checkout)

    assert (first.returncode, first.stdout, first.stderr) == (0, "", "make .venv\n")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (checkout / ".venv" / "kept").exists()
    assert works(checkout)


@pytest.mark.usefixtures("environment")
def test_a_machine_that_installs_for_the_user_makes_no_difference(checkout, monkeypatch):
    monkeypatch.setenv("PIP_USER", "1")

    assert bootstrap(checkout).returncode == 0
    assert works(checkout)


def test_an_environment_whose_python_has_gone_is_made_anew(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3.5-that-was-removed")

    assert bootstrap(checkout).returncode == 0
    assert works(checkout)


@pytest.mark.usefixtures("environment")
def test_an_environment_without_pip_is_filled_with_the_pip_of_this_python(checkout):
    ended = bootstrap(checkout)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert works(checkout)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "digest",
    [pytest.param(f"--hash=sha256:{'0' * 64}", id="another digest"), pytest.param("", id="no digest")],
)
def test_a_package_that_is_not_the_pinned_one_is_refused(checkout, digest):
    (checkout / "requirements.txt").write_text(f"packed==1.0.0 {digest}\n")

    ended = bootstrap(checkout)

    assert ended.returncode == 1
    assert ended.stderr.endswith(
        "error: bootstrap.py: pip could not install requirements.txt; see its message above, then run this again\n"
    )


@pytest.mark.usefixtures("environment")
def test_a_python_that_is_too_old_starts_a_newer_one_of_the_path_or_says_what_to_install(checkout, monkeypatch):
    too_old = f"""
import runpy, sys
sys.version_info = (3, 9, 2)
sys.argv = [{str(checkout / "bootstrap.py")!r}]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    folder = checkout / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    without = subprocess.run([sys.executable, "-c", too_old], capture_output=True, text=True, check=False)
    for name, does in (("python3.14", "exit 1"), ("python3.13", f'exec {sys.executable} "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    subprocess.run([sys.executable, "-c", too_old], check=True)

    assert without.returncode == 1
    assert without.stderr == (
        "error: bootstrap.py: this is Python 3.9 and no newer one is on the PATH; "
        "install Python 3.11 or newer and run this again\n"
    )
    assert works(checkout)


def test_an_old_python_can_read_the_script():
    """No syntax that Python 3.6 does not know: the check of the version has to be reached."""
    source = (REPOSITORY_ROOT / "bootstrap.py").read_text(encoding="utf-8")

    assert ast.parse(source, feature_version=(3, 6))
