"""Flux Kustomizations -> what is wrong with each, and what it waits for."""

from collections.abc import Collection, Iterator, Mapping

from scripts.document import Document, items, mapping
from scripts.model import Finding
from scripts.particulars import PATH
from scripts.render import FluxKustomization, is_flux_kustomization


def declarations(documents: tuple[Document, ...]) -> Mapping[str, Document]:
    """
    Where each Flux Kustomization is written down.

    Args:
        documents: every document of the tree.

    Returns:
        Name -> the first document that declares it.
    """
    found: dict[str, Document] = {}
    for document in documents:
        if document.kind == "Kustomization" and is_flux_kustomization(mapping(document.value)):
            found.setdefault(document.name, document)
    return found


def check_path(
    kustomization: FluxKustomization, folders: Collection[str], place: Document | None
) -> tuple[Finding, ...]:
    """
    Check that a Flux Kustomization names a folder that is there.

    Args:
        kustomization: as it was built.

        folders: every folder with a kustomization.yaml.

        place: where it is written down.

    Returns:
        One finding or none.
    """
    path = mapping(kustomization.document.get("spec")).get("path")
    if path and kustomization.path.as_posix() in folders:
        return ()
    found = f"names {path}, which is no folder with a kustomization.yaml" if path else "has no spec.path"
    message = f"Kustomization {kustomization.name} {found}"
    return (finding("flux-path", place, ("spec", "path"), message, "correct spec.path or add what it names"),)


def check_dependencies(
    kustomization: FluxKustomization, known: Collection[str], place: Document | None
) -> Iterator[Finding]:
    """
    Check that what a Flux Kustomization waits for will ever be there.

    Args:
        kustomization: as it was built.

        known: names of the Flux Kustomizations of the tree, and of those that it declares as external.

        place: where it is written down.

    Yields:
        One finding for each name that nothing has.
    """
    for index, wanted in enumerate(waits_for(kustomization)):
        if wanted not in known:
            name = wanted.removeprefix(f"{kustomization.namespace}/")
            yield finding(
                "flux-dependency",
                place,
                ("spec", "dependsOn", index),
                f"Kustomization {kustomization.name} waits for {name}, which is neither in the tree nor external",
                f"correct the name, or add it to {PATH}",
            )


def waits_for(kustomization: FluxKustomization) -> tuple[str, ...]:
    """
    What a Flux Kustomization waits for.

    Args:
        kustomization: any.

    Returns:
        "namespace/name" each, in the order of the file.
    """
    references = map(mapping, items(mapping(kustomization.document.get("spec")).get("dependsOn")))
    return tuple(f"{each.get('namespace') or kustomization.namespace}/{each.get('name')}" for each in references)


def circles(kustomizations: tuple[FluxKustomization, ...]) -> tuple[tuple[str, ...], ...]:
    """
    Find the Flux Kustomizations that wait for each other, for ever.

    Args:
        kustomizations: of the tree.

    Returns:
        Each circle once, as "namespace/name" in the order of waiting, the first by name first.
    """
    graph = {each.identity: waits_for(each) for each in kustomizations}
    found: list[tuple[str, ...]] = []
    for start in sorted(graph):
        way = _way_back(start, graph)
        if way and not any(set(way) & set(circle) for circle in found):
            found.append(way)
    return tuple(found)


def _way_back(start: str, graph: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from a Flux Kustomization back to itself; none where there is no way."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for name in graph.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()


def check_circle(kustomization: FluxKustomization, circle: tuple[str, ...], place: Document | None) -> Finding:
    """
    Say that a Flux Kustomization waits for itself.

    Args:
        kustomization: the first of the circle.

        circle: "namespace/name" of each, in the order of waiting.

        place: where it is written down.

    Returns:
        The finding.
    """
    message = f"Kustomization {kustomization.name} waits for itself: {' -> '.join((*circle, circle[0]))}"
    return finding("flux-cycle", place, ("spec", "dependsOn"), message, "take one dependsOn of the circle out")


def check_unreached(sources: tuple[Document, ...], known: Collection[str]) -> Iterator[Finding]:
    """
    Find the Flux Kustomizations that nothing applies, and whose objects will therefore never be in the cluster.

    Args:
        sources: every document of the tree.

        known: names of those that the entry point leads to.

    Yields:
        One finding for each of the others.
    """
    for document in sources:
        if is_flux_kustomization(mapping(document.value)) and document.name not in known:
            yield finding(
                "flux-unreached",
                document,
                ("metadata", "name"),
                f"Kustomization {document.name} is applied by nothing that the entry point leads to",
                "list its file in a kustomization.yaml that is applied",
            )


def finding(
    rule: str, place: Document | None, location: tuple[str | int, ...], message: str, next_step: str
) -> Finding:
    """
    A finding about a Flux Kustomization.

    Args:
        rule: its id.

        place: where the Flux Kustomization is written down; None where that is not known.

        location: of the fault in it.

        message: what is wrong.

        next_step: what to do.

    Returns:
        The finding.
    """
    return Finding(
        rule=rule,
        file=place.file if place else "kubernetes",
        line=place.line(*location) if place else 0,
        message=message,
        next_step=next_step,
    )
