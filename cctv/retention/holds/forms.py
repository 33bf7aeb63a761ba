"""What the pages of holds ask for, in the site's own time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id
from cctv.core.spanform import SpanForm, day_field
from cctv.retention.holds.grounds import grounds_of
from cctv.retention.holds.services import LONGEST, MOST_CAMERAS
from cctv.sites.models import Camera, Site

USUAL_DAYS = 90
DAY = timedelta(days=1)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a day on the site's clocks, in UTC: so that pages name the day that was chosen."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).replace(fold=1).astimezone(UTC)


class HoldForm(SpanForm):
    """A new hold: of what, why, until when."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    camera = forms.ModelMultipleChoiceField(
        queryset=Camera.objects.none(),
        to_field_name="code",
        label=_("Cameras"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one camera."),
            "invalid_choice": _("There is no camera %(value)s at this site."),
        },
    )
    case = forms.CharField(
        label=_("Case"), max_length=40, help_text=_("Its number, no names: the log keeps it for years.")
    )
    ground = forms.ChoiceField(label=_("Ground"))
    reason = forms.CharField(
        label=_("Why it must stay"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is sealed, may name persons, and goes when the hold goes."),
    )
    until = day_field(
        _("Hold until"), help_text=_("Approvers can prolong it; a week before, they are asked.")
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` gives cameras, zone and grounds."""
        super().__init__(*args, **kwargs)
        self.site, self.zone = site, ZoneInfo(site.time_zone)
        cameras, ground = self.fields["camera"], self.fields["ground"]
        assert isinstance(cameras, forms.ModelMultipleChoiceField)
        assert isinstance(ground, forms.ChoiceField)
        cameras.queryset = Camera.objects.filter(site=site).order_by("name")
        ground.choices = list(grounds_of(site.jurisdiction))
        today = clock.now().astimezone(self.zone).date()
        self.initial.setdefault("token", new_id())
        self.initial.setdefault("until", today + USUAL_DAYS * DAY)
        self.initial.setdefault("ground", ground.choices[0][0])

    def clean_camera(self) -> list[Camera]:
        """No more than a hold can name in its entry."""
        cameras = list(self.cleaned_data["camera"])
        if len(cameras) > MOST_CAMERAS:
            raise forms.ValidationError(_("Choose at most %(most)d cameras."), params={"most": MOST_CAMERAS})
        return cameras

    def clean(self) -> dict[str, Any]:
        """Add the end of the last day as `ends`."""
        data = super().clean()
        if "until" in data:
            data["ends"] = end_of(data["until"], self.zone)
            self._check_until(data)
        return data

    def _check_until(self, data: dict[str, Any]) -> None:
        if data["ends"] <= clock.now():
            self.add_error("until", _("Choose today or a later day."))
        elif data["ends"] > clock.now() + LONGEST:
            self.add_error("until", _("Choose a day within the next ten years."))
        elif "span" in data and data["ends"] < data["span"][1]:
            self.add_error("until", _("Choose a day that is not before the end of the footage."))


class ReasonForm(forms.Form):
    """Why a hold is refused or released."""

    reason = forms.CharField(
        label=_("Why, in a few words"),
        max_length=300,
        help_text=_("No names: the log keeps it for years."),
        error_messages={"required": _("Say why, in a few words.")},
    )


class ProlongForm(ReasonForm):
    """Until when, and why."""

    until = day_field(_("Hold until"))
    field_order = ("until", "reason")

    def __init__(self, *args: Any, zone: ZoneInfo, ends_at: datetime, **kwargs: Any) -> None:
        """`ends_at` is the present end."""
        super().__init__(*args, **kwargs)
        self.zone, self.ends_at = zone, ends_at
        self.initial.setdefault("until", ends_at.astimezone(zone).date() + USUAL_DAYS * DAY)

    def clean_until(self) -> datetime:
        """The end of the day, later than now."""
        ends = end_of(self.cleaned_data["until"], self.zone)
        if ends <= self.ends_at:
            raise forms.ValidationError(_("Choose a later day than the present end."))
        if ends > clock.now() + LONGEST:
            raise forms.ValidationError(_("Choose a day within the next ten years."))
        return ends
