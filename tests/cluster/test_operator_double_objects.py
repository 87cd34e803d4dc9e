"""The operator's double against the facts about VolSync 0.12.0, sections 3 and 4: names, labels, owners, and what the mover runs."""

import zlib
from datetime import UTC, datetime

import pytest

from tests.cluster.operator_double import job, logs, machine, names, schedule
from tests.cluster.operator_double.problem import Problem

UID = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def source(name="app", spec=None, status=None, **restic):
    metadata = {"name": name, "namespace": "apps", "uid": UID, "creationTimestamp": "2026-11-24T11:00:00Z"}
    fields = {"repository": "restic", "copyMethod": "Snapshot", **restic}
    return {
        "apiVersion": "volsync.backube/v1alpha1",
        "kind": "ReplicationSource",
        "metadata": metadata,
        "spec": {"restic": fields, **(spec or {})},
        "status": status or {},
    }


def destination(name="app", **restic):
    return source(name, **restic) | {"kind": "ReplicationDestination"}


def document(custom_resource, *, privileged=False):
    claim, cache = ({"metadata": {"name": name}} for name in ("data", "cache"))
    return job.document(custom_resource, claim=claim, cache=cache, account="sa", privileged=privileged, now=NOW)


def container(custom_resource, **others):
    return document(custom_resource, **others)["spec"]["template"]["spec"]["containers"][0]


def environment(custom_resource, **others):
    return {each["name"]: each.get("value") for each in container(custom_resource, **others)["env"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(names.job(source()), "volsync-src-app", id="Job of a source"),
        pytest.param(names.job(destination()), "volsync-dst-app", id="Job of a destination"),
        pytest.param(names.temporary(source()), "volsync-app-src", id="temporary claim and snapshot of a source"),
        pytest.param(names.temporary(destination()), "volsync-app-dest", id="claim of a destination"),
        pytest.param(names.cache(source()), "volsync-app-cache", id="cache of a source"),
        pytest.param(names.cache(destination()), "volsync-app-cache", id="cache of a destination"),
        pytest.param(names.service_account(source()), "volsync-src-app", id="ServiceAccount"),
        pytest.param(names.populated({"metadata": {"uid": UID}}), f"vs-prime-{UID}", id="populator's claim"),
    ],
)
def test_each_object_has_its_name(name, expected):
    assert name == expected


def test_only_the_jobs_name_is_shortened_and_only_past_63_characters():
    fits, long = "a" * 51, "a" * 52

    assert names.job(source(fits)) == f"volsync-src-{fits}"
    assert names.job(source(long)) == f"volsync-src-{zlib.crc32(long.encode()):08x}"
    assert names.cache(source(long)) == f"volsync-{long}-cache"
    assert names.service_account(source(long)) == f"volsync-src-{long}"


def test_what_it_makes_is_labelled_and_controlled_by_the_custom_resource():
    made = names.made(source(), "x", cleanup=True)

    assert made["labels"] == {"app.kubernetes.io/created-by": "volsync", "volsync.backube/cleanup": UID}
    assert made["ownerReferences"] == [
        {
            "apiVersion": "volsync.backube/v1alpha1",
            "kind": "ReplicationSource",
            "name": "app",
            "uid": UID,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_the_job_never_restarts_a_pod_and_tries_eight_times():
    spec = document(source())["spec"]

    assert spec["backoffLimit"] == 8
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert "activeDeadlineSeconds" not in spec
    assert "ttlSecondsAfterFinished" not in spec


def test_the_container_is_called_restic_and_runs_the_script_of_the_one_image():
    found = container(source())

    assert found["name"] == "restic"
    assert found["image"] == "quay.io/backube/volsync:0.12.0"
    assert found["command"] == ["/mover-restic/entry.sh"]
    assert {each["mountPath"] for each in found["volumeMounts"]} == {"/data", "/cache", "/tmp"}


@pytest.mark.parametrize(
    ("custom_resource", "actions"),
    [
        pytest.param(source(), ["backup"], id="backup"),
        pytest.param(source(unlock="now"), ["unlock", "backup"], id="unlock before the backup"),
        pytest.param(
            source(unlock="now", status={"restic": {"lastUnlocked": "now"}}), ["backup"], id="unlocked already"
        ),
        pytest.param(source(pruneIntervalDays=0), ["backup", "prune"], id="prune after the backup"),
        pytest.param(destination(), ["restore"], id="restore"),
    ],
)
def test_the_mover_is_told_what_to_do(custom_resource, actions):
    assert container(custom_resource)["args"] == actions


@pytest.mark.parametrize(
    ("days", "last_pruned", "due"),
    [
        pytest.param(None, None, False, id="seven days after the source was made"),
        pytest.param(None, "2026-11-17T11:00:00Z", True, id="seven days after the last prune"),
        pytest.param(14, "2026-11-17T11:00:00Z", False, id="fewer than the days that are named"),
        pytest.param(0, "2026-11-24T11:59:59Z", True, id="no day means each time"),
        pytest.param(-1, None, True, id="a negative number means each time"),
    ],
)
def test_a_prune_is_due_after_its_days(days, last_pruned, due):
    fields = {} if days is None else {"pruneIntervalDays": days}
    status = {"restic": {"lastPruned": last_pruned}} if last_pruned else {}

    assert job.prune_is_due(source(status=status, **fields), NOW) is due


@pytest.mark.parametrize(
    ("retain", "options"),
    [
        pytest.param(None, "--keep-last 1", id="no retention keeps the newest alone"),
        pytest.param({}, "--keep-last 1", id="an empty one too"),
        pytest.param(
            {"last": "3", "hourly": 1, "within": "3d5h"}, "--keep-hourly 1 --keep-within 3d5h --keep-last 3", id="order"
        ),
    ],
)
def test_the_retention_is_given_as_options(retain, options):
    found = environment(source() if retain is None else source(retain=retain))

    assert found["FORGET_OPTIONS"] == options


def test_a_restore_is_told_by_its_environment():
    found = environment(destination(previous=2, restoreAsOf="2026-11-24T01:00:00Z", enableFileDeletion=True))

    assert found["SELECT_PREVIOUS"] == "2"
    assert found["RESTORE_AS_OF"] == "2026-11-24T01:00:00Z"
    assert found["RESTORE_OPTIONS"] == "--delete"
    assert environment(destination())["RESTORE_OPTIONS"] == ""


def test_two_keys_of_the_secret_are_required_and_the_others_are_not():
    references = {
        each["name"]: each["valueFrom"]["secretKeyRef"]["optional"]
        for each in container(source())["env"]
        if "valueFrom" in each
    }

    assert {name for name, optional in references.items() if not optional} == {"RESTIC_REPOSITORY", "RESTIC_PASSWORD"}
    assert references["AWS_ACCESS_KEY_ID"] is True
    assert "AWS_REGION" not in references


def test_the_container_drops_all_rights_unless_the_namespace_asks_for_privileged_movers():
    plain, privileged = container(source()), container(source(), privileged=True)

    assert plain["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert plain["securityContext"]["readOnlyRootFilesystem"] is True
    assert privileged["securityContext"]["capabilities"]["add"] == ["DAC_OVERRIDE", "CHOWN", "FOWNER"]
    assert privileged["securityContext"]["runAsUser"] == 0
    assert environment(source(), privileged=True)["PRIVILEGED_MOVER"] == "1"


def test_paused_is_a_parallelism_of_0_and_nothing_else():
    paused = document(source(spec={"paused": True}))

    assert paused["spec"].pop("parallelism") == 0
    running = document(source())
    running["spec"].pop("parallelism")

    assert paused["spec"] == running["spec"]


@pytest.mark.parametrize(
    ("text", "following"),
    [
        pytest.param("0 2 * * *", "2026-11-25T02:00:00+00:00", id="each night"),
        pytest.param("*/15 * * * *", "2026-11-24T12:15:00+00:00", id="steps"),
        pytest.param("0 3 * * 1-5", "2026-11-25T03:00:00+00:00", id="days of the week"),
        pytest.param("0 3 1,15 * *", "2026-12-01T03:00:00+00:00", id="days of the month"),
        pytest.param("0 3 1 * 0", "2026-11-29T03:00:00+00:00", id="a day of either kind"),
        pytest.param("@daily", "2026-11-25T00:00:00+00:00", id="a name"),
        pytest.param("@hourly", "2026-11-24T13:00:00+00:00", id="another name"),
        pytest.param("30 12 29 2 *", "2028-02-29T12:30:00+00:00", id="a leap day"),
    ],
)
def test_the_next_time_of_a_schedule(text, following):
    assert schedule.following(text, NOW).isoformat() == following


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("0 0 0 * * *", "expected exactly 5 fields, found 6: [0 0 0 * * *]", id="six fields"),
        pytest.param("10 3 * *", "expected exactly 5 fields, found 4: [10 3 * *]", id="four fields"),
        pytest.param("@dailyfoo", "unrecognized descriptor: @dailyfoo", id="a name that is none"),
    ],
)
def test_a_schedule_that_the_api_takes_and_the_parser_refuses(text, message):
    with pytest.raises(Problem) as refused:
        schedule.following(text, NOW)

    assert refused.value.found == message


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"trigger": {"manual": "x", "schedule": "@daily"}}, ("manual", "x"), id="a tag wins"),
        pytest.param(
            {"trigger": {"manual": "", "schedule": "@daily"}}, ("schedule", "@daily"), id="an empty tag is none"
        ),
        pytest.param({"trigger": {}}, ("none", ""), id="an empty trigger"),
        pytest.param({}, ("none", ""), id="no trigger"),
    ],
)
def test_what_starts_a_sync(spec, expected):
    assert machine.trigger(source(spec=spec)) == expected


@pytest.mark.parametrize(("seconds", "text"), [(30.03, "30.03s"), (90.5, "1m30.5s"), (3600, "1h0m0s"), (0.25, "0.25s")])
def test_a_duration_is_written_as_go_does(seconds, text):
    assert machine.duration(seconds) == text


def test_the_log_of_a_success_is_filtered_and_cut_at_1024_bytes():
    text = "Starting container\n" + "restoring x\n" * 200 + "noise\nRestic completed in 3s\n"
    found = logs.of_success(text)

    assert len(found.encode()) == 1024
    assert found.endswith("restoring x\nRestic completed in 3s")
    assert "noise" not in found


@pytest.mark.parametrize(
    "line",
    [
        "processed 3 files, 4 B in 0:01",
        "snapshot 12345678 saved",
        "no parent snapshot found, will read all files",
        "using parent snapshot 12345678",
        "Added to the repository: 350 B (382 B stored)",
        "created restic repository 1 at x",
        "restoring snapshot 1 of [/data]",
        "No eligible snapshots found",
        "No data will be restored",
        "Directory is empty skipping backup",
        "=== Initialize Dir ===",
        "Fatal: x",
        "ERROR: x",
        "Restic completed in 4s",
    ],
)
def test_a_line_that_says_something_is_kept(line):
    assert logs.of_success(f"noise\n{line}\nnoise") == line


def test_the_log_of_a_failure_is_all_of_it_cut_at_1024_bytes():
    assert logs.of_failure("noise\nFatal: x\n") == "noise\nFatal: x"
    assert len(logs.of_failure("x" * 5000)) == 1024
