"""A Markdown page -> the programs that it has people start, as far as a shell is not needed to tell."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from scripts.checks.docs.markdown import SHELL, Block, Page

PROGRAMS = frozenset({"flux", "inv", "invoke", "kubectl", "kustomize", "nox", "promtool", "yamllint"})
HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
OPERATORS = frozenset("();<>|&")
KEYWORDS = frozenset({"!", "do", "else", "if", "then", "time", "until", "while", "{", "sudo"})
WORTH_READING = re.compile(rf"""['"]|<<|\b(?:{"|".join(sorted(PROGRAMS))})\b""")
"""A line without any of it holds no call, and begins nothing that goes on."""

ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)

EXAMPLE = "demo-app"
"""The app of the documentation, which stands for any; no tree has it."""

OPEN = re.compile(rf"[$`<>{{}}*…]|\.\.\.|{EXAMPLE}|^[A-Z][A-Z_]*(?:=.*)?$")


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    One program that a page has people start.

    Args:
        line: of the page, counted from 1.

        program: its name, without the folder that it is in.

        words: its arguments, without quotes.
    """

    line: int
    program: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.program, *self.words))


def is_open(word: str) -> bool:
    """
    Tell a word that stands for others from one that means itself.

    Args:
        word: of a command.

    Returns:
        Whether it holds a variable, a pattern, a placeholder (NAME, <name>) or the app of the documentation.
    """
    return bool(OPEN.search(word))


def calls(page: Page) -> tuple[Call, ...]:
    """
    Read the commands of a page.

    Args:
        page: taken apart.

    Returns:
        Each call of one of PROGRAMS, in shell blocks and in inline code.
    """
    return _of_text(page.blocks, page.code)


@cache
def _of_text(blocks: tuple[Block, ...], code: tuple[tuple[str, int], ...]) -> tuple[Call, ...]:
    return tuple(_of_blocks(blocks, code))


def _of_blocks(blocks: tuple[Block, ...], code: tuple[tuple[str, int], ...]) -> Iterator[Call]:
    for block in blocks:
        if block.language in SHELL:
            yield from _calls(block.text, block.line)
    for text, line in code:
        if " " in text and posixpath.basename(text.split()[0]) in PROGRAMS:
            yield from _calls(text, line)


def _calls(text: str, first_line: int) -> Iterator[Call]:
    for line, command in _logical_lines(text):
        for words in _simple_commands(command):
            program = posixpath.basename(words[0])
            if program in PROGRAMS:
                yield Call(line=first_line + line, program=program, words=tuple(words[1:]))


def _logical_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line with its number from 0 and its words; one that goes on, or whose quotes stay open, with those that follow."""
    pending, start, until = "", 0, ""
    for number, line in enumerate(text.splitlines()):
        if until:
            until = "" if line.strip() == until else until
            continue
        start = start if pending else number
        pending += line.removeprefix("$ ") if not pending else line
        if pending.endswith("\\"):
            pending = f"{pending[:-1]} "
            continue
        if not WORTH_READING.search(pending):
            pending = ""
            continue
        lexer = shlex.shlex(pending, posix=True, punctuation_chars=True)
        lexer.wordchars += "$:@%,^!{}[]+"
        try:
            words = list(lexer)
        except ValueError:
            pending += "\n"
            continue
        if found := HERE_DOCUMENT.search(pending):
            until = found[2]
        yield start, words
        pending = ""


def _simple_commands(words: list[str]) -> Iterator[list[str]]:
    current: list[str] = []
    is_target = False
    for word in [*words, ";"]:
        if not set(word) <= OPERATORS or not word:
            if not is_target and (current or not _is_before(word)):
                current.append(word)
            is_target = False
        elif set(word) & set("<>"):
            # what follows is a file, and the descriptor before it no argument
            is_target = True
            current = current[:-1] if current and current[-1].isdigit() else current
        elif current:
            yield current
            current = []


def _is_before(word: str) -> bool:
    return not word or word in KEYWORDS or bool(ASSIGNMENT.fullmatch(word))
