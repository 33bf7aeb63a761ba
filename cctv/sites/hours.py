"""Recording hours as stretches of time, pure (no Django): which part of a span a camera is to record.

A schedule is what `schedules` reads: rows [weekday 0-6 (Monday first), "HH:MM", "HH:MM"] by the site's
clocks; none means round the clock. An end that is not after its start belongs to the next day.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
DAY = timedelta(days=1)


def spans(schedule: Sequence[Sequence[Any]], *, zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """The recording hours within [start, end): half-open UTC spans, sorted, apart from each other."""
    if start >= end:
        return []
    if not schedule:
        return [(start.astimezone(UTC), end.astimezone(UTC))]
    found: list[Span] = []
    day = start.astimezone(zone).date() - DAY
    while day <= end.astimezone(zone).date():
        found += [
            _of_day(day, first, last, zone) for weekday, first, last in schedule if weekday == day.weekday()
        ]
        day += DAY
    return _joined(sorted(found), start.astimezone(UTC), end.astimezone(UTC))


def _joined(found: Sequence[Span], start: datetime, end: datetime) -> list[Span]:
    joined: list[Span] = []
    for first, last in ((max(a, start), min(b, end)) for a, b in found):
        if first >= last:
            continue
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _of_day(day: date, start: str, end: str, zone: ZoneInfo) -> Span:
    """One row on one day, as instants; where the clocks change, the wall clock decides."""
    later = end if end > start else ""
    return _instant(day, start, zone), _instant(day if later else day + DAY, later or end, zone)


def _instant(day: date, text: str, zone: ZoneInfo) -> datetime:
    hour, _colon, minute = text.partition(":")
    if int(hour) == 24:
        day, hour = day + DAY, "0"
    return datetime.combine(day, time(int(hour), int(minute)), tzinfo=zone).astimezone(UTC)
