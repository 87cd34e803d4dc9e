"""What `invoke validate` writes, where, and which tree it is about."""

import shutil
from pathlib import Path

import pytest

from scripts.errors import FindingsFound, SettingsError
from scripts.validate import run

MINIMAL = Path(__file__).parent.parent / "trees" / "valid" / "minimal"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    return root


@pytest.mark.parametrize("format_name", ["json", "junit", "sarif", "github"])
def test_what_a_machine_reads_is_all_that_the_task_prints(tree, capsys, format_name):
    (tree / "docs/architecture.md").unlink()

    with pytest.raises(FindingsFound):
        run(tree, format_name=format_name, outputs=[f"{format_name}={tree.parent / 'report'}"])

    written = (tree.parent / "report").read_text(encoding="utf-8")
    assert "docs/architecture.md" in written
    assert capsys.readouterr().out == written


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_checked(tree, capsys):
    with pytest.raises(SettingsError, match="cannot be written"):
        run(tree, outputs=[f"json={tree / 'nosuch' / 'report.json'}"])

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("root", "words"),
    [
        pytest.param("nosuch", "is no folder", id="a folder that is not there"),
        pytest.param("docs/architecture.md", "is no folder", id="a file"),
        pytest.param("docs", "holds no folder kubernetes", id="a folder without a tree"),
    ],
)
def test_a_root_that_is_none_is_refused(tree, root, words):
    with pytest.raises(SettingsError, match=words):
        run(tree / root)
