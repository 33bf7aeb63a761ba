"""What the pages of prints and media ask for; days and times are those of the site's clocks."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.localtime import FIRST_DAY, LAST_DAY, first_moment, last_moment
from cctv.disclosure.grounds import grounds_of
from cctv.disclosure.models import Destroyed, Medium, MediumKind
from cctv.disclosure.selectors import SiteIds, cameras_of, sites_of, witnesses
from cctv.disclosure.services import ways_for
from cctv.people.models import Account
from cctv.sites.models import Camera, Site

MOST_COPIES = 999
_FIRST, _LAST = MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)
_FIRST_MOMENT = MinValueValidator(datetime.combine(FIRST_DAY, time(), tzinfo=UTC))
_LAST_MOMENT = MaxValueValidator(datetime.combine(LAST_DAY, time(), tzinfo=UTC))


def _day(label: Any, **options: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, widget=widget, validators=[_FIRST, _LAST], **options)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(
        label=label, required=False, widget=widget, validators=[_FIRST_MOMENT, _LAST_MOMENT],
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
    )  # fmt: skip


def end_of(day: date | None, site: Site) -> datetime | None:
    """The last second of the day on the site's clocks, in UTC."""
    if day is None:
        return None
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(site.time_zone)).astimezone(UTC)


def _check_due(form: forms.Form, site: Site | None) -> None:
    due = form.cleaned_data.get("due")
    if due and site and (end_of(due, site) or clock.now()) < clock.now():
        form.add_error("due", _("Choose today or a later day."))


class MediumForm(forms.Form):
    """A new print or medium."""

    site = forms.ModelChoiceField(
        label=_("Site"), queryset=Site.objects.none(), to_field_name="code", empty_label=None
    )
    kind = forms.ChoiceField(label=_("What it is"), choices=MediumKind.choices)
    description = forms.CharField(
        label=_("What is on it"), max_length=300, help_text=_("No names: the log and the ledger keep it.")
    )
    copies = forms.IntegerField(label=_("Copies"), min_value=1, max_value=MOST_COPIES, initial=1)
    serial = forms.CharField(label=_("Serial number or mark"), max_length=80, required=False)
    camera = forms.ModelChoiceField(
        label=_("Camera"), queryset=Camera.objects.none(), to_field_name="code", required=False,
        empty_label=_("None, or several"),
    )  # fmt: skip
    footage_from = _moment(_("Recorded from"))
    footage_to = _moment(_("Recorded to"))
    purpose = forms.CharField(label=_("Why it was made"), max_length=200)
    case = forms.CharField(
        label=_("Case"), max_length=40, required=False, help_text=_("Its number, no names.")
    )
    due = _day(_("To be destroyed by"), required=False, help_text=_("It is shown as overdue after that day."))

    def __init__(self, *args: Any, allowed: SiteIds, **kwargs: Any) -> None:
        """`allowed` are the sites at which the person may register media."""
        super().__init__(*args, **kwargs)
        site, camera = self.fields["site"], self.fields["camera"]
        assert isinstance(site, forms.ModelChoiceField)
        assert isinstance(camera, forms.ModelChoiceField)
        site.queryset, camera.queryset = sites_of(allowed), cameras_of(allowed)

    def clean(self) -> dict[str, Any]:
        """Camera, site and span fit together; times are turned into UTC."""
        data: dict[str, Any] = super().clean() or {}
        site, camera = data.get("site"), data.get("camera")
        if site and camera and camera.site_id != site.pk:
            self.add_error("camera", _("This camera is at another site."))
        if site:
            for name in ("footage_from", "footage_to"):
                if moment := data.get(name):
                    reckon = last_moment if name == "footage_to" else first_moment
                    data[name] = reckon(moment, ZoneInfo(site.time_zone))
        first, last = data.get("footage_from"), data.get("footage_to")
        if bool(first) != bool(last):
            self.add_error("footage_to", _("Give both ends of the recording, or neither."))
        elif first and last and last <= first:
            self.add_error("footage_to", _("Choose an end after the beginning."))
        _check_due(self, site)
        return data

    def values(self) -> dict[str, Any]:
        """What `register_medium` takes."""
        values = dict(self.cleaned_data)
        site = values.pop("site")
        return values | {"due_at": end_of(values.pop("due"), site)} if "due" in values else values


class HandOverForm(forms.Form):
    """To whom it goes, and on which ground."""

    recipient = forms.CharField(
        label=_("Office or organisation"), max_length=200,
        help_text=_("It stands in the ledger: for instance Mapo police station, criminal division."),
    )  # fmt: skip
    person = forms.CharField(
        label=_("Who takes it"), max_length=120, help_text=_("Sealed: it stands in no log and no ledger.")
    )
    contact = forms.CharField(label=_("How to reach them"), max_length=200, required=False)
    ground = forms.ChoiceField(label=_("Ground"))
    document = forms.CharField(
        label=_("Document"), max_length=60, required=False, help_text=_("For instance: warrant 2026-118.")
    )
    due = _day(_("To be back by"), required=False, help_text=_("Empty: it stays there."))

    def __init__(self, *args: Any, medium: Medium, **kwargs: Any) -> None:
        """`medium` gives the grounds of its site's law."""
        super().__init__(*args, **kwargs)
        self.site = medium.site
        ground = self.fields["ground"]
        assert isinstance(ground, forms.ChoiceField)
        ground.choices = list(grounds_of(medium.site.jurisdiction))

    def clean(self) -> dict[str, Any]:
        """The day is not over."""
        data: dict[str, Any] = super().clean() or {}
        _check_due(self, self.site)
        if data.get("ground") == "law" and not data.get("document"):
            self.add_error("document", _("Name the warrant, order or letter that asks for it."))
        return data


class ReturnForm(forms.Form):
    """It is back; what becomes of it."""

    due = _day(_("To be destroyed by"), required=False)

    def __init__(self, *args: Any, medium: Medium, **kwargs: Any) -> None:
        """`medium` gives the clocks."""
        super().__init__(*args, **kwargs)
        self.site = medium.site

    def clean(self) -> dict[str, Any]:
        """The day is not over."""
        data: dict[str, Any] = super().clean() or {}
        _check_due(self, self.site)
        return data


class DestroyForm(forms.Form):
    """How it was destroyed, and who saw it."""

    how = forms.ChoiceField(label=_("How it was destroyed"))
    witness = forms.ModelChoiceField(
        label=_("Witness"), queryset=Account.objects.none(), required=False,
        empty_label=_("Somebody without an account"),
    )  # fmt: skip
    witness_name = forms.CharField(
        label=_("Name of a witness without an account"), max_length=120, required=False
    )
    remark = forms.CharField(label=_("Remark"), max_length=300, required=False)

    def __init__(self, *args: Any, medium: Medium, actor: Account, **kwargs: Any) -> None:
        """`actor` destroys it, so somebody else is the witness."""
        super().__init__(*args, **kwargs)
        how, witness = self.fields["how"], self.fields["witness"]
        assert isinstance(how, forms.ChoiceField)
        assert isinstance(witness, forms.ModelChoiceField)
        how.choices = [(way.value, Destroyed(way).label) for way in ways_for(medium.kind)]
        witness.queryset = witnesses(medium.site, besides=actor)

    def clean(self) -> dict[str, Any]:
        """Somebody is named."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("witness") and not data.get("witness_name", "").strip():
            self.add_error("witness", _("Choose who saw it, or write down their name."))
        return data
