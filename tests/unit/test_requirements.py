"""The pins: exact, by digest, the same in both files, and from no address of their own."""

import re

import pytest

from scripts.settings import REPOSITORY_ROOT

FILES = ("requirements.txt", "requirements-dev.txt", "requirements-go.txt")


def lines(name: str) -> list[str]:
    """The lines of a requirements file, continued ones joined, without comments."""
    text = (REPOSITORY_ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.partition(" #")[0].strip() for line in text.splitlines() if line and not line.startswith("#")]


def pins(name: str) -> dict[str, str]:
    """Name in its normal form -> version."""
    found = (re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line) for line in lines(name))
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2] for match in found if match}


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_to_one_version_and_its_digests(name):
    pattern = r"[a-z0-9-]+==[^ ;]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+"

    assert lines(name)
    assert [line for line in lines(name) if not re.fullmatch(pattern, line)] == []


@pytest.mark.parametrize("name", FILES)
def test_no_pin_says_where_a_package_is_downloaded_from(name):
    text = (REPOSITORY_ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)


@pytest.mark.parametrize(("source", "pinned"), [("requirements.in", FILES[0]), ("requirements-dev.in", FILES[1])])
def test_what_is_asked_for_is_what_is_pinned(source, pinned):
    asked = pins(source)

    assert asked
    assert {name: pins(pinned).get(name) for name in asked} == asked


@pytest.mark.parametrize("source", ["requirements.in", "requirements-dev.in"])
def test_each_package_that_is_asked_for_has_a_reason(source):
    text = (REPOSITORY_ROOT / source).read_text(encoding="utf-8")
    asked = [line for line in text.splitlines() if line and not line.startswith(("#", "-r"))]

    assert [line for line in asked if not re.search(r"==\S+ # \S+", line)] == []


def test_the_tests_use_the_same_versions_as_the_tasks():
    development = pins("requirements-dev.txt")

    assert {name: development.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")
