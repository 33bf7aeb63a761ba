"""The editor's pages: a new redaction out of a viewing, and the editor itself, a room as the viewing's."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from cctv.core import clock
from cctv.footage import room
from cctv.footage import viewing as sessions
from cctv.footage.errors import OtherTerminal
from cctv.footage.models import ViewingSession
from cctv.footage.views import own_session
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.redaction import services as redactions
from cctv.redaction.editing.forms import NewForm, suggested
from cctv.redaction.editing.opening import ACTION, require_inside
from cctv.redaction.editing.views import opened
from cctv.redaction.ended import require_there
from cctv.redaction.errors import MadeOfOther, NothingRecorded, RedactionRefused
from cctv.redaction.models import Redaction, State

VIEW = "footage.view"


@require_http_methods(["GET", "POST"])
@requires(ACTION)
def new(request: Request, pk: UUID) -> HttpResponse:
    """The sheet of a new redaction: camera, stretch, what will be seen; and those of this footage so far."""
    session = own_session(request, pk)
    sessions.require_open(session)
    request.permissions.require(ACTION, site_id=session.site_id)
    if terminal_of(request) != session.terminal:
        raise OtherTerminal
    status = 400
    if request.method == "POST":
        form = NewForm(request.POST, session=session)
        if form.is_valid():
            try:
                return _begin(session, form)
            except (NothingRecorded, MadeOfOther, RedactionRefused) as refused:
                # Another stretch mends it, so the sheet stays, and with it the way back to the viewing.
                form.add_error(None, f"{refused.message} {refused.hint}")
                status = refused.status
    else:
        form = NewForm(session=session, initial=suggested(session, request.GET.dict()))
    context = {
        "session": session,
        "form": form,
        "zone": ZoneInfo(session.site.time_zone),
        "cameras": list(form.fields["camera"].queryset),  # type: ignore[attr-defined]
        "earlier": _earlier(session),
    }
    return render(request, "cctv/redaction/new.html", context, status=status if form.is_bound else 200)


def _begin(session: ViewingSession, form: NewForm) -> HttpResponse:
    start, end = form.cleaned_data["span"]
    made = redactions.begin(
        session=session,
        camera=form.cleaned_data["camera"],
        starts_at=start,
        ends_at=end,
        mode=form.cleaned_data["mode"],
        subject_kind=form.cleaned_data["subject_kind"],
    )
    return redirect(_editor(made, session))


def _earlier(session: ViewingSession) -> list[tuple[Redaction, str]]:
    """What was begun of this footage and can be gone on with in this viewing, and where."""
    rows = Redaction.objects.filter(
        site=session.site, camera__in=session.cameras.all(), starts_at__gte=session.starts_at,
        ends_at__lte=session.ends_at, hold=session.hold,
    ).exclude(state=State.CANCELLED)  # fmt: skip
    return [(row, _editor(row, session)) for row in rows.select_related("camera")[:20]]


@require_GET
@requires(ACTION)
def edit(request: Request, number: str) -> HttpResponse:
    """The editor, in the viewing that the address names; without one, in an own open one, or to a new one."""
    rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold")
    redaction = numbered_or_404(request, rows, number, ACTION)
    require_there(redaction)
    if not request.GET.get("viewing"):
        return redirect(_somewhere(request, redaction))
    redaction, session = opened(request, number)
    require_inside(redaction, session)
    return render(request, "cctv/redaction/edit.html", _context(redaction, session))


def _somewhere(request: Request, redaction: Redaction) -> str:
    """An own open viewing that covers the footage, or the sheet that asks why one is opened."""
    own = ViewingSession.objects.filter(
        actor=request.account, terminal=terminal_of(request), closed_at__isnull=True,
        valid_until__gt=clock.now(), cameras=redaction.camera, starts_at__lte=redaction.starts_at,
        ends_at__gte=redaction.ends_at, hold=redaction.hold,
    )  # fmt: skip
    session = own.order_by("-opened_at").first()
    if session is not None:
        return _editor(redaction, session)
    request.permissions.require(VIEW, site_id=redaction.site_id)
    query = {
        "camera": redaction.camera.code,
        "from": clock.rfc3339(redaction.starts_at),
        "to": clock.rfc3339(redaction.ends_at, round_up=True),
    }
    if redaction.hold is not None:
        query["hold"] = str(redaction.hold.pk)
    return f"{reverse('viewing-new', args=[redaction.site.code])}?{urlencode(query)}"


def _editor(redaction: Redaction, session: ViewingSession) -> str:
    return f"{reverse('redaction-edit', args=[redaction.number])}?viewing={session.pk}"


def _context(redaction: Redaction, session: ViewingSession) -> dict[str, Any]:
    rows = [each for each in room.cameras_of(session) if each.camera.pk == redaction.camera_id]
    facts = room.facts_of(session, rows)
    here = {"starts": redaction.starts_at, "ends": redaction.ends_at}
    facts |= {name: round(moment.timestamp() * 1000) for name, moment in here.items()}
    return {
        "redaction": redaction,
        "session": session,
        "zone": ZoneInfo(redaction.site.time_zone),
        "rows": rows,
        "facts": facts,
        "links": _links(redaction, session),
        "key_names": room.key_names(),
        "modules": modules(),
    }


def _links(redaction: Redaction, session: ViewingSession) -> dict[str, str]:
    data = reverse("redaction-data", args=[redaction.number])
    return {
        "data": f"{data}?viewing={session.pk}",
        "viewing": reverse("viewing", args=[session.pk]),
        "cancel": reverse("redaction-cancel", args=[redaction.number]),
        "again": reverse("redaction-again", args=[redaction.number]),
    }


@cache
def modules() -> tuple[str, ...]:
    """The editor's scripts below `static/`: the page asks for all at once, not for one after another."""
    folder = Path(str(finders.find("js/redaction")))
    return tuple(
        sorted(f"js/redaction/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.js"))
    )
