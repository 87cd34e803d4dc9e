"""What a Flux Kustomization adds to the kustomization.yaml of its path -> the file that Flux would build."""

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.document import Document, Span, items, mapping
from scripts.errors import RenderError
from scripts.render.flux import FluxKustomization
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

PLACEHOLDER = "_placeholder"
"""Flux's namespace for a folder without any manifest, which kustomize would refuse."""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """
    A folder and the kustomization.yaml that it is built with.

    Args:
        folder: relative to the root of the tree.

        text: of the kustomization.yaml that takes the place of the folder's own; "" where that is used as it is.

        references: what the text refers to, relative to the root of the tree.
    """

    folder: str
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
        inside = {f"{self.folder}/{name}" for name in os.listdir(root / self.folder)}  # noqa: PTH208 - names alone
        for path in sorted(needed | inside):
            if path == self.folder or (
                posixpath.basename(path) in FILE_NAMES and posixpath.dirname(path) == self.folder
            ):
                continue
            branch = _branch(Path(path).parts, own)
            link = shadow / branch
            if branch.parts and not link.is_symlink() and not link.exists() and (root / branch).exists():
                link.symlink_to(root / branch)
        (shadow / self.folder / FILE_NAMES[0]).write_text(self.text, encoding="utf-8")


def _branch(path: tuple[str, ...], own: tuple[str, ...]) -> Path:
    """The first part of a path that is not part of the way to the folder."""
    depth = 0
    while depth < min(len(path), len(own)) and path[depth] == own[depth]:
        depth += 1
    return Path(*path[: depth + 1])


def overlay(kustomization: FluxKustomization, own: Document | None, files: Mapping[str, tuple[str, ...]]) -> Overlay:
    """
    Work out the kustomization.yaml that Flux builds for a Flux Kustomization.

    Args:
        kustomization: what is applied.

        own: the kustomization.yaml of its path; None where it cannot be read, or where there is none and Flux lists the
            manifests below the path.

        files: folder -> the paths right in it, of the whole tree.

    Returns:
        The folder, with a text where Flux changes or makes the file.

    Raises:
        RenderError: where a component is not in the tree.

    Source:
        fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_generator.go (GenerateManifest)
    """
    folder = kustomization.path.as_posix()
    specification = kustomization.specification
    is_there = any(posixpath.basename(path) in FILE_NAMES for path in files.get(folder, ()))
    if is_there and (own is None or not any(specification.get(name) for name in ADDING)):
        # kustomize is to say what it makes of one that cannot be read
        return Overlay(folder=folder)
    value = dict(mapping(own.value)) if own is not None else _generated(folder, files)
    kind = str(value.setdefault("kind", "Kustomization"))
    value.setdefault("apiVersion", API_VERSIONS.get(kind, API_VERSIONS["Kustomization"]))
    for source, target in (
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
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
    if specification.get("buildMetadata"):
        value["buildMetadata"] = specification["buildMetadata"]
    document = Document(file=f"{folder}/{FILE_NAMES[0]}", value=value, spans={(): Span(first=1, last=1)})
    text = yaml.safe_dump(value, sort_keys=True)
    return Overlay(folder=folder, text=text, references=references(document))


def _generated(folder: str, files: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    found = [f"./{posixpath.relpath(path, folder)}" for path in _manifests(folder, files)]
    return {"resources": found} if found else {"namespace": PLACEHOLDER}


def _manifests(folder: str, files: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The manifests below a folder; of a folder with a kustomization of its own, the folder."""
    found: list[str] = []
    inner = sorted(each for each in files if each.startswith(f"{folder}/"))
    with_own = [each for each in inner if any(posixpath.basename(path) in FILE_NAMES for path in files[each])]
    for each in (folder, *inner):
        around = next((other for other in with_own if each == other or each.startswith(f"{other}/")), None)
        if around is None:
            found += [path for path in files.get(each, ()) if path.endswith((".yaml", ".yml"))]
        elif around == each:
            found.append(each)
    return sorted(found)


def _patch(value: Mapping[str, Any]) -> dict[str, Any]:
    target = mapping(value.get("target"))
    return {"patch": value.get("patch", "")} | ({"target": dict(target)} if target else {})


def _components(kustomization: FluxKustomization, files: Mapping[str, tuple[str, ...]]) -> list[str]:
    found: list[str] = []
    for each in map(str, items(kustomization.specification.get("components"))):
        path = posixpath.normpath(posixpath.join(kustomization.path.as_posix(), each))
        if path in files:
            found.append(each)
        elif not kustomization.specification.get("ignoreMissingComponents"):
            raise RenderError(
                f"Kustomization {kustomization.name}",
                f"spec.components names {each}, and {path} is no folder of the tree",
                "correct spec.components",
            )
    return found


def _images(own: list[Any], further: list[Any]) -> list[dict[str, Any]]:
    merged = {str(mapping(each).get("name")): dict(mapping(each)) for each in own}
    for each in map(mapping, further):
        image = merged.setdefault(str(each.get("name")), {"name": each.get("name")})
        if each.get("newName"):
            image["newName"] = each["newName"]
        if each.get("newTag") or each.get("digest"):
            # a tag and a digest choose the version together
            image.pop("newTag", None)
            image.pop("digest", None)
            image |= {name: each[name] for name in ("newTag", "digest") if each.get(name)}
    return list(merged.values())
