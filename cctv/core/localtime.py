"""Days and times as people name them, on a place's clocks, and the moments in UTC that they mean."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# No footage lies outside; the arithmetic of zones does not reach the ends of the calendar.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2199, 12, 31)


def first_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Where a span from `local` on begins (what zone it carries does not count); twice there, the first."""
    return _moment(local, zone, fold=0)


def last_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Where a span up to `local` ends (what zone it carries does not count); twice there, the second."""
    return _moment(local, zone, fold=1)


def _moment(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """In an hour that the clocks skip, the other reading: a span is never shorter than was asked for."""
    named = local.replace(tzinfo=None, fold=0)
    moment = named.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) != named:
        moment = named.replace(tzinfo=zone, fold=1 - fold).astimezone(UTC)
    return moment


def day_within_reach(text: str) -> date | None:
    """The day of an ISO text; None for what is no day, or one that no footage can be of."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def zone_names(zone: ZoneInfo, around: datetime) -> dict[int, str]:
    """What the zone is called within a year of `around`, by its minutes ahead of UTC: {540: "KST"}.

    A zone without letters of its own is called by what it is measured against, "UTC+03".
    """
    names = {}
    for week in range(-53, 53):
        local = (around + timedelta(weeks=week)).astimezone(zone)
        ahead, name = local.utcoffset(), local.tzname()
        assert ahead is not None
        assert name is not None
        names[int(ahead / timedelta(minutes=1))] = f"UTC{name}" if name[:1] in "+-" else name
    return names
