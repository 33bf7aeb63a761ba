"""What the pages of a viewing show of its purposes, stills and bookmarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.footage.marks import selectors
from cctv.footage.marks.forms import ChangeForm
from cctv.footage.models import ViewingSession
from cctv.footage.viewings.purposes import Stated, common_purposes, in_turn, in_turn_of
from cctv.people.access import Request
from cctv.sites.models import Camera
from cctv.templatetags import _times

# Remembered for the next picture.
LAST_REASON = "last_still_reason"
RING = 69.1  # circumference of the clock's ring, as components/deadline.html draws it


def room_context(request: Request, session: ViewingSession, cameras: Sequence[Camera]) -> dict[str, Any]:
    """What the session bar and the panels of the room are rendered with."""
    initial = {"purpose": session.purpose.code, "case": session.case, "reason": session.purpose_text}
    purposes = common_purposes(cameras)
    return {
        "purposes": purposes,
        "form": ChangeForm(purposes=purposes, initial=initial),
        "last_reason": request.session.get(LAST_REASON, session.purpose_text),
        "whole": max(1, int((session.valid_until - session.opened_at).total_seconds())),
        "ring": RING,
        # What a hold keeps past its retention gives none; the service refuses it one by one.
        "may_keep": session.hold is None,
        "may_stills": request.permissions.may("still.see", site_id=session.site_id),
        "panels": panel_facts(session, cameras),
    }


def panel_facts(session: ViewingSession, cameras: Sequence[Camera]) -> dict[str, Any]:
    """The addresses that the panels' scripts ask, by camera where they are a camera's own."""
    site, pk = session.site.code, session.pk
    names = {"keep": "still-keep", "recent": "recent", "motion": "motion", "search": "search"}
    return {
        "case": session.case,
        "bookmarks": reverse("viewing-bookmarks", args=[pk]),
        "restore": reverse("bookmark-restore", args=[site]),
        "cameras": {
            camera.code: {
                key: reverse(f"viewing-{name}", args=[pk, camera.code]) for key, name in names.items()
            }
            for camera in cameras
        },
    }


def time_left(session: ViewingSession) -> dict[str, Any]:
    """How long the session lasts: seconds, and the time of its end on the site's clocks."""
    left = int((session.valid_until - clock.now()).total_seconds())
    ends = _times.localise(session.valid_until, session.site.time_zone)
    return {"seconds_left": left, "ends": _times.absolute(ends, "minute")}


def closed_context(session: ViewingSession) -> dict[str, Any]:
    """What the page of a closed viewing tells beside what was sent."""
    return {
        "purposes": purposes_of(session),
        "stills": list(selectors.stills_of(session)),
        "bookmarks": list(selectors.bookmarks_made_in(session)),
    }


def purposes_of(session: ViewingSession) -> list[Stated]:
    """The purposes in turn; while the log cannot be read, none."""
    try:
        return in_turn(session)
    except AccessLogError:
        return []


@dataclass(frozen=True, slots=True)
class Row:
    """A viewing in a list: its purposes in turn, and how many stills that live were kept in it."""

    session: ViewingSession
    purposes: list[str]
    stills: int


def rows_of(sessions: Iterable[ViewingSession]) -> list[Row]:
    """The viewings of one person, as their list shows them."""
    found = list(sessions)
    try:
        turns = in_turn_of(found)
    except AccessLogError:
        turns = {}
    kept = selectors.stills_kept(found)
    return [
        Row(
            session,
            [each.text for each in turns.get(session.pk, [])] or [session.purpose.name],
            kept.get(session.pk, 0),
        )
        for session in found
    ]
