"""The tasks that show what the cluster would receive."""

import tempfile
from pathlib import Path

from scripts import report
from scripts.errors import RenderError, SettingsError
from scripts.model import Resource
from scripts.progress import step
from scripts.render import Rendering, render
from scripts.review import as_text, manifests, revision
from scripts.review.compare import compare
from scripts.review.dangers import dangers
from scripts.tree_root import tree_root


def show_manifests(*, name: str = "", root: str = "") -> None:
    """
    Print the objects that a tree comes to, as YAML.

    Args:
        name: of the Flux Kustomization whose objects are wanted; every object where "".

        root: the folder that holds `kubernetes/`; this checkout where "".

    Raises:
        RenderError: where the tree does not render.

        SettingsError: where the root is none, or no Flux Kustomization has the name.
    """
    folder = tree_root(root)
    with step("render the tree"):
        rendering = render(folder)
    entry_point = rendering.particulars.entry_point
    report.show_text(manifests.text(_applied_by(name, rendering), entry_point=entry_point))


def show_changes(*, base: str, root: str = "") -> None:
    """
    Print what the cluster would see of the changes since a commit, those in the work tree included.

    Args:
        base: any name of a commit.

        root: the folder that holds `kubernetes/`; this checkout where "".

    Raises:
        RenderError: where one of both sides does not render.

        SettingsError: where the root is none, or base names no commit that holds it.
    """
    folder = tree_root(root)
    with tempfile.TemporaryDirectory(prefix="review-") as name, step(f"compare with {base}"):
        former, commit = revision.export(folder, base, Path(name).resolve())
        before = _former(former, base)
        after = render(folder)
    changes = compare(before, after)
    named = base if base == commit else f"{base} ({commit})"
    report.show(as_text.lines(changes, dangers(changes, before.resources), base=named))


def _former(folder: Path, base: str) -> Rendering:
    try:
        return render(folder)
    except RenderError as error:
        raise RenderError(f"{error.where} at {base}", error.found, "name a --base that renders") from error


def _applied_by(name: str, rendering: Rendering) -> tuple[Resource, ...]:
    if not name:
        return rendering.resources
    known = (rendering.particulars.entry_point, *(each.name for each in rendering.kustomizations))
    if name not in known:
        raise SettingsError(
            f"--name {name}", "is no Flux Kustomization of this tree", f"give one of {', '.join(known)}"
        )
    return tuple(each for each in rendering.resources if each.kustomization == name)
