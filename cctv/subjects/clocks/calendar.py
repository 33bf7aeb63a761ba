"""Days and months as laws count them. Pure.

The day on which something happens is not counted: KR Civil Act Art. 157, JP Civil Code Art. 140, Regulation
(EEC) 1182/71 Art. 3(1). A period of months ends on the day with the same number, on the last of a month that
lacks it: KR Art. 160, JP Art. 143, Regulation 1182/71 Art. 3(2)(c), UK guidance too. A period ends
with the last hour of its last day (KR Art. 159, JP Art. 141, Regulation Art. 3(2)); where that is a day off,
with the next working day (KR Art. 161, JP Art. 142, Regulation Art. 3(4)).
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cctv.core import workdays

DAY = timedelta(days=1)
OPENS, CLOSES = time(9), time(17)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day on the clocks of that place."""
    return moment.astimezone(zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after that day, in UTC: what is due on it must be done before."""
    return datetime.combine(day + DAY, time(), tzinfo=zone).astimezone(UTC)


def last_day(due_at: datetime, zone: ZoneInfo) -> date:
    """The last day that is in time; what people are told. The inverse of `end_of`."""
    return day_of(due_at - timedelta(microseconds=1), zone)


def months_after(day: date, months: int) -> date:
    """The day with the same number so many months later; the last of a month that lacks it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def rolled(day: date, *, country: str) -> date:
    """The day itself, or the next working day where it is a Saturday, a Sunday or a holiday by law."""
    if workdays.is_working_day(day, country=country, by_law=True):
        return day
    return workdays.next_working_day(day, country=country, by_law=True)


def reply_by(received_at: datetime, *, zone: ZoneInfo, country: str) -> datetime:
    """24 hours in which days off do not count, Mon-Fri 09-17 (O34): the same hour of the next working day.

    What comes outside office hours counts from the next opening. In UTC.
    """
    local = received_at.astimezone(zone)
    day, hour = local.date(), local.time()
    if not workdays.is_working_day(day, country=country) or hour >= CLOSES:
        day, hour = workdays.next_working_day(day, country=country), OPENS
    hour = max(hour, OPENS)
    due = workdays.next_working_day(day, country=country)
    return datetime.combine(due, hour, tzinfo=zone).astimezone(UTC)
