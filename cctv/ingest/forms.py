"""What the pages of ingest ask for."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.ingest.models import SourceLayout
from cctv.ingest.selectors import Allowed, cameras_of, sites_of
from cctv.sites.models import Camera, Site


class SourceForm(forms.Form):
    """A watched folder."""

    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For instance: NVR in the server room.")
    )
    folder = forms.CharField(
        label=_("Folder"),
        max_length=400,
        help_text=_("The whole path on this machine. Lethe deletes each recording there once it is sealed."),
    )
    layout = forms.ChoiceField(label=_("Recorder"), choices=SourceLayout.choices)
    camera = forms.ModelChoiceField(
        label=_("Camera"),
        queryset=Camera.objects.none(),
        required=False,
        empty_label=_("Named in the path"),
        help_text=_("Choose one if the whole folder is of a single camera."),
    )
    camera_names = forms.CharField(
        label=_("Camera names"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One a line, where the recorder's name is not the camera's code: north/gate = gate-2"),
    )
    pattern = forms.CharField(
        label=_("File name pattern"),
        max_length=200,
        required=False,
        help_text=_("Only if the recorder's usual one does not fit: {camera}/%Y-%m-%d/%H-%M-%S.mp4"),
    )
    time_zone = forms.CharField(
        label=_("Time zone of the file names"),
        max_length=64,
        help_text=_("The zone that the recorder's clock shows, for instance Asia/Seoul."),
    )
    settle_seconds = forms.IntegerField(
        label=_("Seconds without change before a file counts as finished"),
        min_value=1,
        max_value=600,
        initial=4,
    )
    skew_tolerance_seconds = forms.IntegerField(
        label=_("Clock tolerance in seconds"),
        min_value=1,
        max_value=86_400,
        initial=120,
        help_text=_("A larger difference of name and file is shown on the camera."),
    )

    def __init__(self, *args: Any, allowed: Allowed, fixed_site: bool = False, **kwargs: Any) -> None:
        """`allowed` are the sites the person may change; a source never moves to another site."""
        super().__init__(*args, **kwargs)
        site, camera = self.fields["site"], self.fields["camera"]
        assert isinstance(site, forms.ModelChoiceField)
        assert isinstance(camera, forms.ModelChoiceField)
        site.queryset = sites_of(allowed)
        camera.queryset = cameras_of(allowed)
        site.disabled = fixed_site

    def clean_time_zone(self) -> str:
        """A zone of the database."""
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("This is not the name of a time zone. Asia/Seoul is one."))
        return name

    def clean_camera_names(self) -> dict[str, str]:
        """Lines of `name = code` as a mapping."""
        names: dict[str, str] = {}
        for line in self.cleaned_data["camera_names"].splitlines():
            if not line.strip():
                continue
            name, equals, code = (part.strip() for part in line.rpartition("="))
            if not (name and equals and code):
                raise forms.ValidationError(
                    _("Write each line as: name of the recorder = code of the camera")
                )
            names[name] = code
        return names


def names_as_text(names: dict[str, str]) -> str:
    """A mapping as the lines that the form shows."""
    return "\n".join(f"{name} = {code}" for name, code in names.items())


class RecorderForm(forms.Form):
    """A machine that uploads."""

    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For instance: NVR in the server room.")
    )
    cameras = forms.ModelMultipleChoiceField(
        label=_("Cameras"),
        queryset=Camera.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("It can upload for these and read nothing."),
        error_messages={"required": _("Choose at least one camera.")},
    )

    def __init__(self, *args: Any, allowed: Allowed, **kwargs: Any) -> None:
        """`allowed` are the sites the person may change."""
        super().__init__(*args, **kwargs)
        site, cameras = self.fields["site"], self.fields["cameras"]
        assert isinstance(site, forms.ModelChoiceField)
        assert isinstance(cameras, forms.ModelMultipleChoiceField)
        site.queryset = sites_of(allowed)
        cameras.queryset = cameras_of(allowed)

    def clean(self) -> dict[str, Any]:
        """All cameras belong to the site."""
        data = super().clean() or {}
        site, cameras = data.get("site"), data.get("cameras")
        if site and cameras and any(camera.site_id != site.pk for camera in cameras):
            self.add_error("cameras", _("Choose cameras of the same site only."))
        return data
