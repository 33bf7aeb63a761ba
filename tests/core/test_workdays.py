"""Working days: nobody's decision falls due on a day on which nobody works."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cctv.core.workdays import country_of, decision_times, is_working_day, next_working_day

SEOUL, TOKYO, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("country", "placed", "due"),
    [
        ("KR", date(2026, 11, 13), date(2026, 11, 16)),  # a Friday: the Monday after
        ("KR", date(2026, 11, 14), date(2026, 11, 16)),
        ("KR", date(2026, 2, 13), date(2026, 2, 19)),  # Seollal 16 to 18 February 2026
        ("KR", date(2025, 10, 2), date(2025, 10, 10)),  # Chuseok 2025, with the days around it
        ("KR", date(2026, 9, 23), date(2026, 9, 28)),  # Chuseok 2026 from a Thursday, then a weekend
        ("KR", date(2026, 4, 30), date(2026, 5, 4)),  # 1 May, then a weekend
        ("KR", date(2026, 12, 31), date(2027, 1, 4)),
        ("JP", date(2026, 5, 1), date(2026, 5, 7)),  # Golden Week 2026: 2 to 6 May
        ("JP", date(2026, 12, 30), date(2027, 1, 4)),  # the year's end: banks and offices rest
        ("GB", date(2026, 12, 24), date(2026, 12, 29)),  # Boxing Day falls on a Saturday
        ("DE", date(2026, 4, 2), date(2026, 4, 7)),  # Good Friday to Easter Monday
        ("", date(2026, 4, 2), date(2026, 4, 7)),
    ],
)
def test_the_next_working_day_passes_over_weekends_and_holidays(
    country: str, placed: date, due: date
) -> None:
    assert next_working_day(placed, country=country) == due


def test_the_country_is_told_by_the_law_or_by_the_time_zone() -> None:
    assert country_of("KR", "UTC") == "KR"
    assert country_of("UK", "Europe/London") == "GB"
    assert country_of("EU", "Europe/Berlin") == "DE"
    assert country_of("EU", "Europe/Madrid") == "ES"
    assert country_of("EU", "UTC") == ""


def test_a_hold_placed_on_a_friday_evening_waits_until_monday_is_over() -> None:
    friday = datetime(2026, 11, 13, 21, 30, tzinfo=SEOUL)
    remind, last = decision_times(friday, zone=SEOUL, country="KR")
    assert remind == datetime(2026, 11, 16, 12, tzinfo=SEOUL)
    assert last == datetime(2026, 11, 17, 0, tzinfo=SEOUL)


def test_the_day_is_the_sites_own_not_the_servers() -> None:
    # 23:30 UTC on Sunday is Monday morning in Seoul: due on Tuesday.
    sunday = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)
    assert decision_times(sunday, zone=SEOUL, country="KR")[1] == datetime(2026, 11, 18, tzinfo=SEOUL)


START = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.integers(min_value=0, max_value=7 * 365 * 1440).map(lambda n: START + timedelta(minutes=n))


@settings(max_examples=300, deadline=None)
@given(placed_at=moments, place=st.sampled_from([("KR", SEOUL), ("JP", TOKYO), ("DE", BERLIN), ("", BERLIN)]))
def test_every_decision_has_a_whole_working_day_and_a_reminder_within_it(
    placed_at: datetime, place: tuple[str, ZoneInfo]
) -> None:
    country, zone = place
    remind, last = decision_times(placed_at, zone=zone, country=country)
    day = remind.astimezone(zone).date()
    assert is_working_day(day, country=country)
    assert last.astimezone(zone).replace(tzinfo=None) == datetime.combine(
        day + timedelta(days=1), datetime.min.time()
    )
    assert placed_at < remind < last
    placed_on = placed_at.astimezone(zone).date()
    assert day > placed_on
    between = [placed_on + timedelta(days=n) for n in range(1, (day - placed_on).days)]
    assert not any(is_working_day(each, country=country) for each in between), "no earlier day would do"


@settings(max_examples=100, deadline=None)
@given(first=moments, later=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9)))
def test_whoever_asks_later_is_never_due_earlier(first: datetime, later: timedelta) -> None:
    assert (
        decision_times(first, zone=SEOUL, country="KR")[1]
        <= decision_times(first + later, zone=SEOUL, country="KR")[1]
    )
