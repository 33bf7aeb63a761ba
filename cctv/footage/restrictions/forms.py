"""What the pages of restrictions ask for, in the site's own time."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.ids import new_id
from cctv.core.spanform import SpanForm
from cctv.footage.restrictions.models import RestrictionGround
from cctv.footage.restrictions.services import MOST_CAMERAS
from cctv.sites.models import Camera, Site

NO_NAMES = _("No names: the log keeps it for years.")
SAY_WHY = {"required": _("Say why, in a few words.")}


class RestrictionForm(SpanForm):
    """A new restriction: of what, on which ground, why."""

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
    ground = forms.ChoiceField(label=_("Ground"), choices=RestrictionGround.choices)
    reference = forms.CharField(
        label=_("Reference"),
        max_length=40,
        required=False,
        help_text=_("The number of the request or the case, no names."),
    )
    reason = forms.CharField(
        label=_("Why, in a few words"), max_length=300, help_text=NO_NAMES, error_messages=SAY_WHY
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` gives cameras and zone."""
        super().__init__(*args, **kwargs)
        self.site, self.zone = site, ZoneInfo(site.time_zone)
        cameras = self.fields["camera"]
        assert isinstance(cameras, forms.ModelMultipleChoiceField)
        cameras.queryset = Camera.objects.filter(site=site).order_by("name")
        self.initial.setdefault("token", new_id())

    def clean_camera(self) -> list[Camera]:
        """No more than an entry can name."""
        cameras = list(self.cleaned_data["camera"])
        if len(cameras) > MOST_CAMERAS:
            raise forms.ValidationError(_("Choose at most %(most)d cameras."), params={"most": MOST_CAMERAS})
        return cameras


class LiftForm(forms.Form):
    """Why the footage may be shown again."""

    reason = forms.CharField(
        label=_("Why it may be shown again"),
        max_length=300,
        help_text=NO_NAMES,
        error_messages=SAY_WHY,
    )
