import pytest

from scripts.checks import RULES, SECRET_RULES, WARNINGS, severity
from scripts.checks.page import page
from scripts.model import Severity
from scripts.settings import REPOSITORY_ROOT


def test_the_page_of_the_rules_is_what_the_table_says():
    written = (REPOSITORY_ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")

    assert page() == written, "run `python -m scripts.checks > docs/reference/rules.md`"


def test_each_rule_is_one_sentence():
    assert [rule for rule, demand in RULES.items() if not demand.endswith(".") or "|" in demand] == []


def test_a_warning_is_a_rule_and_none_that_gives_a_secret_away():
    assert set(RULES) >= WARNINGS
    assert not WARNINGS & SECRET_RULES


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("flux-timeout", Severity.WARNING, id="the backup works"),
        pytest.param("volsync-unprotected", Severity.ERROR, id="nothing is backed up"),
        pytest.param("could-not-run", Severity.ERROR, id="a rule of no table"),
    ],
)
def test_a_rule_says_how_bad_it_is_to_break_it(rule, expected):
    assert severity(rule) is expected
