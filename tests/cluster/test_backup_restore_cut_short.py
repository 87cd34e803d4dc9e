"""backup.restore that is cut short: by a signal that it can answer, and by one that it cannot."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from scripts.errors import MoverFailed
from scripts.operate import trigger
from scripts.operate.restore.journal import Phase
from scripts.settings import REPOSITORY_ROOT
from tests.cluster import roles
from tests.cluster.apps import reason
from tests.cluster.test_backup_restore import CHANGED
from tests.processes import eventually


@contextlib.contextmanager
def restoring(shop, *flags):
    """The task as a program of its own."""
    command = [sys.executable, "-m", "invoke", "backup.restore", "--context", roles.PERSON, "--app", shop.name, *flags]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen(command, cwd=REPOSITORY_ROOT, env=dict(os.environ), **pipes)
    try:
        yield started
    finally:
        started.kill()
        started.communicate(timeout=60)


ORDER = ("", "suspend", "stop", "hold", "restore", "compare", "end")


@pytest.mark.parametrize("name", ORDER[1:])
def test_a_restore_that_is_killed_is_finished_or_undone_by_another_run(shop, name):
    with restoring(shop, "--snapshot", shop.older, "--without-backup") as started:
        eventually(lambda: (found := shop.journal) is not None and ORDER.index(found.step) >= ORDER.index(name))
        started.send_signal(signal.SIGKILL)
        started.wait(timeout=60)
    left = shop.journal
    assert left is not None
    if left.phase is Phase.PREPARING:
        with pytest.raises(MoverFailed, match="nothing was restored"):
            shop.restore(resume=True)
        assert shop.files == CHANGED
    else:
        shop.restore(resume=True)
        assert shop.files == {"a": "1"}


def test_ctrl_c_during_the_backup_before_undoes_all(shop):
    gate = shop.app.stage.backend.gate
    with restoring(shop, "--snapshot", shop.older) as started:
        eventually(lambda: (found := shop.journal) is not None and found.step == "backup")
        gate.hold_after(0)
        eventually(lambda: trigger.is_ours(trigger.manual(shop.source)))
        shop.app.source(lambda found: reason(found) == "SyncInProgress")
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=120)
    gate.open()

    assert started.returncode == 130
    assert "nothing was restored, and all is as it was before" in " ".join(err.split())
    assert shop.files == CHANGED
    shop.app.source()
