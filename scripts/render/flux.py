"""An object -> a Flux Kustomization as a value: what it applies, what it waits for, what it puts in."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.document import items, mapping

FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True, kw_only=True)
class FluxKustomization:
    """
    One Flux Kustomization of the tree.

    Args:
        namespace: where it is applied.

        name: metadata.name.

        path: the folder that it builds, relative to the root of the tree.

        depends_on: names, in the order of the file.

        document: the whole object.
    """

    namespace: str
    name: str
    path: Path
    depends_on: tuple[str, ...]
    document: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """What names it in messages and references: "namespace/name"."""
        return f"{self.namespace}/{self.name}"

    @property
    def specification(self) -> Mapping[str, Any]:
        """The field spec; empty where there is none."""
        return mapping(self.document.get("spec"))

    @property
    def source(self) -> tuple[str, str]:
        """Kind and name of the source that holds what it applies."""
        reference = mapping(self.specification.get("sourceRef"))
        return str(reference.get("kind") or ""), str(reference.get("name") or "")


def is_flux_kustomization(document: Mapping[str, Any]) -> bool:
    """
    Tell a Flux Kustomization from other objects, those of kustomize included.

    Args:
        document: any object.

    Returns:
        Whether it is one.
    """
    api_version = str(document.get("apiVersion") or "")
    return document.get("kind") == "Kustomization" and api_version.startswith(f"{FLUX_KUSTOMIZATION}/")


def flux_kustomization(document: Mapping[str, Any]) -> FluxKustomization:
    """
    Read a Flux Kustomization.

    Args:
        document: the object.

    Returns:
        It; what is missing is empty, and a path that is missing is the root of the tree, as in Flux.
    """
    metadata, specification = mapping(document.get("metadata")), mapping(document.get("spec"))
    path = posixpath.normpath(f"/{specification.get('path') or '.'}").lstrip("/")
    return FluxKustomization(
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        path=Path(path or "."),
        depends_on=tuple(str(mapping(each).get("name")) for each in items(specification.get("dependsOn"))),
        document=document,
    )
