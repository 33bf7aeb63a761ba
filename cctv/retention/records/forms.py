"""A new rule for how long records are kept."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.retention.records import rules
from cctv.retention.records.models import RecordClass


class RecordRuleForm(forms.Form):
    """Which records, for how many months, and why."""

    months = forms.IntegerField(label=gettext_lazy("Months"), min_value=1, max_value=rules.LONGEST_MONTHS)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, record_class: str, **kwargs: Any) -> None:
        """`record_class` decides the law's minimum."""
        super().__init__(*args, **kwargs)
        self.record_class = RecordClass(record_class)
        least, advised = rules.least(record_class), rules.advised(record_class)
        hints = []
        if least.jurisdiction:
            hints.append(
                _("At least %(months)d months, by the law of a site (%(law)s).")
                % {"months": least.months, "law": least.jurisdiction}
            )
        if advised.jurisdiction:
            hints.append(
                _("%(months)d months where many people or sensitive data are concerned (%(law)s).")
                % {"months": advised.months, "law": advised.jurisdiction}
            )
        self.fields["months"].help_text = " ".join(hints)

    def clean_months(self) -> int:
        """Not below what the law asks for."""
        months: int = self.cleaned_data["months"]
        least = rules.least(self.record_class)
        if months < least.months:
            raise forms.ValidationError(
                _("The law of a site (%(law)s) asks for at least %(months)d months.")
                % {"law": least.jurisdiction, "months": least.months}
            )
        return months
