"""
A tree of Flux Kustomizations -> the objects that a cluster would receive, the way the controllers would.

    references  kustomization.yaml -> what it is built from
    flux        an object -> a Flux Kustomization as a value
    artifact    what git holds -> what Flux fetches of it
    overlay     what a Flux Kustomization adds to the kustomization.yaml of its path
    kustomize   folders -> the texts that the real kustomize builds
    origins     an object -> the file that it comes from
    go_yaml     the text of an object -> its values, as Go reads them
    variables   a Flux Kustomization -> the values of its variables
    apply       texts -> objects with the values of variables in
    walk        all of it, from the entry point down
"""

from scripts.render.apply import SUBSTITUTION_SWITCH
from scripts.render.flux import FLUX_KUSTOMIZATION, FluxKustomization, flux_kustomization, is_flux_kustomization
from scripts.render.kustomize import Build, Builder, plain
from scripts.render.rendering import Rendering
from scripts.render.walk import build, render, render_tree

__all__ = [
    "FLUX_KUSTOMIZATION",
    "SUBSTITUTION_SWITCH",
    "Build",
    "Builder",
    "FluxKustomization",
    "Rendering",
    "build",
    "flux_kustomization",
    "is_flux_kustomization",
    "plain",
    "render",
    "render_tree",
]
