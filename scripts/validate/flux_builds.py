"""A rendering -> whether each Flux Kustomization that the entry point leads to can be applied."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.checks import flux, unapplied, variables
from scripts.checks.fault import Places
from scripts.checks.objects import SETTINGS
from scripts.document import Document
from scripts.errors import RenderError
from scripts.model import Finding, Outcome, Resource, Status
from scripts.particulars import PATH, Particulars, check
from scripts.render import Builder, FluxKustomization, Rendering
from scripts.render.origins import Origins
from scripts.source import Tree
from scripts.store import Store
from scripts.validate import rendered
from scripts.validate.outcome import blocked, concluded, skipped

CHECK = "flux build"

LEAVE_IT_WHOLE = frozenset({"variable-ignored", "variable-unused"})
"""Rules whose findings leave what is rendered as it would be without them."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    A Flux Kustomization and all that is known of it.

    Args:
        kustomization: as it was built.

        place: where it is written down; None where that is not known.

        findings: what is wrong with what it says.

        error: why it cannot be rendered; None where it can.

        circle: the Flux Kustomizations that it waits for in a circle, the one that is told first; mostly none.
    """

    kustomization: FluxKustomization
    place: Document | None
    findings: tuple[Finding, ...]
    error: RenderError | None
    circle: tuple[str, ...]


def outcomes(
    tree: Tree, rendering: Rendering, builder: Builder, *, broken: frozenset[str], store: Store
) -> tuple[Outcome, ...]:
    """
    Check every Flux Kustomization, and what all of them apply.

    Args:
        tree: what was read.

        rendering: of it.

        builder: of its folders.

        broken: folders that do not build, each told by its own outcome.

        store: of earlier results.

    Returns:
        One outcome for each Flux Kustomization, one for what nothing applies, and those about what was rendered.
    """
    entry_point = rendering.particulars.entry_point
    if PATH in tree.broken or next(check(tree.documents), None):
        return (blocked(CHECK, entry_point, f"{PATH} has a finding"),)
    if "" in rendering.errors:
        reason = "does not build" if entry_point in broken else rendering.errors[""].found
        return (blocked(CHECK, entry_point, f"{entry_point} {reason}"),)
    if not rendering.kustomizations:
        return (blocked(CHECK, entry_point, f"{entry_point} applies no Flux Kustomization"),)
    used = _used(rendering, builder)
    subjects = _subjects(tree, rendering, builder.folders, used)
    results = tuple(_outcome(each, broken, rendering.particulars) for each in subjects)
    reach = (
        blocked("flux reach", "kubernetes", "not everything builds") if broken else _unreached(tree, rendering, builder)
    )
    # without a Flux Kustomization that nothing applies, much is missing that others name
    is_short = any(each.rule == "flux-unreached" for each in reach.findings)
    before = (*results, reach) if is_short else results
    return (*results, reach, *_rendered(tree, rendering, builder, before, used=used, store=store))


def _subjects(
    tree: Tree, rendering: Rendering, folders: frozenset[str], used: Mapping[str, frozenset[str]]
) -> tuple[Subject, ...]:
    places = flux.declarations(tree.documents)
    circles = {name: circle for circle in flux.circles(rendering.kustomizations) for name in circle}
    known = frozenset(each.identity for each in rendering.kustomizations) | rendering.particulars.externals.get(
        "Kustomization", frozenset()
    )
    applied: dict[str, list[Resource]] = defaultdict(list)
    for resource in rendering.resources:
        applied[resource.kustomization].append(resource)
    settings = _settings(tree)
    subjects: list[Subject] = []
    for each in rendering.kustomizations:
        place = places.get(each.name)
        circle = circles.get(each.identity, ())
        is_first = circle[:1] == (each.identity,)
        findings = (
            *((flux.check_circle(each, circle, place),) if is_first else ()),
            *flux.check_path(each, folders, place),
            *flux.check_dependencies(each, known, place),
            *variables.check(each, rendering, tuple(applied[each.name]), place),
            *(variables.check_values(each, used[each.name], settings, place) if each.name in used else ()),
        )
        error = rendering.errors.get(each.identity)
        subjects.append(Subject(kustomization=each, place=place, findings=findings, error=error, circle=circle))
    return tuple(subjects)


def _settings(tree: Tree) -> Document | None:
    held = (each for each in tree.documents if (each.kind, each.name) == ("ConfigMap", SETTINGS))
    return next((each for each in held if each.file.startswith("kubernetes/")), None)


def _used(rendering: Rendering, builder: Builder) -> Mapping[str, frozenset[str]]:
    """Flux Kustomization -> the variables in what it applies; without those that are not built."""
    found: dict[str, frozenset[str]] = {}
    for each in rendering.kustomizations:
        # where a variable has no value, a value of another name follows from that
        overlay = rendering.overlays.get(each.name)
        if overlay and each.identity not in {*rendering.unset, *rendering.literal}:
            (built,) = builder.build([overlay])
            found[each.name] = frozenset(name for text in built.texts for name in variables.VARIABLE.findall(text))
    return found


def _outcome(subject: Subject, broken: frozenset[str], particulars: Particulars) -> Outcome:
    kustomization = subject.kustomization
    folder = kustomization.path.as_posix()
    if not particulars.holds(kustomization.source):
        return skipped(CHECK, kustomization.name, f"its source is {' '.join(kustomization.source)}, not this tree")
    if subject.findings:
        return concluded(CHECK, kustomization.name, subject.findings)
    if folder in broken:
        return blocked(CHECK, kustomization.name, f"{folder} does not build")
    if subject.circle:
        return blocked(CHECK, kustomization.name, f"it waits in a circle, as {subject.circle[0]} does")
    return concluded(CHECK, kustomization.name, (_finding(subject, subject.error),) if subject.error else ())


def _finding(subject: Subject, error: RenderError) -> Finding:
    message = f"Kustomization {subject.kustomization.name} cannot be applied: {error.where}: {error.found}"
    return flux.finding("flux-build", subject.place, ("metadata", "name"), message, error.next_step)


def _unreached(tree: Tree, rendering: Rendering, builder: Builder) -> Outcome:
    documents = tuple(document for document in tree.documents if document.file.startswith("kubernetes/"))
    built = {each.folder for each in rendering.overlays.values()}
    findings = tuple(flux.check_unreached(documents, {each.name for each in rendering.kustomizations}))
    # what a Flux Kustomization with a fault would apply is applied by nothing for that reason
    if not rendering.errors:
        findings += tuple(unapplied.check(documents, builder.graph, built))
    return concluded("flux reach", "kubernetes", findings)


def _rendered(
    tree: Tree,
    rendering: Rendering,
    builder: Builder,
    before: tuple[Outcome, ...],
    *,
    used: Mapping[str, frozenset[str]],
    store: Store,
) -> tuple[Outcome, ...]:
    if any(
        each.status is Status.BLOCKED or not {finding.rule for finding in each.findings} <= LEAVE_IT_WHOLE
        for each in before
    ):
        return rendered.stopped("not every Flux Kustomization can be applied")
    settings, names = _settings(tree), frozenset(name for each in used.values() for name in each)
    spelling = tuple(variables.check_settings(settings, names)) if settings else ()
    if spelling:
        return (concluded("cluster settings", SETTINGS, spelling), *rendered.stopped("a setting has another name"))
    origins = Origins(builder, rendering.overlays)
    return rendered.outcomes(tree, rendering, Places(tree.documents, rendering, origins.file), store=store)
