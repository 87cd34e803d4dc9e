"""
Texts -> the lines on which gitleaks finds a credential.

To open a file costs gitleaks as much as to search a hundred lines, so it first gets bundles of many texts. Some of its rules
want a word somewhere in the file and then report what has nothing to do with it, so that what stands in a bundle depends on
its neighbours: the texts in which something was found are searched again, each alone, and only that is the result.
"""

import json
import tempfile
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.errors import CommandFailed
from scripts.process import SHORT_LIVED, minimal_environment, run

TIMEOUT_S = 300.0
CONFIGURATION = Path(__file__).with_name("gitleaks.toml")
FOUND_EXIT_CODE = 3
"""Of gitleaks, which otherwise ends with 1 for a credential as for an error of its own."""

OPTIONS = (
    *("--no-banner", "--no-color", "--log-level=error", "--redact", "--report-format=json", "--report-path=-"),
    # no comment of its own allows a line, and nothing encoded is decoded: that finds little and takes as long again
    *("--ignore-gitleaks-allow", "--max-decode-depth=0", f"--exit-code={FOUND_EXIT_CODE}"),
)

SETTINGS = frozenset(
    (".yaml", ".yml", ".eyaml", ".toml", ".ini", ".cfg", ".cf", ".cnf", ".conf", ".properties", ".env", ".sh", "")
)
"""Suffixes of files in which a value stands without quotes; a program in another language would have an expression there."""

BUNDLE_BYTES = 20_000
"""The larger a bundle is the more rules have to be tried on all of it."""

LONGEST_BYTES = 24_000
"""Of a piece: with what is around it less than the 32 KiB after which gitleaks may take a text for the image of a disk."""

OVERLAP = 2_000
"""Characters of the piece before that a piece begins with, so that nothing that spans some lines is cut in two."""

HEAD = ("-" * 79 + "\n") * 10
"""Longer than the first bytes by which gitleaks knows an archive or a program, which it passes over without a word."""

BETWEEN = "\n" * 12 + "-\n"
"""More empty lines than any rule spans, and a line with something on it."""

LAST = "end of bundle"
LAST_RULE = "end-of-bundle"


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """Part of a text, and the line of the file that it begins on."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """A file for gitleaks, and the line of it that each of its pieces begins on; after those the one of its last line."""

    pieces: tuple[_Piece, ...]
    starts: tuple[int, ...]
    text: str

    def within(self, first: int, last: int) -> tuple[_Piece, ...]:
        """The pieces that the lines belong to."""
        return self.pieces[max(bisect(self.starts, first) - 1, 0) : bisect(self.starts, last)]


def search(texts: Mapping[str, str], gitleaks: Path) -> Mapping[str, tuple[tuple[int, str], ...]]:
    """
    Look for credentials.

    Args:
        texts: path -> what the file holds; of the path only its suffix matters.

        gitleaks: the program.

    Returns:
        Path -> lines, counted from 1, each with the id of a rule; sorted, and nothing of the credentials themselves. What
        is found in a text depends on nothing but its suffix, the text, the configuration and the program.

    Raises:
        CommandFailed: where gitleaks did not read all of it.
    """
    pieces = [piece for path, text in texts.items() for piece in _pieces(path, text)]
    bundles = _bundles(pieces)
    suspects = {
        piece
        for number, problem in _problems(bundles, gitleaks)
        for piece in bundles[number].within(problem["StartLine"], problem["EndLine"])
    }
    alone = [_bundle([piece]) for piece in pieces if piece in suspects]
    found: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for number, problem in _problems(alone, gitleaks):
        piece = alone[number].pieces[0]
        found[piece.path].add((piece.line + problem["StartLine"] - alone[number].starts[0], problem["RuleID"]))
    return {path: tuple(sorted(found[path])) for path in texts}


def _pieces(path: str, text: str) -> Iterator[_Piece]:
    # a character is at most four bytes, and nearly always one
    longest = LONGEST_BYTES if text.isascii() else LONGEST_BYTES // 4
    start = 0
    while start < len(text):
        end = start + longest
        if end < len(text):
            end = text.rfind("\n", start + longest // 2, end) + 1 or end
        yield _Piece(path=path, line=text.count("\n", 0, start) + 1, text=text[start:end])
        if end >= len(text):
            return
        start = text.find("\n", end - OVERLAP, end - 1) + 1 or end - OVERLAP


def _bundles(pieces: Iterable[_Piece]) -> list[_Bundle]:
    bundles: list[_Bundle] = []
    for kind in (True, False):
        gathered: list[_Piece] = []
        size = 0
        for piece in pieces:
            if _has_settings(piece) is not kind:
                continue
            length = len(piece.text.encode()) + len(BETWEEN)
            if gathered and size + length > BUNDLE_BYTES:
                bundles.append(_bundle(gathered))
                gathered, size = [], 0
            gathered.append(piece)
            size += length
        if gathered:
            bundles.append(_bundle(gathered))
    return bundles


def _bundle(pieces: list[_Piece]) -> _Bundle:
    parts, starts, line = [HEAD], [], HEAD.count("\n") + 1
    for text in (*(piece.text for piece in pieces), LAST):
        line += BETWEEN.count("\n")
        starts.append(line)
        parts += [BETWEEN, text, "\n"]
        line += text.count("\n") + 1
    return _Bundle(pieces=tuple(pieces), starts=tuple(starts), text="".join(parts))


def _has_settings(piece: _Piece) -> bool:
    name = PurePosixPath(piece.path).name.lower()
    return PurePosixPath(name).suffix in SETTINGS or name.startswith(".env")


def _problems(bundles: list[_Bundle], gitleaks: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What gitleaks tells, each with the number of its bundle."""
    if not bundles:
        return
    with tempfile.TemporaryDirectory(prefix="secrets-") as name:
        folder = Path(name).resolve()
        for number, bundle in enumerate(bundles):
            suffix = "settings" if _has_settings(bundle.pieces[0]) else "text"
            (folder / f"{number}.{suffix}").write_text(bundle.text, encoding="utf-8", newline="")
        told = [(int(Path(each["File"]).stem), each) for each in _report(folder, gitleaks)]
    read = {number for number, each in told if _is_last(bundles[number], each)}
    if len(read) != len(bundles):
        raise CommandFailed("gitleaks", f"read {len(read)} of {len(bundles)} files", "run it again")
    yield from ((number, each) for number, each in told if each["RuleID"] != LAST_RULE)


def _is_last(bundle: _Bundle, problem: Mapping[str, Any]) -> bool:
    return (problem["RuleID"], problem["StartLine"]) == (LAST_RULE, bundle.starts[-1])


def _report(folder: Path, gitleaks: Path) -> list[dict[str, Any]]:
    completed = run(
        (gitleaks, "dir", ".", f"--config={CONFIGURATION}", *OPTIONS),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment(SHORT_LIVED),
        cwd=folder,
        accept=None,
    )
    if completed.exit_code != FOUND_EXIT_CODE:
        # what it wrote to standard output may hold lines of the texts
        said = " / ".join(completed.stderr.split("\n")[-4:]).strip(" /") or "nothing"
        raise CommandFailed(
            "gitleaks",
            f"ended with exit code {completed.exit_code} and said {said}",
            f"see whether it takes {CONFIGURATION.name}",
            command_exit_code=completed.exit_code,
        )
    try:
        problems: list[dict[str, Any]] = json.loads(completed.stdout)
    except ValueError as error:
        raise CommandFailed("gitleaks", "wrote a report that is no JSON", "run it again") from error
    return problems
