"""What people name on a place's clocks is never a shorter span than they meant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cctv.core.localtime import day_within_reach, first_moment, last_moment

LONDON = ZoneInfo("Europe/London")


def at(hour: int, minute: int, day: int = 28, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        # 01:00 to 02:00 does not exist on that day.
        (at(0, 0), at(1, 30), (0, 0), (1, 30)),
        (at(1, 30), at(3, 0), (0, 30), (2, 0)),
        (at(0, 59), at(1, 1), (0, 59), (1, 1)),
        (at(3, 0), at(4, 0), (2, 0), (3, 0)),
    ],
)
def test_a_time_that_the_clocks_skip_never_shortens_a_span(
    start: datetime, end: datetime, first: tuple[int, int], last: tuple[int, int]
) -> None:
    assert first_moment(start, LONDON) == at(*first)
    assert last_moment(end, LONDON) == at(*last)


def test_an_hour_that_comes_twice_is_in_the_span_twice() -> None:
    twice = at(1, 30, 31, 10)
    assert first_moment(twice, LONDON) == at(0, 30, 31, 10)
    assert last_moment(twice, LONDON) == at(1, 30, 31, 10)


@pytest.mark.parametrize("text", ["", "x", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_a_day_that_no_footage_can_be_of_is_none(text: str) -> None:
    assert day_within_reach(text) is None


def test_a_day_is_read() -> None:
    assert str(day_within_reach("2026-11-21")) == "2026-11-21"
