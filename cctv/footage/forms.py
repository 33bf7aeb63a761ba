"""What the pages of viewing ask for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from cctv.core.localtime import FIRST_DAY, LAST_DAY, first_moment, last_moment
from cctv.footage.viewing import LONGEST_SPAN, MOST_CAMERAS
from cctv.sites.models import Camera, Purpose, Site

MINUTES = [(15, _("15 minutes")), (30, _("30 minutes")), (60, _("60 minutes")), (120, _("2 hours"))]


def local_span(
    day: date, start: time, end: time, zone: ZoneInfo, *, end_day: date | None = None
) -> tuple[datetime, datetime]:
    """The UTC span between two wall-clock times. Without `end_day` both are of one day, and an end at or
    before the start is on the next one.

    Where the clocks are put back, an hour comes twice: the span then holds both of them.
    """
    last = end_day or (day if end > start else day + timedelta(days=1))
    return first_moment(datetime.combine(day, start), zone), last_moment(datetime.combine(last, end), zone)


class MomentField(forms.CharField):
    """A moment as RFC 3339 with its offset ("2026-11-14T01:02:10.500Z"); cleans to an aware UTC datetime."""

    default_error_messages = {"invalid": _("This is not a moment as RFC 3339 writes it.")}
    widget = forms.HiddenInput

    def clean(self, value: Any) -> datetime:
        """Raises ValidationError for what is no moment, has no offset, or that no footage can be of."""
        try:
            moment = parse_datetime(super().clean(value) or "")
            if moment is None or moment.tzinfo is None:
                raise ValueError
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
        if not FIRST_DAY <= moment.date() <= LAST_DAY:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


EXACT = ("from", "to")
BY_DAY = ("day", "end_day", "start", "end")


class SpanForm(forms.Form):
    """Which cameras, and when: in the site's own time, or exactly, as `from` and `to` in RFC 3339.

    The exact moments are what a timeline sends; where there is a `from`, the other fields are not asked for.
    """

    camera = forms.ModelMultipleChoiceField(
        queryset=Camera.objects.none(),
        to_field_name="code",
        label=_("Cameras"),
        error_messages={
            "required": _("Choose at least one camera."),
            "invalid_choice": _("There is no camera %(value)s at this site."),
        },
    )
    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )
    end_day = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Only where it is another day."),
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )
    start = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))
    end = forms.TimeField(label=_("To"), widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` limits the cameras and gives the zone."""
        super().__init__(*args, **kwargs)
        self.site = site
        field = self.fields["camera"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Camera.objects.filter(site=site).select_related("site")
        if (self.data if self.is_bound else self.initial).get("from"):
            for name in BY_DAY:
                del self.fields[name]
            self.fields |= {name: MomentField() for name in EXACT}

    def clean_camera(self) -> list[Camera]:
        """At most as many as a session may hold."""
        cameras = list(self.cleaned_data["camera"])
        if len(cameras) > MOST_CAMERAS:
            raise forms.ValidationError(_("Choose at most %(most)d cameras."), params={"most": MOST_CAMERAS})
        return cameras

    def clean(self) -> dict[str, Any]:
        """Add the UTC span as `span`."""
        data = super().clean() or {}
        span = self._span(data)
        if span is not None:
            if span[1] <= span[0]:
                raise forms.ValidationError(_("Choose an end after the start."))
            if span[1] - span[0] > LONGEST_SPAN:
                raise forms.ValidationError(_("Choose at most 31 days."))
            data["span"] = span
        return data

    def _span(self, data: dict[str, Any]) -> tuple[datetime, datetime] | None:
        if data.keys() >= set(EXACT):
            return data["from"], data["to"]
        if {"day", "start", "end"} <= data.keys():
            zone = ZoneInfo(self.site.time_zone)
            return local_span(data["day"], data["start"], data["end"], zone, end_day=data.get("end_day"))
        return None


class PurposeForm(SpanForm):
    """The purpose sheet: the span again, why, for which case, and for how long."""

    purpose = forms.ModelChoiceField(
        queryset=Purpose.objects.none(),
        to_field_name="code",
        label=_("Purpose"),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Say for which purpose you need the pictures."),
            "invalid_choice": _("These cameras are not registered for this purpose. Choose another one."),
        },
    )
    reason = forms.CharField(
        label=_("What for, in a few words"),
        max_length=300,
        required=False,
        help_text=_("No names: the log keeps it for years."),
    )
    case = forms.CharField(label=_("Case"), max_length=40, required=False)
    hold = forms.UUIDField(required=False, widget=forms.HiddenInput)
    minutes = forms.TypedChoiceField(
        label=_("How long"),
        choices=MINUTES,
        coerce=int,
        initial=60,
        error_messages={"required": _("Choose how long.")},
    )

    def __init__(self, *args: Any, site: Site, purposes: Any, **kwargs: Any) -> None:
        """`purposes` are those that every chosen camera is registered for."""
        super().__init__(*args, site=site, **kwargs)
        field = self.fields["purpose"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = purposes
        self.fields["camera"].widget = forms.MultipleHiddenInput()
        for name in BY_DAY:
            if name in self.fields:
                self.fields[name].widget = forms.HiddenInput()
