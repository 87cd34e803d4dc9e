import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scripts.substitute import Unreadable, Unset, substitute

MORE = {"IMAGE": "r.io/team/app:1.2", "STAR": "*b*c", "UNI": "straße"}


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
        pytest.param("a: ${IMAGE##*/} ${IMAGE#*/}", "a: app:1.2 team/app:1.2", id="a star stands for slashes too"),
        pytest.param("a: ${IMAGE%%:*} ${IMAGE%/*}", "a: r.io/team/app r.io/team", id="also at the end"),
        pytest.param("a: ${IMAGE#r?io?}", "a: team/app:1.2", id="a question mark stands for a slash too"),
        pytest.param("a: ${IMAGE#[q-s].} ${IMAGE#[^r]}", "a: io/team/app:1.2 r.io/team/app:1.2", id="a class"),
        pytest.param("a: ${IMAGE#[} ${IMAGE#r[}", "a: r.io/team/app:1.2 r.io/team/app:1.2", id="a class without end"),
        pytest.param("a: ${STAR#\\*} ${STAR#*b}", "a: b*c *c", id="an escaped star"),
        pytest.param(
            "a: ${IMAGE//\\//-} ${IMAGE/\\//}", "a: r.io-team-app:1.2 r.ioteam/app:1.2", id="an escaped slash"
        ),
        pytest.param("a: ${UNI^^} ${UNI,,}", "a: STRAßE straße", id="a letter whose capital is two letters"),
        pytest.param("a: ${#UNI}", "a: 7", id="the length is one of bytes"),
        pytest.param("a: ${APP:1:-1} ${APP:3:-2} ${APP:9}", "a: ik  ", id="a part from both ends, and beyond the end"),
        pytest.param("a: ${NONE:=${IMAGE##*/}}", "a: app:1.2", id="a function within a default"),
        pytest.param("a: ${NONE:=a${APP}b${EMPTY}c}", "a: awikibc", id="several variables within a default"),
        pytest.param("a: ${NONE:=${NONE:-${NONE:?${APP}}}}", "a: wiki", id="defaults in defaults"),
        pytest.param("a: ${APP,^} ${APP^,}", "a: wiki wiki", id="marks of two kinds are none"),
        pytest.param("a: ${NONE:=$$} $$$APP $$${APP}", "a: $$ $$APP $wiki", id="dollars in a default stay two"),
        pytest.param("a: ${NONE:={b}", "a: {b", id="a brace in a default"),
    ],
)
def test_an_expression_becomes_its_value(text, expected):
    """Expectations verified with fluxcd/pkg/envsubst 1.8.0."""
    assert expected == substitute(text, {"APP": "wiki", "EMPTY": "", "BIG": "APP.Example.Org"} | MORE)


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
        pytest.param("a: ${APP:ö}", id="a part that begins with a letter of two bytes"),
        pytest.param("a: ${APP[0]}", id="an array"),
        pytest.param("a: ${APP@Q}", id="a transformation of the shell"),
        pytest.param("a: ${!APP}", id="a reference"),
        pytest.param("a: ${ APP }", id="blanks around the name"),
        pytest.param("a: ${APP^^^}", id="three marks"),
        pytest.param("a: ${APP/}", id="a replacement of nothing"),
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


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
LITERAL = st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=12)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DEFAULT = st.text(st.characters(exclude_characters="$}", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(LITERAL, NAMES, VALUES, st.sampled_from(["", ":=", ":-", ":?", ":+", "="]), DEFAULT)))
def test_what_is_put_in_the_place_of_each_variable_is_its_value_or_its_default(pieces):
    values = {name: value for _, name, value, _, _ in pieces}
    text = "".join(f"{before}${{{name}{mark}{default if mark else ''}}}" for before, name, _, mark, default in pieces)

    expected = "".join(
        before + (values[name] or (default if mark else "")) for before, name, _, mark, default in pieces
    )

    assert expected == substitute(text, values)


@given(LITERAL, NAMES, st.sampled_from([":=", ":-", ":?", ":+", "="]), st.lists(st.one_of(DEFAULT, NAMES)))
def test_without_a_value_a_default_is_put_in_with_its_own_variables(before, name, mark, parts):
    names = {each: f"<{each}>" for each in parts if NAME.fullmatch(each) and each != name}
    default = "".join(f"${{{each}}}" if each in names else each for each in parts)

    expected = before + "".join(names.get(each, each) for each in parts)

    assert expected == substitute(f"{before}${{{name}{mark}{default}}}", names)


@given(NAMES, st.text(max_size=12, alphabet=st.characters(codec="ascii", exclude_characters="$")))
def test_the_functions_do_to_ascii_what_python_does(name, value):
    text = f"${{#{name}}}|${{{name}^^}}|${{{name},,}}|${{{name}:2}}|${{{name}:1:3}}|${{{name}//a/b}}|${{{name}%.*}}"

    expected = f"{len(value)}|{value.upper()}|{value.lower()}|{value[2:]}|{value[1:4]}|{value.replace('a', 'b')}|"

    assert substitute(text, {name: value}) == expected + value.rpartition(".")[0 if "." in value else 2]


@given(LITERAL, NAMES)
def test_a_variable_without_a_value_is_named_whatever_is_around_it(around, name):
    with pytest.raises(Unset) as caught:
        substitute(f"{around}${{{name}}}{around}", {})

    assert caught.value.name == name


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_value_is_not_substituted_itself(value):
    assert substitute("<${A}>", {"A": value}) == f"<{value}>"
