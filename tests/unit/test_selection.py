from datetime import UTC, datetime

import pytest

from scripts.e2e.selection import forget_options, select
from scripts.e2e.system import Snapshot


def at(second, name):
    return Snapshot(id=name * 64, time=datetime.fromtimestamp(1_700_000_000 + second, UTC))


def moment(second):
    return datetime.fromtimestamp(1_700_000_000 + second, UTC)


THREE = (at(0.5, "a"), at(10.5, "b"), at(20.5, "c"))


@pytest.mark.parametrize(
    ("previous", "as_of", "expected"),
    [
        pytest.param(0, None, "c", id="the newest"),
        pytest.param(1, None, "b", id="one back"),
        pytest.param(2, None, "a", id="the oldest"),
        pytest.param(3, None, None, id="past the oldest"),
        pytest.param(-1, None, None, id="a negative number chooses nothing, where the mover takes the oldest"),
        pytest.param(0, moment(15), "b", id="as of a time between two"),
        pytest.param(0, moment(10), "b", id="as of the very second, inclusive"),
        pytest.param(1, moment(15), "a", id="as of a time and one back"),
        pytest.param(0, moment(-1), None, id="before the first"),
        pytest.param(0, moment(99), "c", id="after the last"),
    ],
)
def test_a_restore_takes(previous, as_of, expected):
    chosen = select(THREE, previous=previous, restore_as_of=as_of)

    assert (None if expected is None else expected * 64) == (chosen and chosen.id)


def test_of_two_snapshots_in_one_second_the_later_stands_for_both():
    both = (at(0.1, "a"), at(0.9, "b"))

    assert select(both, previous=0, restore_as_of=None) == both[1]
    assert select(both, previous=1, restore_as_of=None) is None


@pytest.mark.parametrize(
    ("retain", "expected"),
    [
        pytest.param({}, ("--keep-last", "1"), id="no retention keeps the newest alone"),
        pytest.param(
            {"daily": 7, "hourly": 24, "last": "3", "within": "3d"},
            ("--keep-hourly", "24", "--keep-daily", "7", "--keep-within", "3d", "--keep-last", "3"),
            id="in the mover's order",
        ),
    ],
)
def test_a_retention_becomes_flags(retain, expected):
    assert expected == forget_options(retain)
