"""Values that no template reads, or that are of a kind it cannot read."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart, Items, Open, Path, Table
from scripts.checks.helm.release import Release

KINDS: Mapping[type, str] = {bool: "true or false", int: "a number", str: "a text"}


def check(release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check that the chart has every key that a release gives, and what is given for it.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        Each key and value that is wrong.
    """
    yield from _section(release, chart, chart.values, (), release.values.values)
    for path, value, why in chart.breaks:
        if release.value(chart, path) == value:
            yield release.fault("helm-value", path, f"{_shown(value)}, but {why}", "remove it")


def nearest(path: Path, known: Iterable[str]) -> str:
    """
    What to do about a key that is not there.

    Args:
        path: of the value.

        known: the keys that are there.

    Returns:
        To write the one that looks most like it, or to remove it.
    """
    near = difflib.get_close_matches(path[-1], known, n=1)
    if near:
        return f"write `{'.'.join((*path[:-1], near[0]))}`"
    return f"remove it; the keys there are {', '.join(sorted(known))}"


def _section(release: Release, chart: Chart, table: Table, above: Path, given: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in given.items():
        path = (*above, str(key))
        if key not in table:
            found = f"which the chart {chart.name} {chart.version} does not have"
            yield release.fault("helm-value", path, found, _instead(chart, table, path))
            continue
        known = table[key]
        wanted = _wanted(known, value)
        if wanted:
            found = f"which is {_kind(value)}, and wanted is {wanted}"
            yield release.fault("helm-value", path, found, f"write {wanted}, or remove it")
        elif isinstance(known, Mapping):
            yield from _section(release, chart, known, path, value)
        elif isinstance(known, Open) and known.are_flags:
            for name, flag in (value or {}).items():
                if isinstance(flag, dict | list):
                    found = f"which is {_kind(flag)}, and a flag takes none: the program ends at once"
                    yield release.fault("helm-value", (*path, str(name)), found, "write a text, a number or a switch")
        elif isinstance(known, Open) and known.only and not key.lower().endswith("securitycontext"):
            for each in (str(each) for each in value or () if each not in known.only):
                found = "which Kubernetes does not have there"
                yield release.fault("helm-value", (*path, each), found, nearest((*path, each), known.only))


def _wanted(known: Any, value: Any) -> str:  # noqa: ANN401 - a value may be anything
    """What a value has to be; "" where it is that."""
    if isinstance(known, Mapping):
        return "" if isinstance(value, dict) else "a mapping"
    # null takes the chart's default away, which none of the others minds
    if value is None:
        return ""
    if isinstance(known, Open):
        return "" if isinstance(value, dict) else "a mapping"
    if isinstance(known, Items):
        is_fine = isinstance(value, list) and all(isinstance(each, known.of) for each in value)
        return "" if is_fine else f"a list of {'mappings' if known.of is dict else 'texts'}"
    return "" if type(value) is type(known) else KINDS[type(known)]


def _instead(chart: Chart, table: Table, path: Path) -> str:
    if advice := chart.elsewhere.get(".".join(path)):
        return advice
    same = [each for each in _paths(chart.values, ()) if each[-1] == path[-1]]
    # of several the one below what was written
    same = [each for each in same if each[: len(path) - 1] == path[:-1]] or same
    return f"write `{'.'.join(same[0])}`" if same else nearest(path, table)


def _paths(table: Table, above: Path) -> Iterator[Path]:
    for key, known in table.items():
        yield (*above, key)
        if isinstance(known, Mapping):
            yield from _paths(known, (*above, key))


def _kind(value: Any) -> str:  # noqa: ANN401 - a value may be anything
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return (
        _shown(value) if value is None or isinstance(value, bool) else f"{KINDS.get(type(value), 'a number')} ({value})"
    )


def _shown(value: Any) -> str:  # noqa: ANN401 - a value may be anything
    return {None: "null", True: "true", False: "false"}.get(value, str(value))
