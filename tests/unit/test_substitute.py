import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scripts.substitute import Unreadable, Unset, substitute


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: ${APP}", "a: wiki", id="a variable"),
        pytest.param("a: ${APP}-${APP}", "a: wiki-wiki", id="twice on a line"),
        pytest.param("a: ${NONE:=two}", "a: two", id="a default with :="),
        pytest.param("a: ${NONE:-two}", "a: two", id="a default with :-"),
        pytest.param("a: ${NONE=two}", "a: two", id="a default with ="),
        pytest.param("a: ${EMPTY:=two}", "a: two", id="an empty value counts as none"),
        pytest.param("a: ${EMPTY}", "a: ", id="an empty value without a default stays empty"),
        pytest.param("a: ${APP:=two}", "a: wiki", id="a value wins over the default"),
        pytest.param("a: ${NONE:=${APP}-data}", "a: wiki-data", id="a default that holds a variable"),
        pytest.param("a: ${APP:=${NONE}-data}", "a: wiki", id="a default that is not used may hold an unset one"),
        pytest.param("a: ${NONE:=0 2 * * *}", "a: 0 2 * * *", id="a default with blanks"),
        pytest.param("a: ${NONE:=http://h:9000}", "a: http://h:9000", id="a default with a colon"),
        pytest.param("a: ${NONE:=}", "a: ", id="an empty default"),
        pytest.param("a: $${APP}", "a: ${APP}", id="an escaped expression"),
        pytest.param("a: $APP", "a: $APP", id="no braces, no variable"),
        pytest.param("a: {b}", "a: {b}", id="braces of YAML"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_an_expression_becomes_its_value(text, expected):
    assert expected == substitute(text, {"APP": "wiki", "EMPTY": ""})


def test_a_variable_without_value_and_default_is_named():
    with pytest.raises(Unset) as caught:
        substitute("a: ${APP}\nb: ${MISSING}", {"APP": "wiki"})

    assert caught.value.name == "MISSING"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: ${APP", id="never closed"),
        pytest.param("a: ${APP:=${NONE}", id="a default that is never closed"),
        pytest.param("a: ${NONE:=${APP}", id="an inner one that closes the outer"),
        pytest.param("a: ${}", id="no name"),
        pytest.param("a: ${1}", id="a name that begins with a digit"),
        pytest.param("a: ${APP^^}", id="a string function"),
        pytest.param("a: ${#APP}", id="a length"),
    ],
)
def test_what_cannot_be_substituted_is_refused(text):
    with pytest.raises(Unreadable):
        substitute(text, {"APP": "wiki"})


@given(st.text())
def test_a_text_without_an_expression_stays_as_it_is(text):
    assume("${" not in text)

    assert text == substitute(text, {})


@given(st.text(alphabet="${}:=-A \n", max_size=60))
def test_whatever_the_text_it_is_substituted_or_refused_and_never_half_of_it(text):
    try:
        result = substitute(text, {"A": "value"})
    except (Unset, Unreadable):
        return

    # what is left of an expression is only what was escaped
    assert result.count("${") <= text.count("$${")
