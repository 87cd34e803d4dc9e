"""What a doctor makes of the objects of a cluster; and the names, times and sizes that people are shown."""

from datetime import UTC, datetime

import pytest

from scripts.errors import SettingsError
from scripts.operate import apps, examined, examined_secrets, snapshots, times
from scripts.operate.apps import App
from scripts.operate.examined import APPLIED_BY
from scripts.operate.repository import Stored

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def source(labels=None, **restic):
    metadata = {"namespace": "shop", "name": "shop-backup", "labels": labels}
    return {"metadata": metadata, "spec": {"sourcePVC": "data", "restic": {"repository": "secret", **restic}}}


def flux(status="True", **spec):
    conditions = [{"type": "Ready", "status": status, "message": "no such path"}] if status else []
    return {"metadata": {"namespace": "flux", "name": "shop"}, "spec": spec, "status": {"conditions": conditions}}


APPLIED = dict(zip(APPLIED_BY, ("flux", "shop"), strict=True))


@pytest.mark.parametrize(
    ("labels", "found", "reasons"),
    [
        pytest.param(APPLIED, [flux()], [], id="ready"),
        pytest.param(None, [], [], id="a source that Flux does not apply"),
        pytest.param(APPLIED, [], ["Kustomization flux/shop is not there any more"], id="gone"),
        pytest.param(APPLIED, [flux(suspend=True)], ["Kustomization flux/shop is suspended"], id="suspended"),
        pytest.param(APPLIED, [flux("False")], ["Kustomization flux/shop is not ready: no such path"], id="failing"),
        pytest.param(APPLIED, [flux("")], ["Kustomization flux/shop is not ready: it was not looked at"], id="new"),
    ],
)
def test_a_kustomization_is_looked_at_where_it_applies_a_source(labels, found, reasons):
    assert [each.found for each in examined.kustomizations([source(labels)], found)] == reasons


@pytest.mark.parametrize(
    ("name", "namespace", "count"),
    [("secret", "shop", 1), ("other", "shop", 0), ("secret", "other", 0)],
    ids=["the mover's Secret", "another Secret", "a Secret of that name elsewhere"],
)
def test_an_external_secret_is_looked_at_where_a_mover_needs_it(name, namespace, count):
    failing = {"conditions": [{"type": "Ready", "status": "False", "message": "no item"}]}
    metadata = {"namespace": namespace, "name": "made"}
    found = {"metadata": metadata, "spec": {"target": {"name": name}}, "status": failing}

    chosen = examined_secrets.of_movers([source()], [found])

    assert len(list(examined_secrets.external_secrets(chosen))) == count


def store(status):
    return {"status": {"conditions": [{"type": "Ready", "status": status, "message": "no token"}]}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(store("True"), [], id="ready"),
        pytest.param(store("False"), ["ClusterSecretStore 1p is not ready: no token"], id="failing"),
        pytest.param(None, ["ClusterSecretStore 1p is not ready: it is not there"], id="gone"),
    ],
)
def test_a_store_is_looked_at_where_a_mover_needs_it(found, said):
    named = [{"spec": {"secretStoreRef": {"kind": kind, "name": name}}} for kind, name in STORES]

    assert examined_secrets.secret_stores(named) == {"1p"}
    assert [each.found for each in examined_secrets.stores({"1p": found})] == said


STORES = (("ClusterSecretStore", "1p"), ("SecretStore", "of-a-namespace"))


def destination(**changes):
    restic = {"repository": "secret", "copyMethod": "Snapshot"} | changes
    return {
        "metadata": {"namespace": "shop", "name": "restore"},
        "spec": {"restic": restic},
        "status": {"latestImage": {"name": "image"}},
    }


FILLED = {"dataSourceRef": {"kind": "ReplicationDestination", "name": "restore"}}


@pytest.mark.parametrize(
    ("found", "spec", "said"),
    [
        pytest.param([destination()], FILLED, [], id="as it should be"),
        pytest.param([], {}, [], id="a claim that is not filled from a backup"),
        pytest.param([], FILLED, ["is not there"], id="no destination"),
        pytest.param([{**destination(), "status": {}}], FILLED, ["has no image"], id="no image"),
        pytest.param([destination(copyMethod="Direct")], FILLED, ["has copyMethod Direct"], id="no image ever"),
        pytest.param(
            [destination(repository="other")], FILLED, ["restores from Secret other"], id="another repository"
        ),
    ],
)
def test_a_volume_that_would_not_be_filled_from_its_backup_is_told(found, spec, said):
    claim = {"metadata": {"namespace": "shop", "name": "data"}, "spec": spec}
    reasons = [each.found for each in examined.destinations([source()], found, [claim])]

    assert len(reasons) == len(said)
    assert all(text in reason for text, reason in zip(said, reasons, strict=True))


@pytest.mark.parametrize(
    ("text", "app"),
    [
        pytest.param("shop", App(namespace="shop", source="shop-backup"), id="the component's"),
        pytest.param("media/photos", App(namespace="media", source="photos"), id="any other"),
    ],
)
def test_an_app_has_the_name_that_it_is_named_with(text, app):
    assert apps.one(text) == app
    assert app.name == text


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a/b/c"])
def test_what_names_no_app_is_refused(text):
    with pytest.raises(SettingsError):
        apps.one(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10.5s", 10.5),
        ("1m30s", 90.0),
        ("2h0m0s", 7200.0),
        ("250ms", 0.25),
        ("", None),
        ("1 minute", None),
        (None, None),
    ],
)
def test_a_duration_of_go_is_read_or_is_none(text, seconds):
    assert times.seconds(text) == seconds


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (3 * 3600 + 720, "3 h 12 min"), (2 * 86400 + 3600, "2 d 1 h")],
)
def test_a_duration_is_written_in_its_largest_units(duration_s, words):
    assert times.words(duration_s) == words


def test_snapshots_are_written_in_rows():
    found = tuple(
        Stored(index=index, id=character * 64, time=NOW, size_bytes=size)
        for index, (character, size) in enumerate((("a", 3 << 30), ("b", None)))
    )

    assert list(snapshots.lines(App(namespace="shop", source="shop-backup"), found)) == [
        "previous  id        time (UTC)            size",
        "       0  aaaaaaaa  2026-11-25T12:00:00Z  3.0 GiB",
        "       1  bbbbbbbb  2026-11-25T12:00:00Z  unknown",
        "shop: 2 snapshots that a restore can choose",
    ]
