"""What the pages of stills and bookmarks ask for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cctv.footage.marks.models import Bookmark, Still
from cctv.sites.models import Purpose

_NO_NAMES = _("No names: the log keeps it for years.")


class ChangeForm(forms.Form):
    """Another purpose, case or reason for a viewing that goes on."""

    purpose = forms.ModelChoiceField(
        queryset=Purpose.objects.none(),
        to_field_name="code",
        label=_("Purpose"),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Say for which purpose you need the pictures."),
            "invalid_choice": _("These cameras are not registered for this purpose. Choose another one."),
        },
    )
    case = forms.CharField(label=_("Case"), max_length=40, required=False)
    reason = forms.CharField(
        label=_("What for, in a few words"),
        max_length=300,
        required=False,
        help_text=_NO_NAMES,
    )

    def __init__(self, *args: Any, purposes: Any, **kwargs: Any) -> None:
        """`purposes` are those that every camera of the viewing is registered for."""
        super().__init__(*args, **kwargs)
        field = self.fields["purpose"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = purposes


class StillForm(forms.Form):
    """Why a kept still is opened."""

    purpose = forms.ModelChoiceField(
        queryset=Purpose.objects.none(),
        to_field_name="code",
        label=_("Purpose"),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say for which purpose you need the picture.")},
    )
    reason = forms.CharField(
        label=_("What for, in a few words"),
        max_length=Still._meta.get_field("reason").max_length,
        help_text=_NO_NAMES,
    )
    case = forms.CharField(label=_("Case"), max_length=40, required=False)

    def __init__(self, *args: Any, purposes: Any, **kwargs: Any) -> None:
        """`purposes` are those that the still's camera is registered for."""
        super().__init__(*args, **kwargs)
        field = self.fields["purpose"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = purposes


class BookmarkForm(forms.Form):
    """A note, and the case that it belongs to."""

    note = forms.CharField(
        label=pgettext_lazy("bookmark", "Note"),
        max_length=Bookmark._meta.get_field("note").max_length,
        help_text=_("Colleagues at the site read it. It goes when the footage goes."),
    )
    case = forms.CharField(label=_("Case"), max_length=40, required=False)


class BookmarkedForm(BookmarkForm):
    """The same from the player room: which camera, and from when to when, in epoch milliseconds."""

    camera = forms.CharField(max_length=50)
    starts_at = forms.IntegerField()
    ends_at = forms.IntegerField(required=False)
