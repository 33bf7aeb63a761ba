"""The answers as the check page repeats them, and the request as its status page tells it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cctv.sites.models import Zone
from cctv.subjects.portal import wizard
from cctv.subjects.portal.questions import UNKNOWN_PLACE, Words
from cctv.subjects.portal.when import WhenQuestion
from cctv.subjects.portal.wizard import Asked
from cctv.templatetags import _times

Row = dict[str, Any]
CHOICES = {"kind": "kind", "about": "about", "whom": "whom"}


def rows_of(asked: Asked, answers: Any) -> list[Row]:
    """The check page: of each page its name, what it is called, and lines of what was answered."""
    rows = []
    for step in wizard.STEPS:
        if step.name in asked.cleaned:
            lines = [line for line in _lines(step.name, asked, answers) if line]
            rows.append({"name": step.name, "label": step.label, "lines": lines or [_("nothing written")]})
    return rows


def _lines(name: str, asked: Asked, answers: Any) -> list[Words]:
    said = asked.cleaned[name]
    if name in CHOICES:
        form = wizard.form_of(wizard.BY_NAME[name], answers, bound=False)
        choices: Any = form.fields[name].choices  # type: ignore[attr-defined]
        return [dict(choices)[said[name]]]
    if name == "site":
        return [asked.site.name]
    if name == "place":
        named = [] if "site" in asked.cleaned else [asked.site.name]
        return [*named, *_zones(said["zones"]), said["words"]]
    if name == "when":
        return when_lines(asked)
    if name == "why":
        urgent = _("Urgent: somebody’s life, body or property is in danger.") if said.get("urgent") else ""
        return [said["reason"], said.get("correction", ""), urgent]
    return list(said.values())


def _zones(named: list[str]) -> list[Words]:
    if UNKNOWN_PLACE in named:
        return [_("I don’t know where: all cameras")]
    return list(Zone.objects.filter(pk__in=named).values_list("name", flat=True))


def when_lines(asked: Asked) -> list[Words]:
    """Day, clocks and margin."""
    said = asked.cleaned["when"]
    zone = asked.site.time_zone
    if said["sure"] == WhenQuestion.DAY:
        return [_times.day(said["start"].date()), _("the whole day")]
    start, end = (_times.localise(each, zone) for each in asked.named)
    minutes = said["margin"]
    margin = ngettext(
        "and %(n)d minute before and after", "and %(n)d minutes before and after", minutes
    ) % {"n": minutes}  # fmt: skip
    return [*_times.span(start, end), margin]


# What the requester is told of each step, and before it has happened; the desk's own steps stay its own.
STAGES: tuple[tuple[str, Words], ...] = (
    ("received", gettext_lazy("We have received your request")),
    ("replied", gettext_lazy("First reply")),
    ("verified", gettext_lazy("It was checked that it is you")),
    ("working", gettext_lazy("We look for the footage and cover everybody else")),
    ("deciding", gettext_lazy("Somebody else checks it and decides")),
    ("decided", gettext_lazy("Our answer")),
)
