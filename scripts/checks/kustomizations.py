"""kustomization.yaml -> the files and folders that it refers to."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.checks.document import Document, items, mapping
from scripts.model import Finding

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

PATH_LISTS = (
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
)
OBJECT_LISTS = ("patches", "patchesJson6902", "replacements")
GENERATORS = ("configMapGenerator", "secretGenerator")


def references(document: Document) -> frozenset[str]:
    """
    What a kustomization is built from.

    Args:
        document: a Kustomization or Component of kustomize.

    Returns:
        Paths relative to the root of the tree, of files and folders; an address is none of them.
    """
    folder = posixpath.dirname(document.file)
    return frozenset(
        posixpath.normpath(posixpath.join(folder, entry))
        for entry in _entries(mapping(document.value))
        if isinstance(entry, str) and "\n" not in entry and "://" not in entry
    )


def _entries(value: Mapping[str, Any]) -> Iterator[Any]:
    for field in PATH_LISTS:
        yield from items(value.get(field))
    for field in OBJECT_LISTS:
        yield from (item.get("path") for item in map(mapping, items(value.get(field))))
    for field in GENERATORS:
        for item in map(mapping, items(value.get(field))):
            # an entry may be KEY=FILE
            yield from (str(each).rpartition("=")[2] for each in items(item.get("files")))
            yield from items(item.get("envs"))


def is_kustomization(document: Document) -> bool:
    """
    Tell what kustomize builds from other documents.

    Args:
        document: any document.

    Returns:
        Whether it is a Kustomization or Component of kustomize.
    """
    return posixpath.basename(document.file) in FILE_NAMES


def check(document: Document) -> tuple[Finding, ...]:
    """
    Check what kustomize takes and should not have been given.

    Args:
        document: a Kustomization or Component of kustomize.

    Returns:
        One finding or none.
    """
    if document.get("commonLabels") is None:
        return ()
    return (
        Finding(
            rule="common-labels",
            file=document.file,
            line=document.line("commonLabels"),
            message="has commonLabels, which go into the selectors of what is built with it",
            next_step="write `labels` in their place, which leaves selectors alone",
        ),
    )


def closure(start: str, graph: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """
    Everything that a folder is built from, directly or not.

    Args:
        start: the folder.

        graph: folder -> what its kustomization.yaml refers to.

    Returns:
        Files and folders, without the start unless it is built from itself.
    """
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += graph.get(path, ())
    return frozenset(found)
