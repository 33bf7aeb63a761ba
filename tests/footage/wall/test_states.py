"""How a camera is judged: by what its recording hours miss, not by the clock on the wall alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cctv.footage.wall import states
from cctv.footage.wall.states import Facts, judge

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 16, 10, 0, tzinfo=SEOUL)  # a Monday
DAYTIME = [[day, "08:00", "18:00"] for day in range(7)]
MINUTE = timedelta(minutes=1)
WELL = Facts(registered_at=NOW - timedelta(days=90), retired=False, schedule=[], last_at=NOW - MINUTE)


def state(now: datetime = NOW, **facts) -> str:
    return judge(replace(WELL, **facts), zone=SEOUL, now=now).state


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "recorded"),
        ({"last_at": NOW - 14 * MINUTE}, "recorded"),
        ({"last_at": NOW - 16 * MINUTE}, "silent"),
        ({"last_at": None}, "empty"),
        ({"last_at": None, "registered_at": NOW - MINUTE}, "waiting"),
        ({"skew_ms": 5_001}, "skew"),
        ({"skew_ms": -5_001}, "skew"),
        ({"skew_ms": 4_999}, "recorded"),
        ({"skew_ms": 9_000, "last_at": NOW - 60 * MINUTE}, "silent"),
        ({"retired": True, "last_at": None}, "retired"),
    ],
)
def test_round_the_clock(facts, expected):
    assert state(**facts) == expected


def test_a_camera_that_is_off_at_night_is_not_silent():
    night = NOW.replace(hour=23)
    assert state(night, schedule=DAYTIME, last_at=NOW.replace(hour=18)) == "off"


def test_a_camera_that_died_before_the_night_is_silent_in_the_night_too():
    night = NOW.replace(hour=23)
    verdict = judge(replace(WELL, schedule=DAYTIME, last_at=NOW.replace(hour=12)), zone=SEOUL, now=night)
    assert verdict.state == "silent"
    assert verdict.missed == timedelta(hours=6)
    assert not verdict.in_hours


def test_a_camera_has_a_quarter_of_an_hour_to_begin_in_the_morning():
    evening = NOW.replace(hour=18) - timedelta(days=1)
    morning = NOW.replace(hour=8, minute=10)
    assert state(morning, schedule=DAYTIME, last_at=evening) == "waiting"
    assert state(morning + 6 * MINUTE, schedule=DAYTIME, last_at=evening) == "silent"


def test_who_records_out_of_its_hours_now_stands_out():
    night = NOW.replace(hour=23)
    assert state(night, schedule=DAYTIME, last_at=night - MINUTE, extra=True) == "extra"
    # what was out of its hours earlier, and has stopped, is over
    assert state(night, schedule=DAYTIME, last_at=night - 60 * MINUTE, extra=True) == "off"


def test_what_needs_somebody_comes_first_and_the_longest_silence_before_all():
    found = [
        judge(replace(WELL, **facts), zone=SEOUL, now=NOW)
        for facts in (
            {}, {"skew_ms": 9_000}, {"last_at": NOW - 20 * MINUTE}, {"last_at": NOW - 600 * MINUTE},
            {"retired": True}, {"last_at": None},
        )
    ]  # fmt: skip
    ordered = sorted(found, key=states.Verdict.rank)
    assert [each.state for each in ordered] == ["silent", "silent", "empty", "skew", "recorded", "retired"]
    assert ordered[0].missed > ordered[1].missed
    assert [each.needs_somebody for each in ordered] == [True, True, True, True, False, False]


def test_the_worse_skew_is_the_one_further_from_none():
    assert states.worse(-9, 4) == -9
    assert states.worse(None, 4) == 4
    assert states.worse(None, None) is None
