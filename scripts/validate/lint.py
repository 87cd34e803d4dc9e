"""YAML files -> what yamllint says of them."""

import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from scripts.errors import CommandFailed
from scripts.model import Finding, Outcome
from scripts.process import last_words, minimal_environment, run
from scripts.source import Tree
from scripts.store import of_files
from scripts.validate.outcome import blocked, concluded

CHECK = "yamllint"
CONFIGURATION = ".yamllint.yaml"
TIMEOUT_S = 300.0
WORKERS = 2

RYL = Path(sysconfig.get_path("scripts")) / "ryl"
"""yamllint's rules in Rust, installed beside this Python. It takes a hundredth of the time, and differs in corners."""

YAMLLINT = Path(__file__).with_name("yamllint_batch.py")

FILES_PER_RUN = 500
LONGEST_PATH = 500
"""Characters; a command line has an end."""

NOT_ALIKE = (" \n", "\n\n\n")
"""What ryl judges otherwise within a block of text: spaces at the end of a line, and empty lines."""

DIRECTIVES = ("#yamllint", "#ryl")
"""How a comment begins that turns rules off, without its spaces; each program has its own."""


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
    texts = {file.path: tree.texts[file.path] for file in tree.yaml_files if not file.fault}
    if CONFIGURATION not in tree.texts:
        return (blocked(CHECK, "the tree", f"there is no {CONFIGURATION} at its root"),)
    if not texts:
        return (blocked(CHECK, "the tree", "it holds no YAML file that can be read"),)
    configuration = tree.texts[CONFIGURATION]
    found = of_files(
        tree.store,
        "lint",
        {path: tree.digests[path] for path in texts},
        lambda paths: scan(tree.root, {path: texts[path] for path in paths}, configuration),
        configuration,
    )
    findings = tuple(finding for path in texts for finding in found[path])
    return (concluded(CHECK, f"{len(texts)} YAML files", findings),)


def scan(root: Path, texts: Mapping[str, str], configuration: str) -> Mapping[str, tuple[Finding, ...]]:
    """
    Lint YAML files: ryl tells those that are in order, and yamllint has the say about all others.

    Args:
        root: the folder that they are in.

        texts: path relative to it -> what the file holds, which the YAML library can read.

        configuration: of yamllint, as YAML.

    Returns:
        Path -> what is wrong, for each of the texts. It depends on nothing but path, text, configuration and versions, as
        long as the files, which ryl reads itself, hold those texts.

    Raises:
        CommandFailed: where the configuration is none, or a program does not end in time.

        ToolMissing: where ryl is not installed.
    """
    plain = [path for path, text in texts.items() if _is_plain(path, text)]
    with ThreadPoolExecutor(WORKERS) as workers:
        parts = [plain[start : start + FILES_PER_RUN] for start in range(0, len(plain), FILES_PER_RUN)]
        clean = {path for part in workers.map(partial(_clean, root, configuration), parts) for path in part}
        left = [path for path in texts if path not in clean]
        shares = [left[start::WORKERS] for start in range(WORKERS) if left[start::WORKERS]]
        judged = workers.map(lambda share: _judged(root, configuration, {path: texts[path] for path in share}), shares)
        found = {path: findings for share in judged for path, findings in share.items()}
    return {path: found.get(path, ()) for path in texts}


def _is_plain(path: str, text: str) -> bool:
    return (
        path.isprintable()
        and len(path) <= LONGEST_PATH
        and text.replace("\n", "").isprintable()
        and not any(sign in f"{text}\n" for sign in NOT_ALIKE)
        and not any(sign in text.replace(" ", "") for sign in DIRECTIVES)
    )


def _clean(root: Path, configuration: str, paths: list[str]) -> Iterable[str]:
    """Those that ryl has nothing to say about; none where it did not do its work, which leaves all of them to yamllint."""
    options = ("--no-cache", "--strict", "--output-format=gitlab", f"--config-data={configuration}")
    completed = run((RYL, "check", *options, "--", *paths), timeout_s=TIMEOUT_S, cwd=root, accept=None)
    try:
        problems = json.loads(completed.stdout)
        told = {problem["location"]["path"] for problem in problems}
    except (ValueError, KeyError, TypeError):
        return ()
    is_whole = isinstance(problems, list) and bool(problems) == (completed.exit_code != 0)
    return set(paths) - told if is_whole else ()


def _judged(root: Path, configuration: str, texts: Mapping[str, str]) -> dict[str, tuple[Finding, ...]]:
    completed = run(
        (sys.executable, YAMLLINT),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment({"PYTHONUTF8": "1"}),
        cwd=root,
        stdin=json.dumps({"configuration": configuration, "texts": texts}),
        accept=None,
    )
    if completed.exit_code != 0:
        raise CommandFailed(
            CHECK,
            f"ended with exit code {completed.exit_code}: {last_words(completed)}",
            f"correct {CONFIGURATION}",
            command_exit_code=completed.exit_code,
        )
    return {path: tuple(_findings(path, problems)) for path, problems in json.loads(completed.stdout).items()}


def _findings(path: str, problems: list[tuple[int, str]]) -> Iterator[Finding]:
    for line, message in problems:
        yield Finding(rule="yaml-lint", file=path, line=line, message=message, next_step="correct the line")
