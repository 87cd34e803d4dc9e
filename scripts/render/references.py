"""kustomization.yaml -> the files and folders that it refers to."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.document import Document, items, mapping

PLAIN_NAME = "Kustomization"
FILE_NAMES = ("kustomization.yaml", "kustomization.yml", PLAIN_NAME)
"""In the order in which Flux looks for them."""

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
OPEN_ENDED = ("generators", "transformers", "validators", "helmCharts", "helmChartInflationGenerator")
"""Fields through which a kustomization may read files that it does not name."""


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


def is_self_contained(document: Document) -> bool:
    """
    Tell whether a kustomization is built from what it names alone.

    Args:
        document: a Kustomization or Component of kustomize.

    Returns:
        False where it may read further files, or from the network.
    """
    value = mapping(document.value)
    entries = [entry for name in ("resources", "bases", "components") for entry in items(value.get(name))]
    is_local = all(isinstance(entry, str) and "://" not in entry and "github.com" not in entry for entry in entries)
    return is_local and not any(value.get(name) for name in OPEN_ENDED)


def _entries(value: Mapping[str, Any]) -> Iterator[Any]:
    for field in PATH_LISTS:
        yield from items(value.get(field))
    yield mapping(value.get("openapi")).get("path")
    for field in OBJECT_LISTS:
        yield from (item.get("path") for item in map(mapping, items(value.get(field))))
    for field in GENERATORS:
        for item in map(mapping, items(value.get(field))):
            # an entry may be KEY=FILE
            yield from (str(each).rpartition("=")[2] for each in items(item.get("files")))
            yield from items(item.get("envs"))
            yield item.get("env")


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
