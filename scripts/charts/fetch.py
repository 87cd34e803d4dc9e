"""The charts that a tree pins -> archives in the cache."""

import tempfile
from pathlib import Path

import stamina
import yaml

from scripts import process, progress
from scripts.charts.cache import Archive, find, keep
from scripts.charts.source import ChartSource, source
from scripts.checks.helm.release import releases
from scripts.checks.objects import Objects
from scripts.errors import BackupError, CommandFailed, CouldNotRun, SettingsError
from scripts.render import render
from scripts.settings import Secret, cache_directory
from scripts.toolchain import Tool, get, network
from scripts.tree_root import tree_root

PULL_TIMEOUT_S = 120.0
READ_TIMEOUT_S = 30.0
ATTEMPTS = 3


def run(root: Path | str = "") -> None:
    """
    Fetch every chart that the HelmReleases of a tree name and that is not in the cache.

    Args:
        root: the folder that holds `kubernetes/`; this checkout where "".

    Raises:
        RenderError: where the tree does not render.

        ToolMissing: where helm cannot be had.

        CouldNotRun: where only the cluster can get a chart; the others are fetched all the same.

        CommandFailed: where a repository does not give a chart; the others are fetched all the same.

        SettingsError: where the cache cannot be written.
    """
    objects = Objects(resources=render(tree_root(root)).resources, externals={})
    named = {str(each.resource.id): source(objects, each) for each in releases(objects)}
    errors: list[BackupError] = [
        CouldNotRun(release, chart, "validate checks it by its values alone")
        for release, chart in named.items()
        if isinstance(chart, str)
    ]
    if not named:
        progress.say("there is no HelmRelease in the tree, and so no chart to fetch")
    cache = cache_directory()
    for chart in sorted({each for each in named.values() if isinstance(each, ChartSource)}):
        found = find(cache, chart)
        try:
            archive = fetch(chart, get("helm"), cache) if isinstance(found, str) else found
            progress.say(f"{chart}: {archive.path}")
        except CommandFailed as error:
            errors.append(error)
    for each in errors[:-1]:
        progress.say(f"error: {each}")
    if errors:
        raise errors[-1]


def fetch(chart: ChartSource, helm: Tool, cache: Path, *, timeout_s: float = PULL_TIMEOUT_S) -> Archive:
    """
    Fetch a chart, see that it is the one that was asked for, and keep it.

    Args:
        chart: which one.

        helm: the program.

        cache: the cache directory.

        timeout_s: after which it is given up, in seconds.

    Returns:
        The archive in the cache.

    Raises:
        CommandFailed: where the repository does not give it, or gives something else.

        SettingsError: where the cache cannot be written.
    """
    with progress.step(f"fetch the chart {chart}"), tempfile.TemporaryDirectory(prefix="chart-") as work:
        pulled = _pull(chart, helm, Path(work), timeout_s)
        _check(chart, helm, Path(work), pulled)
        try:
            return keep(cache, chart, pulled.read_bytes())
        except OSError as error:
            raise SettingsError(
                str(cache), f"cannot be written ({error.strerror})", "set APPS_BACKUP_CACHE to a folder that can"
            ) from error


def _pull(chart: ChartSource, helm: Tool, work: Path, timeout_s: float) -> Path:
    folder = work / "pulled"
    folder.mkdir()
    is_oci = chart.repository.startswith("oci://")
    named = [f"{chart.repository}/{chart.name}"] if is_oci else [chart.name, "--repo", chart.repository]
    words = ["pull", *named, "--version", chart.version, "--destination", str(folder)]

    # the time is that of all attempts: one that waited until its end was long enough
    for attempt in stamina.retry_context(
        on=CommandFailed, attempts=ATTEMPTS, timeout=timeout_s, wait_initial=0.5, wait_max=5
    ):
        with attempt:
            completed = _run(chart, helm, words, work, timeout_s)
            if completed.exit_code != 0:
                raise _failed(chart, f"did not give it: {process.last_words(completed)}", completed.exit_code)
    return next(folder.iterdir())


def _check(chart: ChartSource, helm: Tool, work: Path, pulled: Path) -> None:
    shown = _run(chart, helm, ["show", "chart", str(pulled)], work, READ_TIMEOUT_S)
    if shown.exit_code != 0:
        raise _failed(chart, f"gave an archive that is no chart ({process.last_words(shown)})", shown.exit_code)
    said = yaml.load(shown.stdout, Loader=yaml.CSafeLoader)
    name, version = str(said.get("name")), str(said.get("version"))
    if (name, version.removeprefix("v")) != (chart.name, chart.version.removeprefix("v")):
        raise _failed(chart, f"gave an archive that says it is {name} {version}", shown.exit_code)


def _run(chart: ChartSource, helm: Tool, words: list[str], work: Path, timeout_s: float) -> process.Completed:
    # neither the user's plugins, nor repositories, nor logins are to have a say
    own: dict[str, str | Secret] = {
        f"HELM_{name}_HOME": str(work / name.lower()) for name in ("CACHE", "CONFIG", "DATA")
    }
    try:
        return process.run(
            [helm.path, *words], timeout_s=timeout_s, environment=network.settings(()) | own, cwd=work, accept=None
        )
    except CommandFailed as error:
        raise _failed(chart, f"did not give it within {timeout_s:g} s", None) from error


def _failed(chart: ChartSource, found: str, exit_code: int | None) -> CommandFailed:
    return CommandFailed(
        f"chart {chart.name} {chart.version}",
        f"{chart.repository} {found}",
        "see that the HelmRepository's address and the version are right, and run `invoke charts.fetch` again",
        command_exit_code=exit_code,
    )
