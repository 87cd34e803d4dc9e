"""A program that comes as a Python package: the real pip, on a package in a folder."""

import importlib.util
import os

import pytest

from scripts.errors import ToolMissing
from scripts.toolchain.recipe import read
from scripts.toolchain.resolve import locate
from tests.tools import python_package

TOOLS = """
[packed]
purpose = "says its version"
version = "1.0.0"
least = "1.0"
version_command = []
version_pattern = 'packed version (\\d+\\.\\d+\\.\\d+)'
wheel = { requirements = "requirements-packed.txt", program = "packed/bin/packed" }
install = { debian = "apt install packed", fedora = "dnf install packed", macos = "brew install packed" }
"""


@pytest.fixture
def tools_file(tmp_path, monkeypatch):
    python_package.publish(tmp_path, "packed", "1.0.0", {"packed/bin/packed": "#!/bin/sh\necho packed version 1.0.0\n"})
    file = tmp_path / "tools.toml"
    file.write_text(TOOLS)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return file


def find(tools_file):
    return locate(
        read(tools_file)["packed"],
        search_path=str(tools_file.parent),
        cache_folder=tools_file.parent / "cache",
        tools_file=tools_file,
    )


@pytest.mark.parametrize("user", ["0", "1"], ids=["as pip is", "on a machine that installs for the user"])
def test_a_program_of_a_python_package_goes_to_the_cache_and_not_into_the_environment(tools_file, monkeypatch, user):
    monkeypatch.setenv("PIP_USER", user)

    tool = find(tools_file)

    assert (tool.version, tool.origin) == ("1.0.0", "cache")
    assert os.access(tool.path, os.X_OK)
    assert importlib.util.find_spec("packed") is None


@pytest.mark.parametrize(
    "digest",
    [pytest.param(f"--hash=sha256:{'0' * 64}", id="another digest"), pytest.param("", id="no digest")],
)
def test_a_package_that_is_not_the_pinned_one_is_refused(tools_file, digest):
    (tools_file.parent / "requirements-packed.txt").write_text(f"packed==1.0.0 {digest}\n")

    with pytest.raises(ToolMissing, match="macOS `brew install packed`"):
        find(tools_file)

    assert sorted(path.name for path in (tools_file.parent / "cache" / "tools" / "packed").iterdir()) == ["lock"]
