"""Components of a tree -> whether those who build without Flux get from them what Flux makes of them."""

from scripts.checks import components
from scripts.model import Outcome
from scripts.render import Builder, Rendering, plain
from scripts.render.apply import load
from scripts.render.references import closure
from scripts.render.rendering import resource
from scripts.source import Tree
from scripts.validate.outcome import concluded, skipped

CHECK = "components without Flux"
PARAMETERS = "component parameters"
BELOW = "kubernetes/"


def outcomes(tree: Tree, rendering: Rendering, builder: Builder) -> tuple[Outcome, ...]:
    """
    Check what kustomize alone makes of the components below kubernetes/.

    Args:
        tree: what was read.

        rendering: of it.

        builder: of its folders.

    Returns:
        One outcome for each kustomization outside of kubernetes/ that builds with a component of it, and one for the
        parameters that components bring.
    """
    replacing = components.replacing(tuple(builder.kustomizations.values()))
    users = sorted(
        folder
        for folder in builder.kustomizations
        if not folder.startswith(BELOW) and _is_without_flux(closure(folder, builder.graph), replacing)
    )
    results = [_outcome(folder, rendering, builder) for folder in users]
    results += [
        concluded(CHECK, folder, tuple(components.check_there(builder.kustomizations[folder], missing)))
        for folder in sorted(builder.kustomizations)
        if not folder.startswith(BELOW) and (missing := _missing(folder, tree, builder))
    ]
    documents = tuple(each for each in tree.documents if each.file.startswith(BELOW))
    findings = tuple(components.check_parameters(documents))
    return (*results, concluded(PARAMETERS, "kubernetes", findings))


def _is_without_flux(within: frozenset[str], replacing: frozenset[str]) -> bool:
    """Whether it takes the parameters of a component that has some, as who has no Flux does."""
    return any(path.startswith(f"{each}/") for each in replacing & within for path in within)


def _missing(folder: str, tree: Tree, builder: Builder) -> frozenset[str]:
    there = builder.kustomizations.keys() | tree.digests.keys()
    return frozenset(each for each in builder.graph[folder] if each.startswith(BELOW) and each not in there)


def _outcome(folder: str, rendering: Rendering, builder: Builder) -> Outcome:
    (built,) = builder.build(plain([folder]))
    if built.error:
        return skipped(CHECK, folder, f"it does not build: {built.error}")
    made = tuple(resource(load(text), folder) for text in built.texts)
    findings = tuple(components.check_built(builder.kustomizations[folder], made, rendering.resources))
    return concluded(CHECK, folder, findings)
