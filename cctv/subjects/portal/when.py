"""The question of the day and the time, on the clocks of the place."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cctv.core import clock
from cctv.core.localtime import FIRST_DAY, first_moment, last_moment
from cctv.subjects.portal import limits
from cctv.subjects.portal.questions import Question, choice, site_of

# Somebody who names an evening and a morning means the next day's.
EVENING, MORNING = time(18), time(8)


class WhenQuestion(Question):
    """The day and the time, and how sure that is."""

    title = gettext_lazy("When was it?")
    lead = gettext_lazy("It need not be exact. Name a wider time if you are not sure: we look at all of it.")
    EXACT, ABOUT, DAY = "exact", "about", "day"
    MARGINS = {EXACT: 10, ABOUT: 60, DAY: 0}

    y = forms.CharField(max_length=4, required=False, label=gettext_lazy("Year"))
    m = forms.CharField(max_length=2, required=False, label=gettext_lazy("Month"))
    d = forms.CharField(max_length=2, required=False, label=gettext_lazy("Day"))
    sure = choice(gettext_lazy("Choose how sure you are of the time."))
    fh = forms.CharField(max_length=2, required=False, label=gettext_lazy("From: hour"))
    fm = forms.CharField(max_length=2, required=False, label=gettext_lazy("From: minute"))
    th = forms.CharField(max_length=2, required=False, label=gettext_lazy("To: hour"))
    tm = forms.CharField(max_length=2, required=False, label=gettext_lazy("To: minute"))

    def prepare(self) -> None:
        """The place's clocks decide what a time means."""
        self.site = site_of(self.answers)
        self.zone = ZoneInfo(self.site.time_zone if self.site else "UTC")
        now = clock.now().astimezone(self.zone)
        self.today, self.clock = now.date(), f"{now:%H:%M}"
        self.longest_hours = limits.longest_hours(self.site.jurisdiction) if self.site else 24
        self.fields["sure"].choices = [  # type: ignore[attr-defined]
            (self.EXACT, _("Nearly sure")),
            (self.ABOUT, _("Roughly")),
            (self.DAY, _("I only know the day")),
        ]
        self.hints = {
            self.EXACT: _("We also look at 10 minutes before and after."),
            self.ABOUT: _("We also look at 1 hour before and after."),
            self.DAY: _("Leave the time empty. We look at the whole day, which takes longer."),
        }

    def clean(self) -> dict[str, Any]:
        """Add `day`, `start`, `end` (local), and `span` (UTC, as named, half-open)."""
        data = super().clean() or {}
        day = self._day(data)
        knows_time = data.get("sure") != self.DAY
        times = (self._time(data, "fh", "fm"), self._time(data, "th", "tm")) if knows_time else None
        if self.errors or day is None or "sure" not in data:
            return data
        if times is None:
            start, end = datetime.combine(day, time()), datetime.combine(day + timedelta(days=1), time())
        else:
            assert times[0] is not None
            assert times[1] is not None
            start, end = datetime.combine(day, times[0]), datetime.combine(day, times[1])
            if end <= start and times[0] >= EVENING and times[1] <= MORNING:
                end += timedelta(days=1)
        self._check_span(start, end)
        if not self.errors:
            data["start"], data["end"] = start, end
            data["span"] = first_moment(start, self.zone), last_moment(end, self.zone)
            data["margin"] = self.MARGINS[data["sure"]]
        return data

    def _day(self, data: dict[str, Any]) -> date | None:
        numbers = [_number(data.get(name, "")) for name in ("y", "m", "d")]
        if None in numbers:
            self.add_error("y", _("Write the day as year, month and day in figures."))
            return None
        try:
            day = date(*numbers)  # type: ignore[arg-type]  # no None
        except ValueError:
            self.add_error("y", _("There is no such day. Look at the month and the day again."))
            return None
        if day > self.today:
            self.add_error("y", _("This day has not come yet. Look at the date again."))
            return None
        if day < FIRST_DAY:
            self.add_error("y", _("This day is too long ago. Look at the year again."))
            return None
        return day

    def _time(self, data: dict[str, Any], hour: str, minute: str) -> time | None:
        hours, minutes = _number(data.get(hour, "")), _number(data.get(minute, "") or "0")
        try:
            return time(hours, minutes)  # type: ignore[arg-type]  # None raises TypeError
        except (TypeError, ValueError):
            said = _("Write when it began, from 0:00 to 23:59.")
            self.add_error(hour, said if hour == "fh" else _("Write when it ended, from 0:00 to 23:59."))
            return None

    def _check_span(self, start: datetime, end: datetime) -> None:
        if end <= start:
            self.add_error("th", _("The end has to be later than the start (%(start)s).")
                           % {"start": f"{start:%H:%M}"})  # fmt: skip
        elif start.replace(tzinfo=self.zone) > clock.now():
            self.add_error("fh", _("This time has not come yet. Look at the time again."))
        elif end - start > timedelta(hours=self.longest_hours):
            self.add_error("th", ngettext(
                "Name at most %(n)d hour at a time. You can send another request for the rest.",
                "Name at most %(n)d hours at a time. You can send another request for the rest.",
                self.longest_hours,
            ) % {"n": self.longest_hours})  # fmt: skip


def _number(said: str) -> int | None:
    """A number in figures, also of another script's."""
    said = said.strip()
    return int(said) if said.isdecimal() else None
