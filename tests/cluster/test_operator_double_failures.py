"""The operator's double against the facts about VolSync 0.12.0, sections 2.4, 3.1 and 4.2: what goes wrong, and how it looks."""

import base64

import pytest

from scripts.cluster.kinds import (
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICATION_SOURCE,
    SECRET,
    SERVICE_ACCOUNT,
    VOLUME_SNAPSHOT,
)
from tests.cluster.apps import STORAGE, condition, reason
from tests.processes import eventually


def failed(app, count=1):
    """The failed pods of the source, once there are so many."""
    found = []

    def enough():
        found[:] = [each for each in app.pods() if each["status"].get("phase") == "Failed"]
        return len(found) >= count

    eventually(enough)
    return found


def exit_code(pod):
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]


def said(app, pod):
    return app.stage.cluster.logs(pod["metadata"]["name"], app.namespace)


@pytest.fixture
def ready(app):
    app.make_claim(files={"a": "1"})
    return app


def in_error(app):
    return condition(app.source(lambda found: reason(found) == "Error", "an error"))["message"]


def test_a_failing_job_shows_as_in_progress_and_not_as_an_error(ready):
    # pragma: allowlist nextline secret - it is made up, and wrong on purpose
    ready.make_secret(AWS_SECRET_ACCESS_KEY="wrong" * 8)
    ready.make_source()
    failed(ready)

    found = ready.source(lambda _: True)

    assert condition(found)["status"] == "True"
    assert condition(found)["reason"] == "SyncInProgress"
    assert found["status"]["latestMoverStatus"] == {}
    assert "lastSyncTime" not in found["status"]


def test_a_wrong_secret_key_ends_with_1_and_says_signature(ready):
    # pragma: allowlist nextline secret - it is made up, and wrong on purpose
    ready.make_secret(AWS_SECRET_ACCESS_KEY="wrong" * 8)
    ready.make_source()
    pod = failed(ready)[0]

    assert exit_code(pod) == 1
    assert "=== Initialize Dir ===" in said(ready, pod)
    assert "The request signature we calculated does not match" in said(ready, pod)


def test_a_wrong_password_ends_with_3(ready):
    ready.make_secret()
    ready.make_source()
    ready.source()
    wrong = {"data": {"RESTIC_PASSWORD": base64.b64encode(b"not the one of before").decode()}}
    ready.stage.cluster.patch(SECRET, "restic", ready.namespace, wrong)
    ready.change_source(trigger={"manual": "again"})
    pod = failed(ready)[0]

    assert exit_code(pod) == 3
    assert "Fatal: wrong password or no key found" in said(ready, pod)


def test_a_key_that_is_empty_ends_with_1(ready):
    ready.make_secret(RESTIC_PASSWORD="")
    ready.make_source()
    pod = failed(ready)[0]

    assert exit_code(pod) == 1
    assert "must be defined" in said(ready, pod)


def test_a_bucket_that_is_not_there_to_be_reached_fails_at_once(ready):
    ready.make_secret(RESTIC_REPOSITORY="s3:http://127.0.0.1:9/volsync/app")
    ready.make_source()

    assert exit_code(failed(ready)[0]) == 1


def test_each_failure_is_one_more_pod_that_stays(ready):
    ready.make_secret(RESTIC_PASSWORD="")
    ready.make_source()

    assert len(failed(ready, 3)) >= 3
    assert ready.job()["spec"]["backoffLimit"] == 8


def test_after_eight_failures_the_outcome_is_failed_and_a_new_job_tries_again_with_the_same_copy(ready):
    ready.make_secret(RESTIC_PASSWORD="")
    with ready.stage.hub.recording(ready.namespace) as changes:
        ready.make_source()
        found = ready.source(
            lambda found: ((found.get("status") or {}).get("latestMoverStatus") or {}).get("result") == "Failed",
            "a failure",
            180,
        )
        first = next(change.object["metadata"]["uid"] for kind, change in changes if kind is JOB)
        ready.wait(JOB, "volsync-src-app", lambda job: job and job["metadata"]["uid"] != first, "another Job")
    snapshots = {change.object["metadata"]["uid"] for kind, change in changes if kind is VOLUME_SNAPSHOT}

    assert reason(found) == "SyncInProgress"
    assert "lastSyncTime" not in found["status"]
    assert found["status"]["latestMoverStatus"]["logs"].endswith("RESTIC_PASSWORD must be defined")
    assert len(snapshots) == 1


def test_a_failed_job_makes_no_event_on_the_source(ready):
    ready.make_secret(RESTIC_PASSWORD="")
    ready.make_source()
    failed(ready)

    assert set(ready.events("app")) == {"PersistentVolumeClaimCreated", "VolumeSnapshotCreated"}


def test_a_secret_that_is_missing_is_an_error_without_an_event(ready):
    ready.make_source()

    assert in_error(ready) == 'Secret "restic" not found'
    assert not any(each["type"] == "Warning" for each in ready.events("app").values())


def test_after_the_secret_is_made_any_edit_makes_it_go_on(ready):
    ready.make_source()
    in_error(ready)
    ready.make_secret()
    ready.stage.cluster.patch(
        REPLICATION_SOURCE, "app", ready.namespace, {"metadata": {"annotations": {"look": "now"}}}
    )

    assert ready.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_a_key_of_the_secret_that_is_missing_is_named(ready):
    # pragma: allowlist nextline secret - it holds nothing on purpose
    ready.make_secret(RESTIC_PASSWORD=None)
    ready.make_source()

    assert in_error(ready) == "secret is missing field: RESTIC_PASSWORD"


def test_a_secret_with_one_key_is_told_both(ready):
    namespace = ready.namespace
    document = {"metadata": {"name": "restic", "namespace": namespace}, "stringData": {"RESTIC_PASSWORD": "x"}}
    ready.stage.cluster.create(SECRET, document)
    ready.make_source()

    assert in_error(ready) == "secret should have fields: [RESTIC_REPOSITORY RESTIC_PASSWORD]"


def test_keys_of_aws_are_never_checked(ready):
    # pragma: allowlist nextline secret - it holds nothing on purpose
    ready.make_secret(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    ready.make_source()

    assert exit_code(failed(ready)[0]) in (1, 3)


def test_a_source_claim_that_is_missing_is_an_error(app):
    app.make_secret()
    app.make_source()

    assert in_error(app) == 'PersistentVolumeClaim "data" not found'


def test_a_copy_method_that_is_missing_is_an_error(ready):
    ready.make_secret()
    ready.make_source(copyMethod=None)

    assert in_error(ready).startswith("unsupported copyMethod")


def test_an_authority_that_is_missing_is_an_error(ready):
    ready.make_secret()
    ready.make_source(customCA={"secretName": "authority", "key": "ca.crt"})

    assert in_error(ready) == 'Secret "authority" not found'


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_service_account_that_is_missing_is_an_error(ready, name):
    ready.make_secret()
    ready.make_source(moverServiceAccount=name)

    assert in_error(ready) == (f'ServiceAccount "{name}" not found' if name else "resource name may not be empty")
    assert ready.stage.cluster.list(SERVICE_ACCOUNT, ready.namespace) == ()


def test_two_methods_at_once_are_an_error(ready):
    ready.make_source(spec={"external": {}})

    assert in_error(ready) == "only one replication method can be supplied"


def test_no_method_is_an_error(ready):
    ready.make_source(spec={"restic": None})

    assert in_error(ready).startswith("a replication method must be specified - enabled movers: [")


def test_a_snapshot_class_that_is_missing_is_told_by_events_alone(ready):
    ready.make_secret()
    ready.make_source(volumeSnapshotClassName="nosuch")
    eventually(lambda: "VolumeSnapshotNotBound" in ready.events("app"))
    warning = ready.events("app")["VolumeSnapshotNotBound"]
    snapshot = ready.stage.cluster.get(VOLUME_SNAPSHOT, "volsync-app-src", ready.namespace)
    message = 'volumesnapshotclass.snapshot.storage.k8s.io "nosuch" not found'

    assert warning["type"] == "Warning"
    assert "waiting for VolumeSnapshot/volsync-app-src to bind; check VolumeSnapshotClass name" in warning["message"]
    assert message in snapshot["status"]["error"]["message"]
    assert message in ready.events("volsync-app-src")["GetSnapshotClassFailed"]["message"]
    assert reason(ready.source(lambda _: True)) == "SyncInProgress"
    assert ready.job() is None


def test_a_snapshot_without_a_class_and_without_a_default_one_is_never_bound(ready):
    ready.make_secret()
    ready.make_source(volumeSnapshotClassName=None)
    eventually(lambda: "SetDefaultSnapshotClassFailed" in ready.events("volsync-app-src"))

    assert reason(ready.source(lambda _: True)) == "SyncInProgress"


def test_a_driver_that_fails_the_snapshot_makes_no_event_of_volsync(ready):
    ready.stage.snapshots.never_ready.add("block-snapshots")
    ready.make_secret()
    ready.make_source()
    snapshot = ready.wait(
        VOLUME_SNAPSHOT, "volsync-app-src", lambda found: found and found.get("status"), "the bound snapshot"
    )

    assert snapshot["status"]["boundVolumeSnapshotContentName"]
    assert snapshot["status"]["readyToUse"] is False
    assert ready.job() is None
    assert set(ready.events("app")) == {"VolumeSnapshotCreated"}


def test_a_cache_class_that_is_missing_leaves_the_mover_pending(ready):
    ready.make_secret()
    ready.make_source(cacheStorageClassName="nosuch")
    eventually(lambda: "PersistentVolumeClaimNotBound" in ready.events("app"))
    cache, pod = "volsync-app-cache", ready.pods()[0]

    assert 'storageclass.storage.k8s.io "nosuch" not found' in ready.events(cache)["ProvisioningFailed"]["message"]
    assert pod["status"]["phase"] == "Pending"
    assert "FailedScheduling" in ready.events(pod["metadata"]["name"])
    assert reason(ready.source(lambda _: True)) == "SyncInProgress"


def test_the_restricted_level_refuses_a_mover_without_a_security_context(ready):
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    ready.stage.cluster.patch(NAMESPACE, ready.namespace, "", label)
    ready.make_secret()
    ready.make_source()
    eventually(lambda: "FailedCreate" in ready.events("volsync-src-app"))

    assert ready.pods() == []
    assert 'violates PodSecurity "restricted' in ready.events("volsync-src-app")["FailedCreate"]["message"]


def test_the_restricted_level_takes_a_mover_that_is_told_who_it_is(ready):
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    ready.stage.cluster.patch(NAMESPACE, ready.namespace, "", label)
    ready.make_secret()
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    ready.make_source(moverSecurityContext=security)

    assert ready.source()["status"]["latestMoverStatus"]["result"] == "Successful"


def test_a_change_of_the_job_deletes_it_and_says_so(ready):
    ready.make_secret(RESTIC_PASSWORD="")
    with ready.stage.hub.recording(ready.namespace) as changes:
        ready.make_source()
        failed(ready)
        ready.change_source(restic={"retain": {"last": "9"}})
        eventually(lambda: len({c.object["metadata"]["uid"] for kind, c in changes if kind is JOB}) > 1)
    messages = {condition(dict(change.object)).get("message") for kind, change in changes if kind is REPLICATION_SOURCE}

    assert "unable to update object. Deleting object so it can be recreated" in messages


def test_a_cache_that_is_to_shrink_is_refused_by_the_api(ready):
    ready.make_secret()
    ready.make_source(cacheCapacity="2Gi")
    ready.source()
    ready.change_source(restic={"cacheCapacity": "1Gi"}, trigger={"manual": "again"})

    assert "field can not be less than" in in_error(ready)


def test_an_image_that_cannot_be_pulled_leaves_the_mover_pending(ready):
    ready.stage.node.missing_images.add("quay.io/backube/volsync:0.12.0")
    ready.make_secret()
    ready.make_source()
    eventually(lambda: any("containerStatuses" in pod["status"] for pod in ready.pods()))

    state = ready.pods()[0]["status"]["containerStatuses"][0]["state"]

    assert state["waiting"]["reason"] == "ErrImagePull"


def test_a_volume_that_waits_for_its_first_pod_is_bound_when_the_mover_comes(ready):
    ready.make_secret()
    ready.make_source()
    ready.source()

    cache = ready.stage.cluster.get(PERSISTENT_VOLUME_CLAIM, "volsync-app-cache", ready.namespace)

    assert cache["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]


def test_growing_a_cache_of_a_class_that_cannot_grow_is_refused(ready):
    ready.make_secret()
    ready.make_source()
    ready.source()
    ready.change_source(restic={"cacheCapacity": "3Gi"}, trigger={"manual": "again"})

    assert "only dynamically provisioned pvc can be resized" in in_error(ready)


def test_a_cache_of_a_class_that_can_grow_grows(ready):
    ready.make_secret()
    ready.make_source(cacheStorageClassName=STORAGE)
    ready.source()
    ready.change_source(restic={"cacheCapacity": "3Gi"})
    ready.back_up("again")

    cache = ready.stage.cluster.get(PERSISTENT_VOLUME_CLAIM, "volsync-app-cache", ready.namespace)

    assert cache["status"]["capacity"]["storage"] == "3Gi"


def test_a_pod_that_is_removed_takes_its_log_with_it(ready):
    ready.make_secret()
    ready.make_source()
    ready.source()

    eventually(lambda: ready.stage.cluster.list(POD, ready.namespace) == ())
