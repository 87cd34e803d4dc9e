"""A HelmRelease and its chart -> what `helm template` makes of them."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from scripts.charts import Archive
from scripts.checks.helm.release import Release
from scripts.document import mapping
from scripts.model import ResourceId
from scripts.process import Completed, last_words, run
from scripts.render.offline import environment
from scripts.settings import Secret
from scripts.store import Store, key
from scripts.toolchain import Tool

TIMEOUT_S = 60.0

KUBERNETES = "1.33.0"
"""What the manifests of this tree are written for."""

APIS = tuple(
    f"monitoring.coreos.com/v1{kind}" for kind in ("", "/PodMonitor", "/PrometheusRule", "/Probe", "/ServiceMonitor")
)
"""APIs that the cluster has and that charts ask for: VolSync's makes its ServiceMonitor only where there is that API."""

IMAGE_ARGUMENT = re.compile(r"--[a-z-]*image=(\S+)")
"""How a controller is told the images of the pods that it makes."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """
    What a chart comes to.

    Args:
        objects: every object that it makes, hooks and CRDs too, tests not; none where it does not render.

        images: that the containers of its pods use, or hand to the pods they make, sorted.

        error: what helm said where it does not render; "" where it does.
    """

    objects: tuple[ResourceId, ...] = ()
    images: tuple[str, ...] = ()
    error: str = ""


def render(release: Release, archive: Archive, helm: Tool, store: Store) -> Rendered:
    """
    Render a chart with the values of a HelmRelease, without a cluster and without the network.

    What comes out depends on nothing but the content of the archive, the name, namespace and values of the release, and
    helm. spec.postRenderers are not run.

    Args:
        release: the HelmRelease.

        archive: its chart.

        helm: the program.

        store: of earlier results.

    Returns:
        What the chart makes.

    Raises:
        CommandFailed: where it takes too long.
    """
    values = yaml.safe_dump(dict(release.values.values))
    name = key("helm template", helm.identity, archive.sha256, release.name, release.namespace, values)
    kept = store.get([name])
    if name in kept:
        return cast(Rendered, kept[name])
    rendered = _rendered(_template(release, archive, helm, values))
    store.put(name, rendered)
    return rendered


def _template(release: Release, archive: Archive, helm: Tool, values: str) -> Completed:
    capabilities = ["--kube-version", KUBERNETES, *(word for api in APIS for word in ("--api-versions", api))]
    words = ["template", release.name, str(archive.path), "--namespace", release.namespace, "--values", "-"]
    with tempfile.TemporaryDirectory(prefix="helm-") as home:
        own: dict[str, str | Secret] = {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache"}
        return run(
            [helm.path, *words, "--include-crds", "--skip-tests", *capabilities],
            timeout_s=TIMEOUT_S,
            environment={**environment(), **own},
            cwd=Path(home),
            stdin=values,
            accept=None,
        )


def _rendered(completed: Completed) -> Rendered:
    if completed.exit_code != 0:
        # what follows says how to debug a chart
        said = completed.stderr.partition("\n\nUse --debug")[0].strip().removeprefix("Error: ")
        return Rendered(error=" ".join(said.split()) or last_words(completed))
    try:
        documents = tuple(filter(None, yaml.load_all(completed.stdout, Loader=yaml.CSafeLoader)))
    except (yaml.YAMLError, ValueError) as error:
        return Rendered(error=f"what the chart renders to is no YAML ({' '.join(str(error).split())})")
    return Rendered(
        objects=tuple(_identity(each) for each in documents if isinstance(each, dict)),
        images=tuple(sorted({image for each in documents for image in _images(each)})),
    )


def _identity(document: dict[str, Any]) -> ResourceId:
    metadata = mapping(document.get("metadata"))
    return ResourceId(
        api_version=str(document.get("apiVersion") or ""),
        kind=str(document.get("kind") or ""),
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
    )


def _images(value: Any) -> Iterator[str]:  # noqa: ANN401 - a manifest may hold anything
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "image" and isinstance(below, str):
                yield below
            else:
                yield from _images(below)
    elif isinstance(value, list):
        for below in value:
            argument = IMAGE_ARGUMENT.fullmatch(below) if isinstance(below, str) else None
            yield from (argument[1],) if argument else _images(below)
