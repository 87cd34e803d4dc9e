"""A page -> links that lead nowhere, and paths, tasks and sessions that there are not."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from scripts.checks.docs.markdown import Page, read
from tests.docs import own
from tests.docs.shell import Call

ROOTS = ("docs/", "evidence/", "kubernetes/", "scripts/", "tests/")
FILES = re.compile(r"[\w.-]+\.(?:md|py|toml|txt|yaml)")
NOT_IN_GIT = ("evidence/",)
PLACEHOLDER = re.compile(r"<\w+>|demo-app")
"""What stands for an app: each app of the tree has such a path."""

TASK = re.compile(r"(?:\.venv/bin/)?(?:invoke|nox) \S")


def pages(root: Path) -> tuple[str, ...]:
    """README, CHANGELOG and every page below docs/, relative to the root."""
    found = sorted(path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md"))
    return ("CHANGELOG.md", "README.md", *found)


def check(page: Page, root: Path) -> tuple[str, ...]:
    """What is wrong with a page's links and inline code."""
    return (*_links(page, root), *_code(page, root))


def _links(page: Page, root: Path) -> Iterator[str]:
    for target, line in page.links:
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (root / page.path).parent / path if path else root / page.path
        if not file.exists():
            yield f"{page.path}:{line}: {target} leads to no file"
        elif anchor and anchor not in (page if not path else read(file.parent, file.name)).headings:
            yield f"{page.path}:{line}: {target} leads to no heading"


def _code(page: Page, root: Path) -> Iterator[str]:
    folder = (root / page.path).parent
    for text, line in page.code:
        if text.startswith(ROOTS) and not text.startswith(NOT_IN_GIT) and " " not in text:
            if not list(root.glob(PLACEHOLDER.sub("*", text).rstrip("/"))):
                yield f"{page.path}:{line}: there is no {text}"
        elif TASK.match(text) and "NAME" not in text:
            program, *arguments = shlex.split(text.removeprefix(".venv/bin/"))
            call = Call(line=line, program=program, arguments=tuple(arguments), stdin="")
            yield from (f"{page.path}:{line}: `{text}`: {each}" for each in own.check(call))
        elif FILES.fullmatch(text) and not _is_somewhere(text, root, folder):
            yield f"{page.path}:{line}: there is no file {text}"


def _is_somewhere(name: str, root: Path, folder: Path) -> bool:
    """Beside the page, on top of the tree, or a manifest whose folder the text has named already."""
    return (folder / name).exists() or (root / name).exists() or any((root / "kubernetes").rglob(name))
