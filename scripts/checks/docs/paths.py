"""The links of a page, and the paths in its code -> those that lead nowhere."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from urllib.parse import unquote

from scripts.checks.docs.commands import EXAMPLE
from scripts.checks.docs.markdown import Page

READERS = frozenset({"flux", "kubectl", "kustomize", "promtool", "yamllint"})
"""Programs whose arguments are files that are there already."""

PLACEHOLDER = re.compile(rf"<[\w-]+>|\$\{{?\w+\}}?|{EXAMPLE}")
"""What stands for an app: some app of the tree has such a path."""

PATH = re.compile(r"[\w./*<>${}-]+")


def folders(files: frozenset[str]) -> frozenset[str]:
    """
    Every folder of a tree.

    Args:
        files: of the tree, relative to its root.

    Returns:
        Those that hold a file, somewhere below.
    """
    found: set[str] = set()
    for file in files:
        folder = posixpath.dirname(file)
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(found)


def is_of_tree(word: str, all_folders: frozenset[str]) -> bool:
    """
    Tell a path of the tree from other words.

    Args:
        word: of a command, or inline code.

        all_folders: of the tree.

    Returns:
        Whether it begins with a folder at the top of the tree.
    """
    top = word.removeprefix("./").partition("/")[0]
    return "/" in word and PATH.fullmatch(word) is not None and top in all_folders


def is_there(path: str, files: frozenset[str], all_folders: frozenset[str]) -> bool:
    """
    Tell whether a path is there.

    Args:
        path: relative to the root; what stands for an app may be any.

        files: of the tree.

        all_folders: of the tree.

    Returns:
        Whether it is a file or a folder.
    """
    wanted = posixpath.normpath(PLACEHOLDER.sub("*", path))
    if "*" not in wanted:
        return wanted in files or wanted in all_folders
    depth = wanted.count("/")
    return any(each.count("/") == depth and fnmatchcase(each, wanted) for held in (files, all_folders) for each in held)


def of_code(page: Page, all_folders: frozenset[str]) -> Iterator[tuple[str, int]]:
    """
    The paths of the tree in the inline code of a page.

    Args:
        page: taken apart.

        all_folders: of the tree.

    Yields:
        Each with its line.
    """
    for text, line in page.code:
        if is_of_tree(text, all_folders):
            yield text, line


def check(
    page: Page, pages: Mapping[str, Page], files: frozenset[str], all_folders: frozenset[str]
) -> Iterator[tuple[int, str]]:
    """
    Find what leads nowhere.

    Args:
        page: taken apart.

        pages: every page that was taken apart, by its path.

        files: of the tree.

        all_folders: of the tree.

    Yields:
        The line, and what is wrong.
    """
    for target, line in page.links:
        if found := _link(page, target, pages, files | all_folders):
            yield line, found
    for text, line in of_code(page, all_folders):
        if not is_there(text, files, all_folders):
            yield line, f"names `{text}`, which is not there"


def _link(page: Page, target: str, pages: Mapping[str, Page], held: frozenset[str]) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*:|/", target):
        return ""
    path, _, anchor = target.partition("#")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), unquote(path))) if path else page.path
    if file not in held and file != ".":
        return f"links to {target}, which leads to no file"
    other = pages.get(file)
    if anchor and other and anchor not in other.headings:
        return f"links to {target}, which leads to no heading"
    return ""
