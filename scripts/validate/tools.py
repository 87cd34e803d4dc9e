"""The programs that validation runs -> where each is, or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import ToolMissing
from scripts.toolchain import Tool, get, present

NEEDED = ("git", "kustomize", "promtool")


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
        if name in self.missing:
            raise self.missing[name]
        return self.found[name].path


def locate(get_tool: Callable[[str], Tool] = get, present_tool: Callable[[str], Tool | None] = present) -> Tools:
    """
    Look for every program, before any of them is run: one may have to be built first, which takes minutes.

    Args:
        get_tool: gives a program, from wherever it can be had.

        present_tool: gives a program that is on the PATH.

    Returns:
        What there is; flux where it is on the PATH, flate elsewhere.
    """
    flux = present_tool("flux")
    found: dict[str, Tool] = {"flux": flux} if flux else {}
    missing: dict[str, ToolMissing] = {}
    for name in (*NEEDED, *(() if flux else ("flate",))):
        try:
            found[name] = get_tool(name)
        except ToolMissing as error:
            missing[name] = error
    return Tools(found=found, missing=missing)
