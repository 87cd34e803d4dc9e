from pathlib import Path

import pytest

from scripts.checks import flux, variables
from scripts.document import load
from scripts.render import SUBSTITUTION_SWITCH, Rendering, apply, flux_kustomization, is_flux_kustomization
from scripts.render.rendering import resource
from scripts.render.variables import variables as gather

API = "kustomize.toolkit.fluxcd.io/v1"


def document(name, **spec):
    return {"apiVersion": API, "kind": "Kustomization", "metadata": {"name": name, "namespace": "flux"}, "spec": spec}


def kustomization(name="app", **spec):
    return flux_kustomization(document(name, **spec))


def check(kustomization, texts, config_maps, place):
    """What the check of variables says of objects that a Flux Kustomization applies."""
    values = gather(kustomization, config_maps, frozenset())
    found = apply.apply(kustomization, texts, values)
    identity = kustomization.identity
    rendering = Rendering(
        kustomizations=(kustomization,),
        resources=(),
        unset={identity: found.unset},
        offline_unset={identity: found.offline_unset},
        literal=frozenset({identity} if found.is_literal else ()),
    )
    resources = tuple(resource(each, kustomization.name) for each in found.documents)
    return variables.check(kustomization, rendering, resources, place)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"apiVersion": API, "kind": "Kustomization"}, id="no metadata and no spec"),
        pytest.param({"apiVersion": API, "kind": "Kustomization", "spec": "x", "metadata": []}, id="other shapes"),
        pytest.param(document("a", path=["x"], dependsOn="b"), id="fields of other shapes"),
        pytest.param(document("a", dependsOn=["b", 5]), id="items of other shapes"),
    ],
)
def test_a_flux_kustomization_of_another_shape_is_met_all_the_same(value):
    found = flux_kustomization(value)

    assert [each.rule for each in flux.check_path(found, (), None)] == ["flux-path"]


def test_a_kustomization_of_kustomize_is_no_flux_kustomization():
    value = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}

    assert not is_flux_kustomization(value)


def test_a_path_is_compared_as_a_folder():
    assert kustomization(path="./kubernetes/apps/").path == Path("kubernetes/apps")


def test_what_it_waits_for_is_looked_for_in_its_own_namespace():
    waiting = kustomization(dependsOn=[{"name": "here"}, {"name": "external"}, {"name": "elsewhere"}])
    known = {"flux/here", "flux/external", "other/elsewhere"}

    (finding,) = flux.check_dependencies(waiting, known, None)

    assert "waits for elsewhere" in finding.message


OBJECT = "kind: PersistentVolumeClaim\nmetadata:\n  name: ${APP}-data\nspec:\n  size: ${SIZE:=1Gi}\n  class: ${CLASS}\n"
SETTINGS = {("flux", "settings"): {"CLASS": "block"}}
FROM_SETTINGS = [{"kind": "ConfigMap", "name": "settings"}]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"postBuild": {"substitute": {"APP": "a", "CLASS": "block"}}},
            [],
            id="every variable has a value of its own",
        ),
        pytest.param(
            {"postBuild": {"substitute": {"APP": "a"}, "substituteFrom": FROM_SETTINGS}},
            [("variable-without-default", "CLASS")],
            id="one has its value from a ConfigMap alone",
        ),
        pytest.param(
            {"postBuild": {"substituteFrom": FROM_SETTINGS}},
            [("variable-unset", "APP"), ("variable-without-default", "CLASS")],
            id="one has no value at all",
        ),
        pytest.param(
            {"postBuild": {"substitute": {"OTHER": "a"}}},
            [("variable-unset", "APP"), ("variable-unset", "CLASS")],
            id="two have none",
        ),
        pytest.param({}, [("variable-unset", "APP")], id="nothing is replaced, and a name keeps its variable"),
        pytest.param(
            {"postBuild": {"substitute": ["APP"], "substituteFrom": "x"}},
            [("variable-unset", "APP")],
            id="values of another shape, so that nothing is replaced",
        ),
    ],
)
def test_each_variable_that_comes_to_nothing_is_one_finding_that_names_it(spec, expected):
    found = check(kustomization(**spec), (OBJECT, OBJECT.replace("-data", "-more")), SETTINGS, None)

    assert [(each.rule, each.message.split(",")[0].removeprefix("variable ")) for each in found] == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("metadata:\n  name: $${APP}\n", id="an expression that is meant literally"),
        pytest.param(
            f"metadata:\n  annotations:\n    {SUBSTITUTION_SWITCH}: disabled\ndata:\n  a: ${{APP}}\n",
            id="an object in which nothing is replaced",
        ),
        pytest.param("metadata: x\ndata: 5\n", id="an object of another shape"),
    ],
)
def test_what_flux_leaves_alone_is_no_finding(text):
    spec = {"postBuild": {"substitute": {"OTHER": "a"}}}

    assert check(kustomization(**spec), (text,), {}, None) == ()


def test_a_finding_stands_where_the_flux_kustomization_is_written_down():
    text = f"---\napiVersion: {API}\nkind: Kustomization\nmetadata:\n  name: app\nspec:\n  postBuild:\n    substitute: {{}}\n"
    place = flux.declarations(load("ks.yaml", text).documents)["app"]

    (finding,) = check(kustomization(postBuild={"substitute": {"B": "b"}}), ("metadata:\n  name: ${APP}\n",), {}, place)

    assert (finding.file, finding.line) == ("ks.yaml", 8)
