"""What a restore comes to, and what of a live volume changed since its backup and what by itself."""

import pytest

from scripts.e2e.digest import Entry
from scripts.errors import MoverFailed
from scripts.operate import restoring
from scripts.operate.attempt import Died
from scripts.operate.proof import since

LOG = "restoring snapshot 1a2b3c4d of [/data] at 2026-01-31 02:27:00 by root@volsync to .\nRestic completed in 1s"


def destination(condition="SyncInProgress", message="", **status):
    conditions = [{"type": "Synchronizing", "reason": condition, "message": message}]
    return {"spec": {}, "status": {"conditions": conditions, **status}}


def done(logs):
    return destination(
        "WaitingForManual", lastManualSync="tag", latestMoverStatus={"result": "Successful", "logs": logs}
    )


def pod(phase, **waiting):
    states = [{"state": {"waiting": waiting}}] if waiting else []
    return {"metadata": {"name": "mover", "uid": "1"}, "status": {"phase": phase, "containerStatuses": states}}


def look(found, *pods):
    return restoring.look("RD a/b", "tag", found, pods)


def test_a_restore_is_done_when_its_mover_names_the_snapshot():
    assert look(destination()) is None
    assert look(destination("Error", "unable to update object. Deleting object so it can be recreated")) is None
    assert look(done(LOG)) == "1a2b3c4d"
    assert look(destination(lastManualSync="another", latestMoverStatus={"logs": LOG})) is None


def test_a_mover_that_failed_is_seen_before_volsync_says_so():
    dead = pod("Failed")

    assert look(destination(), pod("Running"), dead) == Died(pod=dead)


@pytest.mark.parametrize(
    ("found", "pods", "said"),
    [
        pytest.param(done("Restic completed in 1s"), (), "did not say that it restored", id="nothing is said"),
        pytest.param(
            done("No eligible snapshots found\nNo data will be restored"), (), "did not say", id="nothing there"
        ),
        pytest.param(done(f"=== Initialize Dir ===\n{LOG}"), (), "did not say", id="a repository was made"),
        pytest.param(destination("Error", "Secret x not found"), (), "cannot go on: Secret x not found", id="an error"),
        pytest.param(None, (), "was deleted meanwhile", id="gone"),
        pytest.param(
            destination(),
            (pod("Pending", reason="ErrImagePull", message="no such image"),),
            "its mover does not start: ErrImagePull: no such image",
            id="no image",
        ),
    ],
)
def test_a_restore_that_comes_to_nothing_is_a_failure(found, pods, said):
    with pytest.raises(MoverFailed, match=said):
        look(found, *pods)


def file(content="1", mtime_ns=1, type="file", mode=0o644):
    return Entry(type=type, mode=mode, size_bytes=len(content), mtime_ns=mtime_ns, sha256=content)


@pytest.mark.parametrize(
    ("live", "changed", "rotten"),
    [
        pytest.param({"a": file()}, 0, (), id="the same"),
        pytest.param({"a": file("2", mtime_ns=2)}, 1, (), id="written since"),
        pytest.param({"a": file("12")}, 1, (), id="of another size"),
        pytest.param({"a": file(mode=0o600)}, 1, (), id="of another mode"),
        pytest.param({"b": file()}, 2, (), id="renamed"),
        pytest.param({"a": file("2")}, 0, ("a",), id="another content, and size and time of then"),
        pytest.param({"a": file("2", type="symlink")}, 1, (), id="no file any more"),
        pytest.param({"a": file(), "s": file(type="socket"), "d/lost+found": file()}, 0, (), id="what no backup has"),
    ],
)
def test_what_changed_since_a_backup_is_told_from_what_changed_by_itself(live, changed, rotten):
    assert since({"a": file()}, live) == (changed, rotten)
