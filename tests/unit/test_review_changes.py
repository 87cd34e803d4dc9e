"""What a change does to rendered objects, and what of it is dangerous for backups."""

import copy
from pathlib import Path

import pytest
import yaml

from scripts.model import Resource, ResourceId
from scripts.render import FluxKustomization, Rendering
from scripts.review import as_text
from scripts.review.compare import ABSENT, Difference, FieldChange, compare
from scripts.review.dangers import DANGERS, dangers

APP = """
kind: Namespace
apiVersion: v1
metadata: {name: wiki}
---
kind: ReplicationSource
apiVersion: volsync.backube/v1alpha1
metadata: {name: wiki-backup, namespace: wiki}
spec:
  restic: {repository: wiki-restic-secret, retain: {hourly: 24, daily: 7, within: 1d12h}}
  sourcePVC: wiki-data
  trigger: {schedule: "0 2 * * *"}
---
kind: ReplicationDestination
apiVersion: volsync.backube/v1alpha1
metadata: {name: wiki-restore, namespace: wiki}
spec: {restic: {repository: wiki-restic-secret}}
---
kind: PersistentVolumeClaim
apiVersion: v1
metadata: {name: wiki-data, namespace: wiki}
spec: {resources: {requests: {storage: 5Gi}}, storageClassName: ceph}
---
kind: ExternalSecret
apiVersion: external-secrets.io/v1
metadata: {name: wiki-volsync-secret, namespace: wiki}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: onepassword}
  target:
    name: wiki-restic-secret
    template:
      data:
        RESTIC_PASSWORD: "{{ .RESTIC_PASSWORD }}"
        RESTIC_REPOSITORY: s3:http://minio/volsync/wiki
  dataFrom: [{extract: {key: volsync-minio}}]
---
kind: ExternalSecret
apiVersion: external-secrets.io/v1
metadata: {name: wiki-login, namespace: wiki}
spec: {dataFrom: [{extract: {key: wiki}}]}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: wiki, namespace: wiki}
spec: {replicas: 1, template: {spec: {containers: [{name: web, image: a}, {name: proxy, image: b}]}}}
"""

SECRET = """
kind: Secret
apiVersion: v1
metadata: {name: wiki-restic-secret, namespace: wiki}
stringData: {RESTIC_PASSWORD: first-value, RESTIC_REPOSITORY: first-place}
"""


def documents(text=APP):
    return list(yaml.safe_load_all(text))


def rendering(objects, *, prune=True):
    resources = tuple(
        Resource(
            id=ResourceId(
                api_version=each["apiVersion"],
                kind=each["kind"],
                namespace=each["metadata"].get("namespace", ""),
                name=each["metadata"]["name"],
            ),
            document=each,
            kustomization="apps-wiki",
        )
        for each in objects
    )
    flux = FluxKustomization(
        namespace="flux-system",
        name="apps-wiki",
        path=Path("kubernetes/wiki"),
        depends_on=(),
        document={"spec": {"prune": prune}},
    )
    return Rendering(kustomizations=(flux,), resources=resources)


def changed(edit, *, before=APP, prune=True):
    """The differences and the dangers of an edit of the objects."""
    old = documents(before)
    new = copy.deepcopy(old)
    new = edit({(each["kind"], each["metadata"]["name"]): each for each in new}, new) or new
    was, now = rendering(old, prune=prune), rendering(new)
    changes = compare(was, now)
    return changes, dangers(changes, was.resources)


def put(kind, name, *path):
    """An edit that sets a field to the last word, or takes it out where that is None."""

    def edit(by_name, _):
        value = by_name[kind, name]
        *keys, last, new = path
        for key in keys:
            value = value[key]
        if new is None:
            del value[last]
        else:
            value[last] = new

    return edit


def drop(kind, name):
    return lambda by_name, objects: [each for each in objects if each is not by_name[kind, name]]


SOURCE, TARGET = ("ReplicationSource", "wiki-backup"), ("ReplicationDestination", "wiki-restore")
CLAIM, RECORD = ("PersistentVolumeClaim", "wiki-data"), ("ExternalSecret", "wiki-volsync-secret")
RETAIN = ("spec", "restic", "retain")
TEMPLATE = ("spec", "target", "template", "data")

DANGEROUS = [
    pytest.param(drop(*SOURCE), "backup-removed", "wiki-data", id="a ReplicationSource goes"),
    pytest.param(drop(*CLAIM), "volume-removed", "deleted", id="a PVC goes"),
    pytest.param(drop("Namespace", "wiki"), "volume-removed", "everything", id="a namespace goes"),
    pytest.param(drop(*RECORD), "secret-removed", "cannot reach", id="the ExternalSecret of the movers goes"),
    pytest.param(
        put(*RECORD, *TEMPLATE, "RESTIC_REPOSITORY", "s3:http://minio/volsync/other"),
        "repository-changed",
        "volsync/wiki -> s3:http://minio/volsync/other",
        id="another path of the repository",
    ),
    pytest.param(
        put(*RECORD, *TEMPLATE, "RESTIC_REPOSITORY", "s3:http://minio/bucket/wiki"),
        "repository-changed",
        "minio/bucket/wiki",
        id="another bucket",
    ),
    pytest.param(
        put(*SOURCE, "spec", "restic", "repository", "other"),
        "repository-changed",
        "wiki-restic-secret -> other",
        id="a source that names another Secret",
    ),
    pytest.param(
        put(*TARGET, "spec", "restic", "repository", "other"),
        "repository-changed",
        "wiki-restic-secret -> other",
        id="a destination that names another Secret",
    ),
    pytest.param(put(*SOURCE, "spec", "sourcePVC", "other"), "source-changed", "-> other", id="another source PVC"),
    pytest.param(put(*SOURCE, *RETAIN, "daily", 6), "retention-shortened", "daily 7 -> 6", id="a day less is kept"),
    pytest.param(put(*SOURCE, *RETAIN, "hourly", 0), "retention-shortened", "hourly 24 -> 0", id="no hour is kept"),
    pytest.param(
        put(*SOURCE, *RETAIN, "daily", None), "retention-shortened", "daily 7 -> none", id="a rule of retention goes"
    ),
    pytest.param(
        put(*SOURCE, *RETAIN, "within", "35h"), "retention-shortened", "within 1d12h -> 35h", id="a shorter span"
    ),
    pytest.param(
        put(*SOURCE, "spec", "restic", "retain", None), "retention-shortened", "newest", id="retain goes altogether"
    ),
    pytest.param(put(*SOURCE, "spec", "paused", True), "paused", "until", id="a paused source"),
    pytest.param(put(*TARGET, "spec", "paused", True), "paused", "until", id="a paused destination"),
    pytest.param(
        put(*SOURCE, "spec", "trigger", {"manual": "once"}), "schedule-removed", "'0 2 * * *'", id="the schedule goes"
    ),
    pytest.param(put(*SOURCE, "spec", "trigger", None), "schedule-removed", "clock", id="the trigger goes"),
    pytest.param(
        put(*CLAIM, "spec", "storageClassName", "local"), "volume-changed", "ceph -> local", id="a storage class"
    ),
    pytest.param(
        put(*CLAIM, "spec", "resources", "requests", "storage", "1Gi"), "volume-changed", "5Gi -> 1Gi", id="a size"
    ),
    pytest.param(
        put(*RECORD, "spec", "dataFrom", [{"extract": {"key": "other"}}]),
        "credentials-changed",
        "spec.dataFrom",
        id="another item",
    ),
    pytest.param(
        put(*RECORD, "spec", "secretStoreRef", "name", "vault"),
        "credentials-changed",
        "spec.secretStoreRef",
        id="another store",
    ),
    pytest.param(
        put(*RECORD, *TEMPLATE, "RESTIC_PASSWORD", "{{ .OTHER }}"),
        "credentials-changed",
        "RESTIC_PASSWORD",
        id="another field of the item",
    ),
    pytest.param(
        put(*RECORD, "spec", "target", "name", "other"), "credentials-changed", "name", id="another name of the Secret"
    ),
]


@pytest.mark.parametrize(("edit", "rule", "words"), DANGEROUS)
def test_what_endangers_backups_is_one_danger_that_says_what(edit, rule, words):
    changes, found = changed(edit)

    assert [each.rule for each in found] == [rule]
    assert words in found[0].message
    assert f"    DANGER: {found[0].message} [{rule}]" in as_text.lines(changes, found, base="main")


def test_each_danger_is_seen():
    assert {case.values[1] for case in DANGEROUS} == set(DANGERS)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(put("Deployment", "wiki", "spec", "replicas", 2), id="an object that no backup needs"),
        pytest.param(drop("Deployment", "wiki"), id="an object that no backup needs goes"),
        pytest.param(drop("ExternalSecret", "wiki-login"), id="a Secret that no mover names goes"),
        pytest.param(
            put("ExternalSecret", "wiki-login", "spec", "dataFrom", [{"extract": {"key": "other"}}]),
            id="the credentials of the app itself",
        ),
        pytest.param(put(*SOURCE, *RETAIN, "daily", 8), id="a day more is kept"),
        pytest.param(put(*SOURCE, *RETAIN, "daily", -1), id="every day is kept"),
        pytest.param(put(*SOURCE, *RETAIN, "last", "unlimited"), id="every snapshot is kept"),
        pytest.param(put(*SOURCE, *RETAIN, "within", "36h"), id="the same span in other words"),
        pytest.param(put(*SOURCE, "spec", "trigger", "schedule", "30 3 * * *"), id="another schedule"),
        pytest.param(put(*RECORD, "spec", "refreshInterval", "2h"), id="how often a credential is fetched"),
    ],
)
def test_what_endangers_nothing_is_shown_and_not_marked(edit):
    changes, found = changed(edit)

    assert len(changes) == 1
    assert found == ()
    assert as_text.lines(changes, found, base="main")[-1].endswith("; nothing dangerous for backups")


@pytest.mark.parametrize("unlimited", ["unlimited", -1])
def test_any_number_of_snapshots_is_less_than_all_of_them(unlimited):
    before = APP.replace("hourly: 24,", f"last: {unlimited},")

    _, found = changed(put(*SOURCE, *RETAIN, "last", "500"), before=before)

    assert [each.message.partition(":")[0] for each in found] == [f"last {unlimited} -> 500"]


@pytest.mark.parametrize("subject", [SOURCE, CLAIM, RECORD])
def test_what_flux_does_not_prune_stays_in_the_cluster(subject):
    changes, found = changed(drop(*subject), prune=False)

    assert [each.difference for each in changes] == [Difference.REMOVED]
    assert found == ()
    assert "stays in the cluster" in as_text.lines(changes, found, base="main")[0]


@pytest.mark.parametrize("place", ["annotations", "labels"])
def test_an_object_that_is_kept_from_pruning_stays_in_the_cluster(place):
    kept = APP.replace(
        "{name: wiki-data, namespace: wiki}",
        f"{{name: wiki-data, namespace: wiki, {place}: {{kustomize.toolkit.fluxcd.io/prune: disabled}}}}",
    )

    assert changed(drop(*CLAIM), before=kept)[1] == ()


@pytest.mark.parametrize(
    ("name", "rule"), [("RESTIC_PASSWORD", "credentials-changed"), ("RESTIC_REPOSITORY", "repository-changed")]
)
def test_of_a_secret_the_keys_are_told_and_never_the_values(name, rule):
    edit = put("Secret", "wiki-restic-secret", "stringData", name, "second-value")

    changes, found = changed(edit, before=f"{APP}---{SECRET}")
    text = "\n".join(as_text.lines(changes, found, base="main"))

    assert [each.rule for each in found] == [rule]
    assert f"    stringData.{name}: **redacted** -> **redacted**" in text
    assert not any(value in text for value in ("first", "second"))


def test_a_new_source_that_is_paused_is_marked():
    old = [each for each in documents() if each["kind"] != "ReplicationSource"]
    new = documents()
    put(*SOURCE, "spec", "paused", True)({SOURCE: new[1]}, new)
    changes = compare(rendering(old), rendering(new))

    assert [each.difference for each in changes] == [Difference.ADDED]
    assert [each.rule for each in dangers(changes, rendering(old).resources)] == ["paused"]


def test_the_same_objects_in_another_order_are_no_change():
    assert changed(lambda _, objects: objects[::-1]) == ((), ())


def test_another_version_of_an_api_is_a_change_of_the_same_object():
    (change,), _ = changed(put(*SOURCE, "apiVersion", "volsync.backube/v1"))

    assert change.difference is Difference.CHANGED
    assert [each.path for each in change.fields] == [("apiVersion",)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("1", 1, [FieldChange(path=("x",), before="1", after=1)], id="a text and a number"),
        pytest.param(True, 1, [FieldChange(path=("x",), before=True, after=1)], id="true and one"),
        pytest.param({}, [], [FieldChange(path=("x",), before={}, after=[])], id="an empty mapping and an empty list"),
        pytest.param([1, 2], [1], [FieldChange(path=("x", 1), before=2, after=ABSENT)], id="an item less"),
        pytest.param(
            {"a": 1}, {"b": 1}, [
                FieldChange(path=("x", "a"), before=1, after=ABSENT),
                FieldChange(path=("x", "b"), before=ABSENT, after=1),
            ], id="a key of another name"
        ),
        pytest.param({"a": "(none)"}, {}, [FieldChange(path=("x",), before={"a": "(none)"}, after={})], id="the last key"),
        pytest.param(
            [{"name": "a", "v": 1}, {"name": "b", "v": 1}],
            [{"name": "b", "v": 2}, {"name": "a", "v": 1}],
            [FieldChange(path=("x", "b", "v"), before=1, after=2)],
            id="items with names in another order",
        ),
    ],
)  # fmt: skip
def test_a_field_that_differs_is_told_with_both_values(before, after, expected):
    old, new = ({"kind": "A", "apiVersion": "v1", "metadata": {"name": "a"}, "x": each} for each in (before, after))
    (change,) = compare(rendering([old]), rendering([new]))

    assert list(change.fields) == expected


def test_the_lines_are_objects_fields_and_the_sum():
    changes, found = changed(put(*CLAIM, "spec", "resources", "requests", "storage", "1Gi"))

    assert as_text.lines(changes, found, base="main (abc)") == (
        "changed PersistentVolumeClaim wiki/wiki-data (apps-wiki)",
        "    spec.resources.requests.storage: 5Gi -> 1Gi",
        f"    DANGER: {found[0].message} [volume-changed]",
        "against main (abc): 0 added, 0 removed, 1 changed; 1 dangerous for backups",
    )
