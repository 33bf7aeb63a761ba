"""The question of a request: who asks, what, by which clocks, and what could be asked instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from accesslog import asking, conf, presenting, selectors
from accesslog.desk import questions
from accesslog.forms import QuestionForm
from accesslog.selectors import Filters
from accesslog.types import Scope

KNOWN_FROM = 200
# Names of choices that hold (id, zone), and the (zone, name of its place) where neither is chosen.
ZONES = {"camera": "camera_zone", "site": "site_zone"}
HOME_ZONE = "home_zone"
TIMES = tuple(f"{span}_{end}" for span in asking.SPANS for end in ("from", "to"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put; whether its form is valid is for the caller to see.

    `zone` is the one whose clocks the question's times are read by; once there is a time, `given` has it.
    """

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
                "zone_key": zone_key(self.zone),
                "has_times": any(self.given.get(each) for each in TIMES),
                "question": asking.sentence(self.form),
                "parts": asking.parts(self.form, self.given, zone=zone_key(self.zone)),
                "quick": asking.quick(self.form),
                "given": urlencode(self.given),
            }


def ask_of(request: HttpRequest) -> Asked:
    """The question of this request. Raises Http404 for whom the log does not exist."""
    scope = scope_of(request)
    recent = selectors.entries(filters=Filters(), scope=scope, limit=KNOWN_FROM).entries
    choices = _choices(request, presenting.known_labels(recent, personal=scope.bodies))
    zone = _zone(request.GET, choices)
    given = {name: str(request.GET[name]) for name in QuestionForm.base_fields if request.GET.get(name)}
    if request.GET.get("zone") == zone_key(zone) or any(given.get(each) for each in TIMES):
        given["zone"] = zone_key(zone)
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


def zone_key(zone: tzinfo) -> str:
    """The name of the zone, as an address gives it."""
    return str(getattr(zone, "key", "") or zone)


def quick(request: HttpRequest) -> str:
    """Where "who saw this camera on that day between these times" leads, or "" if it was not asked.

    Raises BadRequest for what is no day or no time of day.
    """
    data = request.GET
    if not data.get("day"):
        return ""
    try:
        day = date.fromisoformat(data["day"])
        after, until = (_time_of_day(data.get(name) or "00:00") for name in ("after", "until"))
    except ValueError as error:
        raise BadRequest("day, after, until") from error
    if not MINYEAR < day.year < MAXYEAR:  # its midnights exist by the clocks of every zone
        raise BadRequest("day")
    last = day if data.get("until") and until > after else day + timedelta(days=1)
    return questions.address(
        camera=data.get("camera", ""),
        footage_from=f"{day}T{after:%H:%M}",
        footage_to=f"{last}T{until:%H:%M}",
        kind=data.get("kind", ""),
        zone=zone_key(_zone(data, conf.choices_for(request) or {})),
    )


def _time_of_day(text: str) -> time:
    """ "HH:MM" and no more: neither seconds nor a distance from UTC. Raises ValueError."""
    if len(text) != len("00:00"):
        raise ValueError(text)
    return time.fromisoformat(text)


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


def _zone(data: QueryDict, choices: Mapping[str, Sequence[tuple[str, str]]]) -> tzinfo:
    """The zone asked for, else of the chosen camera or site, else the reader's own, else the active one.

    Never what entries say: the same address is to ask the same whatever was logged lately.
    """
    wanted = [str(data.get("zone", ""))]
    wanted += [dict(choices.get(zones, ())).get(data.get(name, ""), "") for name, zones in ZONES.items()]
    wanted += [name for name, _place in choices.get(HOME_ZONE, ())]
    found = (presenting.zone_named(each) for each in wanted)
    return next((each for each in found if each is not None), timezone.get_current_timezone())
