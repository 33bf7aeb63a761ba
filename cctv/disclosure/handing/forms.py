"""How a copy is handed over: by a link, or onto a medium."""

from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cctv.disclosure import services as media
from cctv.disclosure.exports.models import Export
from cctv.disclosure.forms import _check_due, _day
from cctv.disclosure.handing import agefile
from cctv.disclosure.handing.medium import KINDS
from cctv.disclosure.handing.models import Sealing
from cctv.disclosure.handing.services import MOST_DAYS, MOST_DOWNLOADS
from cctv.disclosure.models import Medium, MediumKind


class CopyForm(forms.Form):
    """Who takes it, and how it is sealed."""

    attempt = forms.UUIDField(widget=forms.HiddenInput)
    person = forms.CharField(
        label=_("Who takes it"), max_length=120, help_text=_("Sealed with the package: it stands in no log.")
    )
    contact = forms.CharField(label=_("How to reach them"), max_length=200, required=False)
    sealing = forms.ChoiceField(
        label=_("Encryption"), choices=Sealing.choices, widget=forms.RadioSelect, initial=Sealing.PLAIN
    )
    age_recipient = forms.CharField(
        label=_("Public age key of the recipient"), max_length=120, required=False,
        help_text=_("Only for a copy that is encrypted to their key: it begins with “age1”."),
    )  # fmt: skip

    def __init__(self, *args: Any, export: Export, **kwargs: Any) -> None:
        """`export` is what is handed over."""
        super().__init__(*args, **kwargs)
        self.export = export
        self.site = export.site
        self.fields["attempt"].initial = uuid4

    def clean(self) -> dict[str, Any]:
        """A key where one is needed."""
        data: dict[str, Any] = super().clean() or {}
        given = data.get("age_recipient", "").strip()
        if data.get("sealing") == Sealing.AGE_KEY and not agefile.is_recipient(given):
            self.add_error("age_recipient", _("This is not the public key of an age identity."))
        return data


class LinkForm(CopyForm):
    """A one-time link."""

    open_days = forms.IntegerField(
        label=_("Days that the link is open"), min_value=1, max_value=MOST_DAYS, initial=3,
        help_text=_("Never longer than the package is kept."),
    )  # fmt: skip
    downloads = forms.IntegerField(
        label=_("Downloads"), min_value=1, max_value=MOST_DOWNLOADS, initial=1,
        help_text=_("One that breaks may go on within six hours and counts once."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A package whose pictures say which copy they are is downloaded once."""
        super().__init__(*args, **kwargs)
        self.fields["downloads"].disabled = self.export.watermark


class MediumForm(CopyForm):
    """A medium: one that is here, or a new one."""

    medium = forms.ModelChoiceField(
        label=_("Medium"), queryset=Medium.objects.none(), to_field_name="number", required=False,
        empty_label=_("A new one"),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("What the new one is"), required=False,
        choices=[(kind.value, MediumKind(kind).label) for kind in KINDS],
    )  # fmt: skip
    serial = forms.CharField(
        label=_("Its serial number or mark"), max_length=80, required=False,
        help_text=_("It stands on the receipt."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Media of the site that are here."""
        super().__init__(*args, **kwargs)
        medium = self.fields["medium"]
        assert isinstance(medium, forms.ModelChoiceField)
        medium.queryset = media_here(self.export)

    def clean(self) -> dict[str, Any]:
        """A new one has a serial number or a mark."""
        data = super().clean()
        if not data.get("medium") and not data.get("serial", "").strip():
            self.add_error("serial", _("Write down its serial number, or a mark that you put on it."))
        return data


class GiveForm(forms.Form):
    """The medium goes to the recipient."""

    due = _day(_("To be back by"), required=False, help_text=_("Empty: it stays there."))

    def __init__(self, *args: Any, export: Export, **kwargs: Any) -> None:
        """`export` gives the clocks."""
        super().__init__(*args, **kwargs)
        self.site = export.site

    def clean(self) -> dict[str, Any]:
        """The day is not over."""
        data: dict[str, Any] = super().clean() or {}
        _check_due(self, self.site)
        return data


def media_here(export: Export) -> "QuerySet[Medium]":
    """Sticks, discs and cards of the site that are kept here, are of no other case, and carry no copy yet."""
    here = Medium.objects.filter(site=export.site, state__in=media.HERE, kind__in=KINDS, handovers=None)
    return here.filter(case__in=("", export.case.number[:40])).order_by("-made_at")
