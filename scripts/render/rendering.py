"""What a tree comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.errors import RenderError
from scripts.model import Resource
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
