"""What the schemas say of a whole tree: what the API takes is not told, and which rule speaks first."""

import pytest

from scripts.model import Status
from scripts.validate import conclude, validate
from tests.tools.test_validate_volsync import (
    APPLIED_BY,
    DESTINATION,
    SOURCE,
    VOLSYNC,
    add,
)
from tests.tools.trees import CLUSTER, SYSTEM, both, places, replace

APP_NAMESPACE = "kubernetes/workloads/apps/demo/namespace.yaml"
SETTINGS = f"{CLUSTER}/cluster-settings.yaml"
NAMESPACE = f"{SYSTEM}/namespace.yaml"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(replace(SOURCE, "daily: 7", 'last: "7"'), id="the number of snapshots is quoted"),
        pytest.param(replace(DESTINATION, "capacity: 1Gi", "capacity: 1024Mi"), id="a capacity has another unit"),
        pytest.param(replace(VOLSYNC, "interval: 10m", "interval: 1h30m5s"), id="a duration has three units"),
        pytest.param(
            replace(SETTINGS, "  VOLSYNC_BUCKET: volsync", '  VOLSYNC_BUCKET: volsync\n  SIGN: "="\n  MERGE: "<<"'),
            id="a sign of YAML 1.1 is in quotes, which kustomize takes away",
        ),
        pytest.param(
            both(
                replace(SOURCE, "daily: 7", "last: ${quote}${KEEP}${quote}"),
                replace(APPLIED_BY, "      APP: demo", '      APP: demo\n      KEEP: "7"\n      quote: \'"\''),
            ),
            id="a variable is quoted as Flux leaves it",
        ),
        pytest.param(
            both(
                replace(APPLIED_BY, "      APP: demo", '      APP: demo\n      SINCE: "2024-01-01"'),
                replace(APP_NAMESPACE, "metadata:", "metadata:\n  annotations:\n    since: since-${SINCE}"),
            ),
            id="a date is quoted",
        ),
        pytest.param(replace(NAMESPACE, "metadata:", "metadata:\n  labels:\n    a: ''"), id="a label is empty"),
    ],
)
def test_what_the_api_takes_is_no_fault(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_a_kind_that_has_no_schema_is_named_and_not_passed_as_checked(tree, tools):
    store = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata:\n  name: own\nspec:\n  no: schema\n"
    add("store.yaml", store)(tree)

    found = validate(tree, tools=tools)

    outcome = next(each for each in found.outcomes if each.check == "schemas")
    assert outcome.status is Status.PASSED
    assert outcome.subject == "17 objects (1 more have none: SecretStore)"


def test_a_rule_about_one_field_speaks_before_its_schema(tree, tools):
    replace(VOLSYNC, "  prune: true\n", "")(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("flux-prune", VOLSYNC, 7)]


def test_where_an_annotation_silences_that_rule_the_schema_speaks(tree, tools):
    allowed = "  annotations:\n    allow.backup/flux-prune: it is set where it is applied\n"
    both(replace(VOLSYNC, "  prune: true\n", ""), replace(VOLSYNC, "spec:\n", f"{allowed}spec:\n"))(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("schema-missing", VOLSYNC, 9)]
