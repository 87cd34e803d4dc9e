"""ryl clears a file, yamllint judges it: both are held to each other, so that no verdict is another one than yamllint's."""

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yamllint import linter
from yamllint.config import YamlLintConfig

from scripts.document import load
from scripts.errors import CommandFailed, ToolMissing
from scripts.model import Status
from scripts.settings import REPOSITORY_ROOT
from scripts.source import read
from scripts.validate import lint

CONFIGURATION = (REPOSITORY_ROOT / lint.CONFIGURATION).read_text(encoding="utf-8")
EVERY_RULE = """\
extends: default
rules:
  braces: {max-spaces-inside: 1}
  document-end: {present: false}
  document-start: {present: true}
  empty-values: enable
  float-values: {require-numeral-before-decimal: true, forbid-scientific-notation: true, forbid-nan: true, forbid-inf: true}
  key-ordering: enable
  octal-values: {forbid-implicit-octal: true, forbid-explicit-octal: true}
  quoted-strings: {quote-type: double, required: only-when-needed}
  truthy: {check-keys: true}
"""

BROKEN = {
    "an anchor that nothing names": "a: &b 1\n",
    "an alias of nothing": "a: *b\n",
    "an anchor that is there twice": "a: &b 1\nc: &b 2\nd: *b\n",
    "too many spaces in braces": "a: {  b: 1 }\n",
    "a brace on the next line": "a: {b: 1,\n    c: 2  }\n",
    "a space in brackets": "a: [ 1 ]\n",
    "spaces before a colon": "a : 1\n",
    "spaces after a colon": "a:  1\n",
    "spaces after a question mark": "?  a\n: 1\n",
    "a space before a comma": "a: [1 , 2]\n",
    "no space after a comma": "a: [1,2]\n",
    "spaces after a comma": "a: [1,  2]\n",
    "a comment without a space": "a: 1 #b\n",
    "a comment without a space on its own line": "#b\na: 1\n",
    "a comment too near": "a: 1# b\nc: 'd'# e\n",
    "a comment that is indented": "a:\n  b: 1\n      # c\nd: 1\n",
    "a comment at the end that is not indented": "a:\n  b: 1\n    # c\n",
    "empty lines": "a: 1\n\n\n\nb: 1\n",
    "empty lines at the end": "a: 1\n\n\n",
    "empty lines at the start": "\n\n\na: 1\n",
    "empty lines in a block of text": "a: |\n  b\n\n\n\n  c\n",
    "spaces after a hyphen": "-  a\n",
    "indentation by three": "a:\n   b: 1\n",
    "indentation by four and two": "a:\n    b:\n      c: 1\n",
    "a list that is not indented": "a:\n- 1\n",
    "a list that is indented by four": "a:\n    - 1\n",
    "a key that is there twice": "a: 1\na: 2\n",
    "a key that is there twice in braces": "a: {b: 1, b: 2}\n",
    "a long line": f"a: {'b ' * 100}c\n",
    "a long comment": f"# {'b ' * 100}c\na: 1\n",
    "a long word": f"a: {'b' * 200}\n",
    "a long word in a comment": f"# {'b' * 200}\na: 1\n",
    "no end of the last line": "a: 1",
    "the line ends of Windows on one line": "a: 1\r\nb: 1\n",
    "an octal number": "a: 0o14\n",
    "an octal number of YAML 1.1": "a: 014\n",
    "an octal number in a list": "a: [0755]\n",
    "an octal number that is none": "a: 089\n",
    "spaces at the end of a line": "a: 1 \n",
    "spaces on an empty line": "a: 1\n  \nb: 1\n",
    "spaces at the end of a line of a block": "a: |\n  b \n  c\n",
    "spaces at the end of a folded line": "a: >-\n  b{ \n  c\n",
    "spaces at the end of the file": "a: 1\n ",
    "a tab at the end of a line": "a: 1\t\n",
    "a truth of YAML 1.1": "a: yes\n",
    "a truth in capitals": "a: True\nb: OFF\n",
    "a truth in a list": "a: [on, No]\n",
    "a truth as a key": "on: 1\n",
    "a second document without a start": "a: 1\n...\nb: 1\n",
    "a rule that a comment turns off": "a:  1 # yamllint disable-line rule:colons\nb:  1\n",
    "rules that a comment of ryl turns off": "# ryl disable\na:  1\n",
    "a comment that would turn the file off": "a: 1\n# yamllint disable-file\nb:  1\n",
    "a tab": "a:\t1\n",
    "a character that is no ASCII": "a: é  # …\nb:  1\n",
    "a line separator": "a: b\u2028c \n",
    "an empty value": "a:\nb: {c: }\n",
    "a number without a digit before its point": "a: .5\nb: 1e3\nc: .nan\nd: -.inf\n",
    "keys out of order": "b: 1\na: 1\n",
    "a string in quotes that needs none": "a: 'b'\n",
    "an end of the document": "a: 1\n...\n",
    "nothing wrong": "a: 1\n",
}
"""What is wrong -> a document that has it; each rule of .yamllint.yaml in each way that it can be broken."""

WHOLE = {
    "nothing": "",
    "no start of the document": "a: 1\n",
    "a directive": "%YAML 1.1\n---\na: yes\n",
    "a byte order mark": "\ufeff---\na:  1\n",
    "the line ends of Windows": "---\r\na: 1\r\n",
    "the line ends of Windows on the first line": "---\r\na: 1\n",
    "a file that a comment turns off": "# yamllint disable-file\n---\nb:  1\n",
}
"""The same, of what is wrong with the beginning of a file."""


def written(folder, texts):
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return texts


def told(folder, texts, configuration=CONFIGURATION):
    found = lint.scan(folder, written(folder, texts), configuration)
    return {path: [(each.line, each.message) for each in findings] for path, findings in found.items()}


def expected(texts, configuration=CONFIGURATION):
    """What yamllint's own library says."""
    known = YamlLintConfig(content=configuration)
    return {
        path: [
            (each.line, f"{each.desc} ({each.rule})" if each.rule else each.desc)
            for each in linter.run(text.encode(), known, path)
        ]
        for path, text in texts.items()
    }


def cases():
    texts = [*(f"---\n{text}" for text in BROKEN.values()), *WHOLE.values()]
    return {f"{number}.yaml": text for number, text in enumerate(texts)}


@pytest.mark.parametrize("configuration", [CONFIGURATION, EVERY_RULE], ids=["the rules of this tree", "every rule"])
def test_what_is_told_is_what_yamllint_says(tmp_path, configuration):
    texts = cases()

    assert told(tmp_path, texts, configuration) == expected(texts, configuration)


def test_the_table_breaks_every_rule_that_can_be_broken():
    rules = {message.rpartition("(")[2].rstrip(")") for found in expected(cases()).values() for _, message in found}

    enabled = {name for name, rule in YamlLintConfig(content=CONFIGURATION).rules.items() if rule}
    assert enabled - rules == set()


def test_ryl_alone_clears_what_is_in_order_and_nothing_else(tmp_path):
    texts = written(tmp_path, cases())
    in_order = {path for path, problems in expected(texts).items() if not problems}

    plain = [path for path, text in texts.items() if lint._is_plain(path, text)]
    cleared = set(lint._clean(tmp_path, CONFIGURATION, plain))

    assert len(plain) > len(texts) / 2
    assert cleared <= in_order
    assert cleared >= in_order & set(plain)


def test_the_files_of_this_tree_are_judged_alike_and_by_ryl_alone():
    tree = read(REPOSITORY_ROOT, git=Path("git"))
    texts = {file.path: tree.texts[file.path] for file in tree.yaml_files if not file.fault}

    assert set(lint._clean(REPOSITORY_ROOT, CONFIGURATION, list(texts))) == set(texts)
    assert not any(expected(texts).values())


PIECES = st.sampled_from(
    [*"-:#&*!|>%@`\"'{}[],? \n", "  ", "\n\n", "- ", "a: 1\n", "---\n", "yes", "014", " #x", "b:  1"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.floats(0, 1), PIECES), min_size=30, max_size=30))
def test_what_ryl_clears_has_no_fault_for_yamllint_wherever_something_is_put_in(tmp_path, edits):
    whole = (REPOSITORY_ROOT / "kubernetes/components/volsync/replicationsource/replicationsource.yaml").read_text()
    made = [whole[: int(at * len(whole))] + piece + whole[int(at * len(whole)) :] for at, piece in edits]
    texts = {f"{number}.yaml": text for number, text in enumerate(made) if not load("a.yaml", text).fault}
    plain = [path for path, text in written(tmp_path, texts).items() if lint._is_plain(path, text)]

    cleared = lint._clean(tmp_path, CONFIGURATION, plain) if plain else ()

    assert not any(expected({path: texts[path] for path in cleared}).values())


@pytest.mark.parametrize(
    "path",
    [
        "-x.yaml",
        "a b.yaml",
        "it's.yaml",
        'a"b.yaml',
        "a\nb.yaml",
        "a:3:4: [error] b.yaml",
        "é.yaml",
        "\udcff.yaml",
        "a.yml",
    ],
)
def test_a_file_is_judged_whatever_its_name(tmp_path, path):
    assert told(tmp_path, {path: "---\na:  1\n"}) == {path: [(2, "too many spaces after colon (colons)")]}
    assert told(tmp_path, {path: "---\na: 1\n"}) == {path: []}


def test_a_path_that_the_rules_leave_out_is_left_out(tmp_path):
    texts = dict.fromkeys(["tests/trees/invalid/a.yaml", "tests/alerts/a.yaml", "a.yaml"], f"---\n'{'b ' * 100}':  1\n")

    found = told(tmp_path, texts)

    assert {path: len(problems) for path, problems in found.items()} == dict(zip(texts, (0, 1, 2), strict=True))


def test_more_files_than_a_command_line_takes_are_judged(tmp_path):
    texts = dict.fromkeys((f"{'a' * 200}/{'b' * 200}-{number}.yaml" for number in range(5000)), "---\na: 1\n")

    found = told(tmp_path, texts | {"last.yaml": "---\na:  1\n"})

    assert len(found) == 5001
    assert [path for path, problems in found.items() if problems] == ["last.yaml"]


def test_a_line_of_a_million_characters_is_judged(tmp_path):
    found = told(tmp_path, {"a.yaml": f"---\na: {'b' * 1_000_000}\nc: 1\n"})

    assert found == {"a.yaml": [(2, "line too long (1000003 > 160 characters) (line-length)")]}


def test_a_module_in_the_tree_is_not_taken_for_one_of_yamllint(tmp_path):
    (tmp_path / "yaml.py").write_text("raise SystemExit(9)\n")

    assert told(tmp_path, {"a.yaml": "---\na:  1\n"}) == {"a.yaml": [(2, "too many spaces after colon (colons)")]}


def test_rules_that_are_none_are_no_pass(tmp_path):
    with pytest.raises(CommandFailed, match=r"correct \.yamllint\.yaml"):
        told(tmp_path, {"a.yaml": "---\na: 1\n"}, "rules: 5\n")


def program(folder, text):
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    "text", ["exit 0", "exit 2", "kill -9 $$", "echo '[]'; exit 1", "echo '{}'", "echo '[{}]'", "echo '[1'"]
)
def test_where_ryl_does_not_do_its_work_yamllint_does_all_of_it(tmp_path, monkeypatch, text):
    monkeypatch.setattr(lint, "RYL", program(tmp_path, text))

    found = told(tmp_path, {"a.yaml": "---\na:  1\n", "b.yaml": "---\na: 1\n"})

    assert found == {"a.yaml": [(2, "too many spaces after colon (colons)")], "b.yaml": []}


def test_a_ryl_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(lint, "RYL", tmp_path / "none")

    with pytest.raises(ToolMissing):
        told(tmp_path, {"a.yaml": "---\na: 1\n"})


@pytest.mark.parametrize("name", ["RYL", "YAMLLINT"])
def test_a_program_that_does_not_end_is_ended(tmp_path, monkeypatch, name):
    (tmp_path / "program.py").write_text("import time\ntime.sleep(60)\n")
    endless = {"RYL": program(tmp_path, "sleep 60"), "YAMLLINT": tmp_path / "program.py"}
    monkeypatch.setattr(lint, name, endless[name])
    monkeypatch.setattr(lint, "TIMEOUT_S", 0.5)

    with pytest.raises(CommandFailed, match="did not end within"):
        told(tmp_path, {"a.yaml": "---\na:  1\n"})


def test_a_yamllint_that_is_killed_is_no_pass(tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setattr(lint, "YAMLLINT", tmp_path / "program.py")

    with pytest.raises(CommandFailed, match="exit code -9"):
        told(tmp_path, {"a.yaml": "---\na:  1\n"})


def test_a_tree_without_rules_or_without_yaml_is_no_pass(tmp_path):
    (tmp_path / "a.yaml").write_text("---\na: 1\n")
    (without_rules,) = lint.outcomes(read(tmp_path, git=None))
    (tmp_path / "a.yaml").rename(tmp_path / lint.CONFIGURATION)
    (tmp_path / lint.CONFIGURATION).write_text("a: [\n")
    (without_yaml,) = lint.outcomes(read(tmp_path, git=None))

    assert [without_rules.status, without_yaml.status] == [Status.BLOCKED, Status.BLOCKED]


def test_a_result_can_be_kept(tmp_path):
    found = lint.scan(tmp_path, written(tmp_path, {"a.yaml": "---\na:  1\n"}), CONFIGURATION)

    assert pickle.loads(pickle.dumps(dict(found))) == found  # noqa: S301
