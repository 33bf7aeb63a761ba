"""Recorded, gap, off, extra: what a view shows, on days that are longer and shorter than others too."""

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cctv.footage.timeline.islands import EPOCH, MILLISECOND
from cctv.footage.timeline.spans import HOUR, MINUTE, SECOND, Grid, Span, without
from cctv.footage.timeline.states import ARRIVING, LISTS, Known, States, states_of
from cctv.sites import hours

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = [[day, "08:00", "20:00"] for day in range(7)]
DAY = 24 * HOUR


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def at(hour: int, minute: int = 0, *, day: int = 14) -> int:
    return ms(datetime(2026, 11, day, hour, minute, tzinfo=BERLIN))


def known(**options: Any) -> Known:
    """Round the clock, in use for long, nothing recorded, nothing destroyed."""
    usual: dict[str, Any] = {
        "hours": [(0, at(0, day=30))], "used_from": at(0, day=1), "used_until": None, "first": None,
        "last": None, "destroyed_before": None,
    }  # fmt: skip
    return Known(**usual | options)


def view(known: Known, *, day: int = 14, step: int = MINUTE, now: int | None = None) -> States:
    grid = Grid(at(0, day=day), at(0, day=day + 1), step)
    return states_of(known, grid, now=now or at(12, day=20))


def seconds(spans: list[Span]) -> int:
    return sum(end - start for start, end in spans) // SECOND


def test_what_is_missing_within_the_hours_is_a_gap_and_without_them_it_is_off() -> None:
    zone_hours = [(at(8), at(20))]
    found = view(
        known(hours=zone_hours, recorded=[(at(8), at(10)), (at(11), at(20))], first=at(8), last=at(20))
    )
    assert found.recorded == [(at(8), at(10)), (at(11), at(20))]
    assert found.gaps == [(at(10), at(11))]
    assert found.off == [(at(0), at(8)), (at(20), at(0, day=15))]
    assert found.extra == []


def test_what_is_recorded_out_of_the_hours_is_extra_and_not_off() -> None:
    found = view(known(hours=[(at(8), at(20))], recorded=[(at(7), at(21))], first=at(7), last=at(21)))
    assert found.extra == [(at(7), at(8)), (at(20), at(21))]
    assert found.off == [(at(0), at(7)), (at(21), at(0, day=15))]
    assert found.gaps == []


def test_a_pause_of_two_seconds_is_no_gap_and_a_longer_one_is() -> None:
    for pause, gaps in ((2 * SECOND, 0), (3 * SECOND, 3)):
        spans = [(at(0), at(9)), (at(9) + pause, at(0, day=15))]
        found = view(known(recorded=spans, first=at(0), last=at(0, day=15)), step=SECOND)
        assert seconds(found.gaps) == gaps


def test_nothing_is_missing_before_its_use_after_it_in_the_future_or_where_all_is_destroyed() -> None:
    day = at(0), at(0, day=15)
    assert view(known()).gaps == [day]
    assert view(known(used_from=at(6))).gaps == [(at(6), day[1])]
    assert view(known(used_from=at(6), first=at(5), last=at(5))).gaps == [(at(5), day[1])]
    assert view(known(used_until=at(18))).gaps == [(day[0], at(18))]
    assert view(known(destroyed_before=at(3))).gaps == [(at(3), day[1])]
    assert view(known(), day=21).gaps == []
    assert view(known(), now=at(12)).gaps == [(day[0], at(12) - ARRIVING)]


def test_what_is_still_coming_in_is_not_missing() -> None:
    recorded = {"recorded": [(at(0), at(11, 55))], "first": at(0), "last": at(11, 55)}
    assert view(known(**recorded), now=at(12)).gaps == []
    late = view(known(**recorded), now=at(13)).gaps
    assert late == [(at(11, 55), at(13) - ARRIVING)]


def test_recorded_gaps_and_off_never_share_a_step_and_extra_lies_in_what_is_recorded() -> None:
    dice = random.Random(4)
    for _round in range(200):
        spans = [(start, start + dice.randrange(1, 90 * MINUTE)) for start in (
            at(0) + dice.randrange(-HOUR, DAY) for _unused in range(dice.randrange(12)))]  # fmt: skip
        opening = [(at(0) + dice.randrange(DAY), at(0) + dice.randrange(DAY)) for _unused in range(3)]
        bounds = {"first": min(spans)[0], "last": max(end for _start, end in spans)} if spans else {}
        found = view(known(recorded=spans, hours=opening, **bounds), step=dice.choice((MINUTE, HOUR)))
        lists = found.recorded, found.gaps, found.off
        assert sum(map(seconds, lists)) == seconds(without([(at(0), at(0, day=15))], [])), spans
        assert without(found.extra, found.recorded) == []
        assert all(start < end for name in LISTS for start, end in getattr(found, name))


@pytest.mark.parametrize(
    ("day", "length", "off"),
    [
        (datetime(2026, 3, 29, tzinfo=BERLIN), 23, 11),
        (datetime(2026, 10, 25, tzinfo=BERLIN), 25, 13),
        (datetime(2026, 11, 14, tzinfo=BERLIN), 24, 12),
    ],
)
def test_a_day_on_which_the_clocks_change_has_its_own_length(day: datetime, length: int, off: int) -> None:
    start, end = ms(day), ms(day + timedelta(days=1))
    assert end - start == length * HOUR
    first, last = (moment.astimezone(ZoneInfo("UTC")) for moment in (day, day + timedelta(days=1)))
    opening = [(ms(a), ms(b)) for a, b in hours.spans(DAILY, zone=BERLIN, start=first, end=last)]
    grid = Grid(start, end, 30 * MINUTE)
    everything = Known(opening, start - DAY, None, None, None, None)
    found = states_of(everything, grid, now=end + DAY)
    assert seconds(found.gaps) == 12 * 3600
    assert seconds(found.off) == off * 3600
