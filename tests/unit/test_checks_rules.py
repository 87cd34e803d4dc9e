from scripts.checks import RULES
from scripts.checks.page import page
from scripts.settings import REPOSITORY_ROOT


def test_the_page_of_the_rules_is_what_the_table_says():
    written = (REPOSITORY_ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")

    assert page() == written, "run `python -m scripts.checks > docs/reference/rules.md`"


def test_each_rule_is_one_sentence():
    assert [rule for rule, demand in RULES.items() if not demand.endswith(".") or "|" in demand] == []
