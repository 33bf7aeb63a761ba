"""What the pages of a request show."""

from typing import Any

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.subjects import clocks
from cctv.subjects.deciding import objecting
from cctv.subjects.deciding import words as told
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.deciding.proposing import has_objection
from cctv.subjects.delivering.models import Appointment, AppointmentState
from cctv.subjects.delivering.selectors import for_portal
from cctv.subjects.identity import settling, showing
from cctv.subjects.portal.words import STAGES
from cctv.subjects.requests import messages
from cctv.subjects.requests.models import STANDING, RequestActKind, RequestState, SubjectRequest

_OVER = (RequestState.WITHDRAWN, RequestState.CLOSED)
_REACHED = {
    "received": RequestActKind.RECEIVED, "replied": RequestActKind.REPLIED,
    "verified": RequestActKind.VERIFIED, "working": RequestActKind.PROPOSED,
    "deciding": RequestActKind.DECIDED, "decided": RequestActKind.DECIDED,
}  # fmt: skip


def status_of(subject_request: SubjectRequest) -> dict[str, Any]:
    """The status page: clock, what to do next, stages, visits, messages."""
    stands = subject_request.state in STANDING
    return {
        "zone": subject_request.site.time_zone,
        "asked": told.ASKED[subject_request.kind],
        "due": told.last_day(subject_request, subject_request.due_at) if subject_request.due_at else "",
        "days_left": _days_left(subject_request),
        "stands": stands,
        "is_over": subject_request.state in _OVER,
        "is_late": stands and bool(subject_request.due_at and subject_request.due_at <= clock.now()),
        "span": told.span(subject_request),
        "kept_until": told.kept_until(subject_request)[0],
        "is_frozen": told.frozen_at(subject_request) is not None,
        "stages": stages_of(subject_request),
        "visits": visits_of(subject_request),
        "messages": messages.listing(subject_request),
        "decision": decision_of(subject_request),
        "may_object": objecting.may_object(subject_request),
        "is_awaited": settling.is_awaited(subject_request),
        "is_shown": showing.is_sent(subject_request),
        "is_objected": has_objection(subject_request),
        **for_portal(subject_request),
    }


def _days_left(subject_request: SubjectRequest) -> int | None:
    if subject_request.due_at is None or subject_request.paused_at is not None:
        return None
    zone = told.zone_of(subject_request)
    left = clocks.last_day(subject_request.due_at, zone) - clock.now().astimezone(zone).date()
    return max(0, left.days)


def stages_of(subject_request: SubjectRequest) -> list[dict[str, Any]]:
    """The way of a request: what is past and when, where it stands, what is still to come."""
    times: dict[str, Any] = {}
    for act in subject_request.acts.order_by("at", "id"):
        times.setdefault(act.kind, act.at)
    rows: list[dict[str, Any]] = []
    for name, label in STAGES:
        at = times.get(_REACHED[name])
        rows.append({"name": name, "label": label, "at": at, "state": "past" if at else "todo"})
    if subject_request.state in STANDING:
        for row in rows:
            if row["state"] == "todo":
                row["state"] = "now"
                break
    else:
        rows = [row for row in rows if row["state"] == "past"]
    if subject_request.state in _OVER:
        label = _("Withdrawn") if subject_request.state == RequestState.WITHDRAWN else _("Closed")
        rows.append({"name": "over", "label": label, "at": subject_request.closed_at, "state": "past"})
    return rows


def visits_of(subject_request: SubjectRequest) -> list[Appointment]:
    """Visits that are to come."""
    waiting = (AppointmentState.PROPOSED, AppointmentState.AGREED)
    rows = Appointment.objects.filter(request=subject_request, state__in=waiting, at__gt=clock.now())
    return list(rows.order_by("at"))


def decision_of(subject_request: SubjectRequest) -> Decision | None:
    """The last answer that was sent."""
    sent = Decision.objects.filter(request=subject_request, state=DecisionState.SENT)
    return sent.order_by("-sent_at").first()
