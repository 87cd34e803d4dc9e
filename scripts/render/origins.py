"""A rendered object -> the file that it comes from, as kustomize itself says."""

import os
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from scripts.document import items, mapping
from scripts.model import Resource
from scripts.render.apply import load
from scripts.render.kustomize import Builder
from scripts.render.overlay import Overlay, written
from scripts.render.references import references

ANNOTATION = "config.kubernetes.io/origin"
SWITCH = "originAnnotations"
"""
The entry of `buildMetadata` that makes kustomize write down where each object comes from.

Source: kubernetes-sigs/kustomize@api/v0.21.1:api/types/kustomization.go
"""


class Origins:
    """
    Where the objects of one rendering come from. It builds a folder anew, so it is asked only of objects that are at fault.

    Args:
        builder: of the tree's folders.

        overlays: what was built, by the `kustomization` of the objects.
    """

    def __init__(self, builder: Builder, overlays: Mapping[str, Overlay]) -> None:
        self._builder = builder
        self._overlays = overlays
        self._known: dict[str, tuple[str, ...]] = {}

    def file(self, resource: Resource) -> str:
        """
        The file that an object comes from.

        Args:
            resource: of the rendering.

        Returns:
            A path relative to the root of the tree: of the manifest, or of the kustomization.yaml that generates the
            object; "" where kustomize does not say.
        """
        name = resource.kustomization
        if name not in self._known:
            overlay = self._overlays.get(name)
            self._known[name] = self._files(overlay) if overlay else ()
        found = self._known[name]
        return found[resource.position] if resource.position < len(found) else ""

    def _files(self, overlay: Overlay) -> tuple[str, ...]:
        told = self._telling(overlay)
        if told is None:
            return ()
        build = self._builder.build([told])[0]
        before = self._builder.build([overlay])[0]
        # another number of objects means that they cannot be told by their place
        if build.error or len(build.texts) != len(before.texts):
            return ()
        return tuple(self._file(overlay.folder, text) for text in build.texts)

    def _telling(self, overlay: Overlay) -> Overlay | None:
        document = self._builder.kustomizations.get(overlay.folder)
        own = load(overlay.text) if overlay.text else document and document.value
        if not isinstance(own, dict):
            return None
        text = written({**own, "buildMetadata": [*items(own.get("buildMetadata")), SWITCH]})
        if overlay.text or document is None:
            return replace(overlay, text=text)
        return Overlay(
            folder=overlay.folder, name=posixpath.basename(document.file), text=text, references=references(document)
        )

    def _file(self, folder: str, text: str) -> str:
        annotations = mapping(mapping(load(text).get("metadata")).get("annotations"))
        origin = mapping(yaml.load(str(annotations.get(ANNOTATION) or ""), Loader=yaml.CSafeLoader))
        path = str(origin.get("path") or origin.get("configuredIn") or "")
        if not path or origin.get("repo"):
            return ""
        # a path through a link leads to the tree itself, past the folder that was built
        root = os.fspath(self._builder.root).lstrip("/")
        joined = posixpath.normpath(posixpath.join(folder, path))
        found = joined.partition(f"{root}/")[2] if f"{root}/" in joined else joined
        return found if (Path(self._builder.root) / found).is_file() else ""
