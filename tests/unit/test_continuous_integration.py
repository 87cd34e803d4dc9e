"""What a pull request runs is what the README tells."""

import os
import subprocess
import sys

import pytest
import yaml

from scripts.settings import REPOSITORY_ROOT

README = (REPOSITORY_ROOT / "README.md").read_text(encoding="utf-8")
RUN = REPOSITORY_ROOT / ".ci" / "run"
PASSES = "================== 9 passed in 1.00s =================="


def commands(session: str) -> list[str]:
    """The lines of the README's code blocks that run a session on a fresh checkout."""
    return [
        line.strip().removeprefix("$ ") for line in README.splitlines() if line.rstrip().endswith(f"nox -s {session}")
    ]


def test_two_commands_of_one_line_set_up_a_fresh_machine():
    for session in ("e2e", "tests"):
        assert set(commands(session)) == {f"python3 bootstrap.py && .venv/bin/nox -s {session}"}


def test_the_pull_request_runs_the_readmes_test_command():
    lines = [line.strip() for line in RUN.read_text(encoding="utf-8").splitlines()]

    assert commands("tests")[0] in lines
    assert os.access(RUN, os.X_OK)


def test_the_workflow_runs_that_script_on_pull_requests():
    workflow = yaml.safe_load((REPOSITORY_ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))

    assert "pull_request" in workflow[True]  # YAML 1.1 reads the key `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    assert ".ci/run" in [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]


def run_with(tmp_path, *, pytest_says: str, code: int, session: str = "tests") -> "subprocess.CompletedProcess[str]":
    """The script in a checkout whose sessions only say what they are told to; the other sessions than the one named pass."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text(RUN.read_text(encoding="utf-8"))
    (tmp_path / "bootstrap.py").write_text("")
    nox = tmp_path / ".venv" / "bin" / "nox"
    nox.parent.mkdir(parents=True)
    nox.write_text(
        f"#!/bin/sh\n[ $2 = {session} ] || {{ echo '{PASSES}'; exit 0; }}\n"
        f'cat <<END\n{pytest_says}\nEND\necho "nox > ends"\nexit {code}\n'
    )
    nox.chmod(0o755)
    return subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_script_ends_with_pytests_own_verdicts(tmp_path):
    verdict = "================== 211 passed in 10.85s =================="

    ended = run_with(tmp_path, pytest_says=f"tests ...\n{verdict}", code=0)

    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-2:] == [verdict, PASSES]


@pytest.mark.parametrize("session", ["tests", "cluster"])
def test_the_script_fails_where_the_tests_fail(tmp_path, session):
    verdict = "============= 1 failed, 210 passed in 70.85s (0:01:10) ============="

    ended = run_with(tmp_path, pytest_says=verdict, code=1, session=session)

    assert ended.returncode == 1
    assert sorted(ended.stdout.splitlines()[-2:]) == sorted([verdict, PASSES])


@pytest.mark.parametrize("session", ["tests", "cluster"])
def test_the_script_fails_where_pytest_never_spoke(tmp_path, session):
    ended = run_with(tmp_path, pytest_says="nothing", code=0, session=session)

    assert ended.returncode == 1
    assert f"error: .ci/run: pytest did not come to an end in the session {session}" in ended.stdout


def test_the_script_fails_where_lint_fails(tmp_path):
    assert run_with(tmp_path, pytest_says="it is not well formatted", code=1, session="lint").returncode == 1


def test_a_skipped_test_is_a_failure_in_ci_and_only_there(tmp_path):
    (tmp_path / "conftest.py").write_text((REPOSITORY_ROOT / "tests/conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "test_skips.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('no tool')\n")
    codes = {}
    for ci in ("true", "false"):
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
            env=os.environ | {"CI": ci},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        codes[ci] = (ended.returncode, "fails in CI: Skipped: no tool" in ended.stdout)

    assert codes == {"true": (1, True), "false": (0, False)}
