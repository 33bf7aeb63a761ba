"""Figures of health: percentiles, what fills a store and when, what changed (no Django)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# Beyond this a forecast says nothing: recorders, cameras and rules change.
HORIZON_DAYS = 730


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 < share <= 1) of the values do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def days_until_full(
    *, free_bytes: float, incoming_per_day: float, freed_by_day: Sequence[float], horizon: int = HORIZON_DAYS
) -> float | None:
    """After how many days a store with `free_bytes` left is full; None if it is not within `horizon` days.

    `freed_by_day`: what retention frees on each of the coming days, as far as is known; later days free what
    the known ones do on average, and never more than came in. Within a day both run evenly.
    """
    if free_bytes <= 0:
        return 0.0
    later = min(incoming_per_day, sum(freed_by_day) / len(freed_by_day)) if freed_by_day else 0.0
    left = float(free_bytes)
    for day in range(horizon):
        freed = freed_by_day[day] if day < len(freed_by_day) else later
        grows = incoming_per_day - freed
        if grows >= left:
            return day + left / grows
        left -= grows
        if day >= len(freed_by_day) and grows <= 0:
            return None
    return None


@dataclass(frozen=True, slots=True)
class Stream:
    """How a camera recorded on a day: codec and picture size."""

    codec: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.codec.upper()} {self.width}×{self.height}"


@dataclass(frozen=True, slots=True)
class Change:
    """From one stream to another, noticed on a day."""

    day: date
    before: Stream
    after: Stream


def changes(days: Sequence[tuple[date, Sequence[Stream]]]) -> list[Change]:
    """Where the stream changed; `days` in order, each with its streams in the order of their coming."""
    found: list[Change] = []
    last: Stream | None = None
    for day, streams in days:
        for stream in streams:
            if last is not None and stream != last:
                found.append(Change(day, last, stream))
            last = stream
    return found


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days as people say it: `n` of `unit` h, d, or long (beyond a year)."""

    n: int
    unit: str


def said(days: float) -> Days:
    """Days in the unit that fits: hours below two days, days to a year, else long."""
    if days < 2:
        return Days(max(1, int(days * 24)) if days > 0 else 0, "h")
    return Days(int(days), "d") if days <= 365 else Days(365, "long")
