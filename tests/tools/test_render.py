"""Rendering a tree with the real kustomize, the way Flux would."""

import textwrap

import pytest

from scripts.errors import RenderError
from scripts.render import render

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {BUCKET: volsync, APP: from-settings}
"""
APP_KUSTOMIZATION = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: wiki, namespace: flux-system}
spec:
  path: ./kubernetes/apps/wiki
  dependsOn: [{name: storage}]
  postBuild:
    substitute: {APP: wiki}
    substituteFrom: [{kind: ConfigMap, name: cluster-settings}]
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "${APP}-data", namespace: "${APP}"}
spec: {volumeName: "${BUCKET:=other}-${SIZE:=5}", limit: "${SIZE:=5}"}
"""


@pytest.fixture
def tree(tmp_path):
    def write(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    write("kubernetes/clusters/apps/kustomization.yaml", "resources: [cluster-settings.yaml, wiki.yaml]\n")
    write("kubernetes/clusters/apps/cluster-settings.yaml", SETTINGS)
    write("kubernetes/clusters/apps/wiki.yaml", APP_KUSTOMIZATION)
    write("kubernetes/apps/wiki/kustomization.yaml", "resources: [claim.yaml]\n")
    write("kubernetes/apps/wiki/claim.yaml", CLAIM)
    return write


def claim(rendering):
    return next(each for each in rendering.resources if each.id.kind == "PersistentVolumeClaim")


@pytest.mark.usefixtures("tree")
def test_a_kustomization_is_followed_built_and_substituted(tmp_path):
    rendering = render(tmp_path)

    assert [(each.name, str(each.path), each.depends_on) for each in rendering.kustomizations] == [
        ("wiki", "kubernetes/apps/wiki", ("storage",))
    ]
    assert str(claim(rendering).id) == "PersistentVolumeClaim wiki/wiki-data"
    assert claim(rendering).kustomization == "wiki"


@pytest.mark.usefixtures("tree")
def test_the_inline_value_wins_and_a_number_is_a_number_as_in_flux(tmp_path):
    found = claim(render(tmp_path)).document

    assert found["spec"] == {"volumeName": "volsync-5", "limit": 5}


@pytest.mark.usefixtures("tree")
def test_a_setting_can_be_replaced_for_a_run(tmp_path):
    assert claim(render(tmp_path, settings={"BUCKET": "mine"})).document["spec"]["volumeName"] == "mine-5"


@pytest.mark.usefixtures("tree")
def test_a_setting_that_no_config_map_holds_is_refused(tmp_path):
    with pytest.raises(RenderError, match="no ConfigMap holds TYPO"):
        render(tmp_path, settings={"TYPO": "x"})


def test_a_kustomization_that_another_one_applies_is_followed_too(tree, tmp_path):
    tree("kubernetes/apps/wiki/kustomization.yaml", "resources: [claim.yaml, inner.yaml]\n")
    tree("kubernetes/apps/inner/kustomization.yaml", "resources: [map.yaml]\n")
    tree(
        "kubernetes/apps/inner/map.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: deep}, data: {a: '${APP}'}}\n",
    )
    tree(
        "kubernetes/apps/wiki/inner.yaml",
        """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: inner, namespace: flux-system}
        spec: {path: ./kubernetes/apps/inner}
        """,
    )

    rendering = render(tmp_path)

    assert [each.name for each in rendering.kustomizations] == ["inner", "wiki"]
    # without postBuild nothing is substituted
    assert [each.document["data"] for each in rendering.resources if each.id.name == "deep"] == [{"a": "${APP}"}]


def test_an_object_can_switch_substitution_off(tree, tmp_path):
    tree(
        "kubernetes/apps/wiki/claim.yaml",
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: script, annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}
        data: {run.sh: "echo ${HOME}"}
        """,
    )

    assert [each.document["data"] for each in render(tmp_path).resources if each.id.name == "script"] == [
        {"run.sh": "echo ${HOME}"}
    ]


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        pytest.param(
            "kubernetes/apps/wiki/claim.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: '${UNSET}'}}\n",
            "wiki: ConfigMap a: variable UNSET has no value and no default",
            id="a variable without a value is named with its object",
        ),
        pytest.param(
            "kubernetes/clusters/apps/wiki.yaml",
            APP_KUSTOMIZATION.replace("apps/wiki\n", "apps/moved\n"),
            "kubernetes/apps/moved: there is no such folder",
            id="a path that is not there",
        ),
        pytest.param(
            "kubernetes/clusters/apps/wiki.yaml",
            APP_KUSTOMIZATION.replace("name: cluster-settings", "name: typo"),
            "ConfigMap typo, which the tree does not hold",
            id="a ConfigMap that is not there",
        ),
        pytest.param(
            "kubernetes/apps/wiki/kustomization.yaml",
            "resources: [typo.yaml]\n",
            r"typo\.yaml",
            id="a file that is not there",
        ),
        pytest.param(
            "kubernetes/apps/wiki/claim.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: '${APP:=[}'}}\n".replace("APP", "NONE"),
            "is no YAML any more",
            id="a default that breaks the YAML",
        ),
    ],
)
def test_what_flux_would_refuse_is_refused(tree, tmp_path, path, text, words):
    tree(path, text)

    with pytest.raises(RenderError, match=words):
        render(tmp_path)


def test_a_message_names_no_path_of_the_machine(tree, tmp_path):
    tree("kubernetes/apps/wiki/kustomization.yaml", "resources: [typo.yaml]\n")

    with pytest.raises(RenderError) as caught:
        render(tmp_path)

    assert str(tmp_path) not in str(caught.value)
