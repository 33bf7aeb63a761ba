"""Questions that follow from an entry: each is an address of the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accesslog import registry, sentences
from accesslog.desk.filters import GROUP
from accesslog.desk.groups import group

VIEWINGS = "viewings"
MINUTE = "%Y-%m-%dT%H:%M"
MAX_CAMERAS = 4

Body = Mapping[str, Any]


def about(body: Body, kind: str, *, personal: bool) -> list[tuple[str, str]]:
    """(question, address) of what one asks next of an entry, within what the reader may see."""
    found = []
    cameras = list(_cameras(body))[:MAX_CAMERAS]
    for camera in cameras:
        told = {"camera": camera.get("name") or camera["id"]}
        if span := _span(body):
            title = _("Who saw %(camera)s in this time?") if len(cameras) > 1 else _("Who saw this minute?")
            if not _is_minute(body):
                title = _("Who saw %(camera)s in this time?")
            found.append((title % told, address(camera=camera["id"], kind=_viewings(), **span)))
        found.append((_("Everything about %(camera)s") % told, address(camera=camera["id"])))
    actor = _shown(body, "actor", kind, personal)
    if isinstance(actor, Mapping) and actor.get("id"):
        person = {"person": actor.get("name") or actor["id"]}
        found.append((_("What did %(person)s see?") % person, address(actor=actor["id"], kind=_viewings())))
    for name, title in (
        ("case", _("Everything about case %(value)s")),
        ("terminal", _("Everything from terminal %(value)s")),
    ):
        value = _shown(body, name, kind, personal)
        if isinstance(value, str) and value:
            found.append((title % {"value": value}, address(**{name: value})))
    return [(sentences.visible(question), leads) for question, leads in found]


def hrefs(body: Body, kind: str, *, personal: bool) -> dict[str, str]:
    """Field of a sentence to the question about what it names: people and cameras."""
    found = {}
    actor = _shown(body, "actor", kind, personal)
    if isinstance(actor, Mapping) and actor.get("id"):
        found["actor"] = address(actor=actor["id"])
    camera = body.get("camera")
    if isinstance(camera, Mapping) and camera.get("id"):
        found["camera"] = address(camera=camera["id"], **_span(body))
    return found


def address(**filters: str) -> str:
    """The desk with this question; empty filters are left out."""
    return f"{reverse('log')}?{urlencode({name: value for name, value in filters.items() if value})}"


def _viewings() -> str:
    return f"{GROUP}{VIEWINGS}" if group(VIEWINGS) else ""


def _shown(body: Body, name: str, kind: str, personal: bool) -> Any:
    if not personal and name in registry.get(kind).personal:
        return None
    return body.get(name)


def _cameras(body: Body) -> Iterable[Mapping[str, Any]]:
    several = body.get("cameras")
    for each in [body.get("camera"), *(several if isinstance(several, list) else [])]:
        if isinstance(each, Mapping) and each.get("id"):
            yield each


def _moments(body: Body) -> tuple[datetime, datetime] | None:
    ends = (body.get("from"), body.get("to"))
    if not all(isinstance(each, str) and sentences.MOMENT.match(each) for each in ends):
        return None
    starts, stops = (datetime.fromisoformat(str(each)) for each in ends)
    return starts, stops


def _is_minute(body: Body) -> bool:
    moments = _moments(body)
    return moments is not None and (moments[1] - moments[0]).total_seconds() <= 60


def _span(body: Body) -> dict[str, str]:
    """The footage of the entry as the desk's filter, by the clocks that the page reads them by."""
    moments = _moments(body)
    if moments is None:
        return {}
    zone = timezone.get_current_timezone()
    starts, stops = (each.astimezone(zone) for each in moments)
    # Seconds are kept where there are any: a still is an instant.
    forms = ["%Y-%m-%dT%H:%M:%S" if each.second else MINUTE for each in (starts, stops)]
    span = {"footage_from": starts.strftime(forms[0])}
    if stops > starts:
        span["footage_to"] = stops.strftime(forms[1])
    name = getattr(zone, "key", "")
    return {**span, "zone": name} if name else span
