"""The Flux Kustomizations that the entry point leads to -> whether Flux's own code can build each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scripts.checks import flux, variables
from scripts.checks.document import Document, mapping
from scripts.errors import RenderError
from scripts.model import Finding, Outcome, Status
from scripts.render import ENTRY_POINT, FluxKustomization, render
from scripts.validate import rendered
from scripts.validate.builds import Build
from scripts.validate.flux_tools import Said, ask_flate, ask_flux
from scripts.validate.outcome import blocked, concluded, skipped
from scripts.validate.source import Tree
from scripts.validate.tools import Tools

CHECK = "flux build"
OWN_SOURCE = ("GitRepository", "flux-system")
"""The source that holds this tree; what another one holds is not here."""

SYSTEM = "kubernetes/workloads/platform/backup/volsync-system"
STORY_COMMANDS = (
    ("cluster-apps-volsync", "kubernetes/clusters/apps"),
    ("cluster-apps-volsync", f"{SYSTEM}/volsync"),
    ("cluster-apps-volsync-snapshot-controller", f"{SYSTEM}/snapshot-controller"),
    ("cluster-apps-volsync-system", SYSTEM),
)
"""`flux build kustomization NAME --path PATH` of AC7, T8.1, T8.2 and T8.4; PATH need not be the spec.path of NAME."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    A Flux Kustomization and all that is known of it before a tool is asked.

    Args:
        kustomization: as it was built.

        place: where it is written down; None where that is not known.

        build: of the folder that it applies; None where there is none.

        circle: the Flux Kustomizations that it waits for in a circle, the one that is told first; mostly none.
    """

    kustomization: FluxKustomization
    place: Document | None
    build: Build | None
    circle: tuple[str, ...]


def outcomes(tree: Tree, tools: Tools, copy: Path, builds: tuple[Build, ...], *, is_whole: bool) -> tuple[Outcome, ...]:
    """
    Check every Flux Kustomization, with flux where it is on the PATH and with flate elsewhere.

    Args:
        tree: what was read.

        tools: the programs.

        copy: a copy of the tree, which gets further files.

        builds: of every folder.

        is_whole: whether every folder builds, so that what the entry point does not lead to is applied by nothing.

    Returns:
        One outcome for each Flux Kustomization, one for each of the story's commands where flux spoke, one each for
        what nothing applies and for the rendering, and those about what was rendered.

    Raises:
        ToolMissing: where there is neither flux nor flate.

        CommandFailed: where the tool did not answer.
    """
    entry_point = ENTRY_POINT.as_posix()
    by_folder = {build.folder: build for build in builds}
    if entry_point not in by_folder:
        return (blocked(CHECK, entry_point, f"{entry_point} holds no kustomization.yaml to start from"),)
    if by_folder[entry_point].error:
        return (blocked(CHECK, entry_point, f"{entry_point} does not build"),)
    found = flux.reached(entry_point, {build.folder: build.documents for build in builds})
    if not found:
        return (blocked(CHECK, entry_point, f"{entry_point} applies no Flux Kustomization"),)
    circles = {name: circle for circle in flux.circles(found) for name in circle}
    subjects = tuple(
        Subject(
            kustomization=each,
            place=flux.source_of(each, tree.documents),
            build=by_folder.get(each.path.as_posix()),
            circle=circles.get(flux.identity(each), ()),
        )
        for each in found
    )
    externals = flux.externals(tree.documents)
    before = _findings(subjects, frozenset(map(flux.identity, found)) | externals, _config_maps(builds))
    results = _asked(subjects, before, tools, copy, externals)
    results += (_unreached(tree, found) if is_whole else blocked("flux reach", "kubernetes", "not everything builds"),)
    return (*results, *_rendering(tree, copy, results))


def _findings(
    subjects: tuple[Subject, ...], known: frozenset[str], config_maps: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Mapping[str, tuple[Finding, ...]]:
    result: dict[str, tuple[Finding, ...]] = {}
    for each in subjects:
        folders = (each.build.folder,) if each.build else ()
        identity = flux.identity(each.kustomization)
        circle = (flux.check_circle(each.kustomization, each.circle, each.place),) if each.circle else ()
        result[identity] = (
            *(circle if each.circle[:1] == (identity,) else ()),
            *flux.check_path(each.kustomization, folders, each.place),
            *flux.check_dependencies(each.kustomization, known, each.place),
            *variables.check(each.kustomization, each.build.texts if each.build else (), config_maps, each.place),
        )
    return result


def _asked(
    subjects: tuple[Subject, ...],
    before: Mapping[str, tuple[Finding, ...]],
    tools: Tools,
    copy: Path,
    externals: frozenset[str],
) -> tuple[Outcome, ...]:
    program = "flux" if "flux" in tools.found else "flate"
    path = tools.path(program)
    spoke = f"{program} {tools.found[program].version}"
    if program == "flate":
        said = ask_flate(path, copy, tuple(each.kustomization for each in subjects), externals)
        return tuple(_outcome(each, before, said[flux.identity(each.kustomization)], spoke) for each in subjects)
    # one after the other: flux writes into the folder that it builds
    ask = partial(ask_flux, path, copy)
    own = {
        each.kustomization.name: _outcome(
            each, before, ask(each.kustomization, each.build.folder) if each.build else Said(), spoke
        )
        for each in subjects
    }
    by_name = {each.kustomization.name: each for each in subjects}
    commands = tuple(
        _story_command(by_name[name], folder, own[name], ask)
        for name, folder in STORY_COMMANDS
        if name in by_name and (copy / folder).is_dir()
    )
    return (*own.values(), *commands)


def _story_command(
    subject: Subject, folder: str, own: Outcome, ask: Callable[[FluxKustomization, str], Said]
) -> Outcome:
    name = f"{own.subject} --path ./{folder}"
    if own.status is not Status.PASSED:
        return blocked(CHECK, name, f"{own.subject} does not build")
    said = ask(subject.kustomization, folder)
    findings = (_finding(subject, folder, said.error),) if said.error else ()
    return concluded(CHECK, name, findings, reason=own.reason, duration_s=said.duration_s)


def _outcome(subject: Subject, before: Mapping[str, tuple[Finding, ...]], said: Said, spoke: str) -> Outcome:
    kustomization = subject.kustomization
    source = mapping(mapping(kustomization.document.get("spec")).get("sourceRef"))
    if (source.get("kind"), source.get("name")) != OWN_SOURCE:
        return skipped(
            CHECK, kustomization.name, f"its source is {source.get('kind')} {source.get('name')}, not this tree"
        )
    if findings := before[flux.identity(kustomization)]:
        return concluded(CHECK, kustomization.name, findings, reason=spoke, duration_s=said.duration_s)
    if subject.build and subject.build.error:
        return blocked(CHECK, kustomization.name, f"{subject.build.folder} does not build")
    if subject.circle:
        return blocked(CHECK, kustomization.name, f"it waits in a circle, as {subject.circle[0]} does")
    if said.is_blocked:
        return blocked(CHECK, kustomization.name, said.error)
    findings = (_finding(subject, kustomization.path.as_posix(), said.error),) if said.error else ()
    return concluded(CHECK, kustomization.name, findings, reason=spoke, duration_s=said.duration_s)


def _finding(subject: Subject, folder: str, error: str) -> Finding:
    message = f"Kustomization {subject.kustomization.name} does not build with --path ./{folder}: {error}"
    return flux.finding("flux-build", subject.place, ("metadata", "name"), message, f"correct what is below {folder}")


def _unreached(tree: Tree, found: tuple[FluxKustomization, ...]) -> Outcome:
    documents = tuple(document for document in tree.documents if document.file.startswith("kubernetes/"))
    findings = tuple(flux.check_unreached(documents, {each.name for each in found}))
    return concluded("flux reach", "kubernetes", findings)


def _rendering(tree: Tree, copy: Path, before: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    entry_point = ENTRY_POINT.as_posix()
    if any(each.status in {Status.FAILED, Status.BLOCKED} for each in before):
        reason = "not every Flux Kustomization builds"
        return (blocked("render", entry_point, reason), *rendered.stopped(reason))
    try:
        rendering = render(copy)
    except RenderError as error:
        finding = Finding(
            rule="render",
            file=f"{entry_point}/kustomization.yaml",
            line=0,
            message=f"{error.where}: {error.found}",
            next_step=error.next_step,
        )
        return (concluded("render", entry_point, (finding,)), *rendered.stopped("the tree does not render"))
    return (concluded("render", entry_point, ()), *rendered.outcomes(tree, rendering))


def _config_maps(builds: tuple[Build, ...]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    result: dict[tuple[str, str], Mapping[str, Any]] = {}
    for build in builds:
        for document in build.documents:
            if document.get("kind") == "ConfigMap":
                metadata = mapping(document.get("metadata"))
                result[str(metadata.get("namespace")), str(metadata.get("name"))] = mapping(document.get("data"))
    return result
