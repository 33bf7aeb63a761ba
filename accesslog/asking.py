"""The filter line: the question as one sentence whose parts open what could be asked instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.forms import BoundField
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accesslog.desk.groups import group
from accesslog.desk.questions import VIEWINGS
from accesslog.forms import QuestionForm

SPANS = ("footage", "seen")
# What is typed where the list does not have it.
TYPED = ("case", "terminal")
PARTS = ("kind", "actor", "terminal", "camera", "site", "footage", "seen", "purpose", "case")
MANY = 8
MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Option:
    """Something to ask instead: one click away."""

    href: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the question: its id on the page, what it may become, and fields to type into.

    `keep` are the other parts of the question, which a typed answer is asked together with.
    """

    name: str
    title: str
    fields: Sequence[BoundField]
    options: Sequence[Option]
    more: Sequence[Option]
    keep: Sequence[tuple[str, str]]
    open: Option | None

    @property
    def many(self) -> bool:
        return len(self.options) + len(self.more) > MANY

    @property
    def errors(self) -> bool:
        return any(each.errors for each in self.fields)


@dataclass(frozen=True, slots=True)
class Quick:
    """The question that is asked most: who saw this camera, that day, between these times."""

    cameras: Sequence[tuple[str, str]]
    camera: str
    day: str
    after: str
    until: str
    kind: str


def parts(form: QuestionForm, given: Mapping[str, str], *, zone: str) -> list[Part]:
    """The parts that this reader may ask by. `given` is the question as it stands, by field.

    `zone` names the clocks that times are given by; whatever asks for a time says so.
    """
    found = []
    for name in PARTS:
        own = [f"{name}_from", f"{name}_to"] if name in SPANS else [name]
        if not all(each in form.fields for each in own):
            continue
        keep = {key: value for key, value in given.items() if key not in own}
        nothing = Option(f"?{urlencode(keep)}", _anything()[name], not any(given.get(each) for each in own))
        if name in SPANS:
            title = _("Time of the footage") if name == "footage" else _("Time of the entry")
            keep = {**keep, "zone": zone}
            options = _days(name, keep)
            found.append(
                Part(name, title, [form[each] for each in own], options, (), list(keep.items()), nothing)
            )
            continue
        asked = given.get(name, "")
        grouped = len(form.groups) + 1 if name == "kind" else len(form.offered[name])
        options = [
            Option(f"?{urlencode({**keep, name: value})}", label, value == asked)
            for value, label in form.offered[name]
        ]
        fields = [form[name]] if name in TYPED else []
        title = str(form[name].label)
        found.append(
            Part(name, title, fields, options[:grouped], options[grouped:], list(keep.items()), nothing)
        )
    return found


def sentence(form: QuestionForm) -> SafeString:
    """The question in words, each part a button."""
    values: dict[str, Any] = {name: _token(name, chosen(form, name), _anything()[name]) for name in PARTS}
    told = str(conditional_escape(_told(form)))
    return mark_safe(told.format_map(values))  # noqa: S308 - every part is escaped


def plain(form: QuestionForm) -> str:
    """The question in words."""
    return _told(form).format_map({name: chosen(form, name) or _anything()[name] for name in PARTS})


def quick(form: QuestionForm) -> Quick:
    """The short form above the question, filled in as far as the question says."""
    starts, ends = (str(form.data.get(f"footage_{end}", "")) for end in ("from", "to"))
    yesterday = f"{timezone.localdate() - timedelta(days=1)}"
    kind = f":{VIEWINGS}" if group(VIEWINGS) else ""
    return Quick(
        form.offered["camera"], str(form.data.get("camera", "")), starts[:10] or yesterday,
        starts[11:16], ends[11:16], kind,
    )  # fmt: skip


def chosen(form: QuestionForm, name: str) -> str:
    """A part of the question as a person reads it, "" where it is left open."""
    if name not in SPANS:
        return form.label_of(name)
    ends = [str(form.data.get(f"{name}_{end}", "")).replace("T", " ") for end in ("from", "to")]
    if not any(ends):
        return ""
    day = ends[0].partition(" ")[0]
    if day and ends[1].startswith(day):
        ends[1] = ends[1].partition(" ")[2]
    return f"{ends[0] or '…'}–{ends[1] or '…'}"


def _told(form: QuestionForm) -> str:
    if "actor" in form.fields:
        return _("Show {kind} done by {actor} from {terminal}, about {camera} of {site} recorded {footage}, "
                 "logged {seen}, for {purpose} and {case}.")  # fmt: skip
    return _("Show {kind} about {camera} of {site} recorded {footage}, logged {seen}, "
             "for {purpose} and {case}.")  # fmt: skip


def _anything() -> dict[str, str]:
    return {
        "kind": _("everything but routine jobs"), "actor": _("anybody"), "terminal": _("any terminal"),
        "camera": _("any camera"), "site": _("any site"), "footage": _("at any time"),
        "seen": _("at any time"), "purpose": _("any purpose"), "case": _("any case"),
    }  # fmt: skip


def _days(name: str, keep: Mapping[str, str]) -> list[Option]:
    """Spans that are asked for often, by the active zone's clocks."""
    midnight = datetime.combine(timezone.localdate(), datetime.min.time())
    day = timedelta(days=1)
    return [
        Option(
            f"?{urlencode({**keep, f'{name}_from': f'{starts:{MINUTE}}', f'{name}_to': f'{ends:{MINUTE}}'})}",
            label,
        )
        for label, starts, ends in (
            (_("today"), midnight, midnight + day),
            (_("yesterday"), midnight - day, midnight),
            (_("the last 7 days"), midnight - 6 * day, midnight + day),
            (_("the last 30 days"), midnight - 29 * day, midnight + day),
        )
    ]


def _token(name: str, told: str, anything: str) -> SafeString:
    return format_html(
        '<button type="button" class="token{}" popovertarget="ask-{}">{}</button>',
        "" if told else " token--any", name, told or anything,
    )  # fmt: skip
