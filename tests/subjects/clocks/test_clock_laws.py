"""What holds of every clock, whatever the day, the law and the place."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cctv.core import workdays
from cctv.subjects import clocks
from cctv.subjects.clocks import CLARIFICATION, IDENTITY, Clock, NotPossible, calendar
from cctv.subjects.clocks.rules import KINDS, RULES

DAY = timedelta(days=1)
PLACES = st.sampled_from(
    [("KR", "Asia/Seoul"), ("JP", "Asia/Tokyo"), ("UK", "Europe/London"), ("EU", "Europe/Berlin"),
     ("EU", "Europe/Paris"), ("EU", "Atlantic/Azores"), ("EU", "Europe/Helsinki"), ("EU", "Etc/UTC")]
)  # fmt: skip
UK_STOPS = (IDENTITY, CLARIFICATION)
# Years whose holidays are known by law.
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.builds(
    lambda place, kind, received: Clock(
        kind, place[0], received, ZoneInfo(place[1]), workdays.country_of(*place)
    ),
    PLACES, st.sampled_from(KINDS), MOMENTS,
)  # fmt: skip
UK_CLOCKS = st.builds(
    lambda kind, received: Clock(kind, "UK", received, ZoneInfo("Europe/London"), "GB"),
    st.sampled_from([kind for kind in KINDS if CLARIFICATION in RULES["UK"][kind].pauses]), MOMENTS,
)  # fmt: skip
SPANS = st.timedeltas(timedelta(), timedelta(days=40))


def month_later(day: date) -> date:
    """By trying: the same number in the next month, else the one before it."""
    first = (day.replace(day=1) + 31 * DAY).replace(day=1)
    for number in range(day.day, 0, -1):
        try:
            return first.replace(day=number)
        except ValueError:
            continue
    raise AssertionError


def last_day(clock: Clock) -> date:
    return clocks.last_day(clock.due_at, clock.zone)


def received_later(clock: Clock, by: timedelta) -> Clock:
    return Clock(clock.kind, clock.jurisdiction, clock.received_at + by, clock.zone, clock.country)


@given(CLOCKS, SPANS)
def test_what_arrives_later_is_never_due_earlier(clock: Clock, later: timedelta) -> None:
    assert received_later(clock, later).due_at >= clock.due_at


@given(CLOCKS)
def test_nothing_is_due_on_a_day_off_nor_later_than_the_next_working_day(clock: Clock) -> None:
    day = last_day(clock)
    assert workdays.is_working_day(day, country=clock.country, by_law=True)
    rule = clock.rule
    received = clock.received_at.astimezone(clock.zone).date()
    exact = month_later(received) if rule.months else received + rule.days * DAY
    assert day >= exact
    between = [exact + number * DAY for number in range((day - exact).days)]
    assert not any(workdays.is_working_day(each, country=clock.country, by_law=True) for each in between)


@given(CLOCKS)
def test_the_day_that_is_told_is_the_last_in_time(clock: Clock) -> None:
    day = last_day(clock)
    assert calendar.end_of(day, clock.zone) == clock.due_at
    assert (clock.due_at - timedelta(seconds=1)).astimezone(clock.zone).date() == day
    assert clock.due_at.astimezone(clock.zone).date() > day


def walked(clock: Clock, stops: list[tuple[date, date]]) -> date:
    """By hand: a day that was stopped uses up none of the days that there are."""
    day = clock.received_at.astimezone(clock.zone).date()
    left = (month_later(day) - day).days
    while left:
        stopped = any(first <= day < last for first, last in stops)
        day += DAY
        left -= not stopped
    while not workdays.is_working_day(day, country=clock.country, by_law=True):
        day += DAY
    return day


@given(UK_CLOCKS, st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=3))
def test_a_stop_adds_exactly_the_days_that_were_stopped(
    clock: Clock, spans: list[tuple[timedelta, timedelta]]
) -> None:
    moved, now = clock, clock.received_at
    stops: list[tuple[date, date]] = []
    for wait, stopped in spans:
        now += wait
        assume(now < moved.due_at - 2 * DAY)
        moved = clocks.paused(moved, now, CLARIFICATION)
        first, now = now, now + stopped
        moved = clocks.resumed(moved, now)
        stops.append((first.astimezone(clock.zone).date(), now.astimezone(clock.zone).date()))
    # A stop after the exact day, on the weekend before the roll, is not in the walk.
    exact = month_later(clock.received_at.astimezone(clock.zone).date())
    assume(stops[-1][0] < exact)
    assert last_day(moved) == walked(clock, stops)


@given(UK_CLOCKS, st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=3), st.sampled_from(UK_STOPS))
def test_no_answer_is_overdue_at_the_moment_at_which_its_clock_goes_on(
    clock: Clock, spans: list[tuple[timedelta, timedelta]], why: str
) -> None:
    moved, now = clock, clock.received_at
    for wait, stopped in spans:
        now += wait
        assume(now < moved.due_at)
        moved = clocks.paused(moved, now, why)
        now += stopped
        moved = clocks.resumed(moved, now)
        assert moved.due_at > now


@given(UK_CLOCKS, SPANS)
def test_identity_that_is_awaited_from_the_start_begins_the_month_when_it_is_shown(
    clock: Clock, waited: timedelta
) -> None:
    stands = clocks.paused(clock, clock.received_at, IDENTITY)
    days = (
        (clock.received_at + waited).astimezone(clock.zone).date()
        - clock.received_at.astimezone(clock.zone).date()
    )  # fmt: skip
    moved = clocks.resumed(stands, clock.received_at + waited)
    shown = clock.received_at.astimezone(clock.zone).date() + days
    assert last_day(moved) == calendar.rolled(month_later(shown), country="GB")


@given(CLOCKS, SPANS)
def test_an_extension_only_goes_forward_and_only_while_there_is_time(clock: Clock, after: timedelta) -> None:
    told = clock.received_at + after
    try:
        moved = clocks.extended(clock, told)
    except NotPossible as refused:
        assert refused.code == ("too_late" if clock.rule.extra_months else "no_extension")  # noqa: PT017
        assert not clock.rule.extra_months or told >= clock.due_at
        return
    assert told < clock.due_at
    assert timedelta(days=55) < moved.due_at - clock.due_at < timedelta(days=70)
    assert workdays.is_working_day(last_day(moved), country=clock.country, by_law=True)


@given(CLOCKS, SPANS, SPANS)
def test_a_postponement_only_goes_forward_and_only_while_there_is_time(
    clock: Clock, after: timedelta, lasts: timedelta
) -> None:
    told = clock.received_at + after
    try:
        moved = clocks.postponed(clock, told, told + lasts)
    except NotPossible:
        assert not clock.rule.postponed_days or told >= clock.due_at
        return
    assert told < clock.due_at <= moved.due_at
    assert (last_day(moved) - (told + lasts).astimezone(clock.zone).date()).days >= 10


@given(CLOCKS)
def test_the_first_reply_is_due_in_office_hours_and_no_sooner_than_a_working_day(clock: Clock) -> None:
    found = clocks.reply_by(clock.received_at, zone=clock.zone, country=clock.country).astimezone(clock.zone)
    assert workdays.is_working_day(found.date(), country=clock.country)
    assert 9 <= found.hour < 17
    assert found.date() > clock.received_at.astimezone(clock.zone).date()
    wall = found.replace(tzinfo=None) - clock.received_at.astimezone(clock.zone).replace(tzinfo=None)
    assert wall >= DAY


@given(MOMENTS, st.integers(1, 120))
def test_the_time_to_object_is_never_shorter_than_the_profile_says(decided: datetime, days: int) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    until = clocks.objection_until(decided, days, zone=zone, country="JP")
    assert until - decided >= days * DAY


@pytest.mark.parametrize("law", RULES)
def test_every_law_has_a_row_for_every_kind(law: str) -> None:
    assert set(RULES[law]) == set(KINDS)
    assert all(bool(rule.days) != bool(rule.months) for rule in RULES[law].values())
