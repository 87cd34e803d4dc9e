"""HelmReleases of a whole tree, with VolSync's chart in the cache and the other one not."""

import pytest

from scripts.model import Status
from scripts.validate import conclude, validate
from tests.tools.trees import SYSTEM, append, both, places, remove, replace

FOLDER = f"{SYSTEM}/volsync/app"
VOLSYNC = f"{FOLDER}/helmrelease.yaml"
SNAPSHOT_CONTROLLER = f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml"
APPLIED_BY = f"{SYSTEM}/volsync/ks.yaml"
RULE = f"{FOLDER}/prometheusrule.yaml"


pytestmark = pytest.mark.usefixtures("volsync_chart")


def values(*lines):
    return append(VOLSYNC, "".join(f"    {line}\n" for line in lines))


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(values("replicaCount: 2"), id="a key that the chart has"),
        pytest.param(
            both(
                values("fullnameOverride: backup"),
                replace(APPLIED_BY, "      name: volsync\n", "      name: backup\n"),
                replace(RULE, "volsync-metrics", "backup-metrics"),
                replace("tests/alerts/volsync.test.yaml", "volsync-metrics", "backup-metrics"),
            ),
            id="another name of the Deployment",
        ),
        pytest.param(
            both(
                replace(VOLSYNC, "disableAuth: true", "disableAuth: false"),
                replace(
                    VOLSYNC,
                    "  name: volsync\n",
                    "  name: volsync\n  annotations:\n    allow.backup/helm-metrics: scraped by hand\n",
                ),
            ),
            id="an annotation that says why",
        ),
    ],
)
def test_what_is_no_fault_of_a_helm_release_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_a_health_check_on_what_the_chart_was_seen_not_to_make_is_told(tree, tools):
    replace(APPLIED_BY, "      name: volsync\n", "      name: volsync-controller\n")(tree)

    assert places(validate(tree, tools=tools)) == [("flux-health-check", APPLIED_BY, 13)]


def test_the_report_says_of_each_release_whether_it_was_rendered(tree, tools):
    found = validate(tree, tools=tools)

    rendered, by_values = (each for each in found.outcomes if each.check == "helm template")
    assert (rendered.subject, rendered.status) == ("HelmRelease volsync-system/volsync", Status.PASSED)
    assert "volsync-0.12.0.tgz: 4 objects" in rendered.reason
    assert (by_values.subject, by_values.status) == ("HelmRelease volsync-system/snapshot-controller", Status.SKIPPED)
    assert by_values.reason.endswith("its values were held against the facts of snapshot-controller 3.0.6")


def test_a_tree_without_helm_releases_passes_no_check_of_them(tree, tools):
    both(
        replace(f"{FOLDER}/kustomization.yaml", "  - helmrelease.yaml\n", ""),
        replace(f"{SYSTEM}/snapshot-controller/app/kustomization.yaml", "  - helmrelease.yaml", "  []"),
        remove(VOLSYNC),
        remove(SNAPSHOT_CONTROLLER),
    )(tree)

    found = validate(tree, tools=tools)

    assert [each.reason for each in found.outcomes if each.check == "Helm values"] == ["there are no HelmReleases"]
