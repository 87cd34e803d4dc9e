"""
tools.toml -> the path of an external program.

The PATH where it is new enough, else the cache outside of the checkout, else it is built from verified source into
that cache: recipe (what tools.toml says), search (the PATH), cache (what was built before), go (how it is built).
"""

from scripts.toolchain.resolve import get, install, present
from scripts.toolchain.search import Tool

__all__ = ["Tool", "get", "install", "present"]
