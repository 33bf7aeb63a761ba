"""What the checker says of what lay before them, or was sent."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cctv.subjects.identity import papers, reasons, services
from cctv.subjects.identity.models import IdentityCheck, Method, PaperPart
from cctv.subjects.profiles import DOCUMENT
from cctv.subjects.requests.messages import LONGEST
from cctv.subjects.requests.models import SubjectRequest

NAME, COVERED = "name", "covered"


class SeenForm(forms.Form):
    """How it was settled, and which documents were seen."""

    method = forms.ChoiceField(label=_("How it was settled"))
    seen = forms.MultipleChoiceField(
        label=_("Documents that you saw"), widget=forms.CheckboxSelectMultiple, required=False,
        help_text=_("Tick what lay before you. Take no copy, and write no number down."),
    )  # fmt: skip

    def __init__(self, *args: Any, request: SubjectRequest, **kwargs: Any) -> None:
        """The choices are those of the request's law, and of who asks."""
        super().__init__(*args, **kwargs)
        _choose(self, "method", [(each.value, Method(each).label) for each in services.offered(request)])
        _choose(self, "seen", [(each, PaperPart(each).label) for each in services.papers(request)])


class RenewForm(forms.Form):
    """What lay before who gives a new secret from hand to hand."""

    seen = forms.MultipleChoiceField(
        label=_("Documents that you saw"), widget=forms.CheckboxSelectMultiple, required=False,
        choices=[(DOCUMENT, PaperPart.DOCUMENT.label)],
        help_text=_("Compare the name with the one in the request. Take no copy, and write no number down."),
    )  # fmt: skip


class VerdictForm(forms.Form):
    """All that has to be so, before it is them."""

    seen = forms.MultipleChoiceField(label=_("What the pictures show"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, check: IdentityCheck, **kwargs: Any) -> None:
        """What has to be ticked is what this check needs."""
        super().__init__(*args, **kwargs)
        parts = [(each, capfirst(str(PaperPart(each).label))) for each in papers.wanted(check)]
        _choose(
            self,
            "seen",
            [
                *parts,
                (NAME, _("The name is the one in the request")),
                (COVERED, _("All numbers are covered")),
            ],
        )

    def clean_seen(self) -> list[str]:
        """Each of them, or it is not them."""
        seen: list[str] = self.cleaned_data["seen"]
        field = self.fields["seen"]
        assert isinstance(field, forms.MultipleChoiceField)
        if {str(code) for code, _label in field.choices} - set(seen):  # type: ignore[misc, union-attr]
            raise forms.ValidationError(
                _("Not all of it is so. Then it is not settled: say below what was not enough.")
            )
        return seen


class NotEnoughForm(forms.Form):
    """Why it is not enough."""

    reason = forms.ChoiceField(label=_("What was not enough"))
    text = forms.CharField(
        label=_("More about it"), required=False, max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A message to the requester, in their language. The reason is told in any case."),
    )  # fmt: skip

    def __init__(self, *args: Any, check: IdentityCheck, **kwargs: Any) -> None:
        """The reasons are those that there may be for what was sent."""
        super().__init__(*args, **kwargs)
        _choose(self, "reason", [("", "—"), *reasons.offered(check)])


def _choose(form: forms.Form, name: str, choices: list[tuple[Any, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
