"""What VolSync's own endpoint says, where no Prometheus is asked."""

import pytest

from scripts.cluster_e2e import metrics
from scripts.errors import ProofFailed, Unreachable

WANTED = {"source": "app-backup", "destination": "app-restore"}


class Pods:
    """Two replicas of VolSync, of which each says what it is told to."""

    def __init__(self, **said):
        self._said = said

    def list(self, *_, **__):
        return [{"metadata": {"name": name}} for name in self._said]

    def asked_of_pod(self, pod, *_):
        said = self._said[pod]
        if isinstance(said, Exception):
            raise said
        return said


def text(*, without="", namespace="run"):
    """The endpoint's text, with everything but the family that is named."""
    lines = ["# HELP go_threads Number of OS threads created.", "# TYPE go_threads gauge", "go_threads 9"]
    for family in metrics.FAMILIES:
        for role, name in WANTED.items():
            labels = f'method="restic",obj_name="{name}",obj_namespace="{namespace}",role="{role}"'
            quantile = ',quantile="0.5"' if family.endswith("seconds") else ""
            lines += [] if family == without else [f"{family}{{{labels}{quantile}}} 0"]
    return "\n".join(lines) + "\n"


def seen(cluster):
    return metrics.see(cluster, None, WANTED, "run", timeout_s=0.01)


AWAY = Unreachable("Pod volsync-2", "does not answer", "see it")


@pytest.mark.parametrize(
    "second",
    [
        pytest.param("go_threads 9\n", id="one that does not lead and says nothing of them"),
        pytest.param(AWAY, id="one that is away"),
    ],
)
def test_the_replica_that_leads_has_every_series(second):
    assert "6 series of this run, asked of VolSync's own pods" in seen(Pods(one=text(), two=second)).detail


@pytest.mark.parametrize("family", metrics.FAMILIES)
def test_a_family_that_is_missing_is_named(family):
    with pytest.raises(ProofFailed, match=rf'there is no {family}\{{obj_namespace="run"'):
        seen(Pods(one=text(without=family)))


def test_the_series_of_another_run_are_none_of_this_one():
    with pytest.raises(ProofFailed, match="there is no volsync_missed_intervals_total"):
        seen(Pods(one=text(namespace="other")))


@pytest.mark.parametrize(
    ("pods", "found"),
    [
        pytest.param({}, "has no pod", id="there is no replica"),
        pytest.param({"one": AWAY, "two": AWAY}, "does not answer", id="no replica answers"),
    ],
)
def test_where_nobody_can_be_asked_nothing_is_proven(pods, found):
    with pytest.raises(Unreachable, match=found):
        seen(Pods(**pods))


def test_a_value_with_quotes_is_read_whole():
    assert metrics.samples(r'a{b="c\"d",e="f,g"} 1') == [("a", {"b": r"c\"d", "e": "f,g"})]
