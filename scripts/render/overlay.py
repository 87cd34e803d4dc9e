"""What a Flux Kustomization adds to the kustomization.yaml of its path -> the file that Flux would build."""

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.document import Document, Span, items, mapping
from scripts.errors import RenderError
from scripts.render.artifact import Artifact
from scripts.render.flux import FluxKustomization
from scripts.render.go_yaml import read
from scripts.render.references import FILE_NAMES, references

API_VERSIONS = {"Kustomization": "kustomize.config.k8s.io/v1beta1", "Component": "kustomize.config.k8s.io/v1alpha1"}
ADDING = (
    "buildMetadata",
    "components",
    "images",
    "namePrefix",
    "nameSuffix",
    "patches",
    "targetNamespace",
)
"""Fields of a Flux Kustomization that change the kustomization.yaml that it applies."""

ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "\x7f\x85\u2028\u2029\ufeff"}
"""What JSON may hold as it is, and YAML reads as the end of a line or not at all."""

PLACEHOLDER = "_placeholder"
"""Flux's namespace for a folder without any manifest, which kustomize would refuse."""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """
    A folder and the kustomization.yaml that it is built with.

    Args:
        folder: relative to the root of the tree.

        name: of the file that has the text.

        text: of the kustomization.yaml that takes the place of the folder's own; "" where that is used as it is.

        references: what the text refers to, relative to the root of the tree.
    """

    folder: str
    name: str = FILE_NAMES[0]
    text: str = ""
    references: frozenset[str] = frozenset()

    def write(self, root: Path, shadow: Path, needed: frozenset[str]) -> None:
        """
        Make a folder that looks like the tree and has the text in it; everything else is a link to the tree.

        Args:
            root: of the tree.

            shadow: the folder to make.

            needed: paths that it is built from, relative to the root.
        """
        own = Path(self.folder).parts
        for depth in range(len(own) + 1):
            (shadow / Path(*own[:depth])).mkdir(parents=True, exist_ok=True)
        names = os.listdir(root / self.folder)  # noqa: PTH208 - names alone
        inside = {posixpath.join(self.folder, name) for name in names}
        for path in sorted(needed | inside):
            if path in {self.folder, posixpath.join(self.folder, self.name)}:
                continue
            branch = _branch(Path(path).parts, own)
            link = shadow / branch
            # pathlib has an error of its own for a name that is too long
            if branch.parts and not os.path.lexists(link) and os.path.exists(root / branch):  # noqa: PTH110
                link.symlink_to(root / branch)
        (shadow / self.folder / self.name).write_text(self.text, encoding="utf-8")


def _branch(path: tuple[str, ...], own: tuple[str, ...]) -> Path:
    """The first part of a path that is not part of the way to the folder."""
    depth = 0
    while depth < min(len(path), len(own)) and path[depth] == own[depth]:
        depth += 1
    return Path(*path[: depth + 1])


def overlay(
    kustomization: FluxKustomization,
    texts: Mapping[str, str],
    files: Mapping[str, tuple[str, ...]],
    artifact: Artifact,
) -> Overlay:
    """
    Work out the kustomization.yaml that Flux builds for a Flux Kustomization.

    Args:
        kustomization: what is applied.

        texts: path -> what the file holds, of the whole tree.

        files: folder -> the paths right in it, of the whole tree.

        artifact: what Flux fetches of it.

    Returns:
        The folder, with a text where Flux changes or makes the file.

    Raises:
        RenderError: where a component is not in the tree, or an address, or Flux fetches nothing of the folder.

    Source:
        fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_generator.go (GenerateManifest)
    """
    folder, specification = kustomization.path.as_posix(), kustomization.specification
    path = own_file(folder, files)
    try:
        own = read(texts[path]) or {} if path in texts else None
    except yaml.YAMLError:
        own = None
    is_changed = any(specification.get(name) for name in ADDING) or not mapping(own).get("resources")
    if path and (not isinstance(own, dict) or not is_changed):
        # kustomize is to say what it makes of one that cannot be read
        return Overlay(folder=folder)
    value = dict(mapping(own)) if path else _generated(folder, files, artifact)
    kind = str(value.setdefault("kind", "Kustomization"))
    value.setdefault("apiVersion", API_VERSIONS.get(kind, API_VERSIONS["Kustomization"]))
    if path and not value.get("resources"):
        value["buildMetadata"] = ["originAnnotations"]
    _add(value, kustomization, files)
    name = posixpath.basename(path) or FILE_NAMES[0]
    document = Document(file=posixpath.join(folder, name), value=value, spans={(): Span(first=1, last=1)})
    return Overlay(folder=folder, name=name, text=written(value), references=references(document))


def written(value: Mapping[str, Any]) -> str:
    """
    Write a kustomization.yaml.

    Args:
        value: what it holds.

    Returns:
        JSON, which is YAML that every library reads alike: what is a text to one of them may be a number to another.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False).translate(ESCAPED)


def own_file(folder: str, files: Mapping[str, tuple[str, ...]]) -> str:
    """
    The file that kustomize builds a folder from.

    Args:
        folder: relative to the root of the tree.

        files: folder -> the paths right in it.

    Returns:
        Its path; "" where there is none.
    """
    found = {posixpath.basename(path): path for path in files.get(folder, ())}
    return next((found[name] for name in FILE_NAMES if name in found), "")


def _add(value: dict[str, Any], kustomization: FluxKustomization, files: Mapping[str, tuple[str, ...]]) -> None:
    """Put what a Flux Kustomization says into a kustomization.yaml."""
    specification = kustomization.specification
    for source, target in (
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
        ("buildMetadata", "buildMetadata"),
    ):
        if specification.get(source):
            value[target] = specification[source]
    for name, further in (
        ("patches", [_patch(mapping(each)) for each in items(specification.get("patches"))]),
        ("components", list(_components(kustomization, files))),
    ):
        if further:
            value[name] = [*items(value.get(name)), *further]
    if images := items(specification.get("images")):
        value["images"] = _images(items(value.get("images")), images)


def _generated(folder: str, files: Mapping[str, tuple[str, ...]], artifact: Artifact) -> dict[str, Any]:
    start = "" if folder == "." else f"{folder}/"
    inner = sorted(each for each in files if each.startswith(start) and each != folder)
    below = {each: [path for path in files.get(each, ()) if artifact.holds(path)] for each in (folder, *inner)}
    if not any(below.values()):
        found = "holds no file that Flux fetches: each is a link, or a .sourceignore leaves it out"
        raise RenderError(folder, found, "correct spec.path or the .sourceignore")
    resources = [f"./{posixpath.relpath(path, folder)}" for path in _manifests(below)]
    return {"resources": resources} if resources else {"namespace": PLACEHOLDER}


def _manifests(below: Mapping[str, list[str]]) -> list[str]:
    """The manifests of folders; of a folder with a kustomization of its own, and of all below it, the folder alone."""
    found: list[str] = []
    with_own = [each for each, paths in below.items() if any(posixpath.basename(path) in FILE_NAMES for path in paths)]
    for each, paths in below.items():
        around = next((other for other in with_own if each == other or each.startswith(f"{other}/")), None)
        if around is None:
            found += [path for path in paths if path.endswith((".yaml", ".yml"))]
        elif around == each:
            found.append(each)
    return sorted(found, key=lambda path: path.split("/"))


def _patch(value: Mapping[str, Any]) -> dict[str, Any]:
    # a target that says nothing is every object, and none at all is the one that the patch names
    target = value.get("target")
    return {"patch": value.get("patch", "")} | ({} if target is None else {"target": dict(mapping(target))})


def _components(kustomization: FluxKustomization, files: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for each in map(str, items(kustomization.specification.get("components"))):
        path = posixpath.normpath(posixpath.join(kustomization.path.as_posix(), each))
        if each.startswith("/") or "://" in each or path.startswith("../"):
            found = "which is no path within the tree"
        elif path in files:
            yield each
            continue
        elif kustomization.specification.get("ignoreMissingComponents"):
            continue
        else:
            found = f"and {path} is no folder of the tree"
        raise RenderError(
            f"Kustomization {kustomization.name}", f"spec.components names {each}, {found}", "correct spec.components"
        )


def _images(own: list[Any], further: list[Any]) -> list[dict[str, Any]]:
    merged = [dict(mapping(each)) for each in own]
    for each in map(mapping, further):
        image = next((other for other in merged if other.get("name") == each.get("name")), None)
        if image is None:
            image = {"name": each.get("name")}
            merged.append(image)
        if each.get("newName"):
            image["newName"] = each["newName"]
        if each.get("newTag") or each.get("digest"):
            # a tag and a digest choose the version together
            image.pop("newTag", None)
            image.pop("digest", None)
            image |= {name: each[name] for name in ("newTag", "digest") if each.get(name)}
    return merged
