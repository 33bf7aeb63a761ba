"""Coverage arithmetic and local days."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cctv.footage import catalogue
from cctv.footage.forms import local_span

T0 = datetime(2026, 11, 14, 1, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_neighbouring_segments_are_one_stretch_and_a_missing_one_is_a_gap() -> None:
    spans = [(at(0), at(10)), (at(10.04), at(20)), (at(40), at(50))]
    merged = catalogue.merge(spans)
    assert merged == [(at(0), at(20)), (at(40), at(50))]
    assert catalogue.gaps(merged, at(-5), at(60)) == [(at(-5), at(0)), (at(20), at(40)), (at(50), at(60))]


def test_a_contained_segment_does_not_shorten_the_stretch() -> None:
    assert catalogue.merge([(at(0), at(100)), (at(10), at(20))]) == [(at(0), at(100))]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 60)), max_size=30))
def test_coverage_and_gaps_fill_the_span_exactly(pairs: list[tuple[int, int]]) -> None:
    spans = sorted((at(start), at(start + length)) for start, length in pairs)
    merged = catalogue.merge(spans, join=timedelta())
    inside = catalogue.clip(merged, at(100), at(400))
    missing = catalogue.gaps(merged, at(100), at(400))
    assert catalogue.total_seconds(inside) + catalogue.total_seconds(missing) == 300
    together = sorted(inside + missing)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(together))


def test_a_day_has_23_or_25_hours_when_the_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    assert_hours = {date(2026, 3, 29): 23, date(2026, 10, 25): 25, date(2026, 11, 14): 24}
    for day, hours in assert_hours.items():
        start, end = catalogue.day_span(day, london)
        assert end - start == timedelta(hours=hours)


def test_a_span_over_the_repeated_hour_holds_both_of_them() -> None:
    start, end = local_span(date(2026, 10, 25), time(1, 0), time(1, 30), ZoneInfo("Europe/London"))
    assert end - start == timedelta(minutes=90)


def test_a_span_that_ends_before_it_starts_goes_past_midnight() -> None:
    start, end = local_span(date(2026, 11, 14), time(23, 50), time(0, 10), ZoneInfo("Asia/Seoul"))
    assert (start, end) == (
        datetime(2026, 11, 14, 14, 50, tzinfo=UTC),
        datetime(2026, 11, 14, 15, 10, tzinfo=UTC),
    )
