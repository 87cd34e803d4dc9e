"""kubernetes/tree.yaml -> what is particular to a tree, so that the same checks serve another one."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from scripts.document import Document, items, mapping
from scripts.model import Finding

PATH = "kubernetes/tree.yaml"
ENTRY_POINT, SOURCE, EXTERNALS = "entryPoint", "source", "externals"
RULE = "tree-file"


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """
    What is particular to a tree; without its file the defaults hold.

    Args:
        entry_point: the folder that the bootstrap of the cluster points Flux at, relative to the root.

        source: kind and name of the source that holds the tree; what another one holds is not there.

        externals: kind -> objects that the tree names and others make, as "namespace/name", or "name" where they have no
            namespace; below "Series" the series that others expose.
    """

    entry_point: str = "kubernetes/clusters/apps"
    source: tuple[str, str] = ("GitRepository", "flux-system")
    externals: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, source: tuple[str, str]) -> bool:
        """
        Tell whether a Flux Kustomization applies something of this tree.

        Args:
            source: kind and name of its sourceRef; two empty texts where it has none.

        Returns:
            False where it applies what is elsewhere.
        """
        return source in {self.source, ("", "")}


def particulars(documents: tuple[Document, ...]) -> Particulars:
    """
    Read what is particular to a tree.

    Args:
        documents: every document of the tree; of those of the file the first counts.

    Returns:
        What the file says; the default for each key that is missing, or that `check` has something to say about.
    """
    document = next((each for each in documents if each.file == PATH), None)
    if document is None or next(check(documents), None) is not None:
        return Particulars()
    default = Particulars()
    source = mapping(document.get(SOURCE))
    externals = mapping(document.get(EXTERNALS))
    return Particulars(
        entry_point=_folder(document.get(ENTRY_POINT)) or default.entry_point,
        source=(source["kind"], source["name"]) if source else default.source,
        externals={kind: frozenset(names) for kind, names in externals.items()},
    )


def check(documents: tuple[Document, ...]) -> Iterator[Finding]:
    """
    Check that the file says what can be read, and nothing else.

    Args:
        documents: every document of the tree.

    Yields:
        One finding for each thing that is not understood.
    """
    of_file = [each for each in documents if each.file == PATH]
    for document in of_file[1:]:
        yield _finding(document, (), "has a second document", "keep one")
    for document in of_file[:1]:
        if not isinstance(document.value, dict):
            yield _finding(document, (), "is no mapping", f"give it the keys {ENTRY_POINT}, {SOURCE} and {EXTERNALS}")
            return
        yield from _unknown(document, (), (ENTRY_POINT, SOURCE, EXTERNALS))
        if ENTRY_POINT in document.value and not _folder(document.get(ENTRY_POINT)):
            yield _finding(document, (ENTRY_POINT,), "is no folder below the root", "write its path, as in a/b")
        if SOURCE in document.value:
            yield from _unknown(document, (SOURCE,), ("kind", "name"))
            for key in ("kind", "name"):
                if not _is_name(document.get(SOURCE, key)):
                    yield _finding(document, (SOURCE, key), "is no name", "write that of the sourceRef")
        yield from _externals(document)


def _externals(document: Document) -> Iterator[Finding]:
    if document.get(EXTERNALS) is not None and not isinstance(document.get(EXTERNALS), dict):
        yield _finding(document, (EXTERNALS,), "is no mapping", "write a list of names below each kind")
    for kind, names in mapping(document.get(EXTERNALS)).items():
        if not isinstance(names, list):
            yield _finding(document, (EXTERNALS, kind), "is no list", "write one name a line, each after a dash")
        for index, name in enumerate(items(names)):
            if not _is_name(name):
                yield _finding(document, (EXTERNALS, kind, index), "is no name", "write namespace/name, or name")


def _unknown(document: Document, place: tuple[str, ...], known: tuple[str, ...]) -> Iterator[Finding]:
    for key in mapping(document.get(*place)):
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            next_step = f"write {near[0]}" if near else f"take it out; there is {', '.join(known)}"
            yield _finding(document, (*place, str(key)), "is not a key that is read", next_step)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _folder(value: object) -> str:
    """The path of a folder below the root; "" where it is none."""
    path = posixpath.normpath(value) if isinstance(value, str) and value else ""
    return "" if path.startswith(("/", "..")) else path


def _finding(document: Document, location: tuple[str | int, ...], found: str, next_step: str) -> Finding:
    named = ".".join(map(str, location)) or "the file"
    return Finding(rule=RULE, file=PATH, line=document.line(*location), message=f"{named} {found}", next_step=next_step)
