"""backup.add: write the lines that give an app of the tree backups, as a person would."""

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts import report, source, toolchain
from scripts.checks.volsync.spread import spread_schedule
from scripts.document import Document, items
from scripts.errors import Drift, SettingsError
from scripts.operate.edit import Entry, put
from scripts.progress import step
from scripts.render import Rendering, is_flux_kustomization, render
from scripts.source import Tree
from scripts.tree_root import tree_root

COMPONENT = "kubernetes/components/volsync"
PREFIX = "cluster-apps-"
"""Of the Flux Kustomizations of apps."""

VOLSYNC = f"{PREFIX}volsync"
"""The Flux Kustomization that an app waits for."""

SETTINGS = {"kind": "ConfigMap", "name": "cluster-settings"}
PRUNE = "kustomize.toolkit.fluxcd.io/prune"
KUSTOMIZATION = "Kustomization"
SUBSTITUTE = ("spec", "postBuild", "substitute")


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    An app of a tree.

    Args:
        flux: its Flux Kustomization.

        kustomization: of the folder that this builds.

        spaces: documents of its Namespace; none where others make it.

        namespace: of the app: APP, with which all names begin.
    """

    flux: Document
    kustomization: Document
    spaces: tuple[Document, ...]
    namespace: str

    @property
    def component(self) -> str:
        """The component, as the kustomization names it."""
        return posixpath.relpath(COMPONENT, posixpath.dirname(self.kustomization.file))


def run(*, name: str, namespace: str, size: str, user: str, root: str) -> None:
    """
    Give an app backups, and print the lines that were written.

    Args:
        name: of the app, as its Flux Kustomization has it, with or without "cluster-apps-".

        namespace: of its volume; the only one that it has objects in where "".

        size: of its volume, as in "10Gi"; the component's default where "".

        user: that it runs as, by number; the component's default where "".

        root: the folder that holds `kubernetes/`; this checkout where "".

    Raises:
        SettingsError: where there is no such app, or it is not clear what is meant.

        Drift: where it has other backups, another value for one of the lines, or a volume of its own.

        RenderError: where the tree does not render as it is.
    """
    if user and not user.isdecimal():
        raise SettingsError(f"--user {user}", "is no number", "give the runAsUser of the app")
    folder = tree_root(root)
    with step("render the tree"):
        rendering = render(folder)
    git = toolchain.present("git")
    tree = source.read(folder, git=git.path if git else None)
    place = find(tree, rendering, name, namespace)
    refuse(place, rendering)
    parameters = {"PVC_SIZE": size, "VOLSYNC_MOVER_GID": user, "VOLSYNC_MOVER_UID": user}
    texts = dict(tree.texts)
    for path, entry in entries(place, {key: value for key, value in parameters.items() if value}):
        texts[path] = put(path, texts[path], entry)
    changes = {path: text for path, text in texts.items() if text != tree.texts[path]}
    for path, text in changes.items():
        # whole or not at all: run again, this finishes what was killed
        new = folder / f"{path}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(folder / path)
    report.show(tuple(_differences(tree.texts, changes)) or (f"{name}: has these lines already, nothing was written",))


def find(tree: Tree, rendering: Rendering, name: str, namespace: str) -> Place:
    """
    Find an app.

    Args:
        tree: that it is in.

        rendering: of it.

        name: of the app.

        namespace: of its volume; "" for the only one that it has objects in.

    Returns:
        The app.

    Raises:
        SettingsError: where there is none, or its namespace is not clear.
    """
    apps = {each.name: each for each in tree.documents if is_flux_kustomization(each.value)}
    flux = apps.get(f"{PREFIX}{name}") or apps.get(name)
    if flux is None:
        known = ", ".join(sorted(each.removeprefix(PREFIX) for each in apps)) or "no Flux Kustomization"
        raise SettingsError(f"NAME {name}", "is no app of this tree", f"add its manifests first; there are: {known}")
    folder = posixpath.normpath(str(flux.get("spec", "path") or "."))
    kustomizations = [
        each
        for each in tree.documents
        if posixpath.dirname(each.file) == folder
        and each.kind == KUSTOMIZATION
        and posixpath.basename(each.file).startswith("kustomization.")
    ]
    if not kustomizations:
        raise SettingsError(f"{flux.file}", f"applies {folder}, which has no kustomization.yaml", "add one")
    spaces = sorted({each.id.namespace for each in rendering.resources if each.kustomization == flux.name} - {""})
    if not namespace and len(spaces) != 1:
        told = f"has objects in the namespaces {', '.join(spaces)}" if spaces else "has no object in a namespace"
        raise SettingsError(f"NAME {name}", told, "name the one of its volume with --namespace")
    chosen = namespace or spaces[0]
    return Place(
        flux=flux,
        kustomization=kustomizations[0],
        spaces=tuple(each for each in tree.documents if (each.kind, each.name) == ("Namespace", chosen)),
        namespace=chosen,
    )


def refuse(place: Place, rendering: Rendering) -> None:
    """
    Refuse an app that has backups of another kind, or a volume that the component would not back up.

    Args:
        place: of the app.

        rendering: of the tree as it is.

    Raises:
        Drift: where it has.
    """
    if place.component in items(place.kustomization.get("components")):
        return
    found = {
        each.id.kind: each.id
        for each in rendering.resources
        if each.id.namespace == place.namespace and each.id.kind in {"PersistentVolumeClaim", "ReplicationSource"}
    }
    if "ReplicationSource" in found:
        raise Drift(str(found["ReplicationSource"]), "backs this app up already", "leave it as it is")
    if "PersistentVolumeClaim" in found:
        raise Drift(
            str(found["PersistentVolumeClaim"]),
            "is the app's own, and the component would make and back up another one",
            "add the lines for an existing PVC by hand: docs/reference/parameters.md",
        )


def entries(place: Place, parameters: Mapping[str, str]) -> Iterator[tuple[str, Entry]]:
    """
    Say which lines give an app backups.

    Args:
        place: of the app.

        parameters: of the component, beside name and schedule.

    Yields:
        The path of a file, and an entry of it.
    """
    app, listed = place.namespace, place.kustomization
    yield (
        listed.file,
        Entry(kind=KUSTOMIZATION, name=listed.name, location=("components",), value=place.component, is_item=True),
    )
    minute = f"60 + $(printf %s {app} | cksum) modulo 240 is the minute of the day: a time of its own between 01:00 and 04:59 UTC"
    values = {"APP": app, "BACKUP_SCHEDULE": spread_schedule(app), **parameters}
    in_flux = (
        Entry(
            kind=KUSTOMIZATION,
            name=place.flux.name,
            location=("spec", "dependsOn"),
            value={"name": VOLSYNC},
            is_item=True,
        ),
        *(
            Entry(
                kind=KUSTOMIZATION,
                name=place.flux.name,
                location=(*SUBSTITUTE, key),
                value=value,
                comment=minute if key == "BACKUP_SCHEDULE" else "",
            )
            for key, value in values.items()
        ),
        Entry(
            kind=KUSTOMIZATION,
            name=place.flux.name,
            location=("spec", "postBuild", "substituteFrom"),
            value=SETTINGS,
            is_item=True,
        ),
    )
    yield from ((place.flux.file, each) for each in in_flux)
    # with the namespace would go the PVC in it
    for each in place.spaces:
        location = ("metadata", "annotations", PRUNE)
        yield each.file, Entry(kind=each.kind, name=each.name, location=location, value="disabled")


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for path, text in after.items():
        lines = difflib.unified_diff(
            before[path].splitlines(), text.splitlines(), fromfile=path, tofile=path, lineterm=""
        )
        yield from lines
