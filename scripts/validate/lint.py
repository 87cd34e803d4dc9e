"""YAML files -> what yamllint says of them."""

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from scripts.errors import CommandFailed
from scripts.model import Finding, Outcome
from scripts.process import last_words, minimal_environment, run
from scripts.source import Tree
from scripts.validate.outcome import blocked, concluded

CHECK = "yamllint"
CONFIGURATION = ".yamllint.yaml"
TIMEOUT_S = 300.0
WORKERS = 2
FILES_PER_RUN = 500
"""A command line has an end."""

PROBLEM = re.compile(r"^(?P<file>.+?):(?P<line>\d+):\d+: \[(?:error|warning)\] (?P<message>.*)$")
"""A line of `yamllint --format parsable`."""


def outcomes(tree: Tree) -> tuple[Outcome, ...]:
    """
    Lint every YAML file of the tree that can be read.

    Args:
        tree: what was read.

    Returns:
        One outcome.

    Raises:
        CommandFailed: where yamllint did not do its work.
    """
    files = tuple(file.path for file in tree.yaml_files if not file.fault)
    if CONFIGURATION not in tree.texts:
        return (blocked(CHECK, "the tree", f"there is no {CONFIGURATION} at its root"),)
    if not files:
        return (blocked(CHECK, "the tree", "it holds no YAML file that can be read"),)
    parts = [files[start : start + FILES_PER_RUN] for start in range(0, len(files), FILES_PER_RUN)]
    with ThreadPoolExecutor(WORKERS) as workers:
        findings = tuple(finding for part in workers.map(partial(_lint, tree.root), parts) for finding in part)
    return (concluded(CHECK, f"{len(files)} YAML files", findings),)


def _lint(root: Path, files: tuple[str, ...]) -> tuple[Finding, ...]:
    command = (sys.executable, "-m", "yamllint", "--config-file", CONFIGURATION, "--format", "parsable", "--strict")
    completed = run(
        (*command, "--", *files),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment({"PYTHONUTF8": "1"}),
        cwd=root,
        accept=None,
    )
    findings = tuple(_findings(completed.stdout))
    # a configuration that cannot be read, or a crash, ends it with a code of 1 or more and no problem named
    if bool(findings) != (completed.exit_code != 0):
        raise CommandFailed(
            CHECK,
            f"ended with exit code {completed.exit_code}: {last_words(completed)}",
            f"correct {CONFIGURATION}",
            command_exit_code=completed.exit_code,
        )
    return findings


def _findings(output: str) -> Iterator[Finding]:
    for line in output.splitlines():
        if found := PROBLEM.match(line):
            yield Finding(
                rule="yaml-lint",
                file=found["file"],
                line=int(found["line"]),
                message=found["message"],
                next_step="correct the line",
            )
