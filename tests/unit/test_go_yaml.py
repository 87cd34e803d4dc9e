import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.render.go_yaml import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[y, Y, yes, Yes, on, ON, true, TRUE]", [True] * 8, id="truths of YAML 1.1"),
        pytest.param("[n, N, no, No, off, OFF, false, False]", [False] * 8, id="and what is none"),
        pytest.param(
            "['y', \"yes\", yEs, tRUE, o]", ["y", "yes", "yEs", "tRUE", "o"], id="texts that look like a truth"
        ),
        pytest.param("[~, null, Null, NULL, '', nUll]", [None, None, None, None, "", "nUll"], id="nothing"),
        pytest.param("a:", {"a": None}, id="no value"),
        pytest.param("[0644, 0o644, 0O7, 0x1F, 0b11, 08, 0, 00]", [420, 420, 7, 31, 3, 8, 0, 0], id="bases"),
        pytest.param("[-0644, +0x1F, -0b11, +5, -1]", [-420, 31, -3, 5, -1], id="signs"),
        pytest.param("[1_000, 0x_1, 1_, _1]", [1000, 1, 1, "_1"], id="underscores"),
        pytest.param("[1e3, 1E+3, 1.5, .5, 1., -.5e1]", [1000, 1000, 1.5, 0.5, 1, -5], id="fractions"),
        pytest.param("[1e-7, 1e21, 1.5e300]", [1e-7, 1e21, 1.5e300], id="small and large numbers"),
        pytest.param(
            "[1e999, 0x, 0b2, 1e, +, ., 1.2.3, \u0661]",
            ["1e999", "0x", "0b2", "1e", "+", ".", "1.2.3", "\u0661"],
            id="none",
        ),
        pytest.param(
            "[2024-01-01, 2024-01-01T00:00:00Z]", ["2024-01-01", "2024-01-01T00:00:00Z"], id="dates are texts"
        ),
        pytest.param("[12:30, 1:2:3]", ["12:30", "1:2:3"], id="times are texts"),
        pytest.param("[=, '<<', -x, '-']", ["=", "<<", "-x", "-"], id="marks"),
        pytest.param("{y: 1, 1: 2, 1.5: 3, ~x: 4, on: 5}", {"true": 5, "1": 2, "1.5": 3, "~x": 4}, id="keys are texts"),
        pytest.param("{a: 1, a: 2}", {"a": 2}, id="of a key that is there twice the last counts"),
        pytest.param(
            "{p: &x {q: 1, r: 1}, s: {<<: *x, q: 2}}", {"p": {"q": 1, "r": 1}, "s": {"q": 2, "r": 1}}, id="merge"
        ),
        pytest.param(
            "{p: &x {q: 1}, s: {<<: [*x, {q: 3, t: 4}]}}", {"p": {"q": 1}, "s": {"q": 1, "t": 4}}, id="merges"
        ),
        pytest.param("{p: &x [1], q: *x}", {"p": [1], "q": [1]}, id="alias"),
        pytest.param("{a: !own 5, b: !!str 5}", {"a": "5", "b": "5"}, id="a tag that nobody knows, and a text"),
        pytest.param("a: 1\n---\nb: 2\n", {"a": 1}, id="the first document"),
        pytest.param("", None, id="nothing at all"),
        pytest.param("# a comment", None, id="a comment alone"),
        pytest.param("a: |\n  x\n", {"a": "x\n"}, id="a block at the end"),
        pytest.param("a: " + "9" * 5000, {"a": "9" * 5000}, id="more digits than a number has"),
    ],
)
def test_values_are_those_that_kubernetes_reads(text, expected):
    """Expectations verified with YAMLToJSON of sigs.k8s.io/yaml 1.6.0."""
    found = read(text)

    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("9223372036854775807", 9223372036854775807, id="the largest of 64 bits"),
        pytest.param("9223372036854775808", 9223372036854776000, id="one more loses its last digits"),
        pytest.param("18446744073709551616", 18446744073709552000, id="so does one of 65 bits"),
        pytest.param("12345678901234567890123", 1.2345678901234568e22, id="beyond 1e21 it has an exponent"),
    ],
)
def test_large_integers_lose_their_last_digits_as_in_kubernetes(text, expected):
    assert json.dumps(expected) == json.dumps(read(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: b: c", id="no YAML"),
        pytest.param("a: .inf", id="no number of JSON"),
        pytest.param("a: -.Inf", id="a negative one"),
        pytest.param("a: .NaN", id="no number at all"),
        pytest.param("{~: 1}", id="a key that is nothing"),
        pytest.param("{[a]: 1}", id="a key that is a list"),
        pytest.param("a: *x", id="an alias of nothing"),
        pytest.param("&x [*x]", id="an anchor around its alias"),
        pytest.param("{<<: 1}", id="a merge of what is no mapping"),
        pytest.param("a: " + "[" * 200 + "]" * 200, id="nested too deeply"),
        pytest.param("a: \udc84", id="half a character"),
        pytest.param("a: \x07", id="a character that YAML does not allow"),
        pytest.param("a: !!binary YQ==", id="a tag that is not followed"),
    ],
)
def test_what_is_not_followed_is_refused(text):
    with pytest.raises(yaml.YAMLError):
        read(text)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_json_is_read_as_what_it_says(value):
    text = json.dumps(value)  # escapes all that is not ASCII, but YAML knows no pairs of halves of a character
    if "\\ud" in text or "\\u00" in text or "\x7f" in text:
        return

    assert as_go_writes(value) == as_go_writes(read(text))


def as_go_writes(value):
    """A float without a fraction is an integer in Go's JSON."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return math.trunc(value) if abs(value) < 2**53 else f"{value!r}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return f"{float(value)!r}"
    if isinstance(value, list):
        return [as_go_writes(each) for each in value]
    return {key: as_go_writes(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(st.text(alphabet="0123456789+-._eExXoObBynabf:T Z[]{}&*<!'\"#|>\n", max_size=30))
def test_whatever_the_text_it_is_read_or_refused_and_what_is_read_is_json(text):
    try:
        found = read(text)
    except yaml.YAMLError:
        return

    assert json.loads(json.dumps(found, allow_nan=False)) == found
