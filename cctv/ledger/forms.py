"""What the ledger can be asked."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cctv.core.localtime import FIRST_DAY, LAST_DAY
from cctv.ledger.models import LedgerKind
from cctv.ledger.selectors import Question, SiteIds, sites
from cctv.sites.models import Site


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )  # fmt: skip


class LedgerForm(forms.Form):
    """Kind, site and days; all may be left open."""

    kind = forms.ChoiceField(label=_("Act"), required=False)
    site = forms.ModelChoiceField(
        label=_("Site"), queryset=Site.objects.none(), required=False, to_field_name="code",
        empty_label=_("All sites"),
    )  # fmt: skip
    first_day = _day(_("From"))
    last_day = _day(_("Up to and including"))

    def __init__(self, *args: Any, allowed: SiteIds, **kwargs: Any) -> None:
        """`allowed` are the sites whose lines the person may read."""
        super().__init__(*args, **kwargs)
        kind, site = self.fields["kind"], self.fields["site"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(site, forms.ModelChoiceField)
        kind.choices = [("", _("All acts")), *LedgerKind.choices]
        site.queryset = sites(allowed)

    def clean(self) -> dict[str, Any]:
        """The days are in order."""
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first."))
        return data

    def question(self) -> Question:
        """What was asked; everything where the question cannot be understood."""
        if not self.is_valid():
            return Question()
        data = self.cleaned_data
        return Question(data["kind"], data["site"], data["first_day"], data["last_day"])
