"""What a machine reads of the tasks on a cluster, held against what the reference says of it."""

import json
import re
from datetime import UTC, datetime

import pytest

from scripts.checks.docs.markdown import read
from scripts.errors import MoverFailed, SettingsError
from scripts.operate import as_json, examination, snapshots
from scripts.operate.apps import App
from scripts.operate.backups import Ended
from scripts.operate.examination import Examination, Verdict
from scripts.operate.repository import Lock, Stored
from scripts.operate.seen import Seen
from scripts.operate.state import states
from scripts.operate.stuck import Reason
from scripts.operate.unlock import Account
from scripts.settings import REPOSITORY_ROOT

NOW = datetime(2026, 11, 25, tzinfo=UTC)
APP = App(namespace="shop", source="shop-backup")
SOURCE = {
    "metadata": {"name": "shop-backup", "namespace": "shop", "uid": "1", "creationTimestamp": "2026-11-24T00:00:00Z"},
    "spec": {"trigger": {"schedule": "0 2 * * *"}, "restic": {}},
}


def status():
    seen = Seen(sources=(SOURCE,))
    return as_json.status(states(seen, NOW), seen, now=NOW, context="apps")


def now():
    return as_json.backups((Ended(app=APP, error=MoverFailed("a", "b", "c")),), left_behind=(APP,), context="apps")


def doctor():
    reason = Reason(found="a", next_step="b")
    found = Examination(title="a", verdict=Verdict.FAILED, reasons=(reason,))
    return examination.document((found,), now=NOW, context="apps")


def listed():
    return snapshots.document(APP, (Stored(index=0, id="0" * 64, time=NOW, size_bytes=None),), context="apps")


@pytest.fixture
def unlocked(capsys):
    def run():
        account = Account(app=APP, is_json=True)
        with account.told_at_the_end("apps", lambda: NOW):
            account.locks = (Lock(id="0" * 64, time=NOW, is_exclusive=True, host="a", process=1),)
        return capsys.readouterr().out

    return run


def documented():
    """Task -> the names of all fields, as the reference has them."""
    page = read(REPOSITORY_ROOT, "docs/reference/tasks.md")
    (rows,) = [rows for rows in page.tables if rows[0] == ("task", "fields of the document")]
    return {task.strip("`"): set(re.findall(r"`(\w+)`", text)) for task, text in rows[1:]}


def test_every_field_of_a_document_is_documented_and_no_other(unlocked):
    written = {
        "backup.now": now(),
        "backup.snapshots": listed(),
        "backup.status": status(),
        "backup.unlock": unlocked(),
        "cluster.doctor": doctor(),
    }
    found = {}
    for task, text in written.items():
        document = json.loads(text)
        assert (document.pop("version"), document.pop("context")) == (1, "apps")
        rows = [row for value in document.values() if isinstance(value, list) for row in value]
        found[task] = {*document, *(key for row in rows for key in row)}

    assert found == documented()


def test_a_reason_and_an_error_have_what_a_person_is_told():
    (failed,) = json.loads(now())["apps"]
    (checked,) = json.loads(doctor())["checks"]

    assert failed["error"] == {"where": "a", "found": "b", "next_step": "c", "exit_code": MoverFailed.exit_code}
    assert failed["schedule_is_off"] is True
    assert checked["reasons"] == [{"found": "a", "next_step": "b"}]


def test_an_unknown_format_is_refused():
    with pytest.raises(SettingsError, match="'yaml' is no format; give one of text, json"):
        as_json.is_asked("yaml")
