"""What the page of an erasure asks for, in the site's own time."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.spanform import SpanForm
from cctv.retention.erase import GROUNDS
from cctv.sites.models import Camera

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


class EraseForm(SpanForm):
    """Which span of the camera, on whose request, on what ground."""

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
