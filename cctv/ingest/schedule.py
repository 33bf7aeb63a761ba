"""Whether a recording lies within the hours that the register promises. No Django.

A schedule is a list of [weekday 0-6 (Monday first), "HH:MM", "HH:MM"] in the site's zone; an end that is
not after its start belongs to the next day ("22:00" to "06:00"), "24:00" is midnight. An empty
list means round the clock.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def within(
    schedule: Sequence[Sequence[Any]], *, zone: ZoneInfo, starts_at: datetime, ends_at: datetime
) -> bool:
    """Whether the whole of [starts_at, ends_at) lies in the recording hours."""
    if not schedule:
        return True
    day = starts_at.astimezone(zone).date() - timedelta(days=1)
    spans: list[tuple[datetime, datetime]] = []
    while day <= ends_at.astimezone(zone).date():
        spans += [
            _span(day, start, end, zone) for weekday, start, end in schedule if weekday == day.weekday()
        ]
        day += timedelta(days=1)
    reached = starts_at
    for start, end in sorted(spans):
        if start <= reached < end:
            reached = end
    return reached >= ends_at


def _span(day: date, start: str, end: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, last = _minutes(start), _minutes(end)
    if last <= first:
        last += 24 * 60
    return _instant(day, first, zone), _instant(day, last, zone)


def _minutes(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The wall clock's time of that day, as an instant."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)
