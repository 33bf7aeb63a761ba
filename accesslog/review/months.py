"""Months by a site's clocks: pure arithmetic. A month is "YYYY-MM"."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(20\d\d|21\d\d)-(0[1-9]|1[0-2])\Z")


def month_of(moment: datetime, zone: str) -> str:
    """The month that an aware moment lies in, by the zone's clocks."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m}"


def is_month(text: str) -> bool:
    """Whether the text names a month."""
    return _MONTH.match(text) is not None


def bounds(month: str, zone: str) -> tuple[datetime, datetime]:
    """Its first moment and that of the next one, aware. Raises ValueError for what is no month."""
    if not is_month(month):
        raise ValueError(f"expected YYYY-MM, got {month!r}")
    year, number = int(month[:4]), int(month[5:])
    where = ZoneInfo(zone)
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=where), datetime(*after, 1, tzinfo=where)


def first_day(month: str) -> date:
    """Its first day."""
    return date(int(month[:4]), int(month[5:]), 1)


def previous(month: str) -> str:
    """The month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"


def back_to(month: str, first: str, most: int) -> list[str]:
    """At most `most` months from `month` back to `first`, newest first."""
    found: list[str] = []
    while month >= first and len(found) < most:
        found.append(month)
        month = previous(month)
    return found
