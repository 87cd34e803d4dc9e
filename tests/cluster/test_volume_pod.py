"""A PVC that pods write, change and record."""

import os
import signal
import threading

import pytest

from scripts.cluster.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD
from scripts.e2e import digest, volume_pod
from scripts.e2e.dataset import NONCE_FILE, Dataset
from scripts.e2e.volume_pod import IMAGE, VolumePods
from scripts.errors import CommandFailed, CouldNotRun, Interrupted, NotFound
from scripts.interrupts import signals_as_interrupts
from tests.processes import eventually

DATASET = Dataset(size_bytes=10_000, files=3, nonce="cafe")


@pytest.fixture
def pods(app):
    level = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    app.stage.cluster.patch(NAMESPACE, app.namespace, "", level)
    yield VolumePods(cluster=app.stage.cluster, namespace=app.namespace, start_s=60.0, timeout_s=60.0)
    left = [each for each in app.stage.cluster.list(POD, app.namespace) if "deletionTimestamp" not in each["metadata"]]
    assert left == []


def test_pods_under_the_restricted_level_write_record_change_and_corrupt_a_volume(app, pods):
    folder = app.make_claim()

    assert pods.write("data", DATASET) == ()
    before = pods.record("data")
    assert before == digest.record(folder)
    assert (folder / NONCE_FILE).read_text() == "cafe\n"

    assert pods.corrupt("data") == NONCE_FILE
    assert [(each.path, each.what) for each in digest.compare(before, pods.record("data"))] == [(NONCE_FILE, "sha256")]
    pods.corrupt("data")
    assert digest.compare(before, pods.record("data")) == ()

    pods.change("data", DATASET)
    assert digest.compare(before, pods.record("data")) == digest.compare(before, digest.record(folder)) != ()


def test_a_record_of_which_the_log_keeps_a_part_is_an_error(app, pods, monkeypatch):
    app.make_claim(files={"a": "1"})
    monkeypatch.setattr(volume_pod, "LOG_BYTES", 100)

    with pytest.raises(CouldNotRun, match="did not come whole"):
        pods.record("data")


def test_what_cannot_be_written_is_told_in_the_pods_own_words(app, pods):
    app.make_claim(files={"bulk": "in the way"})

    with pytest.raises(CommandFailed, match=r"could not write PVC data: exit code 1: .*(Exists|Not a directory)"):
        pods.write("data", DATASET)


def test_a_pod_whose_image_is_not_to_be_had_fails_at_once(app, pods):
    app.make_claim()
    app.stage.node.missing_images.add(IMAGE)

    with pytest.raises(CouldNotRun, match=r"does not start: .*ErrImagePull: failed to pull image"):
        pods.record("data")


def test_a_pod_of_a_claim_that_is_not_bound_tells_why(app):
    waits = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    document = {"metadata": {"name": "data", "namespace": app.namespace}, "spec": waits | {"storageClassName": "none"}}
    app.stage.cluster.create(PERSISTENT_VOLUME_CLAIM, document)
    impatient = VolumePods(cluster=app.stage.cluster, namespace=app.namespace, start_s=2.0)

    with pytest.raises(CouldNotRun, match=r'Unschedulable.*storageclass\.storage\.k8s\.io "none" not found'):
        impatient.record("data")


def test_a_claim_that_is_not_there_has_no_pod(pods):
    with pytest.raises(NotFound, match="data"):
        pods.record("data")


def test_an_interrupt_removes_the_pod(app, pods):
    os.mkfifo(app.make_claim() / NONCE_FILE)

    def interrupt():
        # the pod writes to a pipe that nobody reads
        eventually(lambda: app.stage.node.running(app.namespace))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with signals_as_interrupts(), pytest.raises(Interrupted):
        pods.write("data", DATASET)
    thread.join()
