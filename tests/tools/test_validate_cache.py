"""What a run takes from an earlier one: the same report, and never one of another tree, tool or rule."""

from dataclasses import replace as changed

import pytest

from scripts import store as stores
from scripts.errors import ToolMissing
from scripts.model import Status
from scripts.render import render
from scripts.store import NOTHING_KEPT, Store
from scripts.toolchain import Tool
from scripts.validate import pipeline, validate
from scripts.validate.tools import Tools
from tests.tools.trees import CLUSTER, COMPONENT, DEMO, SYSTEM, places, replace, write

FROM_BEFORE = "Nothing that the checks depend on has changed since an earlier run: this is what that run found."


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.sqlite3"


def checked(tree, tools, file):
    return validate(tree, tools=tools, is_repository=False, store=Store(file))


def essence(report):
    """A report without times, and without the note that it is from before."""
    outcomes = tuple(changed(each, duration_s=0.0) for each in report.outcomes)
    return changed(report, outcomes=outcomes, notes=tuple(each for each in report.notes if each != FROM_BEFORE))


def test_a_second_run_says_the_same_and_that_it_is_from_before(tree, tools, file):
    first, second = checked(tree, tools, file), checked(tree, tools, file)

    assert FROM_BEFORE not in first.notes
    assert FROM_BEFORE in second.notes
    assert essence(first) == essence(second)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            replace(DEMO, "- namespace.yaml", "- nosuch.yaml"), ("kustomize-build", DEMO, 8), id="a kustomization"
        ),
        pytest.param(
            replace(
                f"{COMPONENT}/replicationsource/replicationsource.yaml", "copyMethod: Snapshot", "copyMethod: Copy"
            ),
            ("volsync-copy-method", f"{COMPONENT}/replicationsource/replicationsource.yaml", 10),
            id="a component",
        ),
        pytest.param(
            replace(f"{CLUSTER}/cluster-settings.yaml", "VOLSYNC_ENDPOINT: http://", "VOLSYNC_ENDPOINT: https://"),
            None,
            id="a setting",
        ),
        pytest.param(
            replace(f"{CLUSTER}/demo.yaml", "      APP: demo\n", "      NOTHING: demo\n"),
            ("variable-unset", f"{CLUSTER}/demo.yaml", 13),
            id="a value of a variable",
        ),
        pytest.param(
            replace("kubernetes/tree.yaml", "flux-system/flux-system", "flux-system/typo"),
            None,
            id="what others make",
        ),
        pytest.param(
            replace(f"{SYSTEM}/volsync/app/prometheusrule.yaml", "severity: ", "weight: "), None, id="an alert rule"
        ),
        pytest.param(
            replace("tests/alerts/volsync.test.yaml", "severity: critical", "severity: high"),
            None,
            id="a test of an alert",
        ),
        pytest.param(
            replace(".yamllint.yaml", "line-length: disable", "line-length: {max: 30}"),
            None,
            id="the rules of the lint",
        ),
        pytest.param(
            write("kubernetes/more.yaml", "a: 1\n"), ("yaml-lint", "kubernetes/more.yaml", 1), id="one more file"
        ),
        pytest.param(write("docs/architecture.md", "other\n"), (), id="a file that no rule reads"),
    ],
)
def test_a_change_of_any_kind_gives_what_a_run_without_memory_gives(tree, tools, file, edit, expected):
    checked(tree, tools, file)
    edit(tree)

    found = checked(tree, tools, file)

    assert FROM_BEFORE not in found.notes
    assert essence(found) == essence(validate(tree, tools=tools, is_repository=False))
    if expected is None:
        assert found.findings
    elif expected == ():
        assert found.findings == ()
    else:
        assert expected in places(found)


def test_a_change_taken_back_gives_the_first_report_again(tree, tools, file):
    first = checked(tree, tools, file)
    text = (tree / DEMO).read_text(encoding="utf-8")
    replace(DEMO, "- namespace.yaml", "- nosuch.yaml")(tree)
    assert checked(tree, tools, file).findings
    (tree / DEMO).write_text(text, encoding="utf-8")

    assert essence(checked(tree, tools, file)) == essence(first)


@pytest.mark.parametrize("name", ["kustomize", "promtool"])
def test_another_program_is_asked_anew(tree, tools, tmp_path, file, name):
    checked(tree, tools, file)
    program = tmp_path / name
    program.write_text("#!/bin/sh\necho refused >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    other = Tools(found={**tools.found, name: Tool(name=name, path=program, version="9", origin="PATH")}, missing={})

    assert any("refused" in each.message for each in checked(tree, other, file).findings)


def test_another_rule_works_everything_out_anew(tree, tools, file, monkeypatch):
    checked(tree, tools, file)
    monkeypatch.setattr(stores, "code_digest", lambda _: b"another")

    assert FROM_BEFORE not in checked(tree, tools, file).notes


def test_a_file_that_is_written_while_it_is_checked_is_not_remembered(tree, tools, file, monkeypatch):
    checks = pipeline._checked

    def meanwhile(*arguments):
        found = checks(*arguments)
        replace(DEMO, "- namespace.yaml", "- nosuch.yaml")(tree)
        return found

    monkeypatch.setattr(pipeline, "_checked", meanwhile)
    checked(tree, tools, file)
    monkeypatch.undo()

    assert not file.exists()
    assert ("kustomize-build", DEMO, 8) in places(checked(tree, tools, file))


def test_a_result_that_could_not_be_had_is_not_remembered(tree, tools, file):
    without = Tools(
        found={name: each for name, each in tools.found.items() if name != "promtool"},
        missing={"promtool": ToolMissing("promtool", "is missing", "install it")},
    )
    assert any(each.status is Status.BLOCKED for each in checked(tree, without, file).outcomes)

    found = checked(tree, tools, file)

    assert FROM_BEFORE not in found.notes
    assert found.count(Status.BLOCKED) == 0


def test_what_is_rendered_from_memory_is_what_is_rendered_anew(tree, file):
    first = render(tree, store=Store(file))
    kept = Store(file)
    render(tree, store=kept)
    kept.keep()

    second = render(tree, store=Store(file))

    assert second.resources == first.resources == render(tree, store=NOTHING_KEPT).resources
    assert file.stat().st_size > 0
