"""The question to the log, as the filter line asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accesslog import registry
from accesslog.desk.filters import GROUP
from accesslog.desk.groups import groups
from accesslog.selectors import EVERY_KIND, Filters
from accesslog.sentences import outline, visible

CHOSEN = ("actor", "camera", "site", "purpose", "case", "terminal")
PERSONAL = frozenset({"actor", "terminal"})
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

Choices = Mapping[str, Sequence[tuple[str, str]]]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "input", "step": "60"}
    )
    return forms.DateTimeField(label=label, required=False, input_formats=_FORMATS, widget=widget)


class QuestionForm(forms.Form):
    """Which entries; every part may be left open. Times are read by the active zone's clocks."""

    use_required_attribute = False

    kind = forms.CharField(label=_("What happened"), required=False)
    actor = forms.CharField(label=_("Person"), required=False)
    camera = forms.CharField(label=_("Camera"), required=False)
    site = forms.CharField(label=_("Site"), required=False)
    purpose = forms.CharField(label=_("Purpose"), required=False)
    case = forms.CharField(label=_("Case"), required=False)
    terminal = forms.CharField(label=_("Terminal"), required=False)
    footage_from = _moment(_("Recorded from"))
    footage_to = _moment(_("Recorded until"))
    seen_from = _moment(_("Logged from"))
    seen_to = _moment(_("Logged until"))

    def __init__(self, data: Any, *, choices: Choices, personal: bool) -> None:
        super().__init__(data)
        self.offered: dict[str, list[tuple[str, str]]] = {}
        for name in CHOSEN:
            offered = list(choices.get(name, ()))
            chosen = str(self.data.get(name, ""))
            if chosen and chosen not in dict(offered):
                offered.append((chosen, visible(chosen)))
            self.offered[name] = offered
        self.groups = [(f"{GROUP}{each.name}", str(each.label)) for each in groups()]
        kinds = [(each.kind, outline(each)) for each in registry.all_types()]
        every = (EVERY_KIND, str(_("everything, routine jobs too")))
        self.offered["kind"] = [*self.groups, every, *sorted(kinds, key=lambda kind: kind[1])]
        if not personal:
            for name in PERSONAL:
                del self.fields[name]

    def label_of(self, name: str) -> str:
        """The chosen option as a person reads it, or ""."""
        value = str(self.data.get(name, ""))
        if not value or name not in self.fields:
            return ""
        return visible(str(dict(self.offered.get(name, ())).get(value, value)))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for pair in ("footage", "seen"):
            starts, ends = data.get(f"{pair}_from"), data.get(f"{pair}_to")
            if starts and ends and ends <= starts:
                self.add_error(f"{pair}_to", ValidationError(_("This must be later than the start.")))
        return data

    def filters(self) -> Filters:
        """The question of a valid form."""
        return Filters(**{name: value for name, value in self.cleaned_data.items() if value})
