"""What a tree comes to, and each object of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.document import mapping
from scripts.errors import RenderError
from scripts.model import Resource, ResourceId
from scripts.particulars import Particulars
from scripts.render.flux import FluxKustomization
from scripts.render.overlay import Overlay


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """
    What a tree comes to.

    Args:
        kustomizations: every Flux Kustomization that the entry point leads to, sorted by name.

        resources: every object that they apply, those of the entry point first.

        errors: "namespace/name" of a Flux Kustomization -> why it cannot be rendered; "" is the entry point.

        unset: likewise -> its variables without value and default, each with the first object that uses it.

        offline_unset: likewise -> those that have one from a ConfigMap alone.

        literal: likewise, those for which Flux substitutes nothing.

        overlays: `kustomization` of resources -> what was built for them.

        particulars: of the tree.
    """

    kustomizations: tuple[FluxKustomization, ...]
    resources: tuple[Resource, ...]
    errors: Mapping[str, RenderError] = field(default_factory=dict)
    unset: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    offline_unset: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    literal: frozenset[str] = frozenset()
    overlays: Mapping[str, Overlay] = field(default_factory=dict)
    particulars: Particulars = field(default_factory=Particulars)


def resource(document: Mapping[str, Any], kustomization: str, position: int = 0) -> Resource:
    """
    Name an object by what it says of itself.

    Args:
        document: the object.

        kustomization: name of the Flux Kustomization, or the folder, that it is built for.

        position: of the object among those.

    Returns:
        The object with its identity.
    """
    metadata = mapping(document.get("metadata"))
    return Resource(
        id=ResourceId(
            api_version=str(document.get("apiVersion") or ""),
            kind=str(document.get("kind") or ""),
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata.get("name") or ""),
        ),
        document=document,
        kustomization=kustomization,
        position=position,
    )
