"""Rendering a tree with the real kustomize, the way Flux would."""

import textwrap
from pathlib import Path

import pytest

from scripts.errors import RenderError
from scripts.render import Builder, build, render
from scripts.render.overlay import Overlay
from scripts.source import read
from scripts.store import NOTHING_KEPT, Store
from scripts.toolchain import Tool

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
GENERATOR = "configMapGenerator: [{name: levels, files: [levels.yaml]}]\n"
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


def test_an_optional_config_map_counts_also_where_what_makes_it_is_applied_later(tree, tmp_path):
    """flate takes whatever is there at that moment; a cluster comes to this in the end."""
    tree("kubernetes/clusters/apps/kustomization.yaml", "resources: [cluster-settings.yaml, wiki.yaml, zz-late.yaml]\n")
    tree(
        "kubernetes/clusters/apps/wiki.yaml",
        APP_KUSTOMIZATION.replace("name: cluster-settings}", "name: late, optional: true}"),
    )
    tree(
        "kubernetes/clusters/apps/zz-late.yaml",
        """
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: zz-late, namespace: flux-system}
        spec:
          path: ./kubernetes/late
          postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
        """,
    )
    tree("kubernetes/late/kustomization.yaml", "resources: [map.yaml]\n")
    tree(
        "kubernetes/late/map.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: flux-system}, data: {BUCKET: 'l-${BUCKET}'}}\n",
    )

    assert claim(render(tmp_path)).document["spec"]["volumeName"] == "l-volsync-5"


def test_an_optional_config_map_that_nothing_makes_is_done_without(tree, tmp_path):
    tree(
        "kubernetes/clusters/apps/wiki.yaml",
        APP_KUSTOMIZATION.replace("name: cluster-settings}", "name: absent, optional: true}"),
    )

    assert claim(render(tmp_path)).document["spec"]["volumeName"] == "other-5"


@pytest.fixture
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store") / "results.sqlite3")


def test_an_earlier_build_is_not_used_once_a_source_ignore_leaves_out_a_file_of_it(tree, tmp_path, store):
    render(tmp_path, store=store)
    store.keep()
    tree(".sourceignore", "/kubernetes/apps/wiki/claim.yaml\n")

    with pytest.raises(RenderError, match=r"claim\.yaml is left out of what Flux fetches"):
        render(tmp_path, store=store)


def test_an_earlier_build_is_not_used_once_the_base_of_a_file_named_kustomization_changed(tree, tmp_path, store):
    (tmp_path / "kubernetes/apps/wiki/kustomization.yaml").unlink()
    tree("kubernetes/apps/wiki/Kustomization", "resources: [../base]\n")
    tree("kubernetes/apps/base/Kustomization", "resources: [claim.yaml]\n")
    tree("kubernetes/apps/base/claim.yaml", CLAIM)
    render(tmp_path, store=store)
    store.keep()
    tree("kubernetes/apps/base/claim.yaml", CLAIM.replace("${APP}-data", "${APP}-moved"))

    assert claim(render(tmp_path, store=store)).id.name == "wiki-moved"


def test_an_overlay_keeps_texts_that_look_like_numbers(tree, tmp_path):
    """An image whose tag is the start of a commit: 12e5 is a number to Kubernetes, and a text to PyYAML."""
    tree(
        "kubernetes/apps/wiki/kustomization.yaml",
        "resources: [claim.yaml, pod.yaml]\nimages: [{name: app, newTag: '12e5'}]\nnamePrefix: 'y'\n",
    )
    tree(
        "kubernetes/apps/wiki/pod.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: pod}, spec: {containers: [{name: a, image: app}]}}\n",
    )
    tree(
        "kubernetes/clusters/apps/wiki.yaml",
        APP_KUSTOMIZATION.replace("  postBuild:", '  nameSuffix: "1e3"\n  postBuild:'),
    )

    (pod,) = (each for each in render(tmp_path).resources if each.id.kind == "Pod")

    assert (pod.id.name, pod.document["spec"]["containers"][0]["image"]) == ("ypod1e3", "app:12e5")


@pytest.mark.parametrize(
    ("key", "refused"),
    [
        pytest.param("1", True, id="a number"),
        pytest.param("true", True, id="a truth value"),
        pytest.param('"1"', False, id="a text that looks like a number"),
        pytest.param("one", False, id="a word"),
    ],
)
def test_a_key_that_is_no_text_is_refused_also_where_kustomize_writes_it_down(tmp_path, key, refused):
    """As one does that is built with Go 1.27: it makes a text of it."""
    program = tmp_path / "kustomize"
    program.write_text("#!/bin/sh\necho 'kind: Odd'\n")
    program.chmod(0o755)
    (tmp_path / "tree" / "odd").mkdir(parents=True)
    (tmp_path / "tree" / "odd" / "kustomization.yaml").write_text("resources: [odd.yaml]\n")
    (tmp_path / "tree" / "odd" / "odd.yaml").write_text(f"kind: Odd\nspec:\n- {key}: one\n  text: |\n    2: two\n")
    builder = Builder(
        read(tmp_path / "tree", git=None),
        Tool(name="kustomize", path=program, version="5.8.1", origin="PATH"),
        NOTHING_KEPT,
    )

    (built,) = builder.build([Overlay(folder="odd")])

    assert built.error == (f"odd/odd.yaml: unsupported type: the key {key.capitalize()} is no text" if refused else "")


def test_a_file_that_a_config_map_is_made_of_may_have_any_keys(tree, tmp_path):
    tree("kubernetes/apps/wiki/kustomization.yaml", GENERATOR)
    tree("kubernetes/apps/wiki/levels.yaml", "1: one\ntrue: yes\n")

    made = build(tmp_path, Path("kubernetes/apps/wiki"))

    assert [each["data"] for each in made] == [{"levels.yaml": "1: one\ntrue: yes\n"}]
