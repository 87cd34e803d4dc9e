"""Kubeconform, as a peer: it checks the files of a tree, as they are written, against the schemas that `validate` has."""

import json
from collections.abc import Iterable
from pathlib import Path

from scripts.bench.timing import TIMEOUT_S
from scripts.checks.schema.library import Library, group_of
from scripts.errors import CommandFailed
from scripts.process import last_words, run
from scripts.source import read

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LOCATION = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
"""Its own schemas come over the network; group is v1 for what has none."""

IGNORED = (r"/kustomization\.yaml$", "/kubernetes/components/", r"/kubernetes/tree\.yaml$")
"""What kustomize reads has no schema, and what components hold is none of a kind before its variables are in."""


def write_schemas(tree: Path, folder: Path) -> None:
    """
    Write the schemas of a tree's kinds where kubeconform finds them.

    Args:
        tree: the folder that holds `kubernetes/`.

        folder: is made.
    """
    kinds = frozenset(
        (str(each.value.get("apiVersion")), each.kind)
        for each in read(tree, git=None).documents
        if isinstance(each.value, dict)
    )
    library = Library(kinds)
    for path, schema in (*library.files.items(), *_roots(library, kinds)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({"$schema": DIALECT, **schema}), encoding="utf-8")


def check(kubeconform: str, tree: Path, folder: Path) -> None:
    """
    Let kubeconform check a tree.

    Args:
        kubeconform: the program.

        tree: the folder that holds `kubernetes/`.

        folder: with the schemas.

    Raises:
        CommandFailed: where it checks nothing, or cannot check something.
    """
    skipped = (word for pattern in IGNORED for word in ("-ignore-filename-pattern", pattern))
    command = (
        kubeconform,
        "-summary",
        "-output",
        "json",
        "-strict",
        "-schema-location",
        f"{folder}/{LOCATION}",
        *skipped,
    )
    completed = run((*command, tree / "kubernetes"), timeout_s=TIMEOUT_S, accept=None)
    summary = json.loads(completed.stdout)["summary"]
    if summary["errors"] or not summary["valid"]:
        raise CommandFailed("kubeconform", f"could not check every file: {last_words(completed)}", "run it by hand")


def _roots(library: Library, kinds: Iterable[tuple[str, str]]) -> Iterable[tuple[str, dict[str, object]]]:
    for api_version, kind in kinds:
        if (api_version, kind) in library.core:
            root = library.root(api_version, kind)
            assert root is not None  # noqa: S101 - it is one of them
            version = api_version.rpartition("/")[2]
            text = json.dumps(dict(root.schema)).replace('"$ref": "', '"$ref": "../')
            yield f"{group_of(api_version) or version}/{kind.lower()}_{version}.json", json.loads(text)
