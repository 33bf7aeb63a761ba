"""Recording hours: what counts as inside, and how they are written."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.ingest.schedule import within
from cctv.sites.schedules import check_schedule, read_hours, write_hours

SEOUL = ZoneInfo("Asia/Seoul")
OFFICE = [[day, "08:00", "18:00"] for day in range(5)]
MONDAY = datetime(2026, 3, 2, tzinfo=SEOUL)
times = st.integers(min_value=0, max_value=24 * 60).map(
    lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}"
)
spans = st.tuples(times, times).filter(lambda pair: pair[0] < pair[1])


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def inside_schedule(rows: list[list[Any]], moment: datetime, zone: ZoneInfo) -> bool:
    return within(rows, zone=zone, starts_at=moment, ends_at=moment + timedelta(microseconds=1))


def out_of_schedule(rows: list[list[Any]], start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    return not within(rows, zone=zone, starts_at=start, ends_at=end)


def test_round_the_clock_is_always_inside() -> None:
    assert inside_schedule([], at(3), SEOUL)


def test_hours_are_the_site_s_and_half_open() -> None:
    assert inside_schedule(OFFICE, at(8).astimezone(UTC), SEOUL)
    assert not inside_schedule(OFFICE, at(18), SEOUL)
    assert not inside_schedule(OFFICE, at(7.99), SEOUL)
    assert not inside_schedule(OFFICE, at(5 * 24 + 9), SEOUL)


def test_a_second_past_the_hours_is_out_of_schedule() -> None:
    assert not out_of_schedule(OFFICE, at(17), at(18), SEOUL)
    assert out_of_schedule(OFFICE, at(17) + timedelta(seconds=59), at(18) + timedelta(seconds=1), SEOUL)
    assert out_of_schedule(OFFICE, at(7) + timedelta(minutes=59, seconds=59), at(8.5), SEOUL)


def test_hours_past_midnight_go_on_into_the_next_day() -> None:
    rows = read_hours(["22:00-06:00", "", "", "", "", "", "22:00 – 06:00"])
    assert rows == [
        [0, "00:00", "06:00"],
        [0, "22:00", "24:00"],
        [1, "00:00", "06:00"],
        [6, "22:00", "24:00"],
    ]
    assert inside_schedule(rows, at(5), SEOUL)
    assert not inside_schedule(rows, at(12), SEOUL)


@pytest.mark.parametrize("text", ["8-18", "08:00", "25:00-26:00", "08:00-24:30", "08:61-09:00", "x"])
def test_bad_hours_are_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_hours([text, *[""] * 6])


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=6), spans), max_size=8))
def test_what_is_written_can_be_read_again(rows: list[Any]) -> None:
    schedule = sorted([day, *span] for day, span in rows)
    assert check_schedule(schedule) == ""
    assert read_hours(write_hours(schedule)) == schedule


UNUSABLE: list[Any] = [
    *("08:00", [[7, "08:00", "09:00"]], [[0, "09:00", "08:00"]]),
    *([[0, 8, 9]], [[0]], [[0, "0:99", "2:00"]]),
]


@pytest.mark.parametrize("rows", UNUSABLE)
def test_unusable_rows_are_refused(rows: Any) -> None:
    assert check_schedule(rows) != ""
