"""What the register of provisions can be asked, and what is noted of a notice."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.spanform import day_field
from cctv.disclosure.exports.models import RecipientKind
from cctv.disclosure.provisions.selectors import Question, SiteIds, grounds_used
from cctv.ledger.selectors import sites
from cctv.sites.models import Site


class ProvisionForm(forms.Form):
    """Site, days, recipient, ground, urgency; all may be left open."""

    site = forms.ModelChoiceField(
        label=_("Site"), queryset=Site.objects.none(), required=False, to_field_name="code",
        empty_label=_("All sites"),
    )  # fmt: skip
    first_day = day_field(_("From"), required=False)
    last_day = day_field(_("Up to and including"), required=False)
    recipient_kind = forms.ChoiceField(label=_("Recipient"), required=False)
    ground = forms.ChoiceField(label=_("Ground"), required=False)
    urgent = forms.BooleanField(label=_("Urgent ones only"), required=False)

    def __init__(self, *args: Any, allowed: SiteIds, **kwargs: Any) -> None:
        """`allowed` are the sites whose provisions the person may see."""
        super().__init__(*args, **kwargs)
        site, kind, ground = self.fields["site"], self.fields["recipient_kind"], self.fields["ground"]
        assert isinstance(site, forms.ModelChoiceField)
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(ground, forms.ChoiceField)
        site.queryset = sites(allowed).order_by("name")
        kind.choices = [("", _("All recipients")), *RecipientKind.choices]
        laws = sorted(set(sites(allowed).values_list("jurisdiction", flat=True)))
        ground.choices = [("", _("All grounds")), *grounds_used(laws)]

    def clean(self) -> dict[str, Any]:
        """The days are in order."""
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first."))
        return data

    def question(self) -> Question:
        """What was asked; everything where the question cannot be understood."""
        return Question(**self.cleaned_data) if self.is_valid() else Question()


class ToldForm(forms.Form):
    """How a recipient was told."""

    how = forms.CharField(
        label=_("How they were told"), max_length=120,
        help_text=_("By letter, by mail, by telephone; no names of persons: the log keeps it."),
    )  # fmt: skip
