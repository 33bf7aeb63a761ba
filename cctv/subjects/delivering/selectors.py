"""What pages show of copies."""

from typing import Any

from cctv.people.policy import Permissions
from cctv.subjects.deciding import words
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import carrying, erasing, found
from cctv.subjects.delivering.models import AppointmentState, Delivery, DeliverySending
from cctv.subjects.delivering.services import GIVEN, deliveries, is_open
from cctv.subjects.requests import story
from cctv.subjects.requests.models import STANDING, RequestKind, RequestState, SubjectRequest

# Visits that a showing can belong to.
WAITING = (AppointmentState.PROPOSED, AppointmentState.AGREED)


def open_copies(request: SubjectRequest) -> list[Delivery]:
    """Those that the requester may open now."""
    if request.state != RequestState.DECIDED or request.verified_at is None:
        return []
    return [each for each in deliveries().filter(request=request, ended_at=None) if is_open(each)]


def for_portal(request: SubjectRequest) -> dict[str, Any]:
    """For the page of the decision: what is there to be opened."""
    copies = open_copies(request)
    ended = None if copies else request.deliveries.exclude(ended_at=None).order_by("-open_until").first()
    ended_on = words.last_day(request, ended.open_until) if ended else ""
    return {"copies": copies, "is_watched": is_told(request), "ended_on": ended_on}


def is_told(request: SubjectRequest) -> bool:
    """Whether who has watched them is told to this requester: it was granted, and is not over."""
    if request.kind != RequestKind.WATCHED or request.verified_at is None:
        return False
    if request.state != RequestState.DECIDED:
        return False
    last = request.decisions.filter(state=DecisionState.SENT).exclude(outcome=Outcome.POSTPONED)
    return last.order_by("-sent_at").values_list("outcome", flat=True).first() in GIVEN


def for_desk(request: SubjectRequest, permissions: Permissions) -> dict[str, Any]:
    """For the page of the request: looking for it, copies and how often they left, what an erasure takes."""
    may = {each: permissions.may(f"request.{each}", site_id=request.site_id) for each in ("work", "handle")}
    cameras = found.cameras_of(request) if found.may_look(request, permissions) else []
    return {
        "found": request,
        "may_find": may["work"] and bool(cameras) and request.state in (*STANDING, RequestState.DECIDED),
        "searched": found.searched(request),
        "copies": deliveries().filter(request=request).prefetch_related("sendings"),
        "may_handle": may["handle"],
        "may_stop": carrying.is_to_stop(request)
        and permissions.may(carrying.CHANGE, site_id=request.site_id),
        "erasing": erasing.outlook(erasing.whole(request)) if _is_to_erase(request, may) else None,
        "waiting": waiting(request, permissions),
    }  # fmt: skip


def _is_to_erase(request: SubjectRequest, may: dict[str, bool]) -> bool:
    """Whether it helps to know what an erasure would take."""
    return request.kind == RequestKind.ERASURE and may["handle"] and request.state in STANDING


def waiting(request: SubjectRequest, permissions: Permissions) -> Decision | None:
    """A decision that was sent and is not carried out, if this reader may do that."""
    action = carrying.ACTIONS.get(request.kind)
    if action is None or not permissions.may(action, site_id=request.site_id):
        return None
    sent = request.decisions.filter(state=DecisionState.SENT, done__has_key=carrying.WAITS)
    return sent.order_by("-sent_at").first()


def appointments(request: SubjectRequest) -> list[Any]:
    """Visits that a showing can belong to."""
    return list(request.appointments.filter(state__in=WAITING).order_by("at"))


def was_shown(request: SubjectRequest) -> bool:
    """Whether a showing of it was begun at our place."""
    rows = DeliverySending.objects.filter(delivery__request=request)
    return rows.exclude(terminal=story.PORTAL).exists()
