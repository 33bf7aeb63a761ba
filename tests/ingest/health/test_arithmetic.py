"""Figures of health: they are what a slow and simple reckoning says."""

import math
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cctv.ingest.health import arithmetic, charts
from cctv.ingest.health.arithmetic import Stream, days_until_full, percentile

amounts = st.integers(0, 10_000)
freed = st.lists(amounts, max_size=10)


@given(st.lists(st.integers(-1000, 1000), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_enough_do_not_exceed(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_nothing_has_no_percentile():
    assert percentile([], 0.5) is None


@given(amounts, amounts, freed)
def test_a_store_is_full_on_the_day_that_a_simulation_says(free, incoming, freed_by_day):
    """Minute by minute would say the same; a day at a time, the day."""
    found = days_until_full(free_bytes=free, incoming_per_day=incoming, freed_by_day=freed_by_day, horizon=60)
    mean = min(incoming, sum(freed_by_day) / len(freed_by_day)) if freed_by_day else 0
    left, full_on = float(free), 0 if free == 0 else None
    for day in range(60):
        if full_on is not None:
            break
        left -= incoming - (freed_by_day[day] if day < len(freed_by_day) else mean)
        if left <= 0:
            full_on = day
    if full_on is None:
        assert found is None
    else:
        assert found is not None
        assert full_on <= found <= full_on + 1


@given(amounts, amounts, freed, st.integers(1, 5_000))
def test_more_room_and_more_freed_never_fill_it_sooner_and_more_coming_in_never_later(
    free, incoming, freed_by_day, more
):
    def full(**changed) -> float:
        values = {"free_bytes": free, "incoming_per_day": incoming, "freed_by_day": freed_by_day, **changed}
        found = days_until_full(**values)
        return math.inf if found is None else found

    now = full()
    assert full(free_bytes=free + more) >= now
    assert full(freed_by_day=[each + more for each in freed_by_day]) >= now
    if not freed_by_day:
        assert full(incoming_per_day=incoming + more) <= now


@given(amounts.filter(bool), amounts, st.integers(1, 10))
def test_what_frees_as_much_as_comes_in_never_fills(free, incoming, days):
    assert days_until_full(free_bytes=free, incoming_per_day=incoming, freed_by_day=[incoming] * days) is None


def test_days_are_said_in_the_unit_that_fits():
    assert [arithmetic.said(days) for days in (0, 0.5, 1.99, 2, 11.9, 400)] == [
        arithmetic.Days(0, "h"), arithmetic.Days(12, "h"), arithmetic.Days(47, "h"), arithmetic.Days(2, "d"),
        arithmetic.Days(11, "d"), arithmetic.Days(365, "long"),
    ]  # fmt: skip


def test_changes_of_the_picture_are_found_within_and_between_days():
    small, large, hevc = Stream("h264", 640, 360), Stream("h264", 1920, 1080), Stream("hevc", 1920, 1080)
    days = [
        (date(2026, 11, day), streams)
        for day, streams in ((1, [small]), (2, [small, large]), (3, []), (4, [hevc]), (5, [hevc]))
    ]
    found = arithmetic.changes(days)
    assert [(change.day.day, change.before, change.after) for change in found] == [
        (2, small, large), (4, large, hevc),
    ]  # fmt: skip
    assert str(hevc) == "HEVC 1920×1080"


@given(
    st.lists(st.one_of(st.none(), st.tuples(st.floats(-90, 90), st.floats(0, 30))), min_size=1, max_size=31)
)
def test_bars_stay_within_the_chart(values):
    pairs = [None if each is None else (each[0], each[0] + each[1]) for each in values]
    chart = charts.ranges(pairs)
    assert chart.low <= 0 <= chart.high
    for bar, pair in zip(chart.bars, pairs, strict=True):
        assert (bar is None) == (pair is None)
        if bar is not None:
            assert bar.y >= charts.TOP_PX - 2.1
            assert bar.y + bar.height <= charts.BASE_PX + 0.2
            assert bar.x >= 0
            assert bar.x + bar.width <= 100.01
