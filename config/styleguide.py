"""What the style guide shows: every component in every state, from made-up data."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cctv.templatetags import _states

SEOUL = ZoneInfo("Asia/Seoul")


class SampleForm(forms.Form):
    """One field of each kind."""

    case = forms.CharField(label=_("Case"), help_text=_("As on the incident sheet."))
    hold_until = forms.DateField(
        label=_("Hold until"), widget=forms.DateInput(attrs={"placeholder": "2026-11-17"})
    )
    camera = forms.ChoiceField(label=_("Camera"), choices=[("2", "Gate 2 in"), ("5", "Dock 5–8")])
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[("crime", _("Crime prevention and investigation")), ("fire", _("Fire and facility safety"))],
        widget=forms.RadioSelect,
    )
    days = forms.MultipleChoiceField(
        label=_("Days"),
        choices=[("1", _("Weekdays")), ("2", _("Weekend"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    reference = forms.CharField(label=_("Reference"), disabled=True, required=False, initial="E-2026-032")
    sound = forms.BooleanField(
        label=_("Keep sound"), required=False, help_text=_("Only where the camera's audio policy allows it.")
    )


def context() -> dict[str, Any]:
    """The style guide's samples; times are relative to now, so that the clocks show all their states."""
    now = timezone.now()
    bad = SampleForm({"camera": "2", "hold_until": "31 Feb", "purpose": "crime"})
    bad.is_valid()
    return {
        "form": SampleForm(
            initial={"case": "2026-118", "purpose": "crime", "days": ["1"]}, auto_id="good_%s"
        ),
        "bad_form": bad,
        "states": list(_states.STATES),
        "messages": [Message(constants.SUCCESS, gettext("The camera was added."))],
        "now": now,
        "zone": SEOUL,
        "started": now - timedelta(days=3),
        "due_late": now - timedelta(days=2),
        "due_soon": now + timedelta(hours=7),
        "due_far": now + timedelta(days=7),
        "earlier": now - timedelta(minutes=25),
        "facts": [
            (_("Site"), "Baram Hub"),
            (_("Retention"), _("%(days)s days") % {"days": 30}),
            (_("Purposes"), _("Crime prevention and investigation")),
        ],
    }
