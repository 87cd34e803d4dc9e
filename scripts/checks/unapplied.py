"""Manifests -> those that nothing applies."""

import posixpath
from collections.abc import Collection, Iterator, Mapping

from scripts.document import Document, mapping
from scripts.model import Finding
from scripts.render import is_flux_kustomization
from scripts.render.references import FILE_NAMES, closure

LOCAL = "config.kubernetes.io/local-config"
"""An annotation of what is for readers and programs alone. kustomize leaves it out of what it builds."""

BELOW = "kubernetes/"


def check(
    documents: tuple[Document, ...], graph: Mapping[str, frozenset[str]], built: Collection[str]
) -> Iterator[Finding]:
    """
    Find the manifests below kubernetes/ that no Flux Kustomization leads to, so that they are never in the cluster.

    Args:
        documents: every document of the tree.

        graph: folder -> what its kustomization.yaml refers to.

        built: the folders that Flux builds.

    Yields:
        One finding for each file, or for the kustomization that lists it and is itself applied by nothing. A component, and
        what is in its folder, is for whoever uses it; what a Flux Kustomization would apply is told with that.
    """
    kustomizations = {posixpath.dirname(each.file): each for each in documents if _is_kustomization(each)}
    applied = _reached(built, graph)
    components = {folder for folder, each in kustomizations.items() if each.kind == "Component"}
    declared = {_path(each) for each in documents if is_flux_kustomization(mapping(each.value))}
    excused = applied | _reached(components, graph) | _reached(declared, graph)
    loose = {
        folder
        for folder in kustomizations
        if folder.startswith(BELOW) and folder not in excused and not _is_within(folder, components)
    }
    tops = {folder for folder in loose if not any(folder in closure(other, graph) for other in loose - {folder})}
    for folder in sorted(tops):
        yield _finding(kustomizations[folder], "is a kustomization")
    known = excused | _reached(loose, graph)
    around = components | _generated(built, graph)
    told: set[str] = set()
    for each in documents:
        is_known = each.file in known or each.file in told
        if _is_manifest(each) and not is_known and not _is_within(posixpath.dirname(each.file), around):
            told.add(each.file)
            yield _finding(each, f"holds {each.kind} {each.name}")


def _reached(folders: Collection[str], graph: Mapping[str, frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    for folder in folders:
        if folder not in found:
            found |= {folder, *closure(folder, graph)}
    return frozenset(found)


def _is_within(folder: str, others: Collection[str]) -> bool:
    while folder and folder not in others:
        folder = posixpath.dirname(folder)
    return bool(folder)


def _generated(built: Collection[str], graph: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Folders without a kustomization.yaml, of which Flux applies each manifest."""
    return frozenset(folder for folder in built if folder not in graph)


def _is_kustomization(document: Document) -> bool:
    return posixpath.basename(document.file) in FILE_NAMES


def _is_manifest(document: Document) -> bool:
    is_object = bool(document.api_version and document.kind) and not _is_kustomization(document)
    is_local = mapping(document.get("metadata", "annotations")).get(LOCAL) is not None
    is_flux = is_flux_kustomization(mapping(document.value))
    return document.file.startswith(BELOW) and is_object and not is_local and not is_flux


def _path(document: Document) -> str:
    return posixpath.normpath(f"/{document.get('spec', 'path') or '.'}").lstrip("/")


def _finding(document: Document, found: str) -> Finding:
    return Finding(
        rule="file-unapplied",
        file=document.file,
        line=document.line("kind"),
        message=f"{found}, and nothing that the entry point leads to applies it",
        next_step=f"list it in a kustomization.yaml that is applied, remove it, or mark it with the annotation {LOCAL}",
    )
