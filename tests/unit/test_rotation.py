"""A rotation's three writes of the record, and what is made of a record that no rotation leaves so."""

import json

import pytest

from scripts.errors import Drift
from scripts.provision import rotation, service_accounts
from scripts.provision.credentials import (
    CONCEALED,
    LABELS,
    NEXT,
    NO_RECORD,
    PREVIOUS,
    RESTIC_PASSWORD,
    Field,
    RecordState,
    made,
)
from scripts.provision.record_file import FileRecord
from scripts.provision.rotation import Phase
from scripts.settings import Secret

KEY = service_accounts.LABELS
PASSWORD = (RESTIC_PASSWORD,)


@pytest.fixture
def record(tmp_path):
    kept = FileRecord(path=tmp_path / "record.json", vault="vault", item="item")
    kept.write(NO_RECORD, list(made("user").items()))
    return kept


def fields(record):
    return {each["label"]: each["value"] for each in json.loads(record.path.read_text())["fields"]}


@pytest.mark.parametrize("labels", [KEY, PASSWORD], ids=["the key", "the password"])
def test_each_write_leaves_all_that_may_be_in_force_and_the_last_one_nothing_else(record, labels):
    before = fields(record)
    fresh = {label: Secret(f"new {label}") for label in labels}
    seen = []
    for write in (
        lambda: rotation.begin(record, fresh),
        lambda: rotation.replace(record, labels),
        lambda: rotation.finish(record, labels),
    ):
        write()
        seen.append((rotation.phase(record.observe(), labels, name="record"), fields(record)))
    new = {label: value.reveal() for label, value in fresh.items()}

    assert [phase for phase, _ in seen] == [Phase.BEGUN, Phase.REPLACED, Phase.FRESH]
    assert seen[0][1] == before | {f"{NEXT}{label}": new[label] for label in labels}
    assert seen[1][1] == before | new | {f"{PREVIOUS}{label}": before[label] for label in labels}
    assert seen[2][1] == before | new
    assert {label for label in seen[1][1] if label.endswith(("SECRET_ACCESS_KEY", "PASSWORD"))} <= CONCEALED


@pytest.mark.parametrize(
    ("held", "said"),
    [
        pytest.param([f"{NEXT}{KEY[0]}"], "has NEXT_AWS_ACCESS_KEY_ID, which no rotation", id="half a key"),
        pytest.param([f"{p}{x}" for p in (NEXT, PREVIOUS) for x in KEY], "which no rotation leaves", id="both"),
        pytest.param(
            [f"{PREVIOUS}{RESTIC_PASSWORD}"],
            "has a rotation of RESTIC_PASSWORD in progress; finish it with `invoke backup.rotate-password`",
            id="another rotation",
        ),
    ],
)
def test_a_record_that_is_in_the_way_of_a_rotation_is_refused(held, said):
    found = [Field(label=label, value=Secret("a"), concealed=True) for label in (*LABELS, *held)]

    with pytest.raises(Drift, match=said):
        rotation.phase(RecordState(exists=True, fields=tuple(found), revision="1"), KEY, name="record")


def test_a_fresh_key_is_one_that_minio_takes():
    fresh = service_accounts.key(service_accounts.fresh("a-user-with-a-long-name"))

    assert len(fresh.id) == 20
    assert fresh.id.startswith("a-user-with-")
    assert len(fresh.secret.reveal()) == 40
