"""What must hold of expiry for every history of rules, in every zone, through leap days and clock changes.

The reference beside it is the same promise told another way: a ledger that is kept forward in time, one
change after another, as the purge applies rules to footage that exists.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cctv.sites.expiry import CAMERA, ORGANISATION, SITE, Rule, expires_at, rule_in_force

DAY = timedelta(days=1)
DEFAULT = 30
# Two leap days and many clock changes lie within.
BEGIN = datetime(2024, 1, 15, tzinfo=UTC)
SPAN_H = 5 * 366 * 24
LATE = BEGIN + timedelta(hours=3 * SPAN_H)
ZONES = ("UTC", "Asia/Seoul", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
LEAP = datetime(2028, 2, 29, 12, tzinfo=UTC)

# Near to each other, so that rules fall before, at and within footage; and sometimes far apart.
moments = st.one_of(
    st.integers(0, 60 * 24).map(lambda hours: BEGIN + timedelta(hours=hours)),
    st.integers(0, SPAN_H).map(lambda hours: BEGIN + timedelta(hours=hours)),
    st.integers(-72, 72).map(lambda hours: LEAP + timedelta(hours=hours)),
)
days = st.one_of(st.integers(1, 40), st.integers(1, 3660))
scopes = st.sampled_from([ORGANISATION, SITE, CAMERA])
histories = st.lists(st.builds(Rule, moments, days, scopes), max_size=7).map(
    lambda rules: list({(rule.effective_from, rule.scope): rule for rule in rules}.values())
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def expiry(ends_at: datetime, history: Sequence[Rule], now: datetime) -> datetime:
    return expires_at(ends_at, history, now=now, default_days=DEFAULT)


def promised(history: Sequence[Rule], at: datetime) -> int:
    """Days that a person who asks at this moment is told."""
    rule = rule_in_force(history, at)
    return rule.days if rule else DEFAULT


def kept_forward(ends_at: datetime, history: Sequence[Rule], now: datetime) -> datetime:
    """The reference: recorded under one promise, then each change in turn, ending only what still lives."""
    end = ends_at + promised(history, ends_at) * DAY
    for change in sorted({rule.effective_from for rule in history if ends_at < rule.effective_from <= now}):
        if end > change:
            end = min(end, max(change, ends_at + promised(history, change) * DAY))
    return end


@given(moments, histories, moments)
def test_it_is_what_a_ledger_kept_forward_in_time_says(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    assert expiry(ends_at, history, now) == kept_forward(ends_at, history, now)


@given(moments, histories, moments)
def test_existing_footage_is_never_kept_longer_than_is_promised_now(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    if ends_at <= now:
        allowed = ends_at + promised(history, now) * DAY
        assert expiry(ends_at, history, now) <= max(now, allowed)


@given(moments, histories, moments)
def test_no_rule_ends_footage_before_it_was_in_force(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    end = expiry(ends_at, history, now)
    was_promised = ends_at + promised(history, ends_at) * DAY
    if end < was_promised:
        ended_by = [rule for rule in history if ends_at < rule.effective_from <= min(end, now)]
        assert ended_by, "something that was in force by then has shortened it"


@given(moments, histories, moments, moments, days, scopes)
def test_a_rule_of_the_future_changes_nothing_that_has_ended(
    ends_at: datetime, history: list[Rule], now: datetime, begins: datetime, kept: int, scope: int
) -> None:
    end = expiry(ends_at, history, now)
    if end <= now < begins and all(rule.effective_from <= now for rule in history):
        assert expiry(ends_at, [*history, Rule(begins, kept, scope)], LATE) == end


@given(moments, histories, days)
def test_a_longer_rule_never_keeps_existing_footage_longer(
    ends_at: datetime, history: list[Rule], more: int
) -> None:
    begins = max([ends_at, *(rule.effective_from for rule in history)]) + timedelta(seconds=1)
    longer = Rule(begins, promised(history, begins) + more, CAMERA)
    assert expiry(ends_at, [*history, longer], LATE) == expiry(ends_at, history, LATE)


@given(moments, histories, st.integers(1, 3659))
def test_a_shorter_rule_reaches_existing_footage_when_it_takes_effect(
    ends_at: datetime, history: list[Rule], kept: int
) -> None:
    begins = max([ends_at, *(rule.effective_from for rule in history)]) + timedelta(seconds=1)
    before = expiry(ends_at, history, begins)
    with_rule = [*history, Rule(begins, kept, CAMERA)]
    assert expiry(ends_at, with_rule, begins - timedelta(microseconds=1)) == before
    assert expiry(ends_at, with_rule, begins) == min(before, max(begins, ends_at + kept * DAY))


@given(moments, moments, histories, moments)
def test_what_was_recorded_earlier_never_ends_later(
    one: datetime, other: datetime, history: list[Rule], now: datetime
) -> None:
    early, late = sorted((one, other))
    if late <= now:
        assert expiry(early, history, now) <= expiry(late, history, now)


@given(moments, histories, moments, moments)
def test_time_only_makes_it_earlier(
    ends_at: datetime, history: list[Rule], one: datetime, other: datetime
) -> None:
    early, late = sorted((one, other))
    assert expiry(ends_at, history, late) <= expiry(ends_at, history, early)


@given(moments, histories.filter(lambda rules: len(rules) <= 4), moments)
def test_the_order_in_which_rules_were_entered_does_not_matter(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    assert len({expiry(ends_at, order, now) for order in permutations(history)}) == 1


@given(moments, histories, moments, zones, zones)
@example(
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 01:30 in London, the first of two
    [Rule(datetime(2026, 10, 25, 1, 0, tzinfo=UTC), 1, SITE)],  # 01:00 of the second hour
    datetime(2026, 12, 1, tzinfo=UTC),
    ZoneInfo("Europe/London"),
    ZoneInfo("Europe/London"),
)
@example(
    datetime(2026, 3, 8, 6, 30, tzinfo=UTC), [], datetime(2026, 3, 8, 7, tzinfo=UTC),
    ZoneInfo("America/New_York"), ZoneInfo("UTC"),
)  # fmt: skip
def test_the_clocks_on_which_moments_are_told_do_not_matter(
    ends_at: datetime, history: list[Rule], now: datetime, zone: ZoneInfo, other: ZoneInfo
) -> None:
    told = [Rule(rule.effective_from.astimezone(other), rule.days, rule.scope) for rule in history]
    answer = expiry(ends_at.astimezone(zone), told, now.astimezone(other))
    assert answer.astimezone(UTC) == expiry(ends_at, history, now)


@given(st.integers(-400 * 24, 400 * 24), st.integers(1, 3660), zones)
def test_a_day_is_24_hours_through_leap_days_and_clock_changes(hours: int, kept: int, zone: ZoneInfo) -> None:
    ends_at = (LEAP + timedelta(hours=hours)).astimezone(zone)
    rule = Rule(LEAP - 2000 * DAY, kept, SITE)
    end = expiry(ends_at, [rule], LEAP)
    assert end.astimezone(UTC) - ends_at.astimezone(UTC) == timedelta(hours=24 * kept)


@pytest.mark.parametrize(
    ("ends_at", "kept", "end"),
    [
        ("2028-02-28T10:00+00:00", 1, "2028-02-29T10:00+00:00"),
        ("2028-02-29T10:00+00:00", 1, "2028-03-01T10:00+00:00"),
        ("2028-02-29T10:00+00:00", 365, "2029-02-28T10:00+00:00"),
        ("2027-02-28T10:00+00:00", 1, "2027-03-01T10:00+00:00"),
        ("2026-03-28T22:00+00:00", 1, "2026-03-29T22:00+00:00"),  # London's short day: 24 hours all the same
    ],
)
def test_examples_at_the_edges_of_the_calendar(ends_at: str, kept: int, end: str) -> None:
    history = [Rule(BEGIN, kept, SITE)]
    moment = datetime.fromisoformat(ends_at)
    assert expiry(moment, history, moment) == datetime.fromisoformat(end)
