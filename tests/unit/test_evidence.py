import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from scripts.e2e.evidence import KNOWN_LOSSES, Evidence, StepRecord, as_json, junit, markdown, summary, write
from scripts.model import Status

GOOD = StepRecord(
    title="back up", status=Status.PASSED, detail="snapshot 1 | of 2", log=("said this",), duration_s=1.25
)
BAD = StepRecord(title="compare", status=Status.FAILED, detail="a \x00 byte < > &")
UNSEEN = StepRecord(title="look at Flux", status=Status.SKIPPED, detail="there is none")
STOPPED = StepRecord(title="unlock", status=Status.BLOCKED, detail="blocked by `compare`")


def evidence(*steps):
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Evidence(system="local", started=moment, finished=moment, facts=(("restic", "0.17.3"),), steps=steps)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param((GOOD,), True, id="every step passed"),
        pytest.param((GOOD, BAD), False, id="one failed"),
        pytest.param((GOOD, STOPPED), False, id="one was blocked"),
        pytest.param((GOOD, UNSEEN), True, id="one was not to be checked"),
        pytest.param((UNSEEN,), False, id="nothing was checked"),
        pytest.param((), False, id="no step at all proves nothing"),
    ],
)
def test_evidence_passes_only_when_every_step_did(steps, expected):
    assert expected is evidence(*steps).passed
    assert expected is json.loads(as_json(evidence(*steps)))["passed"]
    assert expected is ("What was written came back." in markdown(evidence(*steps)))


def test_the_report_names_steps_facts_mover_logs_and_losses():
    text = markdown(evidence(GOOD, BAD, STOPPED))

    assert "| restic | `0.17.3` |" in text
    assert "| back up | passed | 1.2 | snapshot 1 \\| of 2 |" in text
    assert "said this" in text
    assert all(loss in text for loss in KNOWN_LOSSES)


def test_junit_counts_what_happened_and_is_xml_whatever_a_step_says():
    suite = ElementTree.fromstring(junit(evidence(GOOD, BAD, STOPPED)))  # noqa: S314 - written by this project just now

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [case.get("name") for case in suite] == ["back up", "compare", "unlock"]


def test_the_summary_ends_with_the_count():
    assert summary(evidence(GOOD, BAD))[-1] == "1 of 2 steps passed on the local system in 0.0 s"


def test_what_was_not_checked_is_said_at_the_top_and_in_the_count():
    assert "**Not checked:** look at Flux." in markdown(evidence(GOOD, UNSEEN))
    assert "| look at Flux | not checked |" in markdown(evidence(GOOD, UNSEEN))
    assert summary(evidence(GOOD, UNSEEN))[-1] == "1 of 2 steps passed, 1 not checked on the local system in 0.0 s"


def test_three_files_are_written(tmp_path):
    write(evidence(GOOD), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.json", "report.md"]
