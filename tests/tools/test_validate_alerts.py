"""The alerts that a tree renders to: what is right is not told, and what cannot be known is said."""

import pytest

from scripts.model import Status
from scripts.validate import conclude, validate
from tests.tools.trees import SYSTEM, append, both, places, remove, replace, write

RULE = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
TEST = "tests/alerts/volsync.test.yaml"
VOLSYNC = f"{SYSTEM}/volsync/ks.yaml"
LINK = "https://git.example.org/apps/blob/main/docs/runbooks/volsync-backup-restore.md"


OUT_OF_SYNC = "volsync_volume_out_of_sync"
OTHER = """\
        - alert: VolSyncOther
          expr: EXPR
          for: 5m
          labels:
            severity: high
          annotations:
            runbook_url: LINK#volsynccontrollerdown
            summary: Something else.
"""
OTHER_TEST = """\
---
rule_files:
  - volsync.rules.yaml
tests:
  - name: it is so
    input_series:
      - series: SERIES
        values: 1x20
    alert_rule_test:
      - alertname: VolSyncOther
        eval_time: 10m
        exp_alerts:
          - exp_labels:
              severity: high
            exp_annotations:
              runbook_url: LINK#volsynccontrollerdown
              summary: Something else.
  - name: nothing is known
    alert_rule_test:
      - alertname: VolSyncOther
        eval_time: 10m
        exp_alerts: []
"""


def further(expr, series, old="Something else.", new="Something else.", shown=None):
    """A further alert, with a test in which it fires and one in which it stays silent, and a change of both."""
    rule = OTHER.replace("EXPR", expr).replace("LINK", LINK).replace(old, new)
    test = (
        OTHER_TEST.replace("SERIES", f"'{series}'").replace("LINK", LINK).replace(old, new if shown is None else shown)
    )
    return both(append(RULE, rule), write("tests/alerts/other.test.yaml", test))


TWINS = [
    pytest.param(
        further(f"max({OUT_OF_SYNC}) == 1", OUT_OF_SYNC, "Something else.", "Now {{ $value }}", "Now 1"),
        id="a summary shows the value",
    ),
    pytest.param(
        both(
            further("max(ceph_health_status) == 1", "ceph_health_status"),
            append("kubernetes/tree.yaml", "  Series:\n    - ceph_*\n"),
        ),
        id="a series that others are said to expose",
    ),
    pytest.param(
        both(
            further("max(nosuch_series) == 1", "nosuch_series"),
            replace(RULE, "  name: volsync\n", "  annotations:\n    EXEMPTION\n  name: volsync\n"),
            replace(RULE, "EXEMPTION", '"allow.backup/alert-metric": an exporter of another team exposes it'),
        ),
        id="an annotation says why",
    ),
    pytest.param(
        both(
            replace(RULE, LINK, "${RUNBOOK_URL}"),
            replace(TEST, LINK, "${RUNBOOK_URL}"),
            replace(VOLSYNC, "  prune:", f"  postBuild:\n    substitute:\n      RUNBOOK_URL: {LINK}\n  prune:"),
        ),
        id="a variable holds where the runbooks are",
    ),
]


@pytest.mark.parametrize("edit", TWINS)
def test_what_is_right_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_where_the_page_of_a_variable_is_not_in_the_tree_each_alert_says_so(tree, tools):
    TWINS[-1].values[0](tree)
    replace(VOLSYNC, "restore.md", "restores.md")(tree)

    assert places(validate(tree, tools=tools)) == [("alert-runbook", RULE, 17)]


def ended(found, status):
    return {(each.check, each.reason) for each in found.outcomes if each.status is status}


def test_a_tree_without_tests_of_its_alerts_says_that_nothing_tests_them(tree, tools):
    remove(TEST)(tree)

    assert ("alerts tested", "there is no tests/alerts/*.test.yaml") in ended(
        validate(tree, tools=tools), Status.SKIPPED
    )


def test_where_a_test_cannot_be_read_no_alert_is_said_to_have_none(tree, tools):
    write("tests/alerts/broken.test.yaml", "---\ntests: [\n")(tree)

    found = validate(tree, tools=tools)

    assert {each.rule for each in found.findings} == {"yaml-syntax"}
    assert ("alerts tested", "tests/alerts/broken.test.yaml cannot be read") in ended(found, Status.BLOCKED)


def test_an_expression_that_cannot_be_read_is_not_checked_and_the_report_says_so(tree, tools):
    replace(RULE, " == 1)", " == 1")(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("alert-syntax", RULE, 12)]
    assert "alert series" in {check for check, _ in ended(found, Status.BLOCKED)}


def test_where_no_rule_is_applied_nothing_is_said_of_alerts(tree, tools):
    replace(f"{SYSTEM}/volsync/app/kustomization.yaml", "  - prometheusrule.yaml\n", "")(tree)

    skipped = ended(validate(tree, tools=tools), Status.SKIPPED)

    assert {"alert series", "alerts tested", "alert runbooks"} <= {check for check, _ in skipped}
