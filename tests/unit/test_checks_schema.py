import copy
import datetime

import pytest

from scripts.checks import schema
from scripts.checks.fault import Fault
from scripts.checks.objects import Objects
from scripts.model import Resource, ResourceId

SOURCE = {
    "apiVersion": "volsync.backube/v1alpha1",
    "kind": "ReplicationSource",
    "metadata": {"name": "demo", "namespace": "demo"},
    "spec": {
        "restic": {
            "copyMethod": "Snapshot",
            "moverSecurityContext": {"runAsUser": 1000},
            "repository": "demo-restic",
            "retain": {"daily": 7},
        },
        "sourcePVC": "demo",
        "trigger": {"schedule": "0 2 * * *"},
    },
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "demo", "namespace": "demo"},
    "spec": {
        "selector": {"matchLabels": {"app": "demo"}},
        "template": {
            "metadata": {"labels": {"app": "demo"}},
            "spec": {"containers": [{"name": "demo", "env": [{"name": "MODE", "value": "a"}]}]},
        },
    },
}
RELEASE = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "demo"},
    "spec": {"chartRef": {"kind": "OCIRepository", "name": "demo"}, "interval": "1h"},
}
RULES = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PrometheusRule",
    "metadata": {"name": "demo"},
    "spec": {"groups": [{"name": "demo", "rules": [{"alert": "Demo", "expr": "up == 0"}]}]},
}
CONTAINER = ("spec", "template", "spec", "containers", 0)
LEFT_OUT = object()


def resource(document):
    metadata = document.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    return Resource(
        id=ResourceId(
            api_version=str(document.get("apiVersion") or ""),
            kind=str(document.get("kind") or ""),
            namespace=str(names.get("namespace") or ""),
            name=str(names.get("name") or ""),
        ),
        document=document,
        kustomization="demo",
    )


def check(*documents):
    return schema.check(Objects(resources=tuple(map(resource, documents)), externals={}))


def edited(document, location, value):
    found = copy.deepcopy(document)
    around = found
    for step in location[:-1]:
        around = around.setdefault(step, {}) if isinstance(around, dict) else around[step]
    if value is LEFT_OUT:
        del around[location[-1]]
    else:
        around[location[-1]] = value
    return found


@pytest.mark.parametrize(
    ("document", "location", "value", "expected"),
    [
        pytest.param(
            SOURCE,
            ("spec", "restic", "copymethod"),
            "Snapshot",
            ("schema-field", "there is no such field: the nearest is copyMethod", "write `copyMethod`"),
            id="a field with another case",
        ),
        pytest.param(
            SOURCE,
            ("spec", "copyMethod"),
            "Clone",
            ("schema-field", "it belongs to spec.restic", "move it to spec.restic.copyMethod"),
            id="a field a level too high, of the mover that is used",
        ),
        pytest.param(
            SOURCE,
            ("spec", "schedule"),
            "0 2 * * *",
            ("schema-field", "it belongs to spec.trigger", "move it to spec.trigger.schedule"),
            id="a field a level too high, of an object that may be there or not",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "restoreAsOf"),
            "2026-01-31T02:00:00Z",
            (
                "schema-field",
                "it is a field of a ReplicationDestination",
                "take it out, or write it in the ReplicationDestination",
            ),
            id="a field of the other kind",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "moverSecurityContext", "capabilities"),
            {},
            ("schema-field", "there are appArmorProfile, fsGroup, ", "take it out"),
            id="a field of a container in the context of a pod",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "moverVolumes"),
            [],
            ("schema-field", "there are accessModes, ", "take it out"),
            id="a field of a later version",
        ),
        pytest.param(
            DEPLOYMENT,
            (*CONTAINER, "volumes"),
            [],
            ("schema-field", "it belongs to spec.template.spec", "move it to spec.template.spec.volumes"),
            id="a field of the pod in its container",
        ),
        pytest.param(
            edited(RELEASE, ("spec", "interval"), LEFT_OUT),
            ("spec", "intervall"),
            "1h",
            ("schema-field", "the nearest is interval", "write `interval`"),
            id="a field that has to be there is mistyped",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "copyMethod"),
            "snapshot",
            ("schema-value", "`snapshot`, and wanted is one of Direct, None, Clone, Snapshot", "write `Snapshot`"),
            id="an option with another case",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "cacheCapacity"),
            "abc",
            ("schema-value", "`abc`, and wanted is a quantity such as 500m or 10Gi", "correct the value"),
            id="a quantity that is none",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "retain", "last"),
            5,
            ("schema-value", "which is a number, and wanted is text", "quote it"),
            id="a number in the place of text",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "moverSecurityContext", "runAsUser"),
            "1000",
            ("schema-value", "which is text, and wanted is a whole number", "write it without quotes"),
            id="text in the place of a number",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "pruneIntervalDays"),
            2**31,
            ("schema-value", "wanted is a whole number", "correct the value"),
            id="a number that is too large",
        ),
        pytest.param(
            SOURCE,
            ("spec", "sourcePVC"),
            None,
            ("schema-value", "which is nothing, and wanted is text", "give it a value"),
            id="a variable without a value",
        ),
        pytest.param(
            SOURCE,
            ("spec", "restic", "accessModes"),
            [],
            ("schema-value", "wanted is a list of at least 1", "correct the value"),
            id="a list without entries",
        ),
        pytest.param(
            SOURCE,
            ("metadata", "labels", "app.kubernetes.io/name"),
            5,
            ("schema-value", 'metadata.labels["app.kubernetes.io/name"], which is a number', "quote it"),
            id="a label that is a number",
        ),
        pytest.param(
            SOURCE,
            ("metadata", "labels", "a b"),
            "x",
            ("schema-value", "`a b` in metadata.labels, which is no name", "correct the name"),
            id="a label with a name that is none",
        ),
        pytest.param(
            SOURCE,
            ("metadata", "name"),
            LEFT_OUT,
            ("schema-missing", "has no metadata.name", "add metadata.name"),
            id="an object without a name",
        ),
        pytest.param(
            SOURCE, ("kind",), LEFT_OUT, ("schema-missing", "has no kind", "add kind"), id="an object without a kind"
        ),
        pytest.param(
            SOURCE,
            ("kind",),
            "ReplicationSorce",
            (
                "schema-kind",
                "is none of the kinds that volsync.backube has: ReplicationDestination, ReplicationSource",
                "write `kind: ReplicationSource`",
            ),
            id="a kind that its group has not",
        ),
        pytest.param(
            DEPLOYMENT,
            ("apiVersion",),
            "v1",
            ("schema-kind", "is none of the kinds that Kubernetes 1.33 has in v1", "write `apiVersion: apps/v1`"),
            id="a kind in another group",
        ),
        pytest.param(
            DEPLOYMENT,
            (*CONTAINER, "env", 0, "value"),
            True,
            ("schema-value", "containers[0].env[0].value, which is true or false, and wanted is text", "quote it"),
            id="a switch in the environment",
        ),
        pytest.param(
            DEPLOYMENT,
            (*CONTAINER, "resources", "limits", "memory"),
            "5 GB",
            ("schema-value", "wanted is a quantity", "correct the value"),
            id="a limit with a blank",
        ),
        pytest.param(
            RELEASE,
            ("spec", "chart"),
            {"spec": {"chart": "demo", "sourceRef": {"kind": "HelmRepository", "name": "demo"}}},
            ("schema-value", "has spec, and wanted is either chart or chartRef", "correct the value"),
            id="two charts",
        ),
        pytest.param(
            RULES,
            ("spec", "groups", 0, "rules", 0, "labels", "team"),
            5,
            ("schema-value", "which is a number, and wanted is text", "quote it"),
            id="a label of an alert that promtool takes",
        ),
    ],
)
def test_a_fault_of_a_field_is_one_with_its_place_what_is_wanted_and_what_to_do(document, location, value, expected):
    rule, message, next_step = expected
    faults = check(edited(document, location, value)).faults

    assert [(each.rule, each.next_step) for each in faults] == [(rule, next_step)]
    assert message in faults[0].message
    assert faults[0].location in {location, location[:1]}


@pytest.mark.parametrize("document", [SOURCE, DEPLOYMENT, RELEASE, RULES])
def test_what_is_right_is_no_fault(document):
    assert check(document).faults == ()


@pytest.mark.parametrize(
    ("location", "value", "at", "message", "next_step"),
    [
        pytest.param(
            ("sourcePVC",), datetime.date(2024, 1, 1), ("sourcePVC",), "a date to YAML", "quote it", id="a date"
        ),
        pytest.param(("sourcePVC",), b"x", ("sourcePVC",), "binary data to YAML", "quote it", id="binary data"),
        pytest.param(("sourcePVC",), {1, 2}, ("sourcePVC",), "set to YAML", "quote it", id="a set"),
        pytest.param((5,), "x", ("5",), "whose name is a number", "quote the name", id="a number as a name"),
        pytest.param((None,), "x", ("None",), "whose name is nothing", "quote the name", id="nothing as a name"),
    ],
)
def test_what_json_has_no_word_for_is_a_fault_and_stops_nothing(location, value, at, message, next_step):
    broken = edited(SOURCE, ("spec", *location), value)

    faults = check(edited(broken, ("spec", "restic", "copyMethod"), "None of these"), broken).faults

    told = [(each.rule, each.location, each.next_step) for each in faults]
    assert ("schema-value", ("spec", *at), next_step) in told
    assert ("schema-value", ("spec", "restic", "copyMethod"), "write `None`") in told or len(told) > 2
    assert any(message in each.message for each in faults)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({**SOURCE, "spec": {"sourcePVC": "\ud800"}}, id="half a character"),
        pytest.param({**RELEASE, "spec": {**RELEASE["spec"], "values": {"any": [1, {"thing": None}]}}}, id="values"),
        pytest.param({**SOURCE, "spec": {}}, id="an empty spec"),
    ],
)
def test_what_is_free_is_no_fault(document):
    assert check(document).faults == ()


@pytest.mark.parametrize("wrong", [None, "text", 5, [], ["x"], {"a": {"b": [1]}}, True])
@pytest.mark.parametrize("document", [SOURCE, DEPLOYMENT, RELEASE, RULES])
def test_an_object_of_another_shape_stops_nothing(document, wrong):
    for name in ("metadata", "spec", "status", "other"):
        assert isinstance(check({**document, name: wrong}).faults, tuple)


def test_an_empty_tree_and_an_empty_object_are_told_apart():
    assert check().faults == ()
    assert [each.rule for each in check({}).faults] == ["schema-missing", "schema-missing"]


@pytest.mark.parametrize("levels", [100, 250, 300, 5000])
@pytest.mark.parametrize("name", ["values", "releaseName"])
def test_what_is_nested_deeply_stops_nothing(name, levels):
    deep = "x"
    for _ in range(levels):
        deep = {"a": deep}

    release = edited(edited(RELEASE, ("spec", "intervall"), "1h"), ("spec", "interval"), LEFT_OUT)
    release["spec"][name] = deep

    faults = check(release).faults

    assert ("spec", "intervall") in {each.location for each in faults}
    assert name == "values" or ("spec", name) in {each.location for each in faults}


def test_a_kind_without_a_schema_is_counted_by_its_name():
    store = {"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "own"}}
    other = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "own"}}

    checked = check(SOURCE, store, store, other)

    assert checked.unchecked == {"SecretStore": 2, "Thing": 1}
    assert checked.subject == "1 objects (3 more have none: SecretStore, Thing)"


def test_a_value_that_may_be_a_secret_is_never_shown():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}, "stringData": {"password": 12345}}
    environment = edited(DEPLOYMENT, (*CONTAINER, "env", 0, "value"), 12345)

    assert [fault.rule for fault in check(secret, environment).faults] == ["schema-value", "schema-value"]
    assert not any("12345" in fault.message for fault in check(secret, environment).faults)


def test_other_checks_see_what_was_meant():
    broken = edited(
        edited(SOURCE, ("spec", "restic", "copyMethod"), "snapshot"), ("spec", "restic", "retain"), LEFT_OUT
    )
    broken = edited(edited(broken, ("spec", "retain"), {"daily": 7}), ("spec", "sourcePvc"), "demo")
    broken["spec"]["restic"]["moverSecurityContext"]["runAsUser"] = "1000"
    del broken["spec"]["sourcePVC"]

    checked = check(broken)

    assert len(checked.faults) == 4
    assert checked.meant.resources[0].document == SOURCE
    assert broken["spec"]["sourcePvc"] == "demo"


@pytest.mark.parametrize(
    ("location", "is_left"),
    [
        pytest.param(("spec", "restic", "retain"), False, id="around it"),
        pytest.param(("spec", "restic", "retain", "daily", "of"), False, id="within it"),
        pytest.param(("spec", "restic", "retain", "daily"), True, id="of itself, which is told in the place of it"),
        pytest.param(("spec", "trigger"), True, id="beside it"),
        pytest.param((), True, id="of the whole object"),
    ],
)
def test_what_follows_from_a_fault_is_left_out(location, is_left):
    checked = check(edited(SOURCE, ("spec", "restic", "retain", "daily"), "many"))
    other = Fault(rule="r", resource=resource(SOURCE), location=location, message="", next_step="")

    assert (list(checked.independent((other,))) == [other]) is is_left


def test_a_fault_that_an_annotation_allows_hides_nothing():
    allowed = {"allow.backup/schema-value": "the operator is patched"}
    document = edited(SOURCE, ("spec", "restic", "retain"), ["daily"])
    other = Fault(
        rule="r", resource=resource(SOURCE), location=("spec", "restic", "retain", "daily"), message="", next_step=""
    )

    hidden = list(check(document).independent((other,)))
    told = list(check(edited(document, ("metadata", "annotations"), allowed)).independent((other,)))

    assert (hidden, told) == ([], [other])


def test_a_rule_about_the_same_field_is_told_in_the_place_of_its_schema():
    checked = check(edited(SOURCE, ("spec", "restic", "retain", "daily"), "many"))
    other = Fault(
        rule="volsync-retain",
        resource=resource(SOURCE),
        location=("spec", "restic", "retain", "daily"),
        message="",
        next_step="",
    )

    assert list(checked.beside((other,))) == []
    assert list(checked.beside(())) == list(checked.faults)


@pytest.mark.parametrize(
    ("location", "value"),
    [
        pytest.param(("for",), "5 minutes", id="a duration that is none"),
        pytest.param(("for",), 300, id="a duration that is a number"),
        pytest.param(("expr",), LEFT_OUT, id="no expression"),
        pytest.param(("fro",), "5m", id="a field that is none"),
    ],
)
def test_what_promtool_says_of_a_rule_is_left_to_it(location, value):
    assert check(edited(RULES, ("spec", "groups", 0, "rules", 0, *location), value)).faults == ()
