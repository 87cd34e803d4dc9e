"""The programs that validation runs -> where each is, or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import ToolMissing
from scripts.toolchain import Tool, get

NEEDED = ("git", "gitleaks", "kustomize", "promtool")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """
    The programs that were looked for.

    Args:
        found: name -> where it is.

        missing: name -> why it cannot be had.
    """

    found: Mapping[str, Tool]
    missing: Mapping[str, ToolMissing]

    def get(self, name: str) -> Tool:
        """
        A program.

        Args:
            name: as in tools.toml.

        Returns:
            It.

        Raises:
            ToolMissing: where it cannot be had.
        """
        if name in self.missing:
            raise self.missing[name]
        return self.found[name]

    def path(self, name: str) -> Path:
        """
        Where a program is.

        Args:
            name: as in tools.toml.

        Returns:
            Its path.

        Raises:
            ToolMissing: where it cannot be had.
        """
        return self.get(name).path


def locate(get_tool: Callable[[str], Tool] = get) -> Tools:
    """
    Look for every program, before any of them is run: one may have to be built first, which takes minutes.

    Args:
        get_tool: gives a program, from wherever it can be had.

    Returns:
        What there is.
    """
    found: dict[str, Tool] = {}
    missing: dict[str, ToolMissing] = {}
    for name in NEEDED:
        try:
            found[name] = get_tool(name)
        except ToolMissing as error:
            missing[name] = error
    return Tools(found=found, missing=missing)
