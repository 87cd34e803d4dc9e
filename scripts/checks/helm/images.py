"""Images that a chart is told to use and would not, or would use for some of its containers only."""

import re
from collections.abc import Iterator

from scripts.checks.fault import Fault
from scripts.checks.helm.chart import Chart, Path
from scripts.checks.helm.release import Release
from scripts.document import mapping

RULE = "helm-image"
REPOSITORY = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
"""
A host and a path, without tag or digest.

Source: distribution/reference@v0.6.0:reference.go (grammar)
"""


def check(release: Release, chart: Chart) -> Iterator[Fault]:
    """
    Check the images of a release.

    Args:
        release: the HelmRelease.

        chart: the facts of its chart.

    Yields:
        What is ignored, what gives no image, and what only some of the containers would use.
    """
    used = tuple(path for path in chart.images if _is_used(release, chart, path))
    for path in used:
        yield from _reference(release, chart, path)
    groups: dict[str, list[Path]] = {}
    for path in used:
        groups.setdefault(str(chart.default((*path, "repository"))), []).append(path)
    for group in groups.values():
        yield from _one_image(release, chart, group)
    yield from _mirror(release, chart, used)


def _is_used(release: Release, chart: Chart, path: Path) -> bool:
    switch = (*path[:-1], "enabled")
    return chart.default(switch) is None or bool(release.value(chart, switch))


def _reference(release: Release, chart: Chart, path: Path) -> Iterator[Fault]:
    given = mapping(_given(release, path))
    if given.get("image"):
        for key in ("repository", "tag"):
            if given.get(key):
                found = f"which {'.'.join((*path, 'image'))} overrides"
                yield release.fault(RULE, (*path, key), found, "remove one of the two")
        return
    repository = str(release.value(chart, (*path, "repository")) or "")
    if not REPOSITORY.fullmatch(repository):
        found = f"which is {repository!r}, and wanted is host/path without a tag: the tag is put behind it"
        yield release.fault(
            RULE, (*path, "repository"), found, "write the tag as `tag`, and a digest as `image` where there is one"
        )
    if chart.default((*path, "tag")) and not release.value(chart, (*path, "tag")):
        found = "which is empty, so that the chart's own appVersion takes its place, which is no version of this image"
        yield release.fault(RULE, (*path, "tag"), found, "remove it, or write the tag")


def _one_image(release: Release, chart: Chart, group: list[Path]) -> Iterator[Fault]:
    """Manager and movers are one image: what is said of one of them has to be said of all."""
    chosen = {path: _choice(release, chart, path) for path in group}
    usual = chosen[group[0]]
    if len(set(chosen.values())) == 1:
        return
    default = (chart.default((*group[0], "repository")), chart.default((*group[0], "tag")))
    if usual != default:
        left = ", ".join(".".join(path) for path in group if chosen[path] == default)
        if left:
            found = f"which is not said of {left}, and all of them are one image"
            yield release.fault(RULE, _where(release, chart, group[0]), found, "say it of all of them, or of none")
    for path in group[1:]:
        if chosen[path] not in (usual, default):
            found = f"which is not that of {'.'.join(group[0])}, and all of them are one image"
            yield release.fault(RULE, _where(release, chart, path), found, "say the same of all of them, or nothing")


def _mirror(release: Release, chart: Chart, used: tuple[Path, ...]) -> Iterator[Fault]:
    """Where one image comes from a mirror, another one that does not is an image that cannot be pulled."""
    mirrored = [path for path in used if _is_mirrored(release, chart, path)]
    served = {chart.default((*path, "repository")) for path in mirrored}
    for path in used:
        repository, _ = _choice(release, chart, path)
        if mirrored and repository == chart.default((*path, "repository")) and repository not in served:
            found = f"which still is {repository}, and {'.'.join(mirrored[0])} comes from a mirror"
            yield release.fault(RULE, (*path, "repository"), found, "name the mirror there too")


def _is_mirrored(release: Release, chart: Chart, path: Path) -> bool:
    """Whether an image has the path that it has upstream and another host; another path is another image, a fork."""
    host, _, rest = str(chart.default((*path, "repository"))).partition("/")
    repository, _ = _choice(release, chart, path)
    return f"/{rest}" in repository and not repository.startswith(f"{host}/")


def _choice(release: Release, chart: Chart, path: Path) -> tuple[str, str]:
    image = str(release.value(chart, (*path, "image")) or "")
    if image:
        return image, ""
    return str(release.value(chart, (*path, "repository")) or ""), str(release.value(chart, (*path, "tag")) or "")


def _given(release: Release, path: Path) -> object:
    value: object = release.values.values
    for key in path:
        value = mapping(value).get(key)
    return value


def _where(release: Release, chart: Chart, path: Path) -> Path:
    given = mapping(_given(release, path))
    keys = ("image", "repository", "tag")
    return next(((*path, key) for key in keys if given.get(key, "") not in ("", chart.default((*path, key)))), path)
