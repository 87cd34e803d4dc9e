"""Where a report goes: what is refused before the work, and that a file is the whole of a report or none."""

import json
import os

import pytest

from scripts import report
from scripts.errors import SettingsError
from scripts.model import Outcome, Report, Status

CLEAN = Report(title="validate", outcomes=(Outcome(check="read", subject="2 files", status=Status.PASSED),))


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_format_goes_to_its_file_and_one_to_standard_output(tmp_path, capsys):
    outputs = [f"{name}={tmp_path / name}" for name in report.FORMATS]

    report.delivery("github", outputs).send(CLEAN)

    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in report.FORMATS} == {
        name: write(CLEAN) for name, write in report.FORMATS.items()
    }
    assert left(tmp_path) == sorted(report.FORMATS)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (report.FORMATS["github"](CLEAN), "")


@pytest.mark.parametrize("format_name", sorted(report.FORMATS))
def test_standard_output_has_nothing_but_the_report(format_name, capsys):
    report.delivery(format_name).send(CLEAN)

    assert capsys.readouterr().out == report.FORMATS[format_name](CLEAN)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        pytest.param("xml={}/a", "'xml' is no format; give one of text, json", id="an unknown format"),
        pytest.param("json", "'json' is not FORMAT=FILE", id="no file"),
        pytest.param("json=", "'json=' is not FORMAT=FILE", id="an empty file"),
        pytest.param(
            "json={}/none/a", "cannot be written .No such file or directory.", id="a folder that is not there"
        ),
        pytest.param("json={}", "is there and is no file", id="a folder"),
        pytest.param("json={}/there/a", "cannot be written .Not a directory.", id="a file where a folder should be"),
        pytest.param("json={}/pipe", "is there and is no file", id="a pipe"),
        pytest.param("json={}/" + "a" * 250, "cannot be written .File name too long.", id="a name that is too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path, output, words):
    (tmp_path / "there").write_text("an old report", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SettingsError, match=words):
        report.delivery("text", [f"sarif={tmp_path / 'there'}", output.format(tmp_path)])

    assert (tmp_path / "there").read_text(encoding="utf-8") == "an old report"
    assert left(tmp_path) == ["pipe", "there"]


def test_a_format_of_standard_output_that_there_is_not_is_refused():
    with pytest.raises(SettingsError, match="--format: 'yaml' is no format"):
        report.delivery("yaml")


def test_one_file_for_two_formats_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="is named twice"):
        report.delivery("text", [f"json={tmp_path / 'a'}", f"sarif={tmp_path / 'b' / '..' / 'a'}"])


def test_the_report_of_an_earlier_run_does_not_pass_for_one_of_a_run_that_was_stopped(tmp_path):
    (tmp_path / "a.json").write_text('{"verdict": "clean"}', encoding="utf-8")

    report.delivery("text", [f"json={tmp_path / 'a.json'}"])

    assert left(tmp_path) == []


def test_a_file_that_cannot_be_written_any_more_leaves_the_others_and_is_told(tmp_path, capsys):
    (tmp_path / "gone").mkdir()
    delivery = report.delivery("text", [f"sarif={tmp_path / 'gone' / 'a'}", f"json={tmp_path / 'b'}"])
    (tmp_path / "gone").rmdir()

    with pytest.raises(SettingsError, match="cannot be written"):
        delivery.send(CLEAN)

    assert json.loads((tmp_path / "b").read_text(encoding="utf-8"))["verdict"] == "clean"
    assert capsys.readouterr().out == report.text(CLEAN)


def test_a_link_keeps_leading_to_the_report(tmp_path):
    (tmp_path / "link").symlink_to("target")

    report.delivery("text", [f"json={tmp_path / 'link'}"]).send(CLEAN)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text(encoding="utf-8") == report.FORMATS["json"](CLEAN)


def test_a_report_has_the_permissions_that_any_new_file_has(tmp_path):
    (tmp_path / "like").touch()

    report.delivery("text", [f"json={tmp_path / 'a'}"]).send(CLEAN)

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "like").stat().st_mode
