"""Length classes of footage spans, so that a B-tree can answer overlap queries. Imports no Django.

A span of class c is at most LIMITS_US[c] long. All spans of that class that overlap [a, b) start in
(a - limit, b): one narrow range per class instead of every older row.
"""

from __future__ import annotations

_MINUTE_AND_A_BIT_US = 64_000_000
CLASSES = 7
LIMITS_US = tuple(_MINUTE_AND_A_BIT_US * 16**each for each in range(CLASSES))
"""64 s, 17 min, 4.6 h, 3 days, 48.5 days, 2.1 years, 34 years."""


BUCKET_BITS = 40
"""Footage is searched by buckets of 2**40 µs (12.7 days): the bucket that a span starts in."""
LONG_CLASS = 4
"""Spans of this class and above are few, and have an index of their own."""


def span_class(length_us: int) -> int:
    """The class of a span; whatever is longer than the last limit is in class CLASSES, which has none."""
    for number, limit in enumerate(LIMITS_US):
        if length_us <= limit:
            return number
    return CLASSES


def start_ranges(starts_us: int) -> list[tuple[int, int | None]]:
    """(class, lowest start or None) of spans that may reach past `starts_us`."""
    bounded: list[tuple[int, int | None]] = [(n, starts_us - limit) for n, limit in enumerate(LIMITS_US)]
    return [*bounded, (CLASSES, None)]
