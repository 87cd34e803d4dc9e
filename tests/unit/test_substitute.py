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
        pytest.param("a: ${NONE:?two}", "a: two", id="what is an error in a shell is a default here"),
        pytest.param("a: ${APP:+two}", "a: wiki", id="what is another value in a shell is a default here"),
        pytest.param("a: $$ $$HOME", "a: $ $HOME", id="two dollars are one"),
        pytest.param("a: ${#APP}", "a: 4", id="a length"),
        pytest.param("a: ${APP^^}", "a: WIKI", id="capitals"),
        pytest.param("a: ${APP^}", "a: Wiki", id="a capital"),
        pytest.param("a: ${BIG,,} ${BIG,}", "a: app.example.org aPP.Example.Org", id="small letters"),
        pytest.param("a: ${APP:1}", "a: iki", id="all from a place on"),
        pytest.param("a: ${APP:1:2}", "a: ik", id="a part"),
        pytest.param("a: ${APP:-2:1} ${APP: -2}", "a: wiki wiki", id="a minus is a default, and a blank is no number"),
        pytest.param("a: ${APP:x}", "a: wiki", id="a part that begins nowhere is all of it"),
        pytest.param("a: ${APP/i/o} ${APP//i/o} ${APP//i/}", "a: woki woko wk", id="one in the place of another"),
        pytest.param("a: ${APP/#w/v} ${APP/%ki/x} ${APP/#k/v}", "a: viki wix wiki", id="at the start and the end"),
        pytest.param("a: ${BIG#*.} ${BIG##*.}", "a: Example.Org Org", id="without its start"),
        pytest.param("a: ${BIG%.*} ${BIG%%.*}", "a: APP.Example APP", id="without its end"),
        pytest.param("a: ${NONE:=${APP^^}-${APP}}", "a: WIKI-wiki", id="functions in a default"),
        pytest.param("a: ${NONE=two}", "a: two", id="a default with ="),
        pytest.param("a: ${EMPTY:=two}", "a: two", id="an empty value counts as none"),
        pytest.param("a: ${EMPTY}", "a: ", id="an empty value without a default stays empty"),
        pytest.param("a: ${APP:=two}", "a: wiki", id="a value wins over the default"),
        pytest.param("a: ${NONE:=${APP}-data}", "a: wiki-data", id="a default that holds a variable"),
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
    assert expected == substitute(text, {"APP": "wiki", "EMPTY": "", "BIG": "APP.Example.Org"})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: ${APP}\nb: ${MISSING}", id="beside one that has a value"),
        pytest.param(
            "a: ${APP:=${MISSING}-data}", id="in a default that is not used, which Flux evaluates all the same"
        ),
        pytest.param("a: ${MISSING^^}", id="in a function"),
    ],
)
def test_a_variable_without_value_and_default_is_named(text):
    with pytest.raises(Unset) as caught:
        substitute(text, {"APP": "wiki"})

    assert caught.value.name == "MISSING"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: ${APP", id="never closed"),
        pytest.param("a: ${APP:=${NONE}", id="a default that is never closed"),
        pytest.param("a: ${NONE:=${APP}", id="an inner one that closes the outer"),
        pytest.param("a: ${}", id="no name"),
        pytest.param("a: ${APP-two}", id="a default with a bare minus"),
        pytest.param("a: ${APP:}", id="a part without a place"),
        pytest.param("a: ${APP/i}", id="a replacement that does not end"),
        pytest.param("a: ${APP#}", id="no start to leave out"),
        pytest.param("a: ${APP^ }", id="a blank before the end"),
    ],
)
def test_what_cannot_be_substituted_is_refused(text):
    with pytest.raises(Unreadable):
        substitute(text, {"APP": "wiki"})


@given(st.text())
def test_a_text_without_an_expression_stays_as_it_is(text):
    assume("${" not in text and "$$" not in text)

    assert text == substitute(text, {})


@given(st.text(alphabet="${}:=-A \n", max_size=60))
def test_whatever_the_text_it_is_substituted_or_refused_and_never_half_of_it(text):
    try:
        result = substitute(text, {"A": "value"})
    except (Unset, Unreadable):
        return

    # what is left of an expression is only what was escaped
    assert result.count("${") <= text.count("$$")
