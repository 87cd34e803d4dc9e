"""A page -> links that lead nowhere, and paths, files, tasks and sessions that there are not."""

import re
from functools import cache
from pathlib import Path

from scripts.checks.docs import own, paths
from scripts.checks.docs.commands import calls
from scripts.checks.docs.markdown import Page, read
from scripts.source import read as read_tree
from scripts.validate.tools import locate
from tests.docs.programs import COMMANDS

FILES = re.compile(r"[\w.-]+\.(?:md|py|toml|txt|yaml)")


def pages(root: Path) -> tuple[str, ...]:
    """README, CHANGELOG and every page below docs/, relative to the root."""
    found = sorted(path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md"))
    return ("CHANGELOG.md", "README.md", *found)


@cache
def _files(root: Path) -> frozenset[str]:
    return frozenset(read_tree(root, git=locate().path("git")).files)


@cache
def _pages(root: Path) -> dict[str, Page]:
    return {path: read(root, path) for path in pages(root)}


def check(page: Page, root: Path) -> tuple[str, ...]:
    """
    What is wrong with a page's links and code.

    `invoke validate` finds the same, and leaves out the files that are named without a folder: elsewhere they may be of
    other trees.
    """
    files = _files(root)
    found = [*paths.check(page, _pages(root), files, paths.folders(files))]
    for call in calls(page):
        found += [(call.line, f"`{call}` {each}") for each in own.check(call.program, call.words, COMMANDS)]
    for text, line in page.code:
        if FILES.fullmatch(text) and not _is_somewhere(text, (root / page.path).parent, root):
            found.append((line, f"there is no file {text}"))
    return tuple(f"{page.path}:{line}: {message}" for line, message in found)


def _is_somewhere(name: str, folder: Path, root: Path) -> bool:
    """Beside the page, on top of the tree, or a manifest whose folder the text has named already."""
    return (folder / name).exists() or (root / name).exists() or any((root / "kubernetes").rglob(name))
