"""A link of an alert, the pages of the tree -> whether it leads to something to read."""

import posixpath
from collections.abc import Mapping
from difflib import get_close_matches
from urllib.parse import unquote, urlsplit

Pages = Mapping[str, frozenset[str]]
"""Path of a Markdown page, relative to the root of the tree -> the anchors of its headings."""


def fault(link: str, pages: Pages) -> str:
    """
    Say what is wrong with a link to a runbook.

    Args:
        link: once the variables are in ("https://git.example.com/apps/blob/main/docs/runbooks/a.md#b").

        pages: of the tree. A link to a page that is no part of the tree is not looked at.

    Returns:
        What is wrong, as what follows "its runbook_url" in a sentence; "" where nothing is known to be.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return "is no address"
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return f"is {link!r}, and a person needs a link that begins with https://"
    path = unquote(parts.path)
    if not path.endswith(".md"):
        return ""
    # every repository has a README.md of its own, so a name without a folder tells nothing
    page = next((each for each in _endings(path) if "/" in each and each in pages), "")
    if page:
        return _heading(parts.fragment, page, pages[page])
    return _missing(path, pages) if _is_of_tree(path, pages) else ""


def _heading(anchor: str, page: str, anchors: frozenset[str]) -> str:
    if anchor in anchors:
        return ""
    if not anchor:
        return f"leads to the top of {page}, and a person needs the heading of the alert"
    near = get_close_matches(anchor, anchors, 1)
    return f"leads to #{anchor} of {page}, which has no such heading" + (f" (#{near[0]}?)" if near else "")


def _endings(path: str) -> tuple[str, ...]:
    """`a/b/c.md` -> itself, `b/c.md`, `c.md`."""
    steps = path.strip("/").split("/")
    return tuple("/".join(steps[start:]) for start in range(len(steps)))


def _is_of_tree(path: str, pages: Pages) -> bool:
    folders = {posixpath.dirname(page) for page in pages} - {""}
    return any(each in folders for each in _endings(posixpath.dirname(path)))


def _missing(path: str, pages: Pages) -> str:
    near = get_close_matches(path.strip("/"), pages, 1, 0.3)
    return f"leads to {path}, which is not in the tree" + (f" ({near[0]}?)" if near else "")
