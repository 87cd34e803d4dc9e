"""`invoke tools.install` and the look at the PATH alone, with this project's own tools.toml."""

import pytest

from scripts import toolchain
from scripts.errors import SettingsError, ToolMissing


@pytest.fixture
def flux(tmp_path, monkeypatch):
    """A function that puts a flux of some version on the PATH, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(version: str) -> None:
        program = tmp_path / "flux"
        program.write_text(f"#!/bin/sh\n[ \"$*\" = 'version --client' ] && echo 'flux: v{version}'\n")
        program.chmod(0o755)

    return make


def test_a_program_that_is_present_is_one_of_the_path_that_is_new_enough(flux, tmp_path):
    flux("2.9.5")

    assert toolchain.present("flux") == toolchain.Tool(
        name="flux", path=tmp_path / "flux", version="2.9.5", origin="PATH"
    )


def test_a_program_that_is_too_old_is_not_present(flux):
    flux("2.3.0")

    assert toolchain.present("flux") is None


@pytest.mark.usefixtures("flux")
def test_nothing_is_got_to_be_present():
    assert toolchain.present("kustomize") is None


def test_each_tool_is_said_with_its_path_and_an_optional_one_may_be_missing(capsys):
    toolchain.install(())

    said = capsys.readouterr().err
    assert f"kustomize {toolchain.get('kustomize').version}: {toolchain.get('kustomize').path}\n" in said
    assert "kube-apiserver: not got without --name kube-apiserver: only `nox -s cluster` needs it\n" in said
    if toolchain.present("flux") is None:
        assert "flux: not on the PATH, which is fine: it cannot be built from its module" in said


def test_an_optional_tool_that_is_asked_for_by_name_has_to_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolMissing, match=r"no flux 2\.4 or newer is on the PATH"):
        toolchain.install(("flux",))


def test_what_is_missing_is_said_of_each_tool(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolMissing, match="flux"):
        toolchain.install(("git", "flux"))

    assert "error: git: no git 2.25 or newer is on the PATH" in capsys.readouterr().err


def test_a_tool_that_is_not_in_tools_toml_is_refused_before_any_is_got(capsys):
    with pytest.raises(SettingsError, match=r"kustomise: is not a tool of tools\.toml"):
        toolchain.install(("git", "kustomise"))

    assert capsys.readouterr().err == ""
