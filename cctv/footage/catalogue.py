"""Coverage arithmetic: which stretches of time are recorded, and where days begin (no Django).

Spans are half-open pairs of aware datetimes, sorted by their start.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]

# Recorders start a segment on a keyframe, so neighbours miss each other by a little; that is no gap.
JOIN = timedelta(seconds=2)


def merge(spans: Iterable[Span], *, join: timedelta = JOIN) -> list[Span]:
    """Sorted spans without overlaps; those closer than `join` become one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start - merged[-1][1] <= join:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of the spans that lie inside [start, end)."""
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]


def gaps(spans: list[Span], start: datetime, end: datetime) -> list[Span]:
    """What [start, end) lacks, given merged spans."""
    found: list[Span] = []
    cursor = start
    for a, b in clip(spans, start, end):
        if a > cursor:
            found.append((cursor, a))
        cursor = max(cursor, b)
    if cursor < end:
        found.append((cursor, end))
    return found


def total_seconds(spans: Iterable[Span]) -> float:
    """How many seconds the spans hold together."""
    return sum((b - a).total_seconds() for a, b in spans)


def day_span(day: date, zone: ZoneInfo) -> Span:
    """The half-open UTC span of a calendar day in `zone`; 23 or 25 hours when the clocks change."""
    start = datetime.combine(day, time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def percent(moment: datetime, start: datetime, end: datetime) -> float:
    """Where `moment` lies in [start, end), in percent, kept within 0 and 100."""
    share = (moment - start) / (end - start) * 100
    return round(min(100.0, max(0.0, share)), 3)
