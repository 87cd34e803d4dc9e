import pytest

from scripts.document import Span, load

TEXT = """\
---
kind: A
metadata:
  name: first
spec:
  list:
    - name: one
      text: |
        x
        y
    - two
---
# nothing
---
kind: B
"""
BOMB = "a0: &a0 [x, y]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5_000))


@pytest.fixture
def document():
    return load("a.yaml", TEXT).documents[0]


def test_a_file_gives_the_documents_that_hold_something():
    assert [each.kind for each in load("a.yaml", TEXT).documents] == ["A", "B"]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        pytest.param((), Span(first=2, last=11), id="the document"),
        pytest.param(("kind",), Span(first=2, last=2), id="a scalar"),
        pytest.param(("metadata",), Span(first=3, last=4), id="a mapping"),
        pytest.param(("spec", "list", 0), Span(first=7, last=10), id="an item"),
        pytest.param(("spec", "list", 0, "text"), Span(first=8, last=10), id="a block of text"),
        pytest.param(("spec", "list", 1), Span(first=11, last=11), id="the last item"),
    ],
)
def test_each_entry_knows_its_lines(document, location, expected):
    assert document.spans[location] == expected


@pytest.mark.parametrize(
    ("location", "value", "line"),
    [
        pytest.param(("spec", "list", 0, "name"), "one", 7, id="an entry"),
        pytest.param(("spec", "list", 9), None, 6, id="an index past the end"),
        pytest.param(("spec", "list", "name"), None, 6, id="a key of a list"),
        pytest.param(("kind", "name"), "A", 2, id="a key of a scalar"),
        pytest.param(("status",), None, 2, id="a field that is not there"),
    ],
)
def test_a_location_has_a_value_and_a_line_or_those_around_it(document, location, value, line):
    assert document.line(*location) == line
    assert document.get(*location) == (None if location == ("kind", "name") else value)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        pytest.param("cannot find 'two' here", 11, id="a value in quotes"),
        pytest.param("err='from 'two': no such file'", 11, id="quotes within quotes"),
        pytest.param('unknown field "metadata"', 3, id="a key in quotes"),
        pytest.param("kind should be another", 2, id="a key without quotes"),
        pytest.param("all is wrong", 0, id="nothing of the file"),
    ],
)
def test_a_message_without_a_line_points_to_what_it_quotes(document, message, line):
    assert document.line_of(message) == line


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        pytest.param("a: 1\nb: [", 3, "did not find expected node content", id="a bracket that is not closed"),
        pytest.param("a:\n\tb: 1\n", 2, "cannot start any token", id="a tab"),
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "the key a is there twice", id="a key twice"),
        pytest.param("a: *x\n", 1, "undefined alias", id="an alias of nothing"),
        pytest.param("a: !x 1\n", 1, "tag '!x'", id="a tag that nobody knows"),
        pytest.param("a: 1\nb: \x07\n", 2, "a character that YAML does not allow", id="a bell"),
        pytest.param("[a]: 1\n", 1, "unhashable", id="a list as a key"),
        pytest.param("[" * 50_000, 1, "nested more than 100 levels", id="brackets without end"),
        pytest.param("a:\n" + "\n".join(f"{' ' * n}a:" for n in range(1, 200)), 101, "nested", id="blocks without end"),
        pytest.param("- " * 50_000 + "a", 1, "nested", id="lists without end"),
        pytest.param("a: !!timestamp x\n", 0, "its tag does not fit it", id="a time that is none"),
        pytest.param("a: !!bool x\n", 0, "its tag does not fit it", id="a truth that is none"),
        pytest.param(BOMB, 7, "the alias a5 makes it grow to more than 1000000 nodes", id="aliases of aliases"),
        pytest.param(CHAIN, 100, "nested more than 100 levels", id="aliases in aliases, one each"),
        pytest.param("a: &a [1, *a]\n", 1, "the alias a stands in what it names", id="an alias in its own anchor"),
    ],
)
def test_what_is_no_yaml_is_one_finding_with_its_line(text, line, found):
    file = load("a.yaml", text)

    assert file.documents == ()
    assert (file.fault.rule, file.fault.file, file.fault.line) == ("yaml-syntax", "a.yaml", line)
    assert found in file.fault.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(
            "a: &x {b: 1}\nc: {<<: *x, b: 2}\n", {"a": {"b": 1}, "c": {"b": 2}}, id="a merge that is overridden"
        ),
        pytest.param("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}, id="an alias"),
        pytest.param("\ufeffa: 1\n", {"a": 1}, id="a byte order mark"),
    ],
)
def test_what_looks_odd_and_is_yaml_is_read(text, value):
    assert load("a.yaml", text).documents[0].value == value


def test_an_alias_that_is_used_often_is_read():
    lines = ["a: &a {x: [1, 2]}", *(f"b{n}: *a" for n in range(1_000))]

    assert load("a.yaml", "\n".join(lines)).documents[0].value["b999"] == {"x": [1, 2]}


def test_scalars_come_with_their_locations():
    (document,) = load("a.yaml", "a: 1\nb:\n  - c: x\n    d: null\n").documents

    assert list(document.scalars()) == [(("a",), 1), (("b", 0, "c"), "x"), (("b", 0, "d"), None)]
