"""The trees that the bench measures are trees that pass, or it would measure something else."""

import json

import jsonschema_rs

from scripts.bench import kubeconform, trees
from scripts.model import Status
from scripts.render import render
from scripts.validate import conclude, validate


def test_a_tree_of_the_bench_is_clean_and_each_of_its_apps_is_checked(tmp_path, tools):
    trees.write(tmp_path, 3)

    found = validate(tmp_path, tools=tools)

    conclude(found)
    passed = {each.subject for each in found.outcomes if each.check == "flux build" and each.status is Status.PASSED}
    assert {f"cluster-apps-app-000{number}" for number in range(3)} <= passed


def test_a_change_of_an_app_changes_what_the_cluster_would_receive(tmp_path):
    trees.write(tmp_path, 1)
    before = render(tmp_path).resources
    trees.change(tmp_path, "app-0000", size_gib=2)

    (changed,) = (new for old, new in zip(before, render(tmp_path).resources, strict=True) if new != old)

    assert (changed.id.name, changed.document["spec"]["resources"]["requests"]) == (
        "app-0000-cache",
        {"storage": "2Gi"},
    )


def test_kubeconform_finds_a_schema_for_each_kind_of_a_tree_of_the_bench(tmp_path):
    trees.write(tmp_path / "tree", 1)

    kubeconform.write_schemas(tmp_path / "tree", tmp_path / "schemas")

    path = tmp_path / "schemas" / "v1" / "namespace_v1.json"
    schema = jsonschema_rs.validator_for(json.loads(path.read_text()), base_uri=path.as_uri())
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app"}}
    assert schema.is_valid(namespace)
    assert not schema.is_valid({**namespace, "metadata": {"name": 1}})
    assert (tmp_path / "schemas" / "kustomize.toolkit.fluxcd.io" / "kustomization_v1.json").is_file()
