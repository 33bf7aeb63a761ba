"""Recording hours of a camera (O7): pure.

`[]` means round the clock; otherwise rows `[weekday, "HH:MM", "HH:MM"]` with 0 for Monday, half-open,
in the site's zone; "24:00" ends a day.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
        except (TypeError, ValueError):
            return _("Each row of the recording hours needs a weekday from 0 to 6 and two times, the first earlier.")
    return ""


def inside_schedule(rows: list[list[Any]], moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the camera should record at `moment` (aware)."""
    if not rows:
        return True
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(day == local.weekday() and _minutes(a) <= minute < _minutes(b) for day, a, b in rows)


def out_of_schedule(rows: list[list[Any]], start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether any minute of [start, end) lies outside the recording hours."""
    moment = start
    while moment < end:
        if not inside_schedule(rows, moment, zone):
            return True
        moment += timedelta(minutes=1)
    return False


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    if not (0 <= int(minutes) < 60 and 0 <= int(hours) <= 24):
        raise ValueError(text)
    return int(hours) * 60 + int(minutes)
