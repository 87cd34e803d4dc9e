"""
The documentation -> what it speaks of that there is not.

    markdown  a page -> headings, links, blocks, inline code
    commands  a page -> the programs that it has people start
    own       tasks.py, noxfile.py -> tasks with their flags, and sessions
    paths     links and paths -> those that lead nowhere
    cluster   kubectl and flux -> objects and namespaces that nothing makes
"""

from collections.abc import Iterator, Mapping

from scripts.checks.docs import cluster, own, paths
from scripts.checks.docs.cluster import Known
from scripts.checks.docs.commands import Call, calls
from scripts.checks.docs.markdown import Page
from scripts.checks.docs.own import Commands
from scripts.model import Finding


def references(page: Page, folders: frozenset[str]) -> int:
    """
    Count what of a page can be looked at.

    Args:
        page: taken apart.

        folders: of the tree.

    Returns:
        The number of its links, paths and commands.
    """
    return sum(1 for _ in (*page.links, *paths.of_code(page, folders), *calls(page)))


def check(
    page: Page,
    *,
    pages: Mapping[str, Page],
    files: frozenset[str],
    folders: frozenset[str],
    commands: Commands,
    known: Known | None,
) -> Iterator[Finding]:
    """
    Check that what a page speaks of is there.

    Args:
        page: taken apart.

        pages: every page that was taken apart, by its path.

        files: every file of the tree.

        folders: every folder of the tree.

        commands: the tasks and sessions of the tree.

        known: the objects that there are; None where that cannot be told.

    Yields:
        One finding for each thing that is not.
    """
    found = [*paths.check(page, pages, files, folders)]
    for call in calls(page):
        problems = (
            *own.check(call.program, call.words, commands),
            *(cluster.check(call.program, call.words, known, page.text) if known else ()),
            *(f"names {each}, which is not there" for each in _gone(call, files, folders)),
        )
        found += [(call.line, f"`{call}` {each}") for each in problems]
    for line, message in sorted(set(found)):
        yield Finding(
            rule="docs-reference",
            file=page.path,
            line=line,
            message=message,
            next_step="correct the page, or add what it speaks of",
        )


def _gone(call: Call, files: frozenset[str], folders: frozenset[str]) -> Iterator[str]:
    if call.program in paths.READERS:
        for word in call.words:
            if paths.is_of_tree(word, folders) and not paths.is_there(word, files, folders):
                yield word
