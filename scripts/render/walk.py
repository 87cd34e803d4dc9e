"""A tree of Flux Kustomizations -> the objects that a cluster would receive, from the entry point down."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.document import mapping
from scripts.errors import RenderError
from scripts.model import Resource
from scripts.particulars import PATH, check, particulars
from scripts.render.apply import Applied, applied_key, apply, load
from scripts.render.flux import FluxKustomization, flux_kustomization, is_flux_kustomization
from scripts.render.kustomize import Build, Builder
from scripts.render.overlay import Overlay, overlay
from scripts.render.rendering import Rendering, resource
from scripts.render.variables import NotYet, Variables, config_maps, variables
from scripts.source import Tree, read
from scripts.store import NOTHING_KEPT, Store, key
from scripts.toolchain import get, present


def render(root: Path, *, settings: Mapping[str, str] | None = None, store: Store = NOTHING_KEPT) -> Rendering:
    """
    Render a tree the way Flux would.

    Args:
        root: the folder that holds `kubernetes/`.

        settings: values that replace those of the ConfigMaps that Kustomizations substitute from; each has to be there.

        store: of earlier builds.

    Returns:
        The Flux Kustomizations and every object.

    Raises:
        RenderError: where a folder does not build, a variable has no value, or a reference leads nowhere.

        ToolMissing: where kustomize cannot be had.
    """
    git = present("git")
    tree = read(root.resolve(), git=git.path if git else None, store=store)
    for fault in (*filter(None, (tree.broken.get(PATH),)), *check(tree.documents)):
        raise RenderError(f"{fault.file}:{fault.line}", fault.message, fault.next_step)
    builder = Builder(tree, get("kustomize"), store)
    found = render_tree(tree, builder, settings=settings, store=store)
    for error in found.errors.values():
        raise error
    for identity, unset in found.unset.items():
        for name, shown in unset.items():
            kustomization = identity.rpartition("/")[2]
            raise RenderError(
                f"Kustomization {kustomization}: {shown}",
                f"variable {name} has no value and no default",
                f"set {name} in spec.postBuild.substitute of that Kustomization",
            )
    return found


def build(root: Path, folder: Path) -> tuple[Mapping[str, Any], ...]:
    """
    Build one folder with the real kustomize, with the flags that Flux uses.

    Args:
        root: the folder that holds `kubernetes/`.

        folder: relative to the root.

    Returns:
        The objects, before substitution.

    Raises:
        RenderError: where it does not build.
    """
    git = present("git")
    tree = read(root.resolve(), git=git.path if git else None)
    found = Builder(tree, get("kustomize"), NOTHING_KEPT).build([Overlay(folder=folder.as_posix())])[0]
    if found.error:
        raise _build_error(found)
    return tuple(load(text) for text in found.texts)


def render_tree(
    tree: Tree,
    builder: Builder,
    *,
    settings: Mapping[str, str] | None = None,
    secrets: frozenset[tuple[str, str]] = frozenset(),
    store: Store = NOTHING_KEPT,
) -> Rendering:
    """
    Render as much of a tree as can be rendered.

    Args:
        tree: what was read.

        builder: of its folders.

        settings: values that replace those of ConfigMaps.

        secrets: (namespace, name) of Secrets that others make, from which variables may come.

        store: of earlier renderings.

    Returns:
        What there is, and what is in the way of the rest.

    Source:
        fluxcd/kustomize-controller@v1.9.4:internal/controller/kustomization_controller.go (build, then substitution,
        substituteFrom in its order, substitute last).
    """
    return _Walk(tree, builder, store, settings or {}, secrets).rendering()


class _Walk:
    def __init__(
        self,
        tree: Tree,
        builder: Builder,
        store: Store,
        settings: Mapping[str, str],
        secrets: frozenset[tuple[str, str]],
    ) -> None:
        self._tree = tree
        self._builder = builder
        self._store = store
        self._settings = settings
        self._secrets = secrets
        self._particulars = particulars(tree.documents)
        self._known: dict[str, FluxKustomization] = {}
        self._resources: list[Resource] = []
        self._config_maps: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._errors: dict[str, RenderError] = {}
        self._applied: dict[str, Applied] = {}
        self._overlays: dict[str, Overlay] = {}

    def rendering(self) -> Rendering:
        waiting = self._entry()
        while waiting:
            ready, late = self._ready(waiting, is_complete=False)
            if not ready:
                ready, late = self._ready(waiting, is_complete=True)
            if not ready:
                self._errors |= {each.identity: not_yet.error for each, not_yet in late}
                break
            found = self._apply(ready)
            waiting = (*(each for each, _ in late), *self._new(found))
        order = sorted(self._known.values(), key=lambda each: (each.name, each.namespace))
        names = [each.identity for each in order if each.identity in self._applied]
        return Rendering(
            kustomizations=tuple(order),
            resources=tuple(self._resources),
            errors={name: self._errors[name] for name in sorted(self._errors)},
            unset={name: self._applied[name].unset for name in names if self._applied[name].unset},
            offline_unset={
                name: self._applied[name].offline_unset for name in names if self._applied[name].offline_unset
            },
            literal=frozenset(name for name in names if self._applied[name].is_literal),
            overlays=self._overlays,
            particulars=self._particulars,
        )

    def _entry(self) -> tuple[FluxKustomization, ...]:
        folder = self._particulars.entry_point
        self._overlays[folder] = Overlay(folder=folder)
        found = self._builder.build([self._overlays[folder]])[0]
        if found.error:
            self._errors[""] = _build_error(found)
            return ()
        documents = _with_settings(folder, self._read(found), self._settings)
        self._add(documents, folder)
        return self._new(documents)

    def _read(self, found: Build) -> tuple[Mapping[str, Any], ...]:
        name = key("entry point", found.key) if found.key else ""
        known: tuple[Mapping[str, Any], ...] | None = self._store.get([name] if name else []).get(name)
        if known is None:
            known = tuple(load(text) for text in found.texts)
            if name:
                self._store.put(name, known)
        return known

    def _ready(
        self, waiting: tuple[FluxKustomization, ...], *, is_complete: bool
    ) -> tuple[list[tuple[FluxKustomization, Variables]], list[tuple[FluxKustomization, NotYet]]]:
        ready: list[tuple[FluxKustomization, Variables]] = []
        late: list[tuple[FluxKustomization, NotYet]] = []
        for each in waiting:
            try:
                ready.append((each, variables(each, self._config_maps, self._secrets, is_complete=is_complete)))
            except NotYet as not_yet:
                late.append((each, not_yet))
            except RenderError as error:
                self._errors[each.identity] = error
        return ready, late

    def _apply(self, ready: list[tuple[FluxKustomization, Variables]]) -> tuple[Mapping[str, Any], ...]:
        overlays: dict[str, Overlay] = {}
        for each, _ in ready:
            if overlaid := self._overlay(each):
                overlays[each.identity] = overlaid
        meant = [(each, values) for each, values in ready if each.identity in overlays]
        keys = [applied_key(self._builder.key(overlays[each.identity]), each, values) for each, values in meant]
        known = self._store.get([name for name in keys if name])
        found: list[Mapping[str, Any]] = []
        # what is built already is applied while kustomize builds the rest
        builds = self._builder.building(tuple(overlays.values()))
        for (each, values), name, built in zip(meant, keys, builds, strict=True):
            applied = known.get(name) or self._made(each, built, values, name)
            if applied is not None:
                self._applied[each.identity] = applied
                self._overlays[each.name] = overlays[each.identity]
                self._add(applied.documents, each.name)
                found += applied.documents
        return tuple(found)

    def _overlay(self, each: FluxKustomization) -> Overlay | None:
        if not self._particulars.holds(each.source):
            return None
        folder = each.path.as_posix()
        if folder not in self._builder.folders:
            self._errors[each.identity] = RenderError(folder, "there is no such folder", "correct spec.path")
            return None
        try:
            if each.specification.get("decryption"):
                raise RenderError(
                    f"Kustomization {each.name}",
                    "spec.decryption is not something that can be followed without the key",
                    "keep credentials in 1Password, from where External Secrets brings them",
                )
            return overlay(each, self._tree.texts, self._builder.files, self._builder.artifact)
        except RenderError as error:
            self._errors[each.identity] = error
            return None

    def _made(self, each: FluxKustomization, built: Build, values: Variables, name: str) -> Applied | None:
        if built.error:
            self._errors[each.identity] = _build_error(built)
            return None
        applied = apply(each, built.texts, values)
        if applied.error:
            self._errors[each.identity] = RenderError(*applied.error)
            return None
        if name:
            self._store.put(name, applied)
        return applied

    def _add(self, documents: tuple[Mapping[str, Any], ...], kustomization: str) -> None:
        self._resources += [resource(document, kustomization, position) for position, document in enumerate(documents)]
        self._config_maps |= config_maps(iter(documents))

    def _new(self, documents: tuple[Mapping[str, Any], ...]) -> tuple[FluxKustomization, ...]:
        found = {each.identity: each for each in map(flux_kustomization, filter(is_flux_kustomization, documents))}
        new = {identity: each for identity, each in found.items() if identity not in self._known}
        self._known |= new
        return tuple(new.values())


def _build_error(found: Build) -> RenderError:
    return RenderError(found.folder, found.error, f"run `kustomize build {found.folder}`")


def _with_settings(
    folder: str, documents: tuple[Mapping[str, Any], ...], settings: Mapping[str, str]
) -> tuple[Mapping[str, Any], ...]:
    held = {name for each in documents if each.get("kind") == "ConfigMap" for name in mapping(each.get("data"))}
    for name in settings:
        if name not in held:
            raise RenderError(folder, f"no ConfigMap holds {name}", "add it to cluster-settings.yaml")
    return tuple(
        {**each, "data": {name: settings.get(name, value) for name, value in mapping(each.get("data")).items()}}
        if each.get("kind") == "ConfigMap"
        else each
        for each in documents
    )
