"""
The charts of a tree's HelmReleases -> archives on this machine, so that what reads them needs no network.

    source  HelmRelease -> which chart, from which repository
    cache   where an archive is kept, and whether it still is what was fetched
    fetch   the task: helm pull, check, keep
"""

from scripts.charts.cache import Archive, find, state
from scripts.charts.fetch import run
from scripts.charts.source import ChartSource, source

__all__ = ["Archive", "ChartSource", "find", "run", "source", "state"]
