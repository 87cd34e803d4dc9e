"""Every folder with a kustomization.yaml -> what `kustomize build` makes of it."""

import posixpath
from collections.abc import Mapping

from scripts.document import Document
from scripts.model import Finding, Outcome
from scripts.render import Build, Builder, plain
from scripts.render.references import FILE_NAMES, closure, references
from scripts.source import Tree
from scripts.validate.outcome import blocked, concluded, skipped

CHECK = "kustomize build"
COMPONENT = "kubernetes/components/volsync"
BUILD_ALONE = frozenset(
    {
        COMPONENT,
        *(f"{COMPONENT}/{name}" for name in ("externalsecret", "pvc", "replicationdestination", "replicationsource")),
    }
)
"""The components that T8.3 builds alone; one that changes what others bring can be built only with them."""


def folders(tree: Tree) -> tuple[str, ...]:
    """
    The folders that kustomize builds.

    Args:
        tree: what was read.

    Returns:
        Those below kubernetes/ with a kustomization file, sorted, whether the file can be read or not.
    """
    paths = (path for path in tree.files if path.startswith("kubernetes/"))
    return tuple(sorted({posixpath.dirname(path) for path in paths if posixpath.basename(path) in FILE_NAMES}))


def outcomes(tree: Tree, builder: Builder) -> tuple[Outcome, ...]:
    """
    Build every folder: one fault is one finding, and what is built from something broken is blocked by it.

    Args:
        tree: what was read.

        builder: of its folders.

    Returns:
        One outcome for each folder below kubernetes/.

    Raises:
        CommandFailed: where a build takes too long.
    """
    built = builder.build(plain(folders(tree)))
    hosted = builder.build(plain(_hosts(builder, built)))
    failed = {each.folder for each in (*built, *hosted) if each.error}
    users = _users(builder, failed, tuple(each.folder for each in (*built, *hosted)))
    results: list[Outcome] = []
    for build in built:
        user = users.get(build.folder)
        if build.folder not in failed:
            results.append(concluded(CHECK, build.folder, (), duration_s=build.duration_s))
        elif user is not None and user not in failed:
            reason = f"as part of {user}" if user else ""
            done = concluded(CHECK, build.folder, (), reason=reason, duration_s=build.duration_s)
            results.append(done if user else skipped(CHECK, build.folder, "a component that nothing uses"))
        elif cause := _root_cause(build.folder, builder.graph, failed - users.keys(), tree.broken):
            results.append(blocked(CHECK, build.folder, cause))
        else:
            finding = _finding(_told(build, builder, hosted), builder.kustomizations.get(build.folder))
            results.append(concluded(CHECK, build.folder, (finding,), duration_s=build.duration_s))
    return tuple(results)


def _hosts(builder: Builder, builds: tuple[Build, ...]) -> tuple[str, ...]:
    """Folders outside of kubernetes/ that use a component which does not build alone."""
    failed = {each.folder for each in builds if each.error and _is_dependent(each.folder, builder)}
    outside = (folder for folder in builder.kustomizations if not folder.startswith("kubernetes/"))
    return tuple(sorted(folder for folder in outside if failed & closure(folder, builder.graph)))


def _users(builder: Builder, failed: set[str], built: tuple[str, ...]) -> Mapping[str, str]:
    """
    Component that does not build alone -> the first folder that is built with it; "" where there is none.

    One whose users all fail has none here: the fault may be its own.
    """
    found: dict[str, str] = {}
    for folder in sorted(each for each in failed if _is_dependent(each, builder)):
        users = sorted(each for each in built if folder in closure(each, builder.graph))
        working = [each for each in users if each not in failed]
        if working or not users:
            found[folder] = working[0] if working else ""
    return found


def referenced(tree: Tree) -> frozenset[str]:
    """
    Everything that a kustomization below kubernetes/ names, whether it is there or not.

    Args:
        tree: what was read.

    Returns:
        Paths relative to the root, of files and folders.
    """
    kustomizations = (
        each
        for each in tree.documents
        if each.file.startswith("kubernetes/") and posixpath.basename(each.file) in FILE_NAMES
    )
    return frozenset(path for each in kustomizations for path in references(each))


def _is_dependent(folder: str, builder: Builder) -> bool:
    document = builder.kustomizations.get(folder)
    return document is not None and document.kind == "Component" and folder not in BUILD_ALONE


def _root_cause(
    folder: str, graph: Mapping[str, frozenset[str]], failed: set[str], broken: Mapping[str, Finding]
) -> str:
    within = closure(folder, graph)
    own = {posixpath.join(folder, name) for name in FILE_NAMES}
    inner = {posixpath.join(each, name) for each in within for name in FILE_NAMES}
    for path in sorted((own | within | inner) & broken.keys()):
        return f"{path} cannot be read"
    # folders that are built from each other are each other's cause: each of them is told
    for each in sorted(within & failed - {folder}):
        if folder not in closure(each, graph):
            return f"{each} does not build"
    return ""


def _told(build: Build, builder: Builder, hosted: tuple[Build, ...]) -> Build:
    """The build whose error says what is wrong with a folder: that of one who uses it, where it does not build alone."""
    if not _is_dependent(build.folder, builder):
        return build
    users = (each for each in hosted if each.error and build.folder in closure(each.folder, builder.graph))
    return next(users, build)


def _finding(build: Build, place: Document | None) -> Finding:
    return Finding(
        rule="kustomize-build",
        file=place.file if place else build.folder,
        line=place.line_of(build.error) if place else 0,
        message=f"does not build: {build.error}",
        next_step=f"correct it and run `kustomize build {build.folder}`",
    )
