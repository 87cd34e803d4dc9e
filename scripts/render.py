"""A tree of Flux Kustomizations -> the objects that a cluster would receive, from the entry point down."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from scripts.errors import CommandFailed, RenderError
from scripts.model import Resource, ResourceId
from scripts.process import run
from scripts.substitute import Unreadable, Unset, substitute
from scripts.toolchain import get

ENTRY_POINT = Path("kubernetes/clusters/apps")
"""What the bootstrap of the cluster points Flux at."""

FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"
SUBSTITUTION_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
NOT_RENDERED = ("components", "decryption", "images", "namePrefix", "nameSuffix", "patches", "targetNamespace")
"""Fields of a Flux Kustomization that change what is applied and that this module does not follow."""

WORKERS = 2
BUILD_TIMEOUT_S = 60.0

Documents = tuple[Mapping[str, Any], ...]


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


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """
    What a tree comes to.

    Args:
        kustomizations: every Flux Kustomization that the entry point leads to, sorted by name.

        resources: every object that they apply, those of the entry point first.
    """

    kustomizations: tuple[FluxKustomization, ...]
    resources: tuple[Resource, ...]


def render(root: Path, *, settings: Mapping[str, str] | None = None) -> Rendering:
    """
    Render a tree the way Flux would.

    Args:
        root: the folder that holds `kubernetes/`.

        settings: values that replace those of the ConfigMaps that Kustomizations substitute from; each has to be there.

    Returns:
        The Flux Kustomizations and every object.

    Raises:
        RenderError: where a folder does not build, a variable has no value, or a reference leads nowhere.

        ToolMissing: where kustomize cannot be had.

    Source:
        fluxcd/kustomize-controller@v1.9.4:internal/controller/kustomization_controller.go (build, then substitution,
        substituteFrom in its order, substitute last).
    """
    root = root.resolve()
    entry = _with_settings(build(root, ENTRY_POINT), settings or {})
    waiting = _flux_kustomizations(entry, ENTRY_POINT.as_posix())
    resources = [_resource(document, ENTRY_POINT.as_posix()) for document in entry]
    known = {(each.namespace, each.name): each for each in waiting}
    while waiting:
        config_maps = _config_maps(resources)
        with ThreadPoolExecutor(WORKERS) as workers:
            rendered = tuple(workers.map(partial(_apply, root, config_maps), waiting))
        found: list[FluxKustomization] = []
        for kustomization, documents in zip(waiting, rendered, strict=True):
            resources += [_resource(document, kustomization.name) for document in documents]
            found += _flux_kustomizations(documents, kustomization.name)
        waiting = tuple(each for each in found if (each.namespace, each.name) not in known)
        known |= {(each.namespace, each.name): each for each in waiting}
    return Rendering(kustomizations=tuple(known[key] for key in sorted(known)), resources=tuple(resources))


def build(root: Path, folder: Path) -> Documents:
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
    return tuple(yaml.load(text, Loader=yaml.CSafeLoader) for text in _built_texts(root, folder))


def _built_texts(root: Path, folder: Path) -> tuple[str, ...]:
    if not (root / folder).is_dir():
        raise RenderError(folder.as_posix(), "there is no such folder", "correct spec.path")
    command = (get("kustomize").path, "build", "--load-restrictor", "LoadRestrictionsNone", root / folder)
    try:
        output = run(command, timeout_s=BUILD_TIMEOUT_S).stdout
    except CommandFailed as error:
        found = error.found.replace(f"{root}/", "")
        raise RenderError(folder.as_posix(), found, f"run `kustomize build {folder.as_posix()}`") from error
    return tuple(text for text in output.split("\n---\n") if text.strip())


def _apply(root: Path, config_maps: Mapping[tuple[str, str], Any], kustomization: FluxKustomization) -> Documents:
    specification = kustomization.document.get("spec", {})
    for field in NOT_RENDERED:
        if specification.get(field):
            raise RenderError(
                f"Kustomization {kustomization.name}",
                f"spec.{field} is not something that this renderer follows",
                "say it in the kustomization.yaml of its path",
            )
    texts = _built_texts(root, kustomization.path)
    post_build = specification.get("postBuild")
    if post_build is None:
        return tuple(yaml.load(text, Loader=yaml.CSafeLoader) for text in texts)
    variables = _variables(kustomization, post_build, config_maps)
    return tuple(_substituted(text, variables, kustomization) for text in texts)


def _variables(
    kustomization: FluxKustomization, post_build: Mapping[str, Any], config_maps: Mapping[tuple[str, str], Any]
) -> dict[str, str]:
    variables: dict[str, str] = {}
    for reference in post_build.get("substituteFrom") or ():
        data = config_maps.get((kustomization.namespace, reference.get("name", "")))
        if reference.get("kind") == "ConfigMap" and data is not None:
            variables |= {name: str(value) for name, value in data.items()}
        elif not reference.get("optional"):
            raise RenderError(
                f"Kustomization {kustomization.name}",
                f"substitutes from {reference.get('kind')} {reference.get('name')}, which the tree does not hold",
                "name a ConfigMap of the tree, or mark it `optional: true`",
            )
    return variables | {name: str(value) for name, value in (post_build.get("substitute") or {}).items()}


def _substituted(text: str, variables: Mapping[str, str], kustomization: FluxKustomization) -> Mapping[str, Any]:
    before = yaml.load(text, Loader=yaml.CSafeLoader)
    metadata = before.get("metadata", {})
    switches = ((metadata.get(field) or {}).get(SUBSTITUTION_SWITCH) for field in ("labels", "annotations"))
    if "disabled" in switches:
        return dict(before)
    where = f"Kustomization {kustomization.name}: {before.get('kind')} {metadata.get('name')}"
    try:
        document = yaml.load(substitute(text, variables), Loader=yaml.CSafeLoader)
    except Unset as unset:
        raise RenderError(
            where,
            f"variable {unset.name} has no value and no default",
            f"set {unset.name} in spec.postBuild.substitute of that Kustomization",
        ) from unset
    except Unreadable as unreadable:
        raise RenderError(
            where,
            f"`{unreadable.expression}` is no variable that can be substituted",
            "write $${...} where it is meant literally",
        ) from unreadable
    except yaml.YAMLError as error:
        raise RenderError(
            where, "is no YAML any more once the variables are in", "quote the value that breaks it"
        ) from error
    return dict(document)


def _flux_kustomizations(documents: Documents, applied_by: str) -> tuple[FluxKustomization, ...]:
    return tuple(
        _flux_kustomization(document, applied_by)
        for document in documents
        if document.get("kind") == "Kustomization"
        and str(document.get("apiVersion", "")).startswith(FLUX_KUSTOMIZATION)
    )


def _flux_kustomization(document: Mapping[str, Any], applied_by: str) -> FluxKustomization:
    identity = _resource(document, applied_by).id
    specification = document.get("spec") or {}
    path = specification.get("path")
    if not isinstance(path, str):
        raise RenderError(f"Kustomization {identity.name}", "has no spec.path", "give it the folder that it applies")
    return FluxKustomization(
        namespace=identity.namespace,
        name=identity.name,
        path=Path(path),
        depends_on=tuple(each.get("name", "") for each in specification.get("dependsOn") or ()),
        document=document,
    )


def _resource(document: Mapping[str, Any], kustomization: str) -> Resource:
    metadata = document.get("metadata") or {}
    return Resource(
        id=ResourceId(
            api_version=str(document.get("apiVersion", "")),
            kind=str(document.get("kind", "")),
            namespace=str(metadata.get("namespace", "")),
            name=str(metadata.get("name", "")),
        ),
        document=document,
        kustomization=kustomization,
    )


def _config_maps(resources: list[Resource]) -> dict[tuple[str, str], Any]:
    return {
        (each.id.namespace, each.id.name): each.document.get("data") or {}
        for each in resources
        if each.id.kind == "ConfigMap"
    }


def _with_settings(documents: Documents, settings: Mapping[str, str]) -> Documents:
    held = {name for document in documents if document.get("kind") == "ConfigMap" for name in document.get("data", {})}
    for name in settings:
        if name not in held:
            raise RenderError(ENTRY_POINT.as_posix(), f"no ConfigMap holds {name}", "add it to cluster-settings.yaml")
    return tuple(
        {**document, "data": {name: settings.get(name, value) for name, value in document.get("data", {}).items()}}
        if document.get("kind") == "ConfigMap"
        else document
        for document in documents
    )
