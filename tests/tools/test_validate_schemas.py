"""What the schemas say of a tree: for each rule the smallest edit that breaks it, told once, with its file and line."""

import pytest

from scripts.checks.schema import QUOTE_VARIABLE
from scripts.errors import FindingsFound
from scripts.model import Status
from scripts.validate import conclude, validate
from tests.tools.test_validate_volsync import (
    APPLIED_BY,
    CLAIM,
    DESTINATION,
    EXTERNAL_SECRET,
    FOLDER,
    SETTINGS,
    SOURCE,
    VOLSYNC,
    add,
)
from tests.tools.trees import DEMO, SYSTEM, both, places, replace, write

NAMESPACE = f"{SYSTEM}/namespace.yaml"
APP = "kubernetes/workloads/apps/demo/namespace.yaml"
RELEASE = f"{SYSTEM}/volsync/app/helmrelease.yaml"
ALERTS = f"{SYSTEM}/volsync/app/prometheusrule.yaml"


MAP = "kubernetes/workloads/apps/demo/map.yaml"


def config_map(line):
    """A ConfigMap of the app: the settings that variables come from have to be text before anything is rendered."""
    text = f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n  namespace: demo\ndata:\n{line}\n"
    return both(write(MAP, text), replace(DEMO, "  - namespace.yaml\n", "  - map.yaml\n  - namespace.yaml\n"))


FAULTS = [
    pytest.param(
        replace(SETTINGS, "  VOLSYNC_BUCKET: volsync", "  VOLSYNC_BUCKET: volsync\n  VOLSYNC_DEBUG: yes"),
        ("yaml-ambiguous", SETTINGS, 10),
        "write `true`, or quote it",
        id="a word is text to kustomize and a truth value to others",
    ),
    pytest.param(
        config_map("  mode: 0644"),
        ("yaml-ambiguous", MAP, 8),
        "write `420`, or quote it if it is text",
        id="a mode becomes another number, where text is wanted",
    ),
    pytest.param(
        replace(
            RELEASE, "      disableAuth: true", "      disableAuth: true\n    podAnnotations:\n      release: 1.10"
        ),
        ("yaml-ambiguous", RELEASE, 21),
        "write `1.1`, or quote it if it is text",
        id="a version loses its zero, where a chart takes anything",
    ),
    pytest.param(
        both(
            replace(APPLIED_BY, "      APP: demo", "      APP: demo\n      SINCE: 2024-01-01"),
            replace(APP, "metadata:", "metadata:\n  annotations:\n    since: since-${SINCE}"),
        ),
        ("yaml-ambiguous", APPLIED_BY, 15),
        "quote it",
        id="a date becomes a time",
    ),
    pytest.param(
        replace(SOURCE, "copyMethod", "copymethod"),
        ("schema-field", SOURCE, 10),
        "write `copyMethod`",
        id="a field is mistyped",
    ),
    pytest.param(
        replace(SOURCE, "repository:", "repositry:"),
        ("schema-field", SOURCE, 14),
        "write `repository`",
        id="a field is mistyped that says where the backups go, and others refer to them",
    ),
    pytest.param(
        replace(SOURCE, "sourcePVC", "sourcePvc"),
        ("schema-field", SOURCE, 18),
        "write `sourcePVC`",
        id="a field is mistyped that says what is backed up",
    ),
    pytest.param(
        replace(
            SOURCE,
            "    retain:\n      daily: 7\n    volumeSnapshotClassName: snapshots\n",
            "    volumeSnapshotClassName: snapshots\n  retain:\n    daily: 7\n",
        ),
        ("schema-field", SOURCE, 16),
        "move it to spec.restic.retain",
        id="a field is a level too high",
    ),
    pytest.param(
        replace(SOURCE, "    retain:", "    enableFileDeletion: true\n    retain:"),
        ("schema-field", SOURCE, 15),
        "take it out, or write it in the ReplicationDestination",
        id="a field is one of another kind",
    ),
    pytest.param(
        replace(RELEASE, "  interval:", "  dependOn: []\n  interval:"),
        ("schema-field", RELEASE, 16),
        "write `dependsOn`",
        id="a field of a HelmRelease is mistyped",
    ),
    pytest.param(
        replace(ALERTS, "  namespace:", "  namspace:"),
        ("schema-field", ALERTS, 6),
        "write `namespace`",
        id="a field of the metadata is mistyped",
    ),
    pytest.param(
        replace(VOLSYNC, "  interval: 10m\n", ""),
        ("schema-missing", VOLSYNC, 7),
        "add spec.interval",
        id="a Flux Kustomization has no interval",
    ),
    pytest.param(
        replace(CLAIM, "  accessModes:\n    - ReadWriteOnce\n", ""),
        ("schema-missing", CLAIM, 6),
        "add spec.accessModes",
        id="a PVC has no access modes",
    ),
    pytest.param(
        replace(SOURCE, "runAsUser: 1000", 'runAsUser: "1000"'),
        ("schema-value", SOURCE, 13),
        "write it without quotes",
        id="a number is text",
    ),
    pytest.param(
        replace(SOURCE, "daily: 7", "last: 7"),
        ("schema-value", SOURCE, 16),
        "quote it",
        id="text is a number",
    ),
    pytest.param(
        both(
            replace(SOURCE, "daily: 7", 'last: "${KEEP}"'),
            replace(APPLIED_BY, "      APP: demo", '      APP: demo\n      KEEP: "7"'),
        ),
        ("schema-value", APPLIED_BY, 15),
        QUOTE_VARIABLE,
        id="a variable becomes a number, whatever quotes it has",
    ),
    pytest.param(
        replace(SOURCE, "daily: 7", 'last: "${KEEP:=7}"'),
        ("schema-value", SOURCE, 16),
        QUOTE_VARIABLE,
        id="the default of a variable becomes a number",
    ),
    pytest.param(
        both(
            replace(SOURCE, "runAsUser: 1000", "runAsUser: ${USER_ID}"),
            replace(DESTINATION, "runAsUser: 1000", "runAsUser: ${USER_ID}"),
            replace(APPLIED_BY, "      APP: demo", "      APP: demo\n      USER_ID: nobody"),
        ),
        ("schema-value", APPLIED_BY, 15),
        "write it without quotes",
        id="a variable has a value of another type",
    ),
    pytest.param(
        replace(DESTINATION, "capacity: 1Gi", "capacity: 1GB"),
        ("schema-value", DESTINATION, 14),
        "correct the value",
        id="a capacity has a unit that is none",
    ),
    pytest.param(
        replace(CLAIM, "storage: 1Gi", "storage: a lot"),
        ("schema-value", CLAIM, 15),
        "correct the value",
        id="a quantity of a kind of Kubernetes is none",
    ),
    pytest.param(
        replace(CLAIM, "- ReadWriteOnce", "- ReadWriteMore"),
        ("schema-value", CLAIM, 8),
        "write `ReadWriteOnce`",
        id="an access mode is none",
    ),
    pytest.param(
        replace(VOLSYNC, "interval: 10m", "interval: 10 minutes"),
        ("schema-value", VOLSYNC, 15),
        "correct the value",
        id="a duration has no unit that Flux knows",
    ),
    pytest.param(
        both(
            replace(ALERTS, "severity: critical", "severity: critical\n            team: 5"),
            replace(
                "tests/alerts/volsync.test.yaml", "severity: critical", 'severity: critical\n              team: "5"'
            ),
        ),
        ("schema-value", ALERTS, 16),
        "quote it",
        id="a label of an alert is a number, which promtool takes",
    ),
    pytest.param(
        config_map("  debug: true"),
        ("schema-value", MAP, 8),
        "quote it",
        id="a value of a ConfigMap is a switch",
    ),
    pytest.param(
        replace(EXTERNAL_SECRET, "kind: ClusterSecretStore", "kind: ClusterSecretsStore"),
        ("schema-value", EXTERNAL_SECRET, 8),
        "write `ClusterSecretStore`",
        id="a reference is to a kind that is none",
    ),
    pytest.param(
        add(
            "policy.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicies\nmetadata:\n  name: all\nspec: {}\n"
        ),
        ("schema-kind", f"{FOLDER}/policy.yaml", 3),
        "write `kind: NetworkPolicy`",
        id="a kind is mistyped",
    ),
    pytest.param(
        add("disruptions.yaml", "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  name: all\n"),
        ("schema-kind", f"{FOLDER}/disruptions.yaml", 2),
        "write `apiVersion: policy/v1`",
        id="a kind has a version that is not served any more",
    ),
]


@pytest.mark.parametrize(("edit", "expected", "next_step"), FAULTS)
def test_one_fault_of_a_field_is_one_finding_with_its_file_and_line(tree, tools, edit, expected, next_step):
    edit(tree)

    found = validate(tree, tools=tools)

    assert [expected] == places(found), [str(finding) for finding in found.findings]
    assert found.findings[0].next_step == next_step
    with pytest.raises(FindingsFound):
        conclude(found)


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
                replace(APP, "metadata:", "metadata:\n  annotations:\n    since: since-${SINCE}"),
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
