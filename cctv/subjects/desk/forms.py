"""What the desk's pages ask for; days and times are those of the site's clocks."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id
from cctv.core.localtime import first_moment
from cctv.core.spanform import SpanForm, day_field, time_field
from cctv.people.models import Account
from cctv.sites.models import Camera, Site
from cctv.subjects.desk import screening
from cctv.subjects.profiles import profile_of
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.messages import LONGEST
from cctv.subjects.requests.models import About, Channel, Claimant, RequestKind
from cctv.subjects.requests.receiving import Draft

BY_DESK = [each for each in Channel.choices if each[0] != Channel.PORTAL]
MARGINS = (0, 15, 30, 60, 120, 180)


def _words(label: Any, *, most: int = 200, required: bool = False, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, required=required, **options)


def _text(
    label: Any, help_text: Any = "", *, rows: int = 4, most: int = LONGEST, required: bool = False
) -> Any:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(
        label=label, required=required, max_length=most, widget=widget, help_text=help_text
    )


class WriteForm(forms.Form):
    """A message to the requester."""

    text = _text(_("Message"), rows=8, required=True)
    template = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class ExtendForm(forms.Form):
    """Why more time is needed."""

    reason = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect)
    text = _text(_("More about why"), _("The requester reads it below the reason."), rows=3)

    def __init__(self, *args: Any, jurisdiction: str, **kwargs: Any) -> None:
        """The reasons are those of the law."""
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(profile_of(jurisdiction).extensions)


class AskForm(forms.Form):
    """What the requester is asked while the clock stands."""

    text = _text(_("What do you ask the requester?"), rows=4, required=True)


class AppointmentForm(forms.Form):
    """A time and a place, on the site's clocks."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    day = day_field(_("Day"))
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))
    place = _words(_("Place"), required=True)
    is_agreed = forms.BooleanField(label=_("Agreed with the requester already"), required=False)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        """As a form."""
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.initial.setdefault("token", new_id())

    def at(self) -> datetime:
        """The moment that was named."""
        data = self.cleaned_data
        return first_moment(datetime.combine(data["day"], data["time"]), self.zone)


class AssignForm(forms.Form):
    """Who works on it."""

    to = forms.ModelChoiceField(
        label=_("Assigned to"), queryset=Account.objects.none(), required=False, empty_label=_("nobody")
    )

    def __init__(self, *args: Any, people: list[Account], **kwargs: Any) -> None:
        """`people` may be given it."""
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Account.objects.filter(pk__in=[each.pk for each in people]).order_by("name")


class RefuseForm(forms.Form):
    """Why what was looked at is not worked on."""

    reason = forms.ChoiceField(
        label=_("Reason"), choices=[(code, desk) for code, (desk, _told) in screening.REASONS.items()]
    )


class IntakeForm(SpanForm):
    """A request that came by telephone, letter, visit, e-mail or fax. No number of any document (O36)."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    channel = forms.ChoiceField(label=_("How it came in"), choices=BY_DESK)
    received_day = day_field(
        _("Day of arrival"), help_text=_("As stamped on the letter: clocks run from it.")
    )
    received_time = time_field(_("Time of arrival"))
    kind = forms.ChoiceField(label=_("What is asked for"), choices=RequestKind.choices)
    about = forms.ChoiceField(label=_("Who or what is in the footage"), choices=About.choices)
    claimant = forms.ChoiceField(label=_("Asked by"), choices=Claimant.choices)
    language = forms.ChoiceField(label=_("Language of the requester"), choices=settings.LANGUAGES)
    is_urgent = forms.BooleanField(label=_("Urgent: life, body or property is in danger"), required=False)
    cameras = forms.ModelMultipleChoiceField(
        label=_("Cameras"), queryset=Camera.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    margin_minutes = forms.TypedChoiceField(
        label=_("How sure is the time"), coerce=int, choices=[], initial=0,
        help_text=_("The footage is held that much earlier and later as well."),
    )  # fmt: skip
    name = _words(_("Name"), required=True)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=200)
    phone = _words(_("Telephone"), most=60)
    subject_name = _words(_("Name of the child or of who gave the mandate"))
    relation = _words(_("Relation to them"))
    looks = _text(_("Looks that day"), _("Clothes, what was carried, who was there too."), rows=3, most=2000)
    plate = _words(_("Plate of the vehicle"), most=40)
    reason = _text(_("Why, in the requester's words"), rows=3, most=2000)
    correction = _text(_("What is to be corrected"), rows=3, most=2000)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` gives cameras, zone and language."""
        super().__init__(*args, **kwargs)
        self.site, self.zone = site, ZoneInfo(site.time_zone)
        cameras, margin = self.fields["cameras"], self.fields["margin_minutes"]
        assert isinstance(cameras, forms.ModelMultipleChoiceField)
        assert isinstance(margin, forms.TypedChoiceField)
        cameras.queryset = Camera.objects.filter(site=site).select_related("zone").order_by("name")
        margin.choices = [
            (each, _("within %(minutes)d minutes") % {"minutes": each} if each else _("exact"))
            for each in MARGINS
        ]
        now = clock.now().astimezone(self.zone)
        self.initial.setdefault("token", new_id())
        self.initial.setdefault("received_day", now.date())
        self.initial.setdefault("received_time", now.time().replace(second=0, microsecond=0))

    def clean(self) -> dict[str, Any]:
        """The time of arrival, and a way to reach them."""
        data = super().clean() or {}
        if {"received_day", "received_time"} <= data.keys():
            received = datetime.combine(data["received_day"], data["received_time"])
            data["received_at"] = first_moment(received, self.zone)
            if data["received_at"] > clock.now() + timedelta(minutes=1):
                self.add_error("received_day", _("This is still to come."))
        if data.get("claimant") != Claimant.SELF and not data.get("subject_name"):
            self.add_error("subject_name", _("Say for whom it is asked."))
        return data

    def draft(self, taken_in_by: Account) -> Draft:
        """As it is received."""
        data = self.cleaned_data
        starts_at, ends_at = data["span"]
        names = (
            "name", "email", "phone", "looks", "plate", "reason", "subject_name", "relation", "correction"
        )  # fmt: skip
        return Draft(
            kind=data["kind"], about=data["about"], claimant=data["claimant"], language=data["language"],
            site=self.site, cameras=list(data["cameras"]), starts_at=starts_at, ends_at=ends_at,
            margin_minutes=data["margin_minutes"], is_urgent=data["is_urgent"], channel=data["channel"],
            details=Details(**{name: data[name].strip() for name in names}), taken_in_by=taken_in_by,
            received_at=data["received_at"],
        )  # fmt: skip
