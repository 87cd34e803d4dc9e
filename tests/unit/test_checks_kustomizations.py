"""What kustomize takes and should not have been given."""

import pytest

from scripts.checks import kustomizations
from scripts.document import load

REPLACEMENT = """\
replacements:
  - source: {kind: ExternalSecret, name: one, fieldPath: metadata.namespace}
    targets:
      - select: SELECT
        fieldPaths: [metadata.namespace]
"""


def told(text):
    (document,) = load("kustomization.yaml", text).documents
    return [(each.rule, each.line) for each in kustomizations.check(document)]


@pytest.mark.parametrize("select", ["{kind: ExternalSecret}", "{kind: ExternalSecret, name: one}", "{name: one}"])
def test_a_replacement_that_selects_its_source_replaces_it_by_itself(select):
    assert told(REPLACEMENT.replace("SELECT", select)) == [("replacement-of-itself", 4)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("SELECT", "{kind: ReplicationSource}", id="another kind"),
        pytest.param("SELECT", "{kind: ExternalSecret, name: two}", id="another name"),
        pytest.param("SELECT", "{kind: ExternalSecret, labelSelector: a=b}", id="by labels that are not known here"),
        pytest.param("[metadata.namespace]", "[metadata.name]", id="another field"),
        pytest.param("fieldPaths:", "options: {delimiter: /}\n        fieldPaths:", id="a part of the value"),
    ],
)
def test_a_replacement_of_something_else_is_none_of_itself(old, new):
    assert told(REPLACEMENT.replace(old, new).replace("SELECT", "{kind: ExternalSecret}")) == []


@pytest.mark.parametrize("text", ["replacements: 5", "replacements: [5]", "replacements: [{targets: [5], source: 5}]"])
def test_what_is_no_replacement_is_left_to_kustomize(text):
    assert told(text) == []
