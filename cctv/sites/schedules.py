"""Recording hours of a camera (O7): pure.

`[]` means round the clock; otherwise rows `[weekday, "HH:MM", "HH:MM"]` with 0 for Monday, half-open,
in the site's zone; "24:00" ends a day.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

MINUTES_OF_DAY = 24 * 60


def check_schedule(rows: Any) -> Any:
    """What is wrong with the rows, or "" when they can be used."""
    if not isinstance(rows, list):
        return _("Recording hours are a list of weekday, from and to.")
    for row in rows:
        try:
            weekday, start, end = row
            if weekday not in range(7) or not 0 <= _minutes(start) < _minutes(end) <= MINUTES_OF_DAY:
                raise ValueError
        except (AttributeError, TypeError, ValueError):
            return _("Each row needs a weekday from 0 to 6 and two times, the first one earlier.")
    return ""


def read_hours(texts: Sequence[str]) -> list[list[Any]]:
    """Rows from one text per weekday, such as "08:00-12:00, 22:00-06:00"; seven empty ones give [].

    A span that ends at or before its start goes on into the next day. ValueError names the bad part.
    """
    rows: list[list[Any]] = []
    for day, text in enumerate(texts):
        for part in filter(None, (each.strip() for each in text.split(","))):
            start, end = _read_span(part)
            if start < end:
                rows.append([day, start, end])
                continue
            rows.append([day, start, "24:00"])
            if end != "00:00":
                rows.append([(day + 1) % 7, "00:00", end])
    return sorted(rows)


def _read_span(part: str) -> tuple[str, str]:
    """Two times of a day as "HH:MM", which compare as text; ValueError with the part."""
    found = re.fullmatch(r"(\d{1,2}):([0-5]\d)\s*[-–~]\s*(\d{1,2}):([0-5]\d)", part)
    if found is None:
        raise ValueError(part)
    start, end = (f"{int(found[n]):02}:{found[n + 1]}" for n in (1, 3))
    if start >= "24:00" or end > "24:00":
        raise ValueError(part)
    return start, end


def write_hours(rows: list[list[Any]]) -> list[str]:
    """One text per weekday, Monday first: what `read_hours` reads."""
    return [", ".join(f"{start}-{end}" for weekday, start, end in rows if weekday == day) for day in range(7)]


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    if not (0 <= int(minutes) < 60 and 0 <= int(hours) <= 24):
        raise ValueError(text)
    return int(hours) * 60 + int(minutes)
