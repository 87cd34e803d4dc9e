import pytest

from scripts.e2e.external_secret import item_title, resolve
from scripts.errors import RenderError
from scripts.settings import Secret

FIELDS = {"RESTIC_PASSWORD": Secret("correct horse"), "EMPTY": Secret("")}


def external_secret(data, data_from=None):
    return {
        "kind": "ExternalSecret",
        "metadata": {"namespace": "wiki", "name": "wiki-volsync-secret"},
        "spec": {"dataFrom": data_from, "target": {"template": {"data": data}}},
    }


def test_a_template_is_filled_from_the_fields():
    secret = resolve(
        external_secret({"A": "{{ .RESTIC_PASSWORD }}", "B": "s3:http://h/b", "C": "x{{.RESTIC_PASSWORD}}y"}), FIELDS
    )

    assert {key: value.reveal() for key, value in secret.items()} == {
        "A": "correct horse",
        "B": "s3:http://h/b",
        "C": "xcorrect horsey",
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({"A": "{{ .MISSING }}"}, "needs the field MISSING", id="a field that the item lacks"),
        pytest.param({"A": "{{ .EMPTY }}"}, "comes to an empty value", id="a field without a value"),
        pytest.param({"A": "{{ .RESTIC_PASSWORD | upper }}"}, "more than fields and text", id="a function"),
        pytest.param({}, "has no spec.target.template.data", id="no template"),
    ],
)
def test_a_secret_that_would_not_do_is_refused_without_its_values(data, words):
    with pytest.raises(RenderError, match=words) as caught:
        resolve(external_secret(data), FIELDS)

    assert "correct horse" not in str(caught.value)


def test_the_item_is_the_one_that_is_extracted():
    assert item_title(external_secret({}, [{"extract": {"key": "volsync-minio"}}])) == "volsync-minio"


@pytest.mark.parametrize(
    "data_from",
    [
        pytest.param(None, id="none"),
        pytest.param([], id="an empty list"),
        pytest.param([{"find": {"name": {"regexp": ".*"}}}], id="a search"),
        pytest.param([{"extract": {"key": "a"}}, {"extract": {"key": "b"}}], id="two items"),
    ],
)
def test_data_that_comes_from_elsewhere_is_refused(data_from):
    with pytest.raises(RenderError, match=r"spec\.dataFrom"):
        item_title(external_secret({}, data_from))
