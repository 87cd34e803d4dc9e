from scripts.checks import RULES
from tests.tools import (
    test_validate,
    test_validate_alerts,
    test_validate_docs,
    test_validate_helm,
    test_validate_pods,
    test_validate_schemas,
    test_validate_story,
    test_validate_volsync,
)


def test_each_rule_is_seen_to_fail():
    faults = (
        *test_validate.FAULTS,
        *test_validate_alerts.FAULTS,
        *test_validate_docs.FAULTS,
        *test_validate_helm.FAULTS,
        *test_validate_pods.FAULTS,
        *test_validate_schemas.FAULTS,
        *test_validate_story.FAULTS,
        *test_validate_volsync.FAULTS,
    )

    # a commit is no part of a tree: tests/tools/test_unpushed.py
    assert set(RULES) == {fault.values[1][0] for fault in faults} | {"secret-in-commit"}
