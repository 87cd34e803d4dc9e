"""README.md and docs/ -> whether what they speak of is there."""

import re
from collections.abc import Mapping

from scripts.checks import docs
from scripts.checks.docs import own, paths
from scripts.checks.docs.cluster import Known
from scripts.checks.docs.markdown import Page, parse
from scripts.checks.objects import Objects
from scripts.model import Outcome
from scripts.render import Rendering
from scripts.source import Tree
from scripts.store import of_files
from scripts.validate.outcome import concluded, skipped

CHECK = "docs"
PAGES = re.compile(r"README\.md|docs/.+\.md")


def pages_of(tree: Tree) -> Mapping[str, Page]:
    """
    Take the pages of a tree apart.

    Args:
        tree: what was read.

    Returns:
        Path -> README.md and each Markdown page below docs/.
    """
    digests = {path: tree.digests[path] for path in tree.texts if PAGES.fullmatch(path)}
    return of_files(tree.store, "page", digests, lambda paths: {path: parse(tree.texts[path], path) for path in paths})


def outcome(tree: Tree, pages: Mapping[str, Page], rendering: Rendering, objects: Objects) -> Outcome:
    """
    Check the documentation.

    Args:
        tree: what was read.

        pages: of the tree.

        rendering: of the same tree.

        objects: of the rendering.

    Returns:
        One outcome, whose reason says what could not be looked at.
    """
    if not pages:
        return skipped(CHECK, "README.md, docs", "there is no page")
    files = frozenset(tree.files)
    folders = paths.folders(files)
    count = sum(docs.references(page, folders) for page in pages.values())
    if not count:
        return skipped(CHECK, f"{len(pages)} pages", "they have no link, no path and no command that can be checked")
    commands = own.read(tree.texts.get("tasks.py"), tree.texts.get("noxfile.py"))
    others = sorted(each.name for each in rendering.kustomizations if not rendering.particulars.holds(each.source))
    known = None if others else Known(objects=objects)
    findings = tuple(
        finding
        for path in sorted(pages)
        for finding in docs.check(
            pages[path], pages=pages, files=files, folders=folders, commands=commands, known=known
        )
    )
    unknown = (("tasks.py", commands.tasks), ("noxfile.py", commands.sessions))
    blind = [name for name, found in unknown if found is None]
    reasons = (
        f"not its tasks or sessions: {' and '.join(blind)} not there, or not to be read" if blind else "",
        f"not its objects: what {others[0]} applies is not in this tree" if others else "",
    )
    subject = f"{count} references in {len(pages)} pages"
    return concluded(CHECK, subject, findings, reason="; ".join(filter(None, reasons)))
