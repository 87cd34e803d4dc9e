"""HelmReleases of a whole tree: one fault is one finding with its file and line, with the chart in the cache and without."""

import pytest

from scripts import toolchain
from scripts.charts.cache import keep
from scripts.charts.source import ChartSource
from scripts.errors import FindingsFound
from scripts.model import Status
from scripts.validate import conclude, validate
from tests.tools.charts import archive
from tests.tools.trees import SYSTEM, append, both, places, remove, replace, write

FOLDER = f"{SYSTEM}/volsync/app"
VOLSYNC = f"{FOLDER}/helmrelease.yaml"
SNAPSHOT_CONTROLLER = f"{SYSTEM}/snapshot-controller/app/helmrelease.yaml"
APPLIED_BY = f"{SYSTEM}/volsync/ks.yaml"
RULE = f"{FOLDER}/prometheusrule.yaml"
CHART = ChartSource(repository="https://backube.github.io/helm-charts", name="volsync", version="0.12.0")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache with VolSync's chart in it and the other one not."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tools").symlink_to(toolchain.get("helm").path.parents[2])
    keep(folder, CHART, archive())
    monkeypatch.setenv("APPS_BACKUP_CACHE", str(folder))
    return folder


def values(*lines):
    return append(VOLSYNC, "".join(f"    {line}\n" for line in lines))


VALUES_FROM = both(
    replace(VOLSYNC, "  values:\n", "  valuesFrom:\n    - kind: ConfigMap\n      name: volsync-values\n  values:\n"),
    append(f"{FOLDER}/kustomization.yaml", "  - values.yaml\n"),
)


def config_map(*lines):
    text = "".join(f"    {line}\n" for line in lines)
    return write(
        f"{FOLDER}/values.yaml",
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: volsync-values\ndata:\n  values.yaml: |\n{text}",
    )


FAULTS = [
    pytest.param(values("logLevel: info"), ("helm-value", VOLSYNC, 20), id="a key that the chart does not have"),
    pytest.param(
        replace(SNAPSHOT_CONTROLLER, "    controller:\n", "    replicaCount: 2\n    controller:\n"),
        ("helm-value", SNAPSHOT_CONTROLLER, 20),
        id="a key at the top that belongs to the controller",
    ),
    pytest.param(
        both(VALUES_FROM, config_map("logLevel: info")),
        ("helm-value", f"{FOLDER}/values.yaml", 7),
        id="a key in a ConfigMap",
    ),
    pytest.param(
        values("securityContext:", "  fsGroup: 65534"),
        ("helm-security-context", VOLSYNC, 21),
        id="a pod's field in a container's security context",
    ),
    pytest.param(
        values("restic:", "  repository: quay.io/backube/volsync-mover-restic"),
        ("helm-image", VOLSYNC, 21),
        id="an image that is none",
    ),
    pytest.param(
        replace(SNAPSHOT_CONTROLLER, "version: 3.0.6", "version: 3.x"),
        ("helm-version", SNAPSHOT_CONTROLLER, 15),
        id="a range of versions",
    ),
    pytest.param(
        replace(SNAPSHOT_CONTROLLER, "CreateReplace", "Create"),
        ("helm-crds", SNAPSHOT_CONTROLLER, 18),
        id="CRDs that are never upgraded",
    ),
    pytest.param(
        replace(VOLSYNC, "disableAuth: true", "disableAuth: false"),
        ("helm-metrics", VOLSYNC, 19),
        id="metrics that no scrape gets",
    ),
    pytest.param(
        replace(VOLSYNC, "  values:\n", "  valuesFrom:\n    - kind: ConfigMap\n      name: nothing\n  values:\n"),
        ("helm-values-from", VOLSYNC, 19),
        id="values from what is not there",
    ),
    pytest.param(
        replace(VOLSYNC, "version: 0.12.0\n  interval", "version: 0.12.0\n  releaseName: VolSync\n  interval"),
        ("helm-template", VOLSYNC, 8),
        id="a name that Helm refuses",
    ),
    pytest.param(
        replace(APPLIED_BY, "      name: volsync\n", "      name: volsync-controller\n"),
        ("flux-health-check", APPLIED_BY, 13),
        id="a health check on what the chart was seen not to make",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_one_fault_of_a_helm_release_is_one_finding_with_its_file_and_line(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools)

    assert [expected] == places(found), [str(finding) for finding in found.findings]
    with pytest.raises(FindingsFound):
        conclude(found)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(values("replicaCount: 2"), id="a key that the chart has"),
        pytest.param(both(VALUES_FROM, config_map("replicaCount: 2")), id="values from a ConfigMap of the tree"),
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
