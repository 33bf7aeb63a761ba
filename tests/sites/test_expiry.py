"""When footage expires: examples that a privacy officer would give, and properties that always hold."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cctv.sites.expiry import CAMERA, ORGANISATION, SITE, Rule, ended_before, expires_at, rule_in_force

T0 = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DEFAULT = 30

moments = st.integers(min_value=0, max_value=400 * 24).map(lambda hours: T0 + timedelta(hours=hours))
scopes = st.sampled_from([ORGANISATION, SITE, CAMERA])
rules = st.lists(st.builds(Rule, moments, st.integers(min_value=1, max_value=400), scopes), max_size=8)


def expiry(ends_at: datetime, history: list[Rule], now: datetime) -> datetime:
    return expires_at(ends_at, history, now=now, default_days=DEFAULT)


def test_without_a_rule_the_default_of_the_law_holds() -> None:
    assert expiry(T0, [], T0) == T0 + DEFAULT * DAY


def test_a_shorter_rule_applies_to_existing_footage_once_it_is_in_force() -> None:
    history = [Rule(T0 - DAY, 30, SITE), Rule(T0 + 5 * DAY, 7, SITE)]
    assert expiry(T0, history, T0 + 4 * DAY) == T0 + 30 * DAY
    assert expiry(T0, history, T0 + 5 * DAY) == T0 + 7 * DAY


def test_footage_older_than_a_new_rule_allows_ends_when_the_rule_takes_effect() -> None:
    history = [Rule(T0 - DAY, 30, SITE), Rule(T0 + 20 * DAY, 7, SITE), Rule(T0 + 21 * DAY, 2, SITE)]
    assert expiry(T0, history, T0 + 40 * DAY) == T0 + 20 * DAY


def test_a_rule_after_the_end_changes_nothing_any_more() -> None:
    history = [Rule(T0 - DAY, 7, SITE), Rule(T0 + 8 * DAY, 1, SITE)]
    assert expiry(T0, history, T0 + 9 * DAY) == T0 + 7 * DAY


def test_a_longer_rule_does_not_apply_to_existing_footage() -> None:
    history = [Rule(T0 - DAY, 7, SITE), Rule(T0 + DAY, 60, SITE)]
    assert expiry(T0, history, T0 + 2 * DAY) == T0 + 7 * DAY
    assert expiry(T0 + 2 * DAY, history, T0 + 2 * DAY) == T0 + 62 * DAY


def test_once_shortened_footage_stays_short_when_the_rule_is_longer_again() -> None:
    history = [Rule(T0 - DAY, 30, SITE), Rule(T0 + DAY, 7, SITE), Rule(T0 + 2 * DAY, 60, SITE)]
    assert expiry(T0, history, T0 + 3 * DAY) == T0 + 7 * DAY


def test_the_narrowest_scope_wins_even_when_it_is_longer_and_older() -> None:
    history = [Rule(T0 - 9 * DAY, 60, CAMERA), Rule(T0 - 2 * DAY, 7, SITE), Rule(T0 - DAY, 3, ORGANISATION)]
    assert expiry(T0, history, T0) == T0 + 60 * DAY


def test_a_shorter_rule_of_a_wider_scope_leaves_a_camera_with_its_own_rule_alone() -> None:
    history = [Rule(T0 - 9 * DAY, 60, CAMERA), Rule(T0 + DAY, 3, ORGANISATION)]
    assert expiry(T0, history, T0 + 5 * DAY) == T0 + 60 * DAY


def test_of_two_rules_that_begin_together_the_later_one_in_the_list_wins() -> None:
    assert rule_in_force([Rule(T0, 7, SITE), Rule(T0, 5, SITE)], T0) == Rule(T0, 5, SITE)


@given(moments, rules, st.randoms())
def test_the_order_of_different_rules_does_not_matter(
    ends_at: datetime, history: list[Rule], random: object
) -> None:
    distinct = list({(rule.effective_from, rule.scope): rule for rule in history}.values())
    shuffled = sorted(distinct, key=lambda _rule: random.random())  # type: ignore[attr-defined]
    assert expiry(ends_at, distinct, T0 + 500 * DAY) == expiry(ends_at, shuffled, T0 + 500 * DAY)


@given(moments, rules, moments, moments)
def test_the_answer_only_becomes_earlier_as_time_goes_on(
    ends_at: datetime, history: list[Rule], one: datetime, other: datetime
) -> None:
    early, late = sorted((one, other))
    assert expiry(ends_at, history, late) <= expiry(ends_at, history, early)


@given(moments, rules, moments)
def test_a_rule_of_the_future_does_not_count_yet(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    past = [rule for rule in history if rule.effective_from <= max(now, ends_at)]
    assert expiry(ends_at, history, now) == expiry(ends_at, past, now)


@given(moments, rules, moments, st.integers(min_value=1, max_value=400))
def test_a_new_rule_of_the_camera_can_only_shorten_what_exists(
    ends_at: datetime, history: list[Rule], now: datetime, days: int
) -> None:
    begins = max(now, ends_at) + timedelta(seconds=1)
    history = [rule for rule in history if rule.effective_from < begins]
    before = expiry(ends_at, history, begins)
    after = expiry(ends_at, [*history, Rule(begins, days, CAMERA)], begins)
    assert after == min(before, max(begins, ends_at + days * DAY))


@given(moments, rules, moments)
def test_the_end_always_comes_from_a_rule_or_the_default(
    ends_at: datetime, history: list[Rule], now: datetime
) -> None:
    expected = {ends_at + rule.days * DAY for rule in history} | {ends_at + DEFAULT * DAY}
    assert expiry(ends_at, history, now) in expected | {rule.effective_from for rule in history}


@given(rules, moments, st.lists(moments, min_size=1, max_size=20))
def test_all_that_ended_before_has_expired_and_what_follows_has_not(
    history: list[Rule], now: datetime, ends: list[datetime]
) -> None:
    gone = ended_before(history, now=now, default_days=DEFAULT)
    assert all(expiry(each - 400 * DAY, history, now) <= now for each in ends if each - 400 * DAY < gone)
    assert all(expiry(each, history, now) <= now for each in ends if each < gone)
    assert expiry(gone + timedelta(microseconds=1), history, now) > now


def test_what_has_ended_follows_the_rule_that_was_in_force_then() -> None:
    history = [Rule(T0 - 90 * DAY, 30, SITE), Rule(T0 - 5 * DAY, 7, SITE)]
    assert ended_before(history, now=T0, default_days=DEFAULT) == T0 - 7 * DAY
    longer = [Rule(T0 - 90 * DAY, 7, SITE), Rule(T0 - 5 * DAY, 30, SITE)]
    assert ended_before(longer, now=T0, default_days=DEFAULT) == T0 - 7 * DAY
    assert ended_before(longer, now=T0 + 20 * DAY, default_days=DEFAULT) == T0 - 5 * DAY
