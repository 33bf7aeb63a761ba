"""What the page of an erasure asks for, in the site's own time."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cctv.core.localtime import FIRST_DAY, LAST_DAY, first_moment, last_moment
from cctv.retention.erase import GROUNDS
from cctv.sites.models import Camera


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))


if TYPE_CHECKING:
    _Choice = forms.ModelChoiceField[Camera]
else:
    _Choice = forms.ModelChoiceField


class _Cameras(_Choice):
    """Cameras named with their sites."""

    def label_from_instance(self, obj: Any) -> str:
        """The words of an option."""
        return f"{obj.site.name}: {obj.name}"


class CameraForm(forms.Form):
    """Of which camera."""

    camera = _Cameras(
        queryset=Camera.objects.none(),
        to_field_name="code",
        label=_("Camera"),
        empty_label="–",
        error_messages={"invalid_choice": _("There is no such camera.")},
    )

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        """Cameras of these sites (None for every site), retired ones too: they have footage left."""
        super().__init__(*args, **kwargs)
        field = self.fields["camera"]
        assert isinstance(field, _Cameras)
        cameras = Camera.objects.select_related("site").order_by("site__name", "name")
        field.queryset = cameras if sites is None else cameras.filter(site__in=sites)


class EraseForm(forms.Form):
    """Which span of the camera, on whose request, on what ground."""

    day = _day(_("First day"))
    start = _time(_("From"))
    end_day = _day(_("Last day"))
    end = _time(_("To"))
    reference = forms.CharField(
        label=_("Reference of the request"),
        max_length=40,
        help_text=_("Its number, no names: the log keeps it for years."),
    )
    ground = forms.ChoiceField(label=_("Ground"), choices=list(GROUNDS.items()))

    def __init__(self, *args: Any, camera: Camera, **kwargs: Any) -> None:
        """`camera` gives the clocks by which the times are read."""
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(camera.site.time_zone)

    def clean(self) -> dict[str, Any]:
        """Add the UTC span as `span`. An hour that comes twice is in it twice."""
        data = super().clean() or {}
        if {"day", "start", "end_day", "end"} <= data.keys():
            data["span"] = (
                first_moment(datetime.combine(data["day"], data["start"]), self.zone),
                last_moment(datetime.combine(data["end_day"], data["end"]), self.zone),
            )
            if data["span"][0] >= data["span"][1]:
                self.add_error("end", _("Choose an end after the start."))
        return data
