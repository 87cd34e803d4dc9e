"""What the tasks show of a tree: what the cluster would receive."""

import shutil
from pathlib import Path

import pytest
import yaml

from scripts.errors import RenderError, SettingsError
from scripts.render import render
from scripts.review import show_manifests

MINIMAL = Path(__file__).parent.parent / "trees" / "valid" / "minimal"
CLUSTER = "kubernetes/clusters/apps"
DEMO = "kubernetes/workloads/apps/demo"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    return root


def shown(capsys, **flags):
    show_manifests(**flags)
    return capsys.readouterr().out


def test_every_object_is_shown_as_it_would_be_applied(tree, capsys):
    documents = list(yaml.safe_load_all(shown(capsys, root=str(tree))))

    def by_name(each):
        return each["kind"], each["metadata"]["name"]

    assert sorted(documents, key=by_name) == sorted((each.document for each in render(tree).resources), key=by_name)
    assert any(each["metadata"]["name"] == "demo-data" for each in documents)


def test_the_objects_of_one_kustomization_are_those_that_it_applies(tree, capsys):
    text = shown(capsys, root=str(tree), name="cluster-apps-demo")

    assert {line for line in text.splitlines() if line.startswith("#")} == {"# applied by cluster-apps-demo"}
    assert len(list(yaml.safe_load_all(text))) == sum(
        each.kustomization == "cluster-apps-demo" for each in render(tree).resources
    )


def test_the_objects_of_the_entry_point_come_first(tree, capsys):
    (first, *_) = [line for line in shown(capsys, root=str(tree)).splitlines() if line.startswith("#")]

    assert first == f"# applied by {CLUSTER}"
    assert shown(capsys, root=str(tree), name=CLUSTER).startswith(f"---\n{first}\n")


def test_the_order_does_not_depend_on_that_of_the_files(tree, capsys):
    before = shown(capsys, root=str(tree))
    file = tree / CLUSTER / "kustomization.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert len(document["resources"]) > 2
    document["resources"].reverse()
    file.write_text(yaml.safe_dump(document), encoding="utf-8")

    assert shown(capsys, root=str(tree)) == before


def test_a_name_that_there_is_not_is_answered_with_those_that_there_are(tree):
    with pytest.raises(SettingsError, match=r"--name demo: is no Flux Kustomization .* cluster-apps-demo"):
        show_manifests(root=str(tree), name="demo")


def test_the_values_of_a_secret_are_not_shown(tree, capsys):
    (tree / DEMO / "secret.yaml").write_text(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {held: value-to-hide}, data: {other: dG8gaGlkZQ==}}\n",
        encoding="utf-8",
    )
    file = tree / DEMO / "kustomization.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}resources:\n  - secret.yaml\n", encoding="utf-8")

    text = shown(capsys, root=str(tree))

    assert "held: '**redacted**'" in text
    assert "value-to-hide" not in text
    assert "dG8gaGlkZQ==" not in text


def test_a_tree_that_does_not_render_prints_nothing(tree, capsys):
    (tree / DEMO / "kustomization.yaml").write_text("resources: [nosuch.yaml]\n", encoding="utf-8")

    with pytest.raises(RenderError):
        show_manifests(root=str(tree))

    assert capsys.readouterr().out == ""
