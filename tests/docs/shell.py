"""
The commands of a page, run one block after the other by the real bash -> the calls that they make.

Every program is a stand-in that writes down its arguments and its standard input; only those in HARMLESS are real. What
holds a secret in reality answers with MARKER, so that one on a command line or on the screen is seen.
"""

import base64
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.checks.docs.markdown import SHELL, Page

MARKER = "MARKER-OF-A-SECRET"
MARKERS = (MARKER, base64.b64encode(MARKER.encode()).decode())

HARMLESS = ("base64", "cat", "cksum", "cut", "date", "diff", "grep", "mkdir", "mktemp", "rm", "sort")
STAND_INS = (
    *("aws", "curl", "flux", "git", "invoke", "kubectl", "mc", "nox", "op", "openssl", "python3", "tar"),
    *(".venv/bin/invoke", ".venv/bin/nox", ".venv/bin/python"),
)
TIMEOUT_S = 60

NOT_FOUND = re.compile(r": line \d+: (\S+): (?:command not found|No such file or directory)$", re.MULTILINE)

STAND_IN = """\
#!/bin/sh
file=$({mktemp} "$RECORD/call.XXXXXXXX")
printf '%s\\0' "$LINE" '{name}' "$@" > "$file"
{cat} > "$file.stdin"
case "{name} $*" in
  op\\ read*|op\\ item\\ get*--reveal*|op\\ item\\ get*json*|openssl\\ rand*) echo {marker} ;;
  kubectl\\ *secret*jsonpath*RESTIC_REPOSITORY*|kubectl\\ *secret*jsonpath*AWS_ACCESS_KEY_ID*) echo cGxhaW4= ;;
  kubectl\\ *secret*jsonpath*|kubectl\\ *get*secret*json*|kubectl\\ *get*secret*yaml*) echo {encoded} ;;
esac
"""

PRELUDE = """\
set -u
trap 'echo "$LINE" > "$RECORD/stopped"' EXIT
read() { printf -v "${@: -1}" %s "$MARKER"; }
export LINE=0
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    One program that was started.

    Args:
        line: of the page, where its block begins.

        program: its name.

        arguments: as the program gets them.

        stdin: what it could read.
    """

    line: int
    program: str
    arguments: tuple[str, ...]
    stdin: str

    def __str__(self) -> str:
        return " ".join((self.program, *self.arguments))


@dataclass(frozen=True, kw_only=True)
class Run:
    """
    What a page's commands did.

    Args:
        calls: of programs.

        problems: what bash itself refused, a sentence each.
    """

    calls: tuple[Call, ...]
    problems: tuple[str, ...]


def run(page: Page, folder: Path) -> Run:
    """Run every shell block of a page, in its order and in one shell, in an empty folder."""
    blocks = [block for block in page.blocks if block.language in SHELL]
    problems = [f"{page.path}:{block.line}: {said}" for block in blocks if (said := _syntax(block.text))]
    if problems or not blocks:
        return Run(calls=(), problems=tuple(problems))
    work, record = folder / "work", folder / "record"
    record.mkdir()
    _programs(folder / "bin", work)
    script = folder / "page.sh"
    script.write_text(PRELUDE + "".join(f"LINE={block.line}\n{block.text}\n" for block in blocks) + "LINE=end\n")
    completed = subprocess.run(
        [_bash(), str(script)],
        cwd=work,
        env={
            "PATH": str(folder / "bin"),
            "HOME": str(work),
            "LC_ALL": "C",
            "MARKER": MARKER,
            "RECORD": str(record),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    stopped = (record / "stopped").read_text().strip()
    if stopped != "end":
        problems.append(f"{page.path}:{stopped}: bash stops: {_last_line(completed.stderr)}")
    problems += [
        f"{page.path}: there is no program {name} that the documentation may ask for"
        for name in NOT_FOUND.findall(completed.stderr)
    ]
    if any(marker in completed.stdout for marker in MARKERS):
        problems.append(f"{page.path}: a command shows a secret")
    calls = sorted(
        (_call(file) for file in record.glob("call.*") if file.suffix != ".stdin"), key=lambda each: each.line
    )
    return Run(calls=tuple(calls), problems=tuple(problems))


def _bash() -> str:
    path = shutil.which("bash")
    assert path, "bash is missing; install it"
    return path


def _syntax(text: str) -> str:
    completed = subprocess.run(
        [_bash(), "-n"], input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return _last_line(completed.stderr) if completed.returncode or completed.stderr else ""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return re.sub(r"^\S+: line \d+: ", "", lines[-1]) if lines else "without a word"


def _programs(folder: Path, work: Path) -> None:
    real = {name: shutil.which(name) for name in HARMLESS}
    folder.mkdir()
    for name, path in real.items():
        assert path, f"{name} is missing; install coreutils, diffutils and grep"
        (folder / name).symlink_to(path)
    for name in STAND_INS:
        file = (work if "/" in name else folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            STAND_IN.format(
                name=name.removeprefix(".venv/bin/"),
                marker=MARKERS[0],
                encoded=MARKERS[1],
                cat=real["cat"],
                mktemp=real["mktemp"],
            )
        )
        file.chmod(0o755)


def _call(file: Path) -> Call:
    line, program, *arguments = file.read_bytes().decode("utf-8", "backslashreplace").split("\0")[:-1]
    stdin = file.with_name(f"{file.name}.stdin")
    return Call(
        line=int(line),
        program=program,
        arguments=tuple(arguments),
        stdin=stdin.read_text(encoding="utf-8", errors="backslashreplace") if stdin.exists() else "",
    )
