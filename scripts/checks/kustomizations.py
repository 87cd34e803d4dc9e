"""kustomization.yaml -> what kustomize takes and should not have been given."""

import posixpath

from scripts.document import Document
from scripts.model import Finding
from scripts.render.references import FILE_NAMES


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
