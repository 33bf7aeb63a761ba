"""Working days at a place: Monday to Friday without its public holidays, which `holidays` knows. Pure.

Japan's and Korea's days on which banks are closed count as holidays too: offices follow them (31 December
to 3 January in Japan, 1 May in Korea before it was public). Holidays of single regions do not count.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
NOON = time(12)
SATURDAY = 5
# No calendar has a longer run of days off than this; it bounds the search.
LONGEST_BREAK_DAYS = 30
_COUNTRIES = {"KR": "KR", "JP": "JP", "UK": "GB"}
_CATEGORIES = {"KR": ("public", "bank"), "JP": ("public", "bank")}
_REGIONS = {"GB": "ENG"}


def country_of(jurisdiction: str, time_zone: str) -> str:
    """ISO 3166 code of the country whose holidays count; "" where neither law nor time zone tells it."""
    return _COUNTRIES.get(jurisdiction) or _zone_countries().get(time_zone, "")


@cache
def _zone_countries() -> dict[str, str]:
    """Time zones that lie in one country, from the zone table of the time zone database."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2].strip(): row[0] for row in rows}


@cache
def _calendar(country: str, year: int, by_law: bool = False) -> frozenset[date]:
    import holidays  # of all countries: a tenth of what a command loads

    if by_law and not country:  # no law says which
        return frozenset()
    if not country:  # at least the days on which no bank of the euro area works
        return frozenset(holidays.financial_holidays("XECB", years=year))
    categories = ("public",) if by_law else _CATEGORIES.get(country, ("public",))
    region = _REGIONS.get(country)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year, categories=categories))


def is_working_day(day: date, *, country: str, by_law: bool = False) -> bool:
    """Whether offices of that country work then. A country that the library lacks has weekends only.

    `by_law`: only public holidays are days off, not those of banks: what moves a deadline of the law.
    """
    if day.weekday() >= SATURDAY:
        return False
    try:
        return day not in _calendar(country, day.year, by_law)
    except NotImplementedError:
        return True


def next_working_day(day: date, *, country: str, by_law: bool = False) -> date:
    """The first working day after `day`."""
    for ahead in range(1, LONGEST_BREAK_DAYS + 1):
        if is_working_day(day + ahead * DAY, country=country, by_law=by_law):
            return day + ahead * DAY
    return day + DAY


def decision_times(placed_at: datetime, *, zone: ZoneInfo, country: str) -> tuple[datetime, datetime]:
    """When a decision asked for at `placed_at` is due on the clocks of `zone`, in UTC: (remind, last moment).

    The last moment is the end of the first working day after the day on which it was asked for; the
    reminder is that day's noon.
    """
    due = next_working_day(placed_at.astimezone(zone).date(), country=country)
    noon = datetime.combine(due, NOON, tzinfo=zone)
    end = datetime.combine(due + DAY, time(), tzinfo=zone)
    return noon.astimezone(UTC), end.astimezone(UTC)
