"""kustomization.yaml -> what kustomize takes and should not have been given."""

import posixpath
from collections.abc import Iterator

from scripts.document import Document, items, mapping
from scripts.model import Finding
from scripts.render.references import FILE_NAMES

IDENTITY = frozenset({"group", "version", "kind", "name", "namespace"})
"""How a replacement names objects; annotations and labels select by what only the objects say."""


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
        What is wrong.

    Source:
        kubernetes-sigs/kustomize@api/v0.21.1:api/types/replacement.go (SourceSelector, TargetSelector)
    """
    return (*_common_labels(document), *_replacements(document))


def _common_labels(document: Document) -> Iterator[Finding]:
    if document.get("commonLabels") is not None:
        yield Finding(
            rule="common-labels",
            file=document.file,
            line=document.line("commonLabels"),
            message="has commonLabels, which go into the selectors of what is built with it",
            next_step="write `labels` in their place, which leaves selectors alone",
        )


def _replacements(document: Document) -> Iterator[Finding]:
    for number, replacement in enumerate(map(mapping, items(document.get("replacements")))):
        source = mapping(replacement.get("source"))
        path = source.get("fieldPath", "metadata.name")
        for place, target in enumerate(map(mapping, items(replacement.get("targets")))):
            select, changed = mapping(target.get("select")), mapping(target.get("options"))
            # to select by less than all of its names is to select the source as well
            is_source = all(source.get(name) == value for name, value in select.items() if name in IDENTITY)
            if select.keys() <= IDENTITY and is_source and path in items(target.get("fieldPaths")) and not changed:
                yield Finding(
                    rule="replacement-of-itself",
                    file=document.file,
                    line=document.line("replacements", number, "targets", place),
                    message=f"puts {path} of {source.get('kind')} {source.get('name', '')} in its own place".replace(
                        "  ", " "
                    ),
                    next_step="take the target out, or take the value from where it is known",
                )
