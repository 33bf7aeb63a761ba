"""Recording hours as stretches of time: what the register's rows mean on a calendar."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cctv.sites import hours

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 16, tzinfo=SEOUL)
WORKDAYS = [[day, "08:00", "18:00"] for day in range(5)]


def at(hour: int, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def test_no_rows_mean_round_the_clock():
    assert hours.spans([], zone=SEOUL, start=at(3), end=at(5)) == [(at(3), at(5))]


def test_a_span_is_cut_to_the_hours_of_its_days():
    found = hours.spans(WORKDAYS, zone=SEOUL, start=at(9), end=at(9, day=1))
    assert found == [(at(9), at(18)), (at(8, day=1), at(9, day=1))]
    assert hours.spans(WORKDAYS, zone=SEOUL, start=at(9, day=5), end=at(9, day=6)) == []


def test_a_night_belongs_to_the_day_that_it_begins_on():
    night = [[0, "22:00", "06:00"]]
    assert hours.spans(night, zone=SEOUL, start=at(0), end=at(0, day=2)) == [(at(22), at(6, day=1))]
    # … as the register writes it down, in two rows, is the same
    rows = [[0, "22:00", "24:00"], [1, "00:00", "06:00"]]
    assert hours.spans(rows, zone=SEOUL, start=at(0), end=at(0, day=2)) == [(at(22), at(6, day=1))]


def test_rows_may_overlap_and_lie_within_each_other():
    rows = [[0, "08:00", "18:00"], [0, "09:00", "12:00"], [0, "17:00", "20:00"]]
    assert hours.spans(rows, zone=SEOUL, start=at(0), end=at(0, day=1)) == [(at(8), at(20))]


def test_the_wall_clock_decides_where_it_is_put_forward():
    spring = datetime(2026, 3, 29, tzinfo=BERLIN)
    (span,) = hours.spans([[6, "00:00", "08:00"]], zone=BERLIN, start=spring, end=spring + timedelta(days=1))
    assert span[1] - span[0] == timedelta(hours=7)
    assert span[0].tzinfo is UTC


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 23), st.integers(1, 24)).filter(
            lambda row: row[1] < row[2]
        ),
        max_size=6,
    ),
    st.integers(0, 24 * 14),
    st.integers(1, 24 * 10),
)
def test_stretches_are_sorted_apart_and_inside(rows, first, length):
    schedule = [[day, f"{start:02}:00", f"{end:02}:00"] for day, start, end in rows]
    start, end = at(first), at(first + length)
    found = hours.spans(schedule, zone=SEOUL, start=start, end=end)
    assert all(start <= a < b <= end for a, b in found)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    wanted = {(day, hour) for day, a, b in rows for hour in range(a, b)} or {
        (day, hour) for day in range(7) for hour in range(24)
    }
    moments = [at(first + number) for number in range(length)]
    expected = sum((moment.weekday(), moment.hour) in wanted for moment in moments)
    assert sum((b - a for a, b in found), timedelta()) == timedelta(hours=expected)
