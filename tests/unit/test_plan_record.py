"""What is written into the record of the credentials, and what never is."""

import pytest

from scripts.errors import Drift, SettingsError
from scripts.model import Change
from scripts.provision.credentials import (
    ACCESS_KEY_ID,
    LABELS,
    NO_RECORD,
    RESTIC_PASSWORD,
    SECRET_ACCESS_KEY,
    Field,
    RecordState,
    complete,
    made,
)
from scripts.provision.plan import refuse_foreign
from scripts.provision.record_plan import plan_record
from scripts.settings import Secret

FRESH = {
    RESTIC_PASSWORD: Secret("fresh-password"),
    ACCESS_KEY_ID: Secret("volsync-backup"),
    SECRET_ACCESS_KEY: Secret("fresh-secret"),
}
# pragma: allowlist nextline secret - made up for this test
RIGHT = {RESTIC_PASSWORD: "kept-password", ACCESS_KEY_ID: "volsync-backup", SECRET_ACCESS_KEY: "kept-secret"}


def found(concealed=True, **values):
    fields = tuple(
        Field(label=label, value=Secret(value), concealed=concealed and label != ACCESS_KEY_ID)
        for label, value in (RIGHT | values).items()
        if value is not None
    )
    return RecordState(exists=True, fields=fields, revision="1")


def written(state):
    record_plan = plan_record(state, name="item volsync-minio", made=FRESH)
    return {label: value.reveal() for label, value in record_plan.fields}


def test_a_missing_record_is_made_with_all_its_fields():
    assert written(NO_RECORD) == {label: FRESH[label].reveal() for label in LABELS}


def test_a_complete_record_is_left_alone():
    assert written(found()) == {}


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("value", [pytest.param(None, id="is missing"), pytest.param("", id="is empty")])
def test_only_the_field_that_lacks_a_value_is_written(label, value):
    assert written(found(**{label: value})) == {label: FRESH[label].reveal()}


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("x", id="weak"),
        pytest.param(" ", id="a space"),
        pytest.param("p" * 5000, id="long"),
        pytest.param("pässwörd\n", id="with a line end"),
    ],
)
def test_a_password_that_has_a_value_is_never_replaced(password):
    assert RESTIC_PASSWORD not in written(found(**{RESTIC_PASSWORD: password}))


@pytest.mark.parametrize(
    ("label", "value"),
    [
        pytest.param(ACCESS_KEY_ID, "ab", id="an access key id that is too short"),
        pytest.param(ACCESS_KEY_ID, "a" * 21, id="an access key id that is too long"),
        pytest.param(SECRET_ACCESS_KEY, "1234567", id="a secret that is too short"),
        pytest.param(SECRET_ACCESS_KEY, "s" * 41, id="a secret that is too long"),
    ],
)
def test_a_key_that_minio_refuses_is_replaced_only_with_force(label, value):
    record_plan = plan_record(found(**{label: value}), name="item volsync-minio", made=FRESH)

    assert [step.change for step in record_plan.plan.steps] == [Change.REPLACE]
    with pytest.raises(Drift, match=label):
        refuse_foreign([record_plan.plan])


@pytest.mark.parametrize(
    ("label", "value"),
    [
        pytest.param(ACCESS_KEY_ID, "abc", id="the shortest access key id"),
        pytest.param(ACCESS_KEY_ID, "a" * 20, id="the longest access key id"),
        pytest.param(SECRET_ACCESS_KEY, "12345678", id="the shortest secret"),
        pytest.param(SECRET_ACCESS_KEY, "s" * 40, id="the longest secret"),
    ],
)
def test_a_key_that_minio_takes_is_left_alone(label, value):
    assert written(found(**{label: value})) == {}


def test_a_secret_that_is_shown_as_text_is_concealed_and_stays_the_same():
    state = found(concealed=False)

    # pragma: allowlist nextline secret - made up for this test
    assert written(state) == {RESTIC_PASSWORD: "kept-password", SECRET_ACCESS_KEY: "kept-secret"}
    assert {s.change for s in plan_record(state, name="item", made=FRESH).plan.steps} == {Change.UPDATE}


def test_no_step_shows_a_secret():
    for state in (NO_RECORD, found(concealed=False), found(**{SECRET_ACCESS_KEY: "s" * 41})):
        text = repr(plan_record(state, name="item", made=FRESH))

        for secret in ("fresh-password", "fresh-secret", "kept-password", "kept-secret", "s" * 41):
            assert secret not in text


def test_values_are_strong_and_new_each_time_and_of_a_length_that_minio_takes():
    first, second = made("volsync-backup"), made("volsync-backup")

    assert first[ACCESS_KEY_ID].reveal() == "volsync-backup"
    assert len(first[SECRET_ACCESS_KEY].reveal()) == 40
    assert len(first[RESTIC_PASSWORD].reveal()) == 44
    for label in (RESTIC_PASSWORD, SECRET_ACCESS_KEY):
        assert first[label].reveal() != second[label].reveal()
        assert first[label].reveal().isalnum()
        assert len(set(first[label].reveal())) > 15


@pytest.mark.parametrize(
    ("state", "message"),
    [
        pytest.param(NO_RECORD, "does not exist", id="no record"),
        pytest.param(found(**{RESTIC_PASSWORD: ""}), "no value for RESTIC_PASSWORD", id="an empty field"),
        pytest.param(
            found(**{ACCESS_KEY_ID: None, SECRET_ACCESS_KEY: None}),
            "no value for AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
            id="two missing fields",
        ),
    ],
)
def test_a_record_that_is_not_complete_says_what_it_lacks_and_what_to_run(state, message):
    with pytest.raises(SettingsError, match=message) as refused:
        complete(state, name="item volsync-minio")

    assert refused.value.next_step == "run `invoke onepassword.setup`"
