import os
import shutil
import subprocess

import pytest

from scripts import report
from scripts.errors import CouldNotRun, FindingsFound, ToolMissing
from scripts.model import Status
from scripts.validate import conclude, run, validate
from scripts.validate.tools import Tools
from tests.tools.trees import CLUSTER, COMPONENT, SYSTEM, places, remove, replace, write

RULE = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
TEST = "tests/alerts/volsync.test.yaml"

# put together here, so that this file holds no line that looks like a credential
ACCESS_KEY = "AKIA" + "Q7ZP2M4XW8RT5VBN"  # pragma: allowlist secret - made up for the tests


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
        "tree file",
    } == {each.check for each in found.outcomes}


def test_a_pipe_that_would_never_end_is_not_read(tree, tools):
    os.mkfifo(tree / "docs/pipe.md")

    assert places(validate(tree, tools=tools)) == [("file-unreadable", "docs/pipe.md", 0)]


def test_what_is_built_from_something_broken_is_blocked_and_names_the_cause(tree, tools):
    (tree / COMPONENT / "pvc" / "pvc.yaml").unlink()

    found = validate(tree, tools=tools)

    assert [("kustomize-build", f"{COMPONENT}/pvc/kustomization.yaml", 5)] == places(found)
    reasons = {outcome.subject: outcome.reason for outcome in found.outcomes if outcome.status is Status.BLOCKED}
    assert f"{COMPONENT}/pvc does not build" == reasons[COMPONENT]
    assert reasons["cluster-apps-demo"] == "kubernetes/workloads/apps/demo does not build"


def test_a_tree_with_another_entry_point_and_source_is_checked_as_this_one(tree, tools):
    (tree / CLUSTER).rename(tree / "kubernetes/clusters/home")
    files = [file for file in (tree / "kubernetes").rglob("*.yaml") if "GitRepository" in file.read_text("utf-8")]
    for file in files:
        file.write_text(
            file.read_text("utf-8").replace("name: flux-system\n  timeout", "name: home\n  timeout"), "utf-8"
        )
    tree_file = tree / "kubernetes/tree.yaml"
    text = tree_file.read_text("utf-8").replace("flux-system/flux-system", "flux-system/home")
    tree_file.write_text(
        f"{text}entryPoint: kubernetes/clusters/home\nsource:\n  kind: GitRepository\n  name: home\n", "utf-8"
    )

    built = {
        outcome.subject: outcome.status
        for outcome in validate(tree, tools=tools).outcomes
        if outcome.check == "flux build"
    }

    assert built["cluster-apps-demo"] is Status.PASSED


def test_what_kustomize_warns_of_is_not_taken_for_what_it_refuses(tree, tools):
    file = f"{COMPONENT}/pvc/kustomization.yaml"
    write(
        file,
        "---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources:\n  - pvc.yaml\ncommonLabels: {a: b}\n",
    )(tree)

    assert ("kustomize-build", file, 2) in places(validate(tree, tools=tools))


def test_the_variable_that_has_no_value_is_named(tree, tools):
    replace(f"{CLUSTER}/demo.yaml", "APP: demo", "APPP: demo")(tree)

    found = validate(tree, tools=tools)

    assert [finding.rule for finding in found.findings] == ["variable-unset"]
    assert found.findings[0].message.startswith("variable APP, used by ")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            write(
                "docs/notes.md",
                f"# pragma: allowlist nextline secret - a made up one for the tests\nid={ACCESS_KEY}\n",
            ),
            id="the line above says it",
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

    # what it would change of the app's own objects is told, and no fault of the build
    assert {each.rule for each in (*alone.findings, *used.findings)} == {"component-parameter"}
    assert [each.reason for each in alone.outcomes if each.subject == dependent] == ["a component that nothing uses"]
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
