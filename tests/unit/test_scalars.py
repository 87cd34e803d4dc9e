import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.checks import ambiguous
from scripts.document import load as read
from scripts.render.go_yaml import read as read_as_flux
from scripts.scalars import reading

READINGS = [
    # text, to kustomize, to Flux in the place of a variable, what it is said to be
    pytest.param("yes", "yes", True, "text to kustomize, and true", id="yes"),
    pytest.param("No", "No", False, "text to kustomize, and false", id="no"),
    pytest.param("on", "on", True, "text to kustomize, and true", id="on"),
    pytest.param("OFF", "OFF", False, "text to kustomize, and false", id="off"),
    pytest.param("y", "y", True, "text to kustomize, and true", id="y"),
    pytest.param("0644", 420, 420, "the number 420", id="an octal number"),
    pytest.param("-0644", -420, -420, "the number -420", id="an octal number below zero"),
    pytest.param("0o644", 420, 420, "the number 420", id="an octal number as YAML 1.2 has it"),
    pytest.param("0899", 899, 899, "the number 899", id="what looks like an octal number and is none"),
    pytest.param("0x1F", 31, 31, "the number 31", id="a hexadecimal number"),
    pytest.param("0b101", 5, 5, "the number 5", id="a binary number"),
    pytest.param("1_000", 1000, 1000, "the number 1000", id="a number with an underscore"),
    pytest.param("1e3", 1000, 1000, "the number 1000", id="a power of ten, or a hash"),
    pytest.param("1.10", 1.1, 1.1, "the number 1.1", id="a version"),
    pytest.param("1.0", 1, 1, "the number 1", id="a version without a fraction"),
    pytest.param("+12", 12, 12, "the number 12", id="a number with a sign"),
    pytest.param(".5", 0.5, 0.5, "the number 0.5", id="a fraction without a zero"),
    pytest.param("9" * 20, 1e20, 1e20, "the number 1e+20", id="a number that loses digits"),
    pytest.param("1" * 19 + "0", 11111111111111111110, 11111111111111110000, "to Flux", id="one that does to Flux"),
    pytest.param("12:30:45", "12:30:45", "12:30:45", "a number of base 60", id="a time of day"),
    pytest.param("2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01", "the time 2024-01-01T00", id="a date"),
    pytest.param("2024-1-1", "2024-01-01T00:00:00Z", "2024-1-1", "the time 2024-01-01T00", id="a date without zeros"),
    pytest.param(
        "2024-01-01 10:00:00", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00", "the time 2024", id="a date and a time"
    ),
    pytest.param("=", "=", "=", "a sign of YAML 1.1", id="the sign of a value"),
    pytest.param("<<", "<<", "<<", "a sign of YAML 1.1", id="the sign of a merge"),
]

PLAIN = ["text", "true", "True", "5", "-5", "1.5", "5Gi", "1.2.3", "0", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00"]
PLAIN += ["2024-99-99", "0o9", "0b2", "0x_", "_1", "1e400", "nO", "10:99", "-", ".", "a=b", f"0x{'f' * 300}", "9" * 400]


@pytest.mark.parametrize(("text", "to_kustomize", "to_flux", "said"), READINGS)
def test_what_is_read_in_more_than_one_way_is_told_with_each_reading(text, to_kustomize, to_flux, said):
    found = [read("a.yaml", f"a: {text}").documents[0].value["a"], read_as_flux(f"a: {text}")["a"]]

    assert found == [to_kustomize, to_flux]
    assert [isinstance(each, str) for each in found] == [isinstance(each, str) for each in (to_kustomize, to_flux)]
    assert said in reading(text).found


@pytest.mark.parametrize("text", PLAIN)
def test_what_everybody_reads_alike_is_not_told(text):
    assert reading(text) is None


def test_each_text_without_quotes_is_found_on_its_line_and_none_in_quotes():
    text = "a: 0644\nb: \"0644\"\nc:\n  - yes\n  - 'yes'\n  - {d: 1e3}\nf: !!str 0644\ng: |\n  0644\n---\nh: 12:30:45\n"

    found = [
        (each.line, each.message[:12])
        for document in read("a.yaml", text).documents
        for each in ambiguous.check(document)
    ]

    assert found == [(1, "`0644` has n"), (4, "`yes` has no"), (6, "`1e3` has no"), (11, "`12:30:45` h")]


def test_a_merge_is_still_one():
    text = "a: &a {b: 1}\nc:\n  <<: *a\n  d: 2\n"

    documents = read("a.yaml", text).documents

    assert documents[0].value == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}
    assert documents[0].ambiguous == ()


@given(st.text(alphabet="0123456789abcdefoxXBOeE_+-.:=<>TZyYnN ", max_size=12))
def test_no_text_stops_the_reading(text):
    reading(text)
    read("a.yaml", f"a: {text}")
