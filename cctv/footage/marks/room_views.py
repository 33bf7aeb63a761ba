"""What the player room asks about an open viewing beside its pictures: purpose, stills, bookmarks, viewings.

Each address is of the person's own viewing at its own terminal; somebody else's does not exist.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.footage import viewing as sessions
from cctv.footage.errors import OtherTerminal, OutsideViewing, PurposeRequired
from cctv.footage.marks import bookmarks as marks
from cctv.footage.marks import recent as looks
from cctv.footage.marks import selectors, stills
from cctv.footage.marks.errors import BookmarkRefused
from cctv.footage.marks.forms import BookmarkedForm, ChangeForm
from cctv.footage.marks.models import Bookmark
from cctv.footage.marks.panels import LAST_REASON
from cctv.footage.media_views import moment, opened, private, stream
from cctv.footage.models import ViewingSession
from cctv.footage.viewings.purposes import common_purposes
from cctv.footage.views import own_session
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.templatetags import _times

VIEW, WATCH = "footage.view", "footage.watch"


def of_json(request: Request) -> bool:
    """Whether a script asks; a page gets a page."""
    return "application/json" in request.headers.get("Accept", "")


@require_http_methods(["GET", "POST"])
@requires(VIEW)
def purpose(request: Request, pk: UUID) -> HttpResponse:
    """Go on for another purpose: a page of its own, and what the sheet in the room posts to."""
    session = _open(request, pk)
    cameras = list(session.cameras.order_by("name"))
    purposes = common_purposes(cameras)
    initial = {"purpose": session.purpose.code, "case": session.case, "reason": session.purpose_text}
    form = ChangeForm(request.POST or None, purposes=purposes, initial=initial)
    if request.method == "POST" and form.is_valid():
        changed = sessions.change_purpose(session, **form.cleaned_data)
        request.session["last_case"] = changed.case
        said = _("From here on you view for %(purpose)s.") % {"purpose": changed.purpose.name}
        if of_json(request):
            mark = f"{changed.actor.name} · {changed.case or changed.purpose.name}"
            return JsonResponse(
                {"purpose": changed.purpose.name, "case": changed.case, "mark": mark, "said": said}
            )
        messages.success(request, said)
        return redirect("viewing", session.pk)
    if form.is_bound and of_json(request):
        raise PurposeRequired
    context = {
        "session": session,
        "form": form,
        "cameras": cameras,
        "purposes": purposes,
        "zone": ZoneInfo(session.site.time_zone),
    }
    status = 400 if form.is_bound else 200
    return render(request, "cctv/footage/purpose_change.html", context, status=status)


@require_POST
@requires(VIEW)
def still(request: Request, pk: UUID, camera_code: str) -> StreamingHttpResponse:
    """The frame at a time, full size, to take away: its reason is in the log before it leaves."""
    session, camera = opened(request, pk, camera_code)
    at, reason = moment(request.POST.get("at", "")), request.POST.get("reason", "")
    answer = stream(session, stills.hand_out(session, camera=camera, at=at, reason=reason), "image/jpeg")
    answer["Content-Disposition"] = f'attachment; filename="{stills.file_name(camera, at)}"'
    request.session[LAST_REASON] = reason
    return answer


@require_POST
@requires(VIEW)
def still_keep(request: Request, pk: UUID, camera_code: str) -> JsonResponse:
    """Keep the frame at a time, sealed; the answer says where it is."""
    session, camera = opened(request, pk, camera_code)
    at, reason = moment(request.POST.get("at", "")), request.POST.get("reason", "")
    kept = stills.keep(session, camera=camera, at=at, reason=reason)
    request.session[LAST_REASON] = reason
    clock_text = _clock(kept.at, session)
    said = _("The still of %(camera)s at %(time)s is kept, sealed.")
    return JsonResponse(
        {
            "said": said % {"camera": camera.name, "time": clock_text},
            "url": reverse("still", args=[session.site.code, kept.pk]),
            "camera": camera.code,
            "at": _ms(kept.at),
        },
        status=201,
    )


@require_http_methods(["GET", "POST"])
@requires(WATCH)
def bookmarks(request: Request, pk: UUID) -> HttpResponse:
    """The bookmarks that lie in the viewing; a new one."""
    session = _open(request, pk)
    if request.method == "GET":
        rows = selectors.bookmarks_in(session)
        return private(JsonResponse({"bookmarks": [_bookmark(row, session) for row in rows]}))
    form = BookmarkedForm(request.POST)
    if not form.is_valid():
        raise BookmarkRefused
    data = form.cleaned_data
    camera = session.cameras.filter(code=data["camera"]).first()
    if camera is None:
        raise OutsideViewing
    made = marks.make(
        session,
        camera=camera,
        starts_at=_moment(data["starts_at"]),
        ends_at=_moment(data["ends_at"]) if data["ends_at"] is not None else None,
        note=data["note"],
        case=data["case"],
    )
    said = _("%(camera)s at %(time)s is bookmarked.")
    said %= {"camera": camera.name, "time": _clock(made.starts_at, session)}
    return JsonResponse({"said": said, "bookmark": _bookmark(made, session)}, status=201)


@require_GET
@requires(VIEW)
def recent(request: Request, pk: UUID, camera_code: str) -> HttpResponse:
    """Who looked at this camera lately, as far as the viewer may know, in sentences."""
    session, camera = opened(request, pk, camera_code)
    found = looks.recent_viewings(camera, reader=request.account, terminal=terminal_of(request))
    rows = [_viewed(row, session, everybody=found.everybody) for row in found.sessions]
    return private(JsonResponse({"everybody": found.everybody, "viewings": rows}))


def _open(request: Request, pk: UUID) -> ViewingSession:
    """The person's own open viewing, at its own terminal."""
    session = own_session(request, pk)
    sessions.require_open(session)
    if terminal_of(request) != session.terminal:
        raise OtherTerminal
    return session


def _bookmark(row: Bookmark, session: ViewingSession) -> dict[str, Any]:
    mine = row.made_by_id == session.actor_id
    where = [session.site.code, row.pk]
    return {
        "id": str(row.pk),
        "camera": row.camera.code,
        "from": _ms(row.starts_at),
        "to": _ms(row.ends_at),
        "note": row.note,
        "case": row.case,
        "by": row.made_by.name,
        "change": reverse("bookmark", args=where) if mine else "",
        "remove": reverse("bookmark-remove", args=where) if marks.may_remove(row, session.actor) else "",
    }


def _viewed(row: ViewingSession, session: ViewingSession, *, everybody: bool) -> dict[str, Any]:
    """One viewing as a sentence: who, which footage, why."""
    zone = ZoneInfo(session.site.time_zone)
    footage = " ".join(_times.span(row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)))
    said = {"name": row.actor.name, "footage": footage, "purpose": row.purpose.name, "case": row.case}
    if row.case:
        text = _("%(name)s opened %(footage)s for %(purpose)s, case %(case)s.") % said
    else:
        text = _("%(name)s opened %(footage)s for %(purpose)s.") % said
    opened_at = _times.absolute(row.opened_at.astimezone(zone), "datetime")
    return {"when": opened_at, "text": text, "this": row.pk == session.pk, "mine": not everybody}


def _clock(at: datetime, session: ViewingSession) -> str:
    return at.astimezone(ZoneInfo(session.site.time_zone)).strftime("%H:%M:%S")


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise OutsideViewing from None
