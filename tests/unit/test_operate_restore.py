"""backup.restore without a cluster: which snapshot is meant, what the journal keeps, and how steps are taken back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scripts.errors import Drift, NotFound, SettingsError
from scripts.operate.repository import Stored
from scripts.operate.restore import choice, destination, journal, transaction
from scripts.operate.restore.journal import Journal, Phase, Retention, Stopped, Suspended
from scripts.operate.restore.transaction import Step


def stored(index, digits, *seconds):
    time = datetime(2026, 1, 31, 2, 30, *seconds, tzinfo=UTC)
    return Stored(index=index, id=digits.ljust(64, "0"), time=time, size_bytes=1)


FOUND = (stored(0, "1a2b3", 9), stored(1, "1a2b4", 5, 700_000), stored(2, "c0ffee", 1))


def chosen(found=FOUND, **flags):
    given = choice.read(**{"at": "", "snapshot": "", "previous": "", **flags})
    return choice.choose(given, found, where="repository r").index


@pytest.mark.parametrize(
    ("flags", "index"),
    [
        pytest.param({}, 0, id="nothing: the newest"),
        pytest.param({"previous": "0"}, 0, id="none before the newest"),
        pytest.param({"previous": "2"}, 2, id="two before the newest"),
        pytest.param({"snapshot": "1a2b4"}, 1, id="digits of one id"),
        pytest.param({"at": "2026-01-31T02:30:05Z"}, 1, id="a time in the second of a snapshot"),
        pytest.param({"at": "2026-01-31T03:30:04+01:00"}, 2, id="a time in another zone, between two"),
        pytest.param({"at": "2027-01-01T00:00:00Z"}, 0, id="a time after all"),
    ],
)
def test_each_way_to_choose_names_one_snapshot(flags, index):
    assert chosen(**flags) == index


@pytest.mark.parametrize(
    ("flags", "error", "said"),
    [
        pytest.param({"at": "2026-01-31T02:30:00Z"}, NotFound, "no snapshot as old as", id="a time before all"),
        pytest.param({"at": "2026-01-31T02:30:05"}, SettingsError, "no time with a zone", id="a time without a zone"),
        pytest.param({"at": "yesterday"}, SettingsError, "no time with a zone", id="no time"),
        pytest.param({"snapshot": "1a2b"}, SettingsError, "fits 2 snapshots", id="digits of two ids"),
        pytest.param({"snapshot": "ffff"}, NotFound, "sees the later one alone", id="digits of no id"),
        pytest.param({"snapshot": "1a2"}, SettingsError, "no id", id="too few digits"),
        pytest.param({"snapshot": "latest"}, SettingsError, "no id", id="no digits"),
        pytest.param({"previous": "3"}, NotFound, "has 3 snapshots, and none that is 3", id="one too far back"),
        pytest.param({"previous": "-1"}, SettingsError, "no whole number", id="to the oldest, as the mover would"),
        pytest.param({"previous": "0", "at": "x"}, SettingsError, "give one of them", id="two ways"),
    ],
)
def test_what_names_no_or_several_snapshots_is_refused(flags, error, said):
    with pytest.raises(error, match=said):
        chosen(**flags)


def test_a_repository_without_a_snapshot_has_none_to_choose():
    with pytest.raises(NotFound, match="has no snapshot that a restore can choose"):
        chosen(found=())


WRITTEN = Journal(
    tag="apps-restore-1",
    holder="h",
    snapshot="1a" * 32,
    as_of="2026-01-31T02:30:05Z",
    claim="data",
    is_new=False,
    phase=Phase.WRITING,
    step="restore",
    safety="c0ffee00",
    suspended=(Suspended(kind="HelmRelease", namespace="n", name="r"),),
    stopped=(Stopped(kind="StatefulSet", name="s", replicas=3),),
    retention=Retention(was={"daily": 7}),
)


@pytest.mark.parametrize(
    "kept", [WRITTEN, replace(WRITTEN, retention=Retention(was=None)), replace(WRITTEN, retention=None, stopped=())]
)
def test_a_journal_is_read_as_it_was_written(kept):
    assert journal.loaded(journal.dumped(kept)) == kept


def test_a_journal_of_another_version_is_not_guessed_at():
    with pytest.raises(ValueError, match="another version"):
        journal.loaded(journal.dumped(WRITTEN).replace('"version": 1', '"version": 2'))


def test_a_restore_is_as_the_backups_of_its_app_are_and_of_one_snapshot():
    restic = {
        "cacheCapacity": "2Gi",
        "moverSecurityContext": {"runAsUser": 1000},
        "repository": "restic",
        "retain": {"last": "5"},
        "copyMethod": "Snapshot",
        "unlock": "x",
    }
    source = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"sourcePVC": "data", "restic": restic}}

    assert destination.document("d", source, WRITTEN)["spec"] == {
        "restic": {
            "cacheCapacity": "2Gi",
            "cleanupCachePVC": True,
            "copyMethod": "Direct",
            "destinationPVC": "data",
            "enableFileDeletion": True,
            "moverSecurityContext": {"runAsUser": 1000},
            "repository": "restic",
            "restoreAsOf": "2026-01-31T02:30:05Z",
        },
        "trigger": {"manual": "apps-restore-1"},
    }


def test_steps_are_announced_before_they_are_taken_and_taken_back_the_other_way_round():
    seen = []

    def failing():
        raise Drift("a", "b", "c")

    def note(text):
        return lambda: seen.append(text)

    steps = (
        Step(name="one", title="t", do=note("one"), ending="e", undo=note("back one")),
        Step(name="two", title="t", do=failing, ending="e", undo=failing),
        Step(name="three", title="t", do=note("three"), ending="e", undo=note("back three")),
    )
    with pytest.raises(Drift):
        transaction.take(steps, lambda name: seen.append(f"begin {name}"))
    (failed,) = transaction.take_back(steps)

    assert seen == ["begin one", "one", "begin two", "back three", "back one"]
    assert isinstance(failed, Drift)
