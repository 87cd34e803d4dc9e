"""The operator's double against the facts about VolSync 0.12.0, section 2: when syncs start, and what the status says."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from scripts.cluster import connect
from scripts.cluster.kinds import (
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    REPLICATION_SOURCE,
    VOLUME_SNAPSHOT,
)
from tests.cluster import apps
from tests.cluster.apps import App, condition, idle, reason
from tests.processes import eventually


@dataclasses.dataclass(frozen=True)
class FirstSync:
    """
    What was seen of a source with a schedule, from its creation to its first rest.

    Args:
        app: that it is of.

        changes: pairs of a kind and a change, in order.

        found: the source at rest.
    """

    app: App
    changes: list
    found: dict

    def seen(self, kind, name):
        """The states of an object."""
        return [
            change.object for of, change in self.changes if of is kind and change.object["metadata"]["name"] == name
        ]

    def statuses(self):
        """The states of the source's status."""
        return [each.get("status") or {} for each in self.seen(REPLICATION_SOURCE, "app")]


@pytest.fixture(scope="module")
def first(whole_stage):
    apps.classes(whole_stage)
    with connect("administrator") as administrator, apps.namespace(administrator) as namespace:
        app = App(stage=whole_stage, namespace=namespace)
        app.make_claim(files={"a": "1"})
        app.make_secret()
        with whole_stage.hub.recording(namespace) as changes:
            app.make_source({"schedule": "0 2 * * *"})
            found = app.source()
            eventually(lambda: app.job() is None)
        yield FirstSync(app, changes, found)


def test_a_source_with_a_schedule_is_backed_up_on_creation(first):
    assert first.found["status"]["latestMoverStatus"]["result"] == "Successful"


def test_the_start_time_is_there_while_it_runs_and_removed_when_it_is_done(first):
    assert any("lastSyncStartTime" in status for status in first.statuses())
    assert "lastSyncStartTime" not in first.found["status"]


def test_the_last_time_is_when_the_job_was_seen_to_succeed(first):
    ended = next(
        each["status"]["completionTime"]
        for each in first.seen(JOB, "volsync-src-app")
        if each["status"].get("succeeded")
    )

    assert first.found["status"]["lastSyncTime"] >= ended


def test_the_duration_is_written_as_go_does(first):
    assert first.found["status"]["lastSyncDuration"].endswith("s")
    assert 0 < float(first.found["status"]["lastSyncDuration"][:-1]) < 60


def test_the_next_time_is_the_schedules_after_the_last_one(first):
    last = datetime.fromisoformat(first.found["status"]["lastSyncTime"])
    tonight = last.replace(hour=2, minute=0, second=0)

    following = tonight if tonight > last else tonight + timedelta(days=1)

    assert datetime.fromisoformat(first.found["status"]["nextSyncTime"]) == following


def test_the_next_time_is_absent_before_the_first_success(first):
    assert all("nextSyncTime" not in status for status in first.statuses() if "lastSyncTime" not in status)


def test_the_mover_has_no_outcome_before_its_first_one(first):
    assert first.statuses()[1]["latestMoverStatus"] == {}


def test_the_log_of_a_success_has_the_lines_that_say_something(first):
    kept = [line.split()[0] for line in first.found["status"]["latestMoverStatus"]["logs"].splitlines()]

    assert kept[-3:] == ["processed", "snapshot", "Restic"]
    assert "===" in kept
    assert "Starting" not in kept


def test_there_is_exactly_one_condition_and_its_reasons_follow_each_other(first):
    found = [reason({"status": status}) for status in first.statuses() if "conditions" in status]
    once = [each for before, each in zip(["", *found], found, strict=False) if each != before]

    assert once == ["SyncInProgress", "CleaningUp", "WaitingForSchedule"]


@pytest.mark.parametrize(
    ("reason", "status", "message"),
    [
        ("SyncInProgress", "True", "Synchronization in-progress"),
        ("CleaningUp", "False", "Cleaning up"),
        ("WaitingForSchedule", "False", "Waiting for next scheduled synchronization"),
    ],
)
def test_each_reason_has_its_status_and_message(first, reason, status, message):
    conditions = [each["conditions"][0] for each in first.statuses() if "conditions" in each]

    assert {(each["status"], each["message"]) for each in conditions if each["reason"] == reason} == {(status, message)}


def test_the_last_time_appears_before_the_temporary_objects_are_deleted(first):
    order = [
        "done"
        if kind is REPLICATION_SOURCE and "lastSyncTime" in (change.object.get("status") or {})
        else "deleted"
        if (kind in (JOB, VOLUME_SNAPSHOT) and "deletionTimestamp" in change.object["metadata"])
        or change.type == "deleted"
        else ""
        for kind, change in first.changes
    ]

    assert order.index("done") < order.index("deleted")


def test_only_the_claim_of_the_cache_stays(first):
    names = {
        each["metadata"]["name"] for each in first.app.stage.cluster.list(PERSISTENT_VOLUME_CLAIM, first.app.namespace)
    }

    assert names == {"data", "volsync-app-cache"}


def test_a_scheduled_source_starts_when_its_time_has_come(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source({"schedule": "0 2 * * *"})
    before = app.source()["status"]["lastSyncTime"]
    operator = app.stage.operator
    real = operator.clock
    operator.clock = lambda: datetime.now(UTC) + timedelta(days=1)
    try:
        operator.look("app", app.namespace)
        after = app.source(lambda found: idle(found) and found["status"]["lastSyncTime"] != before)
    finally:
        operator.clock = real

    assert after["status"]["nextSyncTime"] > after["status"]["lastSyncTime"] > before
    assert "lastManualSync" not in after["status"]


def test_a_manual_tag_wins_over_a_schedule_and_clears_the_next_time(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source({"schedule": "0 2 * * *"})
    app.source()
    app.change_source(trigger={"manual": "now"})

    found = app.source(lambda found: reason(found) == "WaitingForManual")

    assert found["status"]["lastManualSync"] == "now"
    assert "nextSyncTime" not in found["status"]


def test_after_a_scheduled_sync_there_is_no_manual_tag(first):
    assert "lastManualSync" not in first.found["status"]


def test_a_manual_source_starts_when_its_tag_differs_from_the_last(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    app.source()

    assert app.back_up("second")["status"]["lastManualSync"] == "second"


def test_a_tag_that_is_changed_while_it_runs_is_recorded_as_done_and_starts_nothing(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    with app.stage.hub.recording(app.namespace) as changes:
        app.make_source()
        app.source(lambda found: reason(found) == "SyncInProgress")
        app.change_source(trigger={"manual": "changed"})
        found = app.source()
    jobs = {change.object["metadata"]["uid"] for kind, change in changes if kind is JOB}

    assert found["status"]["lastManualSync"] == "changed"
    assert len(jobs) == 1


def test_without_a_trigger_it_never_rests(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    with app.stage.hub.recording(app.namespace) as changes:
        app.make_source({})
        eventually(lambda: len({change.object["metadata"]["uid"] for kind, change in changes if kind is JOB}) > 1)
        app.change_source(trigger={"manual": "rest"})
        app.source()

    reasons = {reason(dict(change.object)) for kind, change in changes if kind is REPLICATION_SOURCE}

    assert "CleaningUp" in reasons


def test_the_outcome_is_not_cleared_when_a_new_sync_starts(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source()
    app.source()
    app.change_source(trigger={"manual": "again"})

    found = app.source(lambda found: reason(found) == "SyncInProgress")

    assert found["status"]["latestMoverStatus"]["result"] == "Successful"
    app.source()


def test_paused_makes_everything_but_runs_nothing_and_goes_on_with_the_old_snapshot(app):
    folder = app.make_claim(files={"a": "old"})
    app.make_secret()
    app.make_source(spec={"paused": True})
    app.wait(JOB, "volsync-src-app", lambda job: job, "the Job")
    (folder / "a").write_text("new!")

    assert app.job()["spec"]["parallelism"] == 0
    assert app.pods() == []
    assert app.stage.cluster.get(VOLUME_SNAPSHOT, "volsync-app-src", app.namespace)
    assert reason(app.source(lambda _: True)) == "SyncInProgress"

    app.change_source(paused=False)
    logs = app.source()["status"]["latestMoverStatus"]["logs"]

    assert "processed 1 files, 3 B" in logs


@pytest.mark.parametrize("spelling", ["a schedule", "no trigger that waits"])
def test_an_idle_one_without_a_schedule_waits_for_a_tag(app, spelling):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source({"manual": "x"} if spelling == "no trigger that waits" else {"schedule": "@daily"})
    found = app.source()

    expected = "WaitingForManual" if spelling == "no trigger that waits" else "WaitingForSchedule"
    assert condition(found)["reason"] == expected


def test_a_schedule_that_the_parser_refuses_is_found_after_the_first_sync(app):
    app.make_claim(files={"a": "1"})
    app.make_secret()
    app.make_source({"schedule": "0 0 0 * * *"})

    found = app.source(lambda found: reason(found) == "Error" and "lastSyncTime" in found["status"])

    assert condition(found)["message"] == "expected exactly 5 fields, found 6: [0 0 0 * * *]"
