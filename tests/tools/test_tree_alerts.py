"""The alerts of the tree, replayed with the real promtool."""

import shutil
from pathlib import Path

import pytest
import yaml

from scripts.process import run
from scripts.render import render
from scripts.toolchain import get

ROOT = Path(__file__).parents[2]
RULE = ROOT / "kubernetes/workloads/platform/backup/volsync-system/volsync/app/prometheusrule.yaml"
TESTS = sorted((ROOT / "tests/alerts").glob("*.test.yaml"))
SEVERITIES = {
    "VolSyncControllerDown": "critical",
    "VolSyncReplicationFailed": "high",
    "VolSyncBackupDurationHigh": "warning",
    "VolSyncSnapshotCreationFailed": "high",
    "VolSyncRestoreFailed": "high",
    "VolSyncMoverPodFailed": "high",
    "VolSyncS3ConnectivityIssue": "high",
    "VolSyncStaleBackup": "warning",
    "VolSyncCacheStorageIssue": "high",
}


def groups():
    return yaml.safe_load(RULE.read_text(encoding="utf-8"))["spec"]["groups"]


def rules():
    return {rule["alert"]: rule for group in groups() for rule in group["rules"]}


@pytest.fixture
def promtool(tmp_path):
    def check(arguments, changed=None):
        content = groups() if changed is None else changed
        (tmp_path / "volsync.rules.yaml").write_text(yaml.safe_dump({"groups": content}), encoding="utf-8")
        for file in TESTS:
            shutil.copy(file, tmp_path)
        command = (get("promtool").path, *arguments)
        return run(command, timeout_s=120, cwd=tmp_path, accept=None)

    return check


def test_the_nine_alerts_have_the_storys_names_and_severities():
    assert {name: rule["labels"]["severity"] for name, rule in rules().items()} == SEVERITIES


def test_promtool_accepts_the_rules(promtool):
    completed = promtool(("check", "rules", "--lint=all", "--lint-fatal", "volsync.rules.yaml"))

    assert (completed.exit_code, "9 rules found" in completed.stdout) == (0, True), completed.stderr


@pytest.mark.parametrize("file", [pytest.param(file.name, id=file.name.removesuffix(".test.yaml")) for file in TESTS])
def test_an_alert_fires_for_its_failure_and_for_nothing_else(promtool, file):
    completed = promtool(("test", "rules", file))

    assert (completed.exit_code, "SUCCESS" in completed.stdout) == (0, True), completed.stderr


@pytest.mark.parametrize("alert", SEVERITIES)
@pytest.mark.parametrize("expression", ["vector(1) > 2", "vector(1)"], ids=["never fires", "always fires"])
def test_a_rule_that_says_always_the_same_does_not_pass_its_tests(promtool, alert, expression):
    changed = groups()
    for group in changed:
        for rule in group["rules"]:
            rule["expr"] = expression if rule["alert"] == alert else rule["expr"]
    files = [file.name for file in TESTS if f"alertname: {alert}\n" in file.read_text(encoding="utf-8")]

    assert promtool(("test", "rules", *files), changed).exit_code == 1


def test_an_alert_links_its_own_section_of_the_runbook():
    rendered = next(each for each in render(ROOT).resources if each.id.kind == "PrometheusRule").document
    links = {
        rule["alert"]: rule["annotations"]["runbook_url"]
        for group in rendered["spec"]["groups"]
        for rule in group["rules"]
    }

    assert {link.partition("#")[2] for link in links.values()} == {name.lower() for name in SEVERITIES}
    assert all(link.partition("#")[2] == name.lower() for name, link in links.items())
    assert {link.partition("#")[0].partition("/docs/")[2] for link in links.values()} == {
        "runbooks/volsync-backup-restore.md"
    }


def test_the_platforms_prometheus_selects_the_rules_and_both_service_monitors():
    documents = {each.id: each.document for each in render(ROOT).resources}
    releases = {key.name: document for key, document in documents.items() if key.kind == "HelmRelease"}
    rule = next(document for key, document in documents.items() if key.kind == "PrometheusRule")
    added = {"op": "add", "path": "/metadata/labels/prometheus", "value": "platform"}

    assert rule["metadata"]["labels"]["prometheus"] == "platform"
    for release in releases.values():
        (patch,) = (each for renderer in release["spec"]["postRenderers"] for each in renderer["kustomize"]["patches"])
        assert patch["target"] == {"kind": "ServiceMonitor"}
        assert added in yaml.safe_load(patch["patch"])
