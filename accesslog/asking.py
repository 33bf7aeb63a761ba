"""The filter line: the question as one sentence whose parts open their fields."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import BoundField
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accesslog.forms import QuestionForm

SPANS = ("footage", "seen")
PARTS = ("kind", "actor", "terminal", "camera", "site", "footage", "seen", "purpose", "case")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the question: its id on the page and its fields."""

    name: str
    title: str
    fields: list[BoundField]


def parts(form: QuestionForm) -> list[Part]:
    """The parts that this reader may ask by."""
    found = []
    for name in PARTS:
        if name in SPANS:
            title = _("Time of the footage") if name == "footage" else _("Time of the entry")
            found.append(Part(name, title, [form[f"{name}_from"], form[f"{name}_to"]]))
        elif name in form.fields:
            found.append(Part(name, str(form[name].label), [form[name]]))
    return found


def sentence(form: QuestionForm) -> SafeString:
    """The question in words, each part a button."""
    anything = {
        "kind": _("everything but routine jobs"), "actor": _("anybody"), "terminal": _("any terminal"),
        "camera": _("any camera"), "site": _("any site"), "footage": _("at any time"),
        "seen": _("at any time"), "purpose": _("any purpose"), "case": _("any case"),
    }  # fmt: skip
    values = {name: _token(name, _chosen(form, name), anything[name]) for name in PARTS}
    if "actor" in form.fields:
        told = _("Show {kind} done by {actor} from {terminal}, about {camera} of {site} recorded {footage}, "
                 "logged {seen}, for {purpose} and {case}.")  # fmt: skip
    else:
        told = _("Show {kind} about {camera} of {site} recorded {footage}, logged {seen}, "
                 "for {purpose} and {case}.")  # fmt: skip
    return mark_safe(str(conditional_escape(told)).format_map(values))  # noqa: S308 - every part is escaped


def _chosen(form: QuestionForm, name: str) -> str:
    if name not in SPANS:
        return form.label_of(name)
    ends = [str(form.data.get(f"{name}_{end}", "")).replace("T", " ") for end in ("from", "to")]
    if not any(ends):
        return ""
    day = ends[0].partition(" ")[0]
    if day and ends[1].startswith(day):
        ends[1] = ends[1].partition(" ")[2]
    return f"{ends[0] or '…'}–{ends[1] or '…'}"


def _token(name: str, chosen: str, anything: str) -> SafeString:
    return format_html(
        '<button type="button" class="token{}" popovertarget="ask-{}">{}</button>',
        "" if chosen else " token--any", name, chosen or anything,
    )  # fmt: skip
