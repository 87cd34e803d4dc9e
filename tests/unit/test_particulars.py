"""What is particular to a tree: what its file says, what holds without it, and what of it is not understood."""

import pytest

from scripts.document import load
from scripts.particulars import PATH, Particulars, check, particulars


def documents(text, path=PATH):
    return load(path, text).documents


def test_without_its_file_the_defaults_hold():
    found = particulars(documents("entryPoint: other\n", path="kubernetes/other.yaml"))

    assert found == Particulars(
        entry_point="kubernetes/clusters/apps", source=("GitRepository", "flux-system"), externals={}
    )


def test_each_key_replaces_its_default_alone():
    assert particulars(documents("entryPoint: ./clusters/home/\n")).entry_point == "clusters/home"
    assert particulars(documents("source: {kind: OCIRepository, name: tree}\n")) == Particulars(
        source=("OCIRepository", "tree")
    )
    assert particulars(documents("externals: {StorageClass: [fast, slow]}\n")) == Particulars(
        externals={"StorageClass": frozenset({"fast", "slow"})}
    )


def test_what_another_source_holds_is_not_of_the_tree():
    found = Particulars(source=("OCIRepository", "tree"))

    assert found.holds(("OCIRepository", "tree"))
    assert found.holds(("", ""))
    assert not found.holds(("GitRepository", "tree"))


@pytest.mark.parametrize(
    ("text", "line", "message", "next_step"),
    [
        pytest.param("- a\n", 1, "the file is no mapping", "give it the keys", id="a list"),
        pytest.param("{}\n---\n{}\n", 3, "the file has a second document", "keep one", id="two documents"),
        pytest.param("entryPont: a\n", 1, "entryPont is not a key", "write entryPoint", id="a typing error"),
        pytest.param("zones: a\n", 1, "zones is not a key", "take it out", id="a key of nothing"),
        pytest.param("entryPoint: ../a\n", 1, "entryPoint is no folder", "write its path", id="out of the tree"),
        pytest.param("entryPoint: /a\n", 1, "entryPoint is no folder", "write its path", id="an absolute path"),
        pytest.param("entryPoint:\n", 1, "entryPoint is no folder", "write its path", id="no entry point"),
        pytest.param("entryPoint: [a]\n", 1, "entryPoint is no folder", "write its path", id="a list of entry points"),
        pytest.param("source:\n  kind: G\n", 1, "source.name is no name", "sourceRef", id="a source without a name"),
        pytest.param(
            "source:\n  kind: G\n  name: 1\n", 3, "source.name is no name", "sourceRef", id="a number as name"
        ),
        pytest.param("source:\n  kind: G\n  name: a\n  url: b\n", 4, "source.url is not", "take it", id="a URL"),
        pytest.param("externals: a\n", 1, "externals is no mapping", "write a list", id="externals as text"),
        pytest.param("externals:\n  Secret: a\n", 2, "externals.Secret is no list", "one name a line", id="no list"),
        pytest.param("externals:\n  Secret:\n    - a\n    -\n", 4, "externals.Secret.1 is no name", "name", id="empty"),
    ],
)
def test_what_is_not_understood_is_told_where_it_stands_and_the_defaults_hold(text, line, message, next_step):
    (finding,) = check(documents(text))

    assert (finding.rule, finding.file, finding.line) == ("tree-file", PATH, line)
    assert message in finding.message
    assert next_step in finding.next_step
    assert particulars(documents(text)) == Particulars()


def test_a_file_that_is_understood_gives_no_finding():
    text = "entryPoint: a\nsource: {kind: GitRepository, name: b}\nexternals:\n  Secret: []\n  Series: [ceph_*]\n"

    assert list(check(documents(text))) == []
    assert list(check(())) == []
