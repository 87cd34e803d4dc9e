"""The flag `--root DIR` -> the folder that holds `kubernetes/`."""

from pathlib import Path

from scripts.errors import SettingsError
from scripts.settings import REPOSITORY_ROOT


def tree_root(folder: str | Path = "") -> Path:
    """
    Find the tree that a task is about.

    Args:
        folder: absolute, or relative to the current folder; this checkout where "".

    Returns:
        Its root, absolute.

    Raises:
        SettingsError: where it is no folder, or holds no tree.
    """
    root = Path(folder).expanduser() if folder else REPOSITORY_ROOT
    if not root.is_dir():
        raise SettingsError(f"--root {folder}", "is no folder", "name the folder that holds kubernetes/")
    if not (root / "kubernetes").is_dir():
        raise SettingsError(f"--root {root}", "holds no folder kubernetes", "name the folder that holds it")
    return root.resolve()
