import os
import shutil
import subprocess

import pytest

from scripts import report
from scripts.errors import CouldNotRun, FindingsFound, ToolMissing
from scripts.model import Status
from scripts.validate import conclude, run, validate
from scripts.validate.tools import Tools
from tests.tools.trees import CLUSTER, COMPONENT, DEMO, SYSTEM, both, places, remove, replace, write

RULE = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
TEST = "tests/alerts/volsync.test.yaml"

# put together here, so that this file holds no line that looks like a credential
ACCESS_KEY = "AKIA" + "Q7ZP2M4XW8RT5VBN"  # pragma: allowlist secret - made up for the tests
PASSPHRASE = "hunter" + "2hunter" + "2"  # pragma: allowlist secret - made up for the tests

PATCH = """\
  patches:
    - patch: '[{"op": "remove", "path": "/spec/nosuch"}]'
      target:
        kind: PersistentVolumeClaim
"""

ALERT = """\
        - alert: VolSyncStaleBackup
          annotations:
            runbook_url: https://example.org/volsync
            summary: No backup for a day.
          expr: up == 0
"""
ALERT_TEST = """\
---
rule_files:
  - volsync.rules.yaml
tests:
  - input_series:
      - series: up
        values: 0 1
    alert_rule_test:
      - alertname: VolSyncStaleBackup
        eval_time: 0m
        exp_alerts:
          - exp_annotations:
              runbook_url: https://example.org/volsync
              summary: No backup for a day.
      - alertname: VolSyncStaleBackup
        eval_time: 1m
        exp_alerts: []
"""


def manifest(kind, *lines, api_version="v1"):
    head = ("---", f"apiVersion: {api_version}", f"kind: {kind}", "metadata:", "  name: demo")
    return "".join(f"{line}\n" for line in (*head, *lines))


def blocked(found):
    return {(outcome.check, outcome.subject) for outcome in found.outcomes if outcome.status is Status.BLOCKED}


def test_a_valid_tree_passes_every_check(tree, tools):
    found = validate(tree, tools=tools)

    conclude(found)
    # the charts come from the network: with none in the cache only the values are checked, and the report says so
    not_passed = [each for each in found.outcomes if each.status is not Status.PASSED and each.check != "helm template"]
    assert [each.subject[:4] for each in not_passed] == ["AC10"]
    assert {
        "read",
        "kustomize build",
        "flux build",
        "flux reach",
        "yamllint",
        "promtool check rules",
        "promtool test rules",
        "secrets",
        "alert rules",
        "Helm repositories",
        "story",
        "Flux graph",
        "Helm values",
        "helm template",
        "VolSync",
        "alert series",
        "alerts tested",
        "alert runbooks",
        "docs",
        "exemptions",
        "component parameters",
        "empty files",
        "pods",
        "YAML values",
        "schemas",
        "labels",
    } == {each.check for each in found.outcomes}


FAULTS = [
    pytest.param(
        replace(DEMO, "- namespace.yaml", "- nosuch.yaml"),
        ("kustomize-build", DEMO, 8),
        id="a kustomization names a file that is not there",
    ),
    pytest.param(
        replace(DEMO, "namespace: demo", "nameSpaces: demo"),
        ("kustomize-build", DEMO, 4),
        id="a kustomization has an unknown field",
    ),
    pytest.param(
        replace(f"{COMPONENT}/pvc/kustomization.yaml", "v1alpha1", "v1beta1"),
        ("kustomize-build", f"{COMPONENT}/pvc/kustomization.yaml", 2),
        id="a component has the version that the story gives it",
    ),
    pytest.param(
        replace(f"{COMPONENT}/pvc/pvc.yaml", "  name: ${APP}-data\n", "  labels: {}\n"),
        ("kustomize-build", f"{COMPONENT}/pvc/kustomization.yaml", 5),
        id="an object has no name",
    ),
    pytest.param(
        replace(f"{CLUSTER}/cluster-settings.yaml", "VOLSYNC_BUCKET: volsync", "VOLSYNC_BUCKET: [volsync"),
        ("yaml-syntax", f"{CLUSTER}/cluster-settings.yaml", 10),
        id="a bracket is not closed",
    ),
    pytest.param(
        replace(f"{CLUSTER}/cluster-settings.yaml", "\ndata:\n", "\ndata:\n  VOLSYNC_BUCKET: other\n"),
        ("yaml-syntax", f"{CLUSTER}/cluster-settings.yaml", 10),
        id="a key is there twice",
    ),
    pytest.param(
        write("deep.yaml", "---\n" + "[" * 20_000 + "]" * 20_000 + "\n"),
        ("yaml-syntax", "deep.yaml", 2),
        id="a file is nested without end",
    ),
    pytest.param(
        lambda root: (root / "kubernetes/picture.yaml").write_bytes(b"\x89PNG\x00\xff"),
        ("file-not-text", "kubernetes/picture.yaml", 0),
        id="a YAML file holds a picture",
    ),
    pytest.param(
        lambda root: (root / "kubernetes/passwd.yaml").symlink_to("../../../../../../etc/passwd"),
        ("file-unreadable", "kubernetes/passwd.yaml", 0),
        id="a link leads out of the tree",
    ),
    pytest.param(
        lambda root: (root / "docs/gone.md").symlink_to("nosuch.md"),
        ("file-unreadable", "docs/gone.md", 0),
        id="a link leads nowhere",
    ),
    pytest.param(
        lambda root: os.mkfifo(root / "docs/pipe.md"),
        ("file-unreadable", "docs/pipe.md", 0),
        id="a file is a pipe that would never end",
    ),
    pytest.param(
        replace(f"{CLUSTER}/cluster-settings.yaml", "\ndata:\n", "\ndata: \n"),
        ("yaml-lint", f"{CLUSTER}/cluster-settings.yaml", 7),
        id="a line ends in a blank",
    ),
    pytest.param(
        write(".github/workflows/ci.yml", "jobs: {}\n"),
        ("yaml-lint", ".github/workflows/ci.yml", 1),
        id="YAML outside of kubernetes does not start with ---",
    ),
    pytest.param(
        replace(f"{CLUSTER}/demo.yaml", "    substitute:\n      APP: demo\n", ""),
        ("variable-unset", f"{CLUSTER}/demo.yaml", 12),
        id="an app is not named",
    ),
    pytest.param(
        replace(
            f"{CLUSTER}/demo.yaml",
            """\
  postBuild:
    substitute:
      APP: demo
    substituteFrom:
      - kind: ConfigMap
        name: cluster-settings
""",
            "",
        ),
        ("variable-unset", f"{CLUSTER}/demo.yaml", 7),
        id="nothing replaces the variables in the names of objects",
    ),
    pytest.param(
        replace(f"{COMPONENT}/externalsecret/externalsecret.yaml", "${VOLSYNC_BUCKET:=volsync}", "${VOLSYNC_BUCKET}"),
        ("variable-without-default", f"{CLUSTER}/demo.yaml", 13),
        id="a template has no default for what only the cluster knows",
    ),
    pytest.param(
        replace(f"{CLUSTER}/demo.yaml", "apps/demo", "apps/dem"),
        ("flux-path", f"{CLUSTER}/demo.yaml", 11),
        id="a Flux Kustomization names a folder that is not there",
    ),
    pytest.param(
        replace(f"{CLUSTER}/volsync.yaml", "external-secrets", "external-secret"),
        ("flux-dependency", f"{CLUSTER}/volsync.yaml", 9),
        id="a Flux Kustomization waits for a name with a typo",
    ),
    pytest.param(
        replace(f"{CLUSTER}/kustomization.yaml", "  - demo.yaml\n", ""),
        ("flux-unreached", f"{CLUSTER}/demo.yaml", 5),
        id="nothing applies a Flux Kustomization",
    ),
    pytest.param(
        write("kubernetes/workloads/apps/demo/forgotten.yaml", manifest("ConfigMap")),
        ("file-unapplied", "kubernetes/workloads/apps/demo/forgotten.yaml", 3),
        id="no kustomization lists a manifest",
    ),
    pytest.param(
        both(
            write("kubernetes/aside/kustomization.yaml", "---\nkind: Kustomization\nresources:\n  - map.yaml\n"),
            write("kubernetes/aside/map.yaml", manifest("ConfigMap")),
        ),
        ("file-unapplied", "kubernetes/aside/kustomization.yaml", 2),
        id="nothing applies a kustomization, which is told and not each of its files",
    ),
    pytest.param(
        replace(f"{CLUSTER}/demo.yaml", "  prune: false\n", f"{PATCH}  prune: false\n"),
        ("flux-build", f"{CLUSTER}/demo.yaml", 5),
        id="a patch of a Flux Kustomization fits nothing",
    ),
    pytest.param(
        both(
            replace(RULE, "      rules:\n", f"      rules:\n{ALERT}"),
            write("tests/alerts/stale.test.yaml", ALERT_TEST),
        ),
        ("alert-rule", RULE, 11),
        id="an alert has no severity",
    ),
    pytest.param(
        replace(RULE, " == 1)", " == 1"),
        ("alert-syntax", RULE, 12),
        id="an expression is not closed",
    ),
    pytest.param(
        replace(RULE, "for: 5m", "for: 5 minutes"),
        ("alert-syntax", RULE, 13),
        id="a duration has no unit that Prometheus knows",
    ),
    pytest.param(
        replace(TEST, "eval_time: 10m", "eval_time: 1m"),
        ("alert-test", TEST, 10),
        id="an alert does not fire when its test says so",
    ),
    pytest.param(
        replace(TEST, "volsync.rules.yaml", "volsnyc.rules.yaml"),
        ("alert-test", TEST, 3),
        id="a test names rules that are not there",
    ),
    pytest.param(
        replace("kubernetes/infrastructure/repositories/helm/piraeus.yaml", "https:", "http:"),
        ("helm-repository", "kubernetes/infrastructure/repositories/helm/piraeus.yaml", 9),
        id="charts come over http",
    ),
    pytest.param(
        write("examples/secret.yaml", manifest("Secret", "stringData:", f"  password: {PASSPHRASE}")),
        ("secret-object", "examples/secret.yaml", 6),
        id="a Secret has a value",
    ),
    pytest.param(
        write("examples/settings.yaml", manifest("ConfigMap", "data:", f"  RESTIC_PASSWORD: {PASSPHRASE}")),
        ("secret-value", "examples/settings.yaml", 7),
        id="a ConfigMap has the value of a credential",
    ),
    pytest.param(
        write("docs/notes.md", f"# Notes\n\nexport AWS_ACCESS_KEY_ID={ACCESS_KEY}\n"),
        ("secret-in-tree", "docs/notes.md", 3),
        id="a document holds an access key",
    ),
    pytest.param(
        write("docs/notes.md", f"id={ACCESS_KEY} # pragma: allowlist secret\n"),
        ("secret-allowed-without-reason", "docs/notes.md", 1),
        id="a comment allows a credential and does not say why",
    ),
    pytest.param(
        remove("docs/architecture.md"),
        ("story-path", "docs/architecture.md", 0),
        id="a document of the story is missing",
    ),
    pytest.param(
        remove(f"{SYSTEM}/volsync/app/helmrelease.yaml"),
        ("kustomize-build", f"{SYSTEM}/volsync/app/kustomization.yaml", 6),
        id="a file is missing that the story and a kustomization name",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), FAULTS)
def test_one_fault_is_one_finding_with_its_file_and_line(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools)

    assert [expected] == places(found)
    with pytest.raises(FindingsFound):
        conclude(found)
    for secret in (ACCESS_KEY, PASSPHRASE):
        assert secret not in report.text(found)


def test_what_is_built_from_something_broken_is_blocked_and_names_the_cause(tree, tools):
    (tree / COMPONENT / "pvc" / "pvc.yaml").unlink()

    found = validate(tree, tools=tools)

    assert [("kustomize-build", f"{COMPONENT}/pvc/kustomization.yaml", 5)] == places(found)
    reasons = {outcome.subject: outcome.reason for outcome in found.outcomes if outcome.status is Status.BLOCKED}
    assert f"{COMPONENT}/pvc does not build" == reasons[COMPONENT]
    assert reasons["cluster-apps-demo"] == "kubernetes/workloads/apps/demo does not build"


def test_the_variable_that_has_no_value_is_named(tree, tools):
    replace(f"{CLUSTER}/demo.yaml", "APP: demo", "APPP: demo")(tree)

    found = validate(tree, tools=tools)

    assert [finding.rule for finding in found.findings] == ["variable-unset"]
    assert found.findings[0].message.startswith("variable APP, used by ")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            write("docs/notes.md", f"id={ACCESS_KEY} # pragma: allowlist secret - a made up one for the tests\n"),
            id="a line that looks like a credential says why it is none",
        ),
        pytest.param(
            write(
                "docs/notes.md",
                f"# pragma: allowlist nextline secret - a made up one for the tests\nid={ACCESS_KEY}\n",
            ),
            id="the line above says it",
        ),
        pytest.param(
            write("examples/secret.yaml", manifest("Secret", "stringData:", "  password: ${PASSWORD}")),
            id="a Secret whose value is put in by the cluster",
        ),
        pytest.param(
            lambda root: (root / "docs/picture.png").write_bytes(b"\x89PNG\x00\xff"),
            id="a picture among the documents",
        ),
        pytest.param(
            lambda root: (root / "docs/link.md").symlink_to("architecture.md"),
            id="a link within the tree",
        ),
        pytest.param(write("empty.yaml", "---\n"), id="a YAML file without a document"),
    ],
)
def test_what_is_no_fault_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_a_component_that_changes_others_is_built_where_it_is_used(tree, tools):
    dependent = f"{COMPONENT}/renamed"
    write(
        f"{dependent}/kustomization.yaml",
        """\
---
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
replacements:
  - source:
      kind: ConfigMap
      name: names
      fieldPath: data.name
    targets:
      - select:
          kind: PersistentVolumeClaim
        fieldPaths:
          - metadata.name
""",
    )(tree)
    alone = validate(tree, tools=tools)
    write(
        "tests/trees/user/kustomization.yaml",
        f"---\nresources:\n  - names.yaml\ncomponents:\n  - ../../../{COMPONENT}/pvc\n  - ../../../{dependent}\n",
    )(tree)
    write("tests/trees/user/names.yaml", manifest("ConfigMap", "data:", "  name: other").replace("demo", "names"))(tree)

    used = validate(tree, tools=tools)

    conclude(alone)
    assert [each.reason for each in alone.outcomes if each.subject == dependent] == ["a component that nothing uses"]
    conclude(used)
    assert [each.reason for each in used.outcomes if each.subject == dependent] == ["as part of tests/trees/user"]


def test_two_prometheus_rules_of_one_name_are_one_finding(tree, tools):
    copy = f"{SYSTEM}/volsync/app/prometheusrule-copy.yaml"
    (tree / copy).write_text((tree / RULE).read_text(encoding="utf-8"), encoding="utf-8")
    replace(f"{SYSTEM}/volsync/app/kustomization.yaml", "resources:\n", "resources:\n  - prometheusrule-copy.yaml\n")(
        tree
    )

    found = validate(tree, tools=tools)

    # kustomize refuses an object that is there twice, and says so of the kustomization
    assert [each for each in places(found) if each[0] != "kustomize-build"] == [("alert-rule", RULE, 5)]


def test_a_broken_rule_blocks_its_tests_and_a_failing_test_leaves_the_others_alone(tree, tools):
    other = "tests/alerts/other.test.yaml"
    (tree / other).write_text((tree / TEST).read_text(encoding="utf-8"), encoding="utf-8")
    replace(TEST, "eval_time: 10m", "eval_time: 1m")(tree)
    failing = validate(tree, tools=tools)
    replace(RULE, " == 1)", " == 1")(tree)
    broken = validate(tree, tools=tools)

    assert places(failing) == [("alert-test", TEST, 10)]
    assert other in {each.subject for each in failing.outcomes if each.status is Status.PASSED}
    assert places(broken) == [("alert-syntax", RULE, 12)]
    assert {("promtool test rules", TEST), ("promtool test rules", other)} <= blocked(broken)


def without(tools, name):
    missing = ToolMissing(name, "cannot be had", f"install {name}")
    return Tools(
        found={key: tool for key, tool in tools.found.items() if key != name},
        missing={**tools.missing, name: missing},
    )


@pytest.mark.parametrize(
    ("name", "check"),
    [("kustomize", "kustomize build"), ("promtool", "promtool"), ("git", "read"), ("gitleaks", "secrets")],
)
def test_a_tool_that_is_missing_is_told_and_is_no_pass(tree, tools, name, check):
    found = validate(tree, tools=without(tools, name))

    assert found.findings == ()
    assert check in {checked for checked, _ in blocked(found)}
    with pytest.raises(CouldNotRun, match=f"install {name}"):
        conclude(found)


def test_findings_win_over_what_could_not_run_and_both_are_told(tree, tools):
    (tree / "docs/architecture.md").unlink()

    found = validate(tree, tools=without(tools, "promtool"))

    assert places(found) == [("story-path", "docs/architecture.md", 0)]
    assert ("promtool", "the tree") in blocked(found)
    with pytest.raises(FindingsFound):
        conclude(found)


@pytest.mark.parametrize(
    ("edit", "subject"),
    [
        pytest.param(remove(".yamllint.yaml"), ("yamllint", "the tree"), id="there are no rules for yamllint"),
        pytest.param(write(".yamllint.yaml", "---\nrules: 5\n"), ("yamllint", "the tree"), id="its rules are none"),
        pytest.param(
            remove(f"{CLUSTER}/kustomization.yaml"), ("flux build", CLUSTER), id="there is nothing to start from"
        ),
        pytest.param(
            write(f"{CLUSTER}/kustomization.yaml", "---\nresources:\n  - cluster-settings.yaml\n"),
            ("flux build", CLUSTER),
            id="the entry point applies nothing",
        ),
    ],
)
def test_a_check_that_has_nothing_to_go_by_is_no_pass(tree, tools, edit, subject):
    edit(tree)

    found = validate(tree, tools=tools)

    assert subject in blocked(found)
    assert found.findings == ()
    with pytest.raises(CouldNotRun):
        conclude(found)


def test_an_empty_folder_is_no_pass(tmp_path, tools):
    found = validate(tmp_path, tools=tools)

    assert found.count(Status.PASSED) == 0
    with pytest.raises(FindingsFound):
        conclude(found)


def test_a_tree_without_kubernetes_is_one_finding(tree, tools):
    shutil.rmtree(tree / "kubernetes")

    found = validate(tree, tools=tools)

    assert places(found) == [("story-path", "kubernetes", 0)]


def test_what_git_ignores_is_not_checked_and_what_it_would_add_is(tree, tools):
    subprocess.run(["git", "init", "-q", tree], check=True)
    (tree / ".gitignore").write_text("ignored.md\n", encoding="utf-8")
    for name in ("ignored.md", "added.md"):
        (tree / "docs" / name).write_text(f"id={ACCESS_KEY}\n", encoding="utf-8")

    found = validate(tree, tools=tools)

    assert places(found) == [("secret-in-tree", "docs/added.md", 1)]


def test_a_repository_that_git_cannot_read_is_no_pass(tree, tools):
    (tree / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")

    with pytest.raises(CouldNotRun):
        conclude(validate(tree, tools=tools))


def test_the_same_secret_is_told_on_each_line_that_has_it(tree, tools):
    allowed = f"id={ACCESS_KEY} # pragma: allowlist secret - a made up one for the tests\n"
    (tree / "docs/notes.md").write_text(f"{allowed}id={ACCESS_KEY}\n", encoding="utf-8")

    found = validate(tree, tools=tools)

    assert places(found) == [("secret-in-tree", "docs/notes.md", 2)]


def test_the_same_tree_gives_the_same_report_and_stays_as_it_was(tree, tools):
    replace(f"{CLUSTER}/demo.yaml", "APP: demo", "APPP: demo")(tree)
    (tree / "docs/architecture.md").unlink()
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}

    first, second = (report.text(validate(tree, tools=tools)) for _ in range(2))

    assert first == second
    assert before == {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_the_task_prints_the_report_and_ends_with_what_it_came_to(tree, capsys):
    run(tree)
    (tree / "docs/architecture.md").unlink()
    with pytest.raises(FindingsFound):
        run(tree)

    clean, _, rest = capsys.readouterr().out.partition("; 0 findings\n")
    assert "FAILED" not in clean
    assert "docs/architecture.md: warning: is missing, and AC8 asks for it" in rest
