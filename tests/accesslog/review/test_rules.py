"""Each rule fires where it should, says why with its numbers, and is silent where it should be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accesslog import conf
from accesslog.models import Flag
from accesslog.review import judging
from accesslog.review.history import History, Row
from accesslog.review.rules import DownloadReason, Seen
from tests.accesslog.review.conftest import MARCH, Log

pytestmark = pytest.mark.django_db(databases=["default", "log"])

Flags = Callable[[str], dict[int, str]]


@pytest.fixture
def flags(review: str) -> Flags:
    """`flags(rule)`: {entry: why} of a rule, once everything is judged."""

    def found(code: str) -> dict[int, str]:
        judging.judge()
        rules = {rule.code: rule for rule in conf.rules()}
        return {flag.index: judging.why(flag, rules) for flag in Flag.objects.filter(rule=code)}

    return found


def test_outside_duty_hours(log: Log, flags: Flags) -> None:
    log(at=0)
    late = log(at=12.8)
    sunday = log(at=24 * 6)
    log(at=24 * 6 + 1, site="minato")  # has no hours
    log(at=24 * 6 + 2, site="")
    assert flags("outside_duty") == {
        late: "At 07:48; duty on that day is 06:00–22:00.",
        sunday: "At 19:00, on a day without duty.",
    }


def test_much_more_than_usual_fires_once_where_the_day_tips_over(log: Log, flags: Flags) -> None:
    for day in range(4):
        log("test.covered", 24 * day, minutes=11 + day)
        log("test.covered", 24 * day + 1, actor="jihoon", minutes=1)
    numbers = [log("test.covered", 24 * 4 + n / 10, minutes=10) for n in range(6)]
    assert flags("much_more") == {
        numbers[3]: "40 minutes of footage on this day so far; this person's usual day in the 28 days before"
        " has 12."
    }


def test_a_newcomer_has_no_usual_day(log: Log, flags: Flags) -> None:
    log("test.covered", 0, minutes=11)
    log("test.covered", 24, minutes=300)
    assert flags("much_more") == {}


def test_a_small_day_is_no_outlier(log: Log, flags: Flags) -> None:
    for day in range(4):
        log("test.covered", 24 * day, minutes=2)
    log("test.covered", 24 * 4, minutes=29)
    assert flags("much_more") == {}


def test_the_same_camera_again_and_again(log: Log, flags: Flags) -> None:
    numbers = [log(at=24 * day) for day in range(6)]
    log(at=24 * 6, camera="dock")
    log(at=24 * 6, actor="jihoon")
    log(at=24 * 30)  # the others are long past
    assert flags("again_and_again") == {
        numbers[2]: "This person opened this camera 3 times within 7 days.",
        numbers[5]: "This person opened this camera 6 times within 7 days.",
    }


def test_another_purpose(log: Log, flags: Flags) -> None:
    log(purpose={"code": "crime", "text": "crime prevention"})
    other = log(purpose={"code": "other", "text": "a bet"})
    unmeant = log(purpose={"code": "fire", "text": "fire", "intended": False})
    log(purpose={"code": "other", "text": "other, and registered for it", "intended": True})
    assert set(flags("other_purpose")) == {other, unmeant}


def test_soon_after_an_incident_without_its_case(log: Log, flags: Flags) -> None:
    noted = log("test.incident", 0, actor="jihoon", case="2026-9", minutes=60)
    curious = log(at=1, from_hour=-5.5)
    log(at=1, from_hour=-5.5, case="2026-9")
    log(at=1, from_hour=-9)  # other footage
    log(at=1, from_hour=-5.5, camera="dock")
    log(at=80, from_hour=-84.5)  # long after
    assert flags("after_incident") == {
        curious: f"Entry {noted} notes an incident in this footage, case 2026-9, which is not named here."
    }


def test_refused_again_and_again(log: Log, flags: Flags) -> None:
    tries: list[int] = [log("test.refused", n / 60, camera="") for n in range(4)]
    for n in range(3):
        log("test.refused", 5 + n, camera="")  # an hour apart
    many = log("test.refused", 20, camera="", repeated=7)
    log("test.refused", 30, camera="", repeated=1)
    # What the entry itself says of the times: now, days before it was told, and over longer than the minutes.
    times = {"since": "2026-03-04T02:00:00Z", "until": "2026-03-04T02:09:00Z"}
    within = log("test.refused", 40 + 9 / 60, actor="jihoon", camera="", repeated=2, **times)
    told = log("test.refused", 110, actor="jihoon", camera="", repeated=300, **times)
    long = log(
        "test.refused",
        130,
        actor="sora",
        camera="",
        repeated=4,
        **(times | {"since": "2026-03-04T01:00:00Z"}),
    )
    unknown = [log("test.refused", 40 + n / 60, actor="", camera="", terminal="10.0.0.9") for n in range(3)]
    assert flags("refused") == {
        tries[2]: "Refused 3 times within 10 minutes.",
        many: "Refused, and before that 7 more times without an entry.",
        within: "Refused 3 times within 10 minutes.",
        told: "Refused 302 times within 10 minutes.",
        long: "Refused 4 times within 69 minutes.",
        unknown[2]: "Refused 3 times within 10 minutes.",
    }


def test_reasons_of_copies(log: Log, flags: Flags) -> None:
    missing = log("test.copied", 0)
    short = log("test.copied", 1, reason="ok ")
    log("test.copied", 2, reason="the insurer asked for it")
    first = log("test.copied", 3, actor="jihoon", purpose={"code": "crime", "text": "x", "reason": "a theft"})
    log("test.copied", 4, purpose={"code": "crime", "text": "crime prevention", "reason": ""})
    log("test.copied", 5, case="2026-118")
    assert flags("download_reason") == {
        missing: "A copy without a reason.",
        short: "A copy with a reason of 2 characters.",
        first: "This person's first copy of this kind within 365 days.",
    }


def test_a_kind_whose_reason_is_asked_for_elsewhere_is_not_without_one(log: Log, review: str) -> None:
    rule = DownloadReason(kinds=("test.copied",), stated=("test.copied",))
    history, seen = History(), [log("test.copied", n) for n in range(2)]
    found = [
        rule.look(Seen(index, 0, "test.copied", {}, [Row(index, actor="minji")]), history) for index in seen
    ]  # fmt: skip
    assert [each and each["what"] for each in found] == ["first", None]


def test_facts_hold_numbers_and_ids_and_no_names(log: Log, flags: Flags) -> None:
    for n in range(3):
        log(at=13 + n / 10, actor="minji")
    judging.judge()
    for flag in Flag.objects.all():
        assert "Minji" not in str(flag.facts)
    assert Flag.objects.exists()


@pytest.mark.parametrize("name", ["OUTSIDE", "MORE", "AGAIN", "OTHER", "INCIDENT", "REFUSED", "REASON"])
def test_every_rule_says_what_it_marks_and_shows_its_parameters(name: str, review: str) -> None:
    from tests.accesslog.review import hooks

    rule: Any = getattr(hooks, name)
    assert rule.says().endswith(".")
    assert "%(" not in rule.says()
    assert set(rule.parameters()) == set(rule.labels)
    assert rule.code
    assert str(rule.name)


def test_days_are_counted_by_the_clocks_of_the_site(log: Log, flags: Flags) -> None:
    # 14:30 and 15:30 UTC are two days in Seoul.
    for day in range(3):
        log("test.covered", MARCH + timedelta(days=day), minutes=10)
    log("test.covered", MARCH + timedelta(days=3, hours=4.5), minutes=20)
    log("test.covered", MARCH + timedelta(days=3, hours=5.5), minutes=20)
    assert flags("much_more") == {}
