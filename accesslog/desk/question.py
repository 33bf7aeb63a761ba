"""The question of a request: who asks, what, by which clocks, and what could be asked instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from accesslog import asking, conf, presenting, selectors
from accesslog.desk import questions
from accesslog.forms import QuestionForm
from accesslog.selectors import Filters
from accesslog.types import Scope

KNOWN_FROM = 200
ZONES = {"camera": "camera_zone", "site": "site_zone"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put; whether its form is valid is for the caller to see."""

    scope: Scope
    form: QuestionForm
    zone: tzinfo
    given: Mapping[str, str]

    def context(self) -> dict[str, Any]:
        """What the filter line is drawn from."""
        with timezone.override(self.zone):
            return {
                "form": self.form,
                "zone": self.zone,
                "zone_name": timezone.localtime().tzname(),
                "question": asking.sentence(self.form),
                "parts": asking.parts(self.form, self.given),
                "quick": asking.quick(self.form),
                "given": urlencode(self.given),
            }


def ask_of(request: HttpRequest) -> Asked:
    """The question of this request. Raises Http404 for whom the log does not exist."""
    scope = scope_of(request)
    recent = selectors.entries(filters=Filters(), scope=scope, limit=KNOWN_FROM).entries
    choices = _choices(request, presenting.known_labels(recent, personal=scope.bodies))
    zone = presenting.zone_for(recent, _zone_asked(request.GET, choices))
    given = {
        name: str(request.GET[name]) for name in (*QuestionForm.base_fields, "zone") if request.GET.get(name)
    }
    with timezone.override(zone):
        form = QuestionForm(request.GET, choices=choices, personal=scope.bodies)
        if not form.is_valid():
            # Nothing was asked, so nothing is told: not even the names that could be chosen.
            form = QuestionForm(request.GET, choices={}, personal=scope.bodies)
            form.is_valid()
    return Asked(scope, form, zone, given)


def scope_of(request: HttpRequest) -> Scope:
    """What the reader may see. Raises Http404 for whom the log does not exist."""
    scope = conf.scope_of(request.user)
    if scope is None:
        raise Http404
    return scope


def quick(data: QueryDict) -> str:
    """Where "who saw this camera on that day between these times" leads, or "" if it was not asked."""
    try:
        day = date.fromisoformat(data.get("day", ""))
        starts, ends = (time.fromisoformat(data.get(name) or "00:00") for name in ("after", "until"))
    except ValueError:
        return ""
    last = day if data.get("until") and ends > starts else day + timedelta(days=1)
    return questions.address(
        camera=data.get("camera", ""),
        footage_from=f"{day}T{starts:%H:%M}",
        footage_to=f"{last}T{ends:%H:%M}",
        kind=data.get("kind", ""),
        zone=data.get("zone", ""),
    )


def everything() -> str:
    """The desk without a question."""
    return reverse("log")


def _choices(
    request: HttpRequest, known: Mapping[str, Sequence[tuple[str, str]]]
) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What the project names, and what of the rest recent entries name."""
    found = {name: list(offered) for name, offered in (conf.choices_for(request) or {}).items()}
    for name, offered in known.items():
        named = found.setdefault(name, [])
        ids = {key for key, _label in named}
        named += [pair for pair in offered if pair[0] not in ids]
    return found


def _zone_asked(data: QueryDict, choices: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The zone that is asked for, else that of the camera or site."""
    if data.get("zone"):
        return str(data["zone"])
    for name, zones in ZONES.items():
        if found := dict(choices.get(zones, ())).get(data.get(name, "")):
            return found
    return ""
