"""VolSync's own series of the backups of a run: in Prometheus, or at the endpoint that it scrapes."""

import re
from collections.abc import Mapping

from scripts.cluster import Cluster
from scripts.cluster.kinds import POD
from scripts.cluster_e2e.platform import NAMESPACE
from scripts.cluster_e2e.prometheus import Prometheus
from scripts.e2e.steps import Shown
from scripts.errors import BackupError, ProofFailed, Unreachable
from scripts.process import wait_until

FAMILIES = ("volsync_missed_intervals_total", "volsync_volume_out_of_sync", "volsync_sync_duration_seconds")
"""Source: backube/volsync@v0.12.0:controllers/metrics.go"""

CONTROLLER = "control-plane=volsync-controller"
PORT = 8443
SCRAPED_S = 120.0
SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>.*)\} \S+")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def see(
    cluster: Cluster,
    prometheus: Prometheus | None,
    wanted: Mapping[str, str],
    namespace: str,
    *,
    timeout_s: float = SCRAPED_S,
) -> Shown:
    """
    See that each family has a series of each custom resource, with the labels that alerts select.

    Args:
        cluster: that VolSync runs in.

        prometheus: that is asked; None asks VolSync's own pods, of which only the leader has them.

        wanted: role -> name of the custom resource that has it.

        namespace: of the custom resources.

        timeout_s: for a scrape to come, in seconds.

    Returns:
        What was seen.

    Raises:
        ProofFailed: where one is missing.

        Unreachable: where nobody can be asked.
    """
    expected = [
        (family, {"obj_namespace": namespace, "obj_name": name, "role": role, "method": "restic"})
        for family in FAMILIES
        for role, name in sorted(wanted.items())
    ]

    def missing() -> list[str]:
        if prometheus is None:
            known = _of_pods(cluster)
            return [_text(*each) for each in expected if not any(_has(sample, each) for sample in known)]
        return [_text(*each) for each in expected if not prometheus.labels(_text(*each))]

    last: list[str] = []

    def all_there() -> bool:
        last[:] = missing()
        return not last

    try:
        wait_until(all_there, timeout_s=timeout_s, every_s=min(5.0, timeout_s / 4), what="the series of this run")
    except Unreachable:
        if not last:
            raise
        raise ProofFailed("VolSync's metrics", f"there is no {last[0]}", "see the ServiceMonitor") from None
    whose = "VolSync's own pods, through the API server" if prometheus is None else "Prometheus"
    return Shown(detail=f"{len(expected)} series of this run, asked of {whose}: {', '.join(FAMILIES)}")


def samples(text: str) -> list[tuple[str, dict[str, str]]]:
    """
    Read what an endpoint says.

    Args:
        text: in the format that Prometheus scrapes.

    Returns:
        Name and labels of each sample that has labels.
    """
    found = (SAMPLE.match(line) for line in text.splitlines())
    return [(each["name"], dict(LABEL.findall(each["labels"]))) for each in found if each]


def _of_pods(cluster: Cluster) -> list[tuple[str, dict[str, str]]]:
    pods = [each["metadata"]["name"] for each in cluster.list(POD, NAMESPACE, labels=CONTROLLER)]
    if not pods:
        raise Unreachable(f"namespace {NAMESPACE}", f"has no pod with {CONTROLLER}", "see VolSync's Deployment")
    found: list[tuple[str, dict[str, str]]] = []
    errors: list[BackupError] = []
    for pod in pods:
        try:
            found += samples(cluster.asked_of_pod(pod, NAMESPACE, PORT, "metrics"))
        except BackupError as error:
            errors.append(error)
    if len(errors) == len(pods):
        raise errors[0]
    return found


def _has(sample: tuple[str, dict[str, str]], expected: tuple[str, dict[str, str]]) -> bool:
    return sample[0] == expected[0] and expected[1].items() <= sample[1].items()


def _text(family: str, labels: Mapping[str, str]) -> str:
    selected = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{family}{{{selected}}}"
