"""The tasks that show what the cluster would receive."""

from scripts import report
from scripts.errors import SettingsError
from scripts.model import Resource
from scripts.progress import step
from scripts.render import ENTRY_POINT, Rendering, render
from scripts.review import manifests
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
    report.show_text(manifests.text(_applied_by(name, rendering)))


def _applied_by(name: str, rendering: Rendering) -> tuple[Resource, ...]:
    if not name:
        return rendering.resources
    known = (ENTRY_POINT.as_posix(), *(each.name for each in rendering.kustomizations))
    if name not in known:
        raise SettingsError(
            f"--name {name}", "is no Flux Kustomization of this tree", f"give one of {', '.join(known)}"
        )
    return tuple(each for each in rendering.resources if each.kustomization == name)
