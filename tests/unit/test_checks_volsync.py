from decimal import Decimal

import pytest

from scripts.checks import volsync
from scripts.checks.objects import Objects
from scripts.checks.quantity import size_of
from scripts.checks.volsync.cron import Refused, parse
from scripts.checks.volsync.spread import cksum, spread_schedule
from scripts.model import Resource, ResourceId
from scripts.process import run


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("27 2 * * *", id="a time of each day"),
        pytest.param("*/15 * * * *", id="each quarter of an hour"),
        pytest.param("0-59/15 * * * *", id="the same without a star in front"),
        pytest.param("0 3 * * 1-5", id="working days"),
        pytest.param("0 3 * * 1,3,5", id="some days"),
        pytest.param("@daily", id="a name"),
        pytest.param("TZ=Europe/Berlin 0 3 * * *", id="a zone"),
    ],
)
def test_a_schedule_that_both_the_api_and_the_parser_take_is_read(text):
    assert parse(text).minutes <= set(range(60))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("0 0 0 * * *", "has 6 fields", id="six fields, which the API takes"),
        pytest.param("10 3 * *", "has 4 fields", id="four fields, which the API takes"),
        pytest.param("@dailyfoo", "is none of @annually", id="what only begins like a name, which the API takes"),
        pytest.param("@midnight", "is none of", id="a name that only the parser knows"),
        pytest.param("@every 1h", "is none of", id="an interval, which the API refuses"),
        pytest.param("0 3 * * MON", "has `MON`", id="the name of a day, which the API refuses"),
        pytest.param("0 3 1-5,10 * *", "the API refuses", id="a range in a list, which the API refuses"),
        pytest.param("0  3 * * *", "the API refuses", id="two blanks, which the API refuses"),
        pytest.param("? 3 * * *", "has `?`", id="a question mark, which the API refuses"),
        pytest.param("60 3 * * *", "wanted is 0 to 59", id="a minute that no hour has"),
        pytest.param("0 24 * * *", "wanted is 0 to 23", id="an hour that no day has"),
        pytest.param("0 3 0 * *", "wanted is 1 to 31", id="a day that no month has"),
        pytest.param("0 3 * * 7", "wanted is 0 to 6", id="a second Sunday, which the parser refuses"),
        pytest.param("*/0 * * * *", "wanted is 0 to 59", id="a step of nothing"),
        pytest.param("0 5-3 * * *", "wanted is 0 to 23", id="a range that goes back"),
        pytest.param(f"{'9' * 5_000} 3 * * *", "wanted are numbers", id="more digits than anybody can read"),
        pytest.param("", "has 0 fields", id="nothing"),
    ],
)
def test_a_schedule_that_one_of_the_two_does_not_take_is_refused_with_the_reason(text, reason):
    with pytest.raises(Refused) as refused:
        parse(text)

    assert reason in refused.value.reason


def test_a_step_after_a_number_goes_on_to_the_end():
    assert parse("50/5 * * * *").minutes == {50, 55}


@pytest.mark.parametrize("name", ["", "a", "volsync-test", "a name that is longer than most, with ümlauts " * 9])
def test_the_minute_follows_from_what_cksum_says_of_the_name(name):
    said = int(run(("cksum",), timeout_s=10, stdin=name).stdout.split()[0])

    assert cksum(name.encode()) == said


def test_the_minutes_of_many_names_are_spread():
    schedules = [parse(spread_schedule(f"app-{number}")) for number in range(1000)]
    starts = [min(each.hours) * 60 + min(each.minutes) for each in schedules]

    assert all(60 <= start < 300 for start in starts)
    assert max(starts.count(minute) for minute in set(starts)) < 20


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("10Gi", Decimal(10 * 2**30)),
        ("1024Mi", Decimal(2**30)),
        ("1G", Decimal(10**9)),
        ("1e3", Decimal(1000)),
        (5, Decimal(5)),
        ("1.5Ki", Decimal(1536)),
        ("1e999999999", Decimal("1e99")),
        ("1e-999999999", Decimal("1e-99")),
        ("ten", None),
        ("1.2.3", None),
        (None, None),
    ],
)
def test_a_quantity_is_a_number_of_bytes(quantity, expected):
    assert size_of(quantity) == expected


def resource(kind, spec):
    api_version = "v1" if kind == "PersistentVolumeClaim" else "volsync.backube/v1alpha1"
    identity = ResourceId(api_version=api_version, kind=kind, namespace="app", name="app")
    return Resource(id=identity, document={"metadata": {"name": "app"}, "spec": spec}, kustomization="app")


@pytest.mark.parametrize("kind", ["ReplicationSource", "ReplicationDestination", "PersistentVolumeClaim"])
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(None, id="nothing"),
        pytest.param("text", id="a text"),
        pytest.param([1], id="a list"),
        pytest.param({"restic": "text", "trigger": [], "dataSourceRef": 5}, id="fields of other shapes"),
        pytest.param(
            {"restic": {"retain": [1], "moverSecurityContext": "x", "repository": {"a": 1}, "previous": "one"}},
            id="fields of other shapes below restic",
        ),
    ],
)
def test_an_object_of_another_shape_is_at_fault_and_stops_nothing(kind, spec):
    objects = Objects(resources=(resource(kind, spec),), externals={})

    assert list(volsync.check(objects))
