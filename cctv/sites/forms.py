"""What the pages of the register ask for. The rules are the services'; forms only shape the values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import AudioPolicy, Camera, Jurisdiction, Openness, Purpose, Site, Zone, ZoneKind
from cctv.sites.schedules import read_hours, write_hours

CODE_HINT = _(
    "Small letters, digits and hyphens. It stands in addresses and in the log and cannot be changed."
)
_AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if name.split("/")[0] in _AREAS)
    return [("", "–"), ("UTC", "UTC"), *((name, name) for name in names)]


class SiteForm(forms.Form):
    """A new site."""

    name = forms.CharField(
        label=_("Name"), max_length=160, help_text=_("As the people who work there call it.")
    )
    code = forms.SlugField(label=_("Code"), max_length=40, help_text=CODE_HINT)
    address = forms.CharField(label=_("Address"), max_length=240, required=False)
    jurisdiction = forms.ChoiceField(
        label=_("Whose law it stands under"),
        choices=[("", "–"), *Jurisdiction.choices],
        help_text=_("Decides the legal bases on offer and above which retention needs a reason."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lazy(_zones, list),
        help_text=_("All times of the site are shown in it."),
    )
    storage_place = forms.CharField(
        label=_("Where the footage is stored"),
        max_length=240,
        help_text=_("Room and building of the machine that keeps it. The public notice names it."),
    )


class SiteChangeForm(SiteForm):
    """What of a site can change: its law and its code cannot."""

    field_order = ("name", "address", "time_zone", "storage_place")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Without code and jurisdiction."""
        super().__init__(*args, **kwargs)
        del self.fields["code"], self.fields["jurisdiction"]


class ZoneForm(forms.Form):
    """A part of a site."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For example “Main gate” or “Hall B”.")
    )
    kind = forms.ChoiceField(
        label=_("What kind of place it is"),
        choices=[("", "–"), *ZoneKind.choices],
        help_text=_("Toilets, baths and changing rooms may never be filmed; Lethe refuses them."),
    )


class PurposeForm(forms.Form):
    """Why cameras are run."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("Operators choose it before each viewing.")
    )
    code = forms.SlugField(label=_("Code"), max_length=40, help_text=CODE_HINT)
    description = forms.CharField(
        label=_("Description"),
        max_length=300,
        required=False,
        help_text=_("One sentence: what belongs to it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CameraForm(forms.Form):
    """A camera: what it films, why, on which ground, and when."""

    name = forms.CharField(label=_("Name"), max_length=120)
    code = forms.SlugField(label=_("Code"), max_length=40, help_text=CODE_HINT)
    zone = forms.ModelChoiceField(queryset=Zone.objects.none(), label=_("Zone"), empty_label="–")
    location = forms.CharField(
        label=_("Where it hangs"), max_length=200, help_text=_("So that somebody else finds it.")
    )
    scope_text = forms.CharField(
        label=_("What is in the picture"),
        max_length=300,
        help_text=_("The sign and the public notice name it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    openness = forms.ChoiceField(
        label=_("Who may enter the place"),
        choices=Openness.choices,
        initial=Openness.OPEN,
        widget=forms.RadioSelect,
        help_text=_("Decides which rights the people in the picture have."),
    )
    purposes = forms.ModelMultipleChoiceField(
        queryset=Purpose.objects.none(),
        label=_("Purposes"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Footage can be viewed for these purposes only."),
        error_messages={"required": _("Choose at least one purpose that is in use.")},
    )
    legal_basis = forms.ChoiceField(label=_("Legal basis"))
    audio_policy = forms.ChoiceField(
        label=_("Sound"), choices=AudioPolicy.choices, initial=AudioPolicy.DROP, widget=forms.RadioSelect
    )
    clock_offset_ms = forms.IntegerField(
        label=_("Clock offset"),
        required=False,
        min_value=-86_400_000,
        max_value=86_400_000,
        help_text=_("Milliseconds that the recorder's clock is ahead (negative: behind). Empty means none."),
    )

    def __init__(self, *args: Any, site: Site, camera: Camera | None = None, **kwargs: Any) -> None:
        """Choices are those of the site; with `camera` the form changes it, without its code."""
        if camera is not None:
            kwargs.setdefault("initial", _camera_values(camera))
        super().__init__(*args, **kwargs)
        profile = profile_of(site.jurisdiction)
        zone, purposes, basis = self.fields["zone"], self.fields["purposes"], self.fields["legal_basis"]
        assert isinstance(zone, forms.ModelChoiceField)
        assert isinstance(purposes, forms.ModelMultipleChoiceField)
        assert isinstance(basis, forms.ChoiceField)
        zone.queryset = Zone.objects.filter(site=site)
        purposes.queryset = Purpose.objects.filter(retired_at=None)
        basis.choices = [("", "–"), *profile.legal_bases]
        if not profile.audio_allowed:
            del self.fields["audio_policy"]
        if camera is not None:
            del self.fields["code"]
        hours = write_hours(camera.schedule) if camera else [""] * 7
        for day in range(7):
            self.fields[f"hours_{day}"] = forms.CharField(
                label=WEEKDAYS[day], required=False, max_length=100, initial=hours[day]
            )

    @property
    def hours(self) -> list[forms.BoundField]:
        """The seven fields of the recording hours."""
        return [self[f"hours_{day}"] for day in range(7)]

    @property
    def hours_open(self) -> bool:
        """Whether the hours are worth showing at once."""
        return any(field.value() or field.errors for field in self.hours)

    def clean(self) -> dict[str, Any]:
        """Add `schedule` in the register's own form."""
        data = super().clean() or {}
        data["schedule"] = []
        try:
            data["schedule"] = read_hours([data.get(f"hours_{day}") or "" for day in range(7)])
        except ValueError as error:
            bad = next((day for day in range(7) if str(error) in (data.get(f"hours_{day}") or "")), 0)
            text = _("“%(part)s” is no time from and to. Write it as 08:00-18:00.") % {"part": str(error)}
            self.add_error(f"hours_{bad}", text)
        return data

    def values(self) -> dict[str, Any]:
        """The fields of the service."""
        names = (
            "name",
            "zone",
            "location",
            "scope_text",
            "openness",
            "legal_basis",
            "schedule",
            "audio_policy",
        )
        data = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return {**data, "clock_offset_ms": self.cleaned_data["clock_offset_ms"] or 0}


class RuleForm(forms.Form):
    """A new retention rule; `zone` is the zone whose clocks `effective_from` is read by."""

    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=3660)
    effective_from = forms.DateTimeField(
        label=_("In force from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, limit: int, **kwargs: Any) -> None:
        """`limit` is the number of days above which a reason is needed."""
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["days"].help_text = _(
            "Footage is destroyed that long after it was recorded. Above %(days)d days a reason is needed."
        ) % {"days": limit}
        self.fields["effective_from"].help_text = _(
            "Empty means now, or in 24 hours if the rule ends existing footage; a rule cannot take effect"
            " in the past. Read by the clocks of %(zone)s."
        ) % {"zone": zone.key}

    def clean_effective_from(self) -> datetime | None:
        """The moment in UTC's terms: what was typed is the site's wall clock."""
        typed: datetime | None = self.cleaned_data["effective_from"]
        return typed.replace(tzinfo=self.zone) if typed else None


def _camera_values(camera: Camera) -> dict[str, Any]:
    names = ("name", "location", "scope_text", "openness", "legal_basis", "audio_policy", "clock_offset_ms")
    values = {name: getattr(camera, name) for name in names}
    return {**values, "zone": camera.zone_id, "purposes": [each.pk for each in camera.purposes.all()]}


class DutyForm(forms.Form):
    """Duty hours, a text per weekday; `texts` of the cleaned data are the seven of them."""

    def __init__(self, *args: Any, hours: Sequence[str], **kwargs: Any) -> None:
        """`hours`: the present ones, Monday first."""
        super().__init__(*args, **kwargs)
        for day in range(7):
            self.fields[f"hours_{day}"] = forms.CharField(
                label=WEEKDAYS[day], required=False, max_length=100, initial=hours[day]
            )

    def clean(self) -> dict[str, Any]:
        """Add `texts`, once they can be read as hours."""
        data = super().clean() or {}
        data["texts"] = [data.get(f"hours_{day}") or "" for day in range(7)]
        try:
            read_hours(data["texts"])
        except ValueError as error:
            bad = next((day for day in range(7) if str(error) in data["texts"][day]), 0)
            text = _("“%(part)s” is no time from and to. Write it as 08:00-18:00.") % {"part": str(error)}
            self.add_error(f"hours_{bad}", text)
        return data
