"""HelmReleases -> what `helm template` makes of them, or why it was not asked."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import charts
from scripts.checks.fault import Fault, Places, settle
from scripts.checks.helm.release import Release, releases
from scripts.checks.objects import Objects, field
from scripts.document import Location
from scripts.errors import CommandFailed, ToolMissing
from scripts.model import Outcome, Resource, ResourceId
from scripts.settings import cache_directory
from scripts.store import NOTHING_KEPT, Store
from scripts.toolchain import Tool, get
from scripts.validate.helm_template import Rendered, render
from scripts.validate.outcome import blocked, concluded, skipped

CHECK = "helm template"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """
    What came of rendering one HelmRelease.

    Args:
        release: the HelmRelease.

        reason: what rendered it, or why nothing did.

        rendered: what its chart makes; None where it was not rendered.

        is_blocked: whether it should have been rendered, and could not.
    """

    release: Release
    reason: str
    rendered: Rendered | None = None
    is_blocked: bool = False


def inputs(*, cache: Path | None = None, get_tool: Callable[[str], Tool] = get) -> str:
    """
    What the outcomes depend on beside the tree.

    Args:
        cache: the cache directory; the usual one where None.

        get_tool: gives a program; it is asked for helm where there is a chart, and not elsewhere.

    Returns:
        A text that changes when a chart of the cache does, or helm.
    """
    found = charts.state(cache_directory() if cache is None else cache)
    try:
        return f"{found}{get_tool('helm').identity}" if found else ""
    except ToolMissing as error:
        return f"{found}{error}"


def attempts(
    objects: Objects, *, store: Store = NOTHING_KEPT, cache: Path | None = None, get_tool: Callable[[str], Tool] = get
) -> tuple[Attempt, ...]:
    """
    Render each HelmRelease whose chart is in the cache; nothing is fetched.

    Args:
        objects: of the tree.

        store: of earlier results.

        cache: the cache directory; the usual one where None.

        get_tool: gives a program; it is asked for helm where there is a chart, and not elsewhere.

    Returns:
        One for each HelmRelease, in the order of the rendering.
    """
    folder = cache_directory() if cache is None else cache
    return tuple(
        _unrendered(release, archive) if isinstance(archive, str) else _attempt(release, archive, store, get_tool)
        for release in releases(objects)
        for archive in [_archive(objects, release, folder)]
    )


def made(found: tuple[Attempt, ...]) -> Mapping[ResourceId, tuple[ResourceId, ...] | None]:
    """
    What the charts were seen to make.

    Args:
        found: what came of rendering.

    Returns:
        HelmRelease -> objects, None where the chart does not render; without those that were not rendered.
    """
    return {
        each.release.resource.id: None if each.rendered.error else each.rendered.objects
        for each in found
        if each.rendered
    }


def outcomes(found: tuple[Attempt, ...], places: Places) -> tuple[Outcome, ...]:
    """
    Turn what came of rendering into outcomes.

    Args:
        found: what came of rendering.

        places: where the objects of the tree are written down.

    Returns:
        One for each HelmRelease: that it renders, that it does not, or that only its values were checked.
    """
    return tuple(_outcome(each, places) for each in found)


def _attempt(release: Release, archive: charts.Archive, store: Store, get_tool: Callable[[str], Tool]) -> Attempt:
    try:
        helm = get_tool("helm")
    except ToolMissing as error:
        return _unrendered(release, str(error))
    try:
        rendered = render(release, archive, helm, store)
    except CommandFailed as error:
        return Attempt(release=release, reason=str(error), is_blocked=True)
    return Attempt(release=release, rendered=rendered, reason=_said(release, rendered, archive, helm))


def _archive(objects: Objects, release: Release, cache: Path) -> charts.Archive | str:
    """The chart to render, or why it cannot be."""
    if release.values.unknown:
        return f"some of its values come from {', '.join(release.values.unknown)}"
    if release.values.broken:
        return "some of its values come from what is not there"
    chart = charts.source(objects, release)
    if isinstance(chart, str):
        return chart
    archive = charts.find(cache, chart)
    return f"{archive} (`invoke charts.fetch` puts it there)" if isinstance(archive, str) else archive


def _unrendered(release: Release, why: str) -> Attempt:
    chart = release.facts
    values = (
        f"its values were held against the facts of {chart.name} {chart.version}"
        if chart
        else f"nothing is known here of {release.chart or 'its chart'} {release.version}, so its values were not checked"
    )
    return Attempt(release=release, reason=f"not rendered: {why}; {values}")


def _said(release: Release, rendered: Rendered, archive: charts.Archive, helm: Tool) -> str:
    without = ", without spec.postRenderers" if field(release.resource, "spec", "postRenderers") else ""
    images = f"; images: {', '.join(rendered.images)}" if rendered.images else ""
    return f"helm {helm.version}, {archive.path.name}{without}: {len(rendered.objects)} objects{images}"


def _outcome(attempt: Attempt, places: Places) -> Outcome:
    subject = str(attempt.release.resource.id)
    if attempt.rendered is None:
        return (blocked if attempt.is_blocked else skipped)(CHECK, subject, attempt.reason)
    findings, allowed = settle(_faults(attempt.release, attempt.rendered.error), places)
    return concluded(CHECK, subject, findings, reason="1 allowed with a reason" if allowed else attempt.reason)


def _faults(release: Release, error: str) -> Iterator[Fault]:
    if error:
        resource, location = _place(release, error)
        message = f"{release.resource.id} does not render: {error}"
        yield Fault(
            rule="helm-template",
            resource=resource,
            location=location,
            message=message,
            next_step="correct its values, or the version of its chart",
        )


def _place(release: Release, error: str) -> tuple[Resource, Location]:
    """Where the value is that an error of helm names; the chart where it names none of those that are given."""
    for path in sorted(_paths(release.values.values, ()), key=len, reverse=True):
        if any(re.search(rf"[./']{re.escape(between.join(path))}\b", error) for between in "./"):
            return release.values.place(path)
    return release.resource, ("spec", "chart")


def _paths(values: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*above, str(key))
        if isinstance(value, dict):
            yield from _paths(value, (*above, str(key)))
