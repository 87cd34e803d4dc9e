"""What runs around the backups: each fault is found at its own step, and what is missing is never taken for fine."""

from dataclasses import replace

import pytest

from scripts.cluster.kinds import (
    CLUSTER_SECRET_STORE,
    DEPLOYMENT,
    KUSTOMIZATION,
    POD,
    PROMETHEUS_RULE,
    SERVICE_MONITOR,
)
from scripts.cluster_e2e import metrics
from scripts.cluster_e2e import platform as platforms
from scripts.cluster_e2e.platform import NAMESPACE, Platform, parts
from scripts.cluster_e2e.prometheus import Prometheus
from scripts.e2e import steps
from scripts.errors import CouldNotRun, ProofFailed, Refused, SettingsError, Unreachable
from scripts.model import Status
from tests.cluster import platform_objects
from tests.processes import eventually

TITLES = tuple(title for title, _ in Platform(None, (), store="", allowed=frozenset(), prometheus=None).steps())
FLUX, CONTROLLERS, STORE, MONITORING = TITLES
NAME = "cluster-apps-volsync"


@pytest.fixture
def look(platform, tree):
    def run(allowed="", *, asks=True):
        prometheus = Prometheus(platform.prometheus.url) if asks else None
        looked = Platform(platform.cluster, tree, store="onepassword", allowed=parts(allowed), prometheus=prometheus)
        return steps.run(looked.steps())

    return run


def flux_fails(stage):
    stage.flux.failing.add(NAME)
    stage.cluster.patch(KUSTOMIZATION, NAME, "flux-system", {"metadata": {"annotations": {"a": "b"}}})
    eventually(lambda: "told to fail" in str(stage.cluster.get(KUSTOMIZATION, NAME, "flux-system")["status"]))


def one_replica(stage):
    stage.cluster.patch(DEPLOYMENT, "volsync", NAMESPACE, {"spec": {"replicas": 1}})
    # as ready as it was told to be
    eventually(lambda: stage.cluster.get(DEPLOYMENT, "volsync", NAMESPACE)["status"]["replicas"] == 1)


def fewer_alerts(stage):
    found = stage.cluster.get(PROMETHEUS_RULE, "volsync", NAMESPACE)
    stage.cluster.patch(PROMETHEUS_RULE, "volsync", NAMESPACE, {"spec": {"groups": found["spec"]["groups"][:1]}})


@pytest.mark.parametrize(
    ("break_it", "title", "told"),
    [
        pytest.param(flux_fails, FLUX, f"{NAME}: is not ready: it was told to fail", id="Flux cannot apply it"),
        pytest.param(
            lambda stage: stage.cluster.delete(KUSTOMIZATION, NAME, "flux-system"),
            FLUX,
            f"Kustomization flux-system/{NAME}: is not there",
            id="Flux was never told of it",
        ),
        pytest.param(
            lambda stage: stage.cluster.patch(KUSTOMIZATION, NAME, "flux-system", {"spec": {"suspend": True}}),
            FLUX,
            "is suspended",
            id="Flux is suspended",
        ),
        pytest.param(
            one_replica, CONTROLLERS, "of the 2 pods ready that the tree asks for (1 wanted", id="one replica"
        ),
        pytest.param(
            lambda stage: stage.cluster.delete(DEPLOYMENT, "snapshot-controller", NAMESPACE),
            CONTROLLERS,
            "snapshot-controller: is not there",
            id="no controller",
        ),
        pytest.param(
            lambda stage: stage.cluster.delete(CLUSTER_SECRET_STORE, "onepassword"),
            STORE,
            "ClusterSecretStore onepassword: is not there",
            id="no store",
        ),
        pytest.param(
            lambda stage: stage.cluster.delete(SERVICE_MONITOR, "volsync", NAMESPACE),
            MONITORING,
            "ServiceMonitor volsync-system/volsync: is not there",
            id="no ServiceMonitor",
        ),
        pytest.param(fewer_alerts, MONITORING, "lacks the alerts VolSyncStaleBackup of the tree", id="an alert less"),
        pytest.param(
            lambda stage: stage.prometheus.unloaded.add("VolSyncStaleBackup"),
            MONITORING,
            "has not loaded VolSyncStaleBackup",
            id="an alert that is not loaded",
        ),
        pytest.param(
            lambda stage: stage.prometheus.down.add("volsync-metrics"),
            MONITORING,
            "1 of 1 targets are down",
            id="a target that is down",
        ),
    ],
)
def test_each_fault_is_found_at_its_own_step(platform, look, break_it, title, told):
    break_it(platform)
    taken, error = look()

    assert told in str(error)
    assert [each.title for each in taken if each.status is Status.FAILED] == [title]


@pytest.mark.parametrize(
    ("constant", "part", "title"),
    [
        pytest.param("KUSTOMIZATION", "flux", FLUX, id="no Flux"),
        pytest.param("CLUSTER_SECRET_STORE", "external-secrets", STORE, id="no External Secrets"),
        pytest.param("SERVICE_MONITOR", "prometheus", MONITORING, id="no Prometheus"),
    ],
)
def test_a_part_that_is_missing_is_not_checked_and_fails_unless_it_is_named(look, monkeypatch, constant, part, title):
    monkeypatch.setattr(platforms, constant, replace(getattr(platforms, constant), plural="nothings"))
    taken, error = look()

    assert isinstance(error, CouldNotRun)
    assert f"so that {part} is not checked; install it" in str(error)
    assert [each.title for each in taken if each.status is Status.FAILED] == [title]

    taken, error = look(part)

    assert next(each for each in taken if each.title == title).status is Status.SKIPPED


def test_what_nobody_was_asked_about_is_said_so(look):
    taken, error = look(asks=False)

    assert error is None
    assert "without --prometheus nobody was asked whether they are loaded" in taken[-1].detail


def test_a_part_that_there_is_not_cannot_be_missing():
    with pytest.raises(SettingsError, match="grafana is no part"):
        parts("flux, grafana")


def test_a_prometheus_that_is_none_is_unreachable(platform):
    with pytest.raises(Unreachable, match="does not answer"):
        Prometheus(platform.backend.url).targets_up("volsync-metrics", NAMESPACE)


def test_a_family_without_a_series_of_this_run_is_missed(app, platform):
    app.make_source()
    app.source(lambda found: found.get("status"))
    asked, wanted = Prometheus(platform.prometheus.url), {"source": "app"}
    eventually(lambda: metrics.see(platform.cluster, asked, wanted, app.namespace, timeout_s=1.0))
    platform.prometheus.missing.add("volsync_volume_out_of_sync")

    with pytest.raises(
        ProofFailed, match=f'no volsync_volume_out_of_sync{{obj_namespace="{app.namespace}", obj_name="app"'
    ):
        metrics.see(platform.cluster, asked, wanted, app.namespace, timeout_s=1.0)


def test_the_pods_of_volsync_are_asked_through_the_api_server(platform):
    pod = platform_objects.deployment("volsync")["spec"]["template"]
    pod["metadata"] = {"name": "manager", "namespace": NAMESPACE, "labels": {"control-plane": "volsync-controller"}}
    platform.cluster.create(POD, pod)
    try:
        eventually(lambda: platform.cluster.get(POD, "manager", NAMESPACE)["status"].get("podIP"))
        # an API server leads nobody to itself, which is where the pods of these tests are
        with pytest.raises(Refused, match="address not allowed"):
            metrics.see(platform.cluster, None, {"source": "app"}, "any", timeout_s=1.0)
    finally:
        platform.cluster.delete(POD, "manager", NAMESPACE)
