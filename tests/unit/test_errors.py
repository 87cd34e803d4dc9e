"""The failures, their exit codes, and the table of them."""

import re

import pytest

from scripts import errors
from scripts.errors import BackupError, CommandFailed
from scripts.settings import REPOSITORY_ROOT

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BackupError)]
CONCRETE = [kind for kind in KINDS if kind is not BackupError]
PAGE = REPOSITORY_ROOT / "docs" / "reference" / "exit-codes.md"


def test_each_kind_of_failure_has_an_exit_code_of_its_own():
    codes = [kind.exit_code for kind in CONCRETE]

    assert len(CONCRETE) > 1
    assert len(set(codes)) == len(codes)
    assert all(0 < code < 126 or code == 130 for code in codes)


def test_the_table_of_exit_codes_is_complete_and_says_what_the_code_says():
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert [(int(code), name) for code, name, _ in rows] == [(kind.exit_code, kind.__name__) for kind in CONCRETE]
    assert [meaning for _, _, meaning in rows] == [kind.__doc__.strip().split("\n")[0] for kind in CONCRETE]


def test_the_drawing_in_the_module_has_each_class_with_its_code():
    drawn = re.findall(r"[├└]── (\w+) +(\d+)  (.+)", errors.__doc__)

    assert [(name, int(code)) for name, code, _ in drawn] == [(kind.__name__, kind.exit_code) for kind in CONCRETE]


@pytest.mark.parametrize("kind", CONCRETE)
def test_a_message_says_where_what_and_what_to_do(kind):
    error = kind("tools.toml:12", "kustomize 4.2 was found, 5.0 is wanted", "run `invoke tools.install`")

    assert str(error) == "tools.toml:12: kustomize 4.2 was found, 5.0 is wanted; run `invoke tools.install`"


def test_a_failed_command_keeps_the_programs_own_exit_code():
    error = CommandFailed("restic", "the repository is locked", "run `invoke unlock`", command_exit_code=11)

    assert (error.command_exit_code, error.exit_code) == (11, 5)
