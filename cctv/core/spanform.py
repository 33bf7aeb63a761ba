"""The part of a form that names a span of footage by days and times on a site's clocks."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cctv.core.localtime import FIRST_DAY, LAST_DAY, first_moment, last_moment


def day_field(label: Any, **options: Any) -> forms.DateField:
    """A day that footage can be of."""
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
        **options,
    )


def time_field(label: Any) -> forms.TimeField:
    """A time of day, to the second."""
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))


class SpanForm(forms.Form):
    """Fields `day`, `start`, `end_day`, `end`; once valid, `span` is the pair of UTC moments they mean.

    The subclass sets `zone` before it is validated. An hour that comes twice is in the span twice.
    """

    zone: ZoneInfo

    day = day_field(_("First day"))
    start = time_field(_("From"))
    end_day = day_field(_("Last day"))
    end = time_field(_("To"))

    def clean(self) -> dict[str, Any]:
        """Add the span."""
        data = super().clean() or {}
        if {"day", "start", "end_day", "end"} <= data.keys():
            data["span"] = (
                first_moment(datetime.combine(data["day"], data["start"]), self.zone),
                last_moment(datetime.combine(data["end_day"], data["end"]), self.zone),
            )
            if data["span"][0] >= data["span"][1]:
                self.add_error("end", _("Choose an end after the start."))
        return data
