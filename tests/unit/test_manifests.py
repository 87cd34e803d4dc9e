"""Rendered objects as YAML."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.model import Resource, ResourceId
from scripts.review import manifests

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


def resource(document, name="a", kustomization="k"):
    identity = ResourceId(api_version="v1", kind="ConfigMap", namespace="n", name=name)
    return Resource(id=identity, document=document, kustomization=kustomization)


@given(st.dictionaries(st.text("abc", min_size=1), values, max_size=4))
def test_what_is_written_is_read_back(document):
    assert yaml.safe_load(manifests.text((resource(document),), entry_point="clusters/apps")) == document


def test_a_text_of_several_lines_reads_as_one_and_nothing_is_an_alias():
    shared = {"b": "1"}

    text = manifests.text(
        (resource({"kind": "ConfigMap", "x": shared, "y": shared, "script": "one\ntwo\n"}),),
        entry_point="clusters/apps",
    )

    assert text == "---\n# applied by k\nkind: ConfigMap\nx:\n  b: '1'\ny:\n  b: '1'\nscript: |\n  one\n  two\n"


def test_the_order_depends_on_nothing_but_the_objects():
    first = resource({"name": "1"}, name="b", kustomization="kubernetes/clusters/apps")
    second, third = resource({"name": "2"}, name="a"), resource({"name": "3"}, name="b")

    text = manifests.text((third, first, second), entry_point="kubernetes/clusters/apps")

    assert [each["name"] for each in yaml.safe_load_all(text)] == ["1", "2", "3"]
    assert text == manifests.text((second, third, first), entry_point="kubernetes/clusters/apps")
