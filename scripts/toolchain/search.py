"""Name -> a program on the PATH that is new enough, and what version a program says it is."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts import process
from scripts.errors import CommandFailed, ToolMissing
from scripts.toolchain.recipe import Recipe

VERSION_TIMEOUT_S = 30.0
"""A program that does not say its version within this time is not used."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """
    A program that can be used.

    Args:
        name: as in tools.toml.

        path: of the program, absolute.

        version: that it reported itself, for example "5.8.1".

        origin: "PATH" or "cache".
    """

    name: str
    path: Path
    version: str
    origin: str

    @property
    def identity(self) -> str:
        """What tells this program from any other, also from one of the same version: it changes when the file does."""
        status = self.path.stat()
        return f"{self.name} {self.version} {status.st_size} {status.st_mtime_ns}"


def on_path(recipe: Recipe, search_path: str) -> Tool | None:
    """
    Look for a program on a PATH; the first one there decides, as in a shell.

    Args:
        recipe: of the program.

        search_path: the value of PATH.

    Returns:
        The program; None where there is none, it is too old, or its version cannot be read.
    """
    found = shutil.which(recipe.name, path=search_path)
    if found is None:
        return None
    path = Path(found).absolute()
    version = reported_version(recipe, path)
    if version is None or _numbers(version) < _numbers(recipe.least):
        return None
    return Tool(name=recipe.name, path=path, version=version, origin="PATH")


def reported_version(recipe: Recipe, program: Path) -> str | None:
    """
    Ask a program for its version.

    Args:
        recipe: says how to ask.

        program: its path.

    Returns:
        The version; None where it cannot be read.
    """
    try:
        # from the root folder: a go.mod or a configuration file in the working directory must not have a say
        asked = process.run(
            [program, *recipe.version_command], timeout_s=VERSION_TIMEOUT_S, accept=None, cwd=Path(program.anchor)
        )
    except (CommandFailed, ToolMissing, OSError):
        return None
    match = re.search(recipe.version_pattern, asked.stdout + asked.stderr, re.MULTILINE)
    return match[1] if match else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
