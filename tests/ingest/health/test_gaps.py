"""Gaps, and why they are there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.footage import catalogue
from cctv.ingest.health import gaps
from cctv.ingest.health.gaps import Clues, Gap

START = datetime(2026, 11, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SETTLE = 15 * MINUTE


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def span(first: float, last: float) -> tuple[datetime, datetime]:
    return at(first), at(last)


def found(wanted, recorded, now: float = 1000) -> list[tuple[float, float, bool]]:
    missing = gaps.missing(wanted, recorded, now=at(now), settle=SETTLE)
    return [((gap.start - START) / MINUTE, (gap.end - START) / MINUTE, gap.open) for gap in missing]


def test_out_of_the_hours_nothing_is_missing():
    wanted = [span(0, 60), span(120, 180)]
    assert found(wanted, [span(10, 50), span(130, 180)]) == [
        (0, 10, False),
        (50, 60, False),
        (120, 130, False),
    ]
    assert found(wanted, [span(0, 200)]) == []
    assert found([], []) == []


def test_what_may_still_come_in_is_not_missing_yet():
    assert found([span(0, 100)], [span(0, 86)], now=100) == []
    assert found([span(0, 100)], [span(0, 84)], now=100) == [(84, 100, True)]


def test_the_edge_of_an_hour_is_no_gap():
    assert found([span(0, 60)], [(at(0) + timedelta(seconds=2), at(60))]) == []


spans = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=8).map(
    lambda rows: catalogue.merge(sorted(span(first, first + length) for first, length in rows))
)


@given(spans, spans)
def test_each_minute_is_missing_exactly_if_it_is_wanted_and_not_recorded(wanted, recorded):
    missing = gaps.missing(wanted, recorded, now=at(10_000), settle=SETTLE)

    def holds(stretches, minute: int) -> bool:
        return any(start <= at(minute) < end for start, end in stretches)

    for minute in range(345):
        expected = holds(wanted, minute) and not holds(recorded, minute)
        assert holds([(gap.start, gap.end) for gap in missing], minute) == expected


@pytest.mark.parametrize(
    ("gap", "clues", "reason"),
    [
        (Gap(*span(0, 10)), Clues(erased=[span(0, 3), span(2, 6)]), gaps.ERASED),
        (Gap(*span(0, 10)), Clues(erased=[span(0, 3), span(1, 3)]), gaps.SILENT),
        (Gap(*span(0, 10)), Clues(quarantined=[span(-0.5, 6)]), gaps.QUARANTINE),
        (Gap(*span(0, 10)), Clues(quarantined=[span(-3, 4)]), gaps.SILENT),
        (Gap(*span(0, 10), open=True), Clues(source_fails=True), gaps.SOURCE),
        (Gap(*span(0, 10)), Clues(source_fails=True), gaps.SILENT),
        (Gap(*span(0, 10)), Clues(others_recorded=True), gaps.ALONE),
        (Gap(*span(0, 10)), Clues(others_recorded=False), gaps.TOGETHER),
        (Gap(*span(0, 0.5)), Clues(others_recorded=False), gaps.RESTART),
    ],
)
def test_the_surest_reason_is_told(gap, clues, reason):
    assert gaps.reason_of(gap, clues) == reason


def test_a_file_in_quarantine_explains_no_more_than_it_can_hold():
    """Fifty kilobytes are no five days; a file of an hour is, and so are empty ones in a row."""
    hour, junk = 60 * 60 * gaps.LEAST_RATE, 50_000
    assert [(end - start) / MINUTE < 1 for start, end in gaps.claims([(at(0), junk)])] == [True]
    days = Gap(*span(0, 114 * 60))
    assert gaps.reason_of(days, Clues(quarantined=gaps.claims([(at(1), junk)]))) == gaps.SILENT
    assert (
        gaps.reason_of(Gap(*span(0, 90)), Clues(quarantined=gaps.claims([(at(1), hour)]))) == gaps.QUARANTINE
    )
    empty = gaps.claims([(at(minute), 0) for minute in range(10)])
    assert gaps.reason_of(Gap(*span(0, 10)), Clues(quarantined=empty)) == gaps.QUARANTINE
