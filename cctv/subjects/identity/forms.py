"""What the checker says of what lay before them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.subjects.identity import services
from cctv.subjects.identity.models import Method, PaperPart
from cctv.subjects.requests.models import SubjectRequest


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
        for name, choices in (
            ("method", [(each.value, Method(each).label) for each in services.offered(request)]),
            ("seen", [(each, PaperPart(each).label) for each in services.papers(request)]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
