"""Browsing and viewing pages. No picture on any of them unless a viewing is open."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core import clock
from cctv.footage import catalogue, room, selectors
from cctv.footage import viewing as sessions
from cctv.footage.forms import BY_DAY, EXACT, PurposeForm, SpanForm
from cctv.footage.marks import panels
from cctv.footage.models import CloseReason, ViewingSession
from cctv.footage.picking import picking_of
from cctv.footage.viewings.closing import idle_left
from cctv.footage.viewings.purposes import common_purposes
from cctv.footage.wall.selectors import cards
from cctv.footage.wall.views import wall_of
from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.sites.models import Camera, Site

BROWSE, WATCH = "footage.browse", "footage.watch"
DAYS_SHOWN = 31


@require_GET
@requires(BROWSE)
def sites(request: Request) -> HttpResponse:
    """The sites where the person may browse, as cards without pictures."""
    allowed = request.permissions.sites(BROWSE)
    query = Site.objects.filter(retired_at__isnull=True)
    if allowed is not None:
        query = query.filter(pk__in=allowed)
    return render(request, "cctv/footage/sites.html", {"cards": cards(query)})


@require_GET
@requires(BROWSE)
def site(request: Request, site_code: str) -> HttpResponse:
    """The cameras of a site, their state, and today's coverage."""
    site = site_or_404(request, site_code, BROWSE)
    wall = wall_of(request, site)
    picking = picking_of(site, selectors.active_cameras(site), permissions=request.permissions)
    context = {
        "site": site,
        "wall": wall,
        "picking": picking,
        "zone": wall["zone"],
        "today": wall["today"],
    }
    return render(request, "cctv/footage/site.html", context)


@require_GET
@requires(BROWSE)
def camera(request: Request, site_code: str, camera_code: str) -> HttpResponse:
    """The days of a camera, newest first."""
    site = site_or_404(request, site_code, BROWSE)
    camera = get_object_or_404(Camera.objects.select_related("site", "zone"), site=site, code=camera_code)
    zone = ZoneInfo(site.time_zone)
    today = clock.now().astimezone(zone).date()
    days = selectors.days_of(camera=camera, zone=zone, last=today, count=DAYS_SHOWN)
    rows = [{"day": day, "bars": _bars(day.spans, day.start, day.end)} for day in days]
    last_used = max((index for index, row in enumerate(rows) if row["bars"]), default=-1)
    context = {"site": site, "camera": camera, "rows": rows[: last_used + 1], "zone": zone, "today": today}
    return render(request, "cctv/footage/camera.html", context)


@require_GET
@requires(BROWSE)
def camera_day(request: Request, site_code: str, camera_code: str, day: date) -> HttpResponse:
    """One day of a camera: what is recorded, and the form that asks for a stretch of it."""
    site = site_or_404(request, site_code, BROWSE)
    camera = get_object_or_404(Camera.objects.select_related("site", "zone"), site=site, code=camera_code)
    zone = ZoneInfo(site.time_zone)
    start, end = catalogue.day_span(day, zone)
    spans = selectors.coverage(camera_id=camera.pk, start=start, end=end)
    others = [other for other in selectors.active_cameras(site) if other.pk != camera.pk]
    missing = catalogue.gaps(spans, start, min(end, clock.now())) if start < clock.now() else []
    last = spans[-1] if spans else None
    suggested = (max(last[0], last[1] - timedelta(minutes=10)), last[1]) if last else None
    context = {
        "site": site,
        "camera": camera,
        "day": day,
        "zone": zone,
        "spans": spans,
        "gaps": missing,
        "bars": _bars(spans, start, end),
        "hours": _hours(start, end, zone),
        "others": others,
        "recorded_seconds": catalogue.total_seconds(spans),
        "stretches": [
            {"start": a, "end": b, "from_text": _clock(a, zone), "to_text": _clock(b, zone)} for a, b in spans
        ],
        "from_text": _clock(suggested[0], zone) if suggested else "",
        "to_text": _clock(suggested[1], zone) if suggested else "",
        "may_hold": request.permissions.may("hold.place", site_id=site.pk),
        "may_export": request.permissions.may("export.ask", site_id=site.pk),
        "may_view": request.permissions.may("footage.view", site_id=site.pk),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if end <= clock.now() else None,
    }
    return render(request, "cctv/footage/day.html", context)


@require_http_methods(["GET", "POST"])
@requires("footage.view")
def viewing_new(request: Request, site_code: str) -> HttpResponse:
    """The purpose sheet: asks why, previews what the log will say, and opens the session."""
    site = site_or_404(request, site_code, "footage.view")
    data = request.POST if request.method == "POST" else request.GET
    span_form = SpanForm(data, site=site)
    if not span_form.is_valid():
        return render(request, "cctv/footage/span.html", {"site": site, "form": span_form}, status=400)
    cameras: list[Camera] = span_form.cleaned_data["camera"]
    start, end = span_form.cleaned_data["span"]
    hold = _hold(request, site, data.get("hold", ""))
    purposes = common_purposes(cameras)
    bound = request.POST if request.method == "POST" else None
    initial = _purpose_initial(request, data, cameras, purposes)
    back = _back_to_choosing(site, cameras, span_form)
    if hold is not None:
        initial |= {"hold": hold.pk, "case": hold.case}
        back = reverse("hold", args=[hold.number])
    form = PurposeForm(bound, site=site, purposes=purposes, initial=initial)
    if bound is not None and form.is_valid():
        return _open_viewing(request, cameras, (start, end), form, hold)
    context = {
        "site": site,
        "form": form,
        "cameras": cameras,
        "start": start,
        "end": end,
        "zone": ZoneInfo(site.time_zone),
        "to_the_second": bool(start.second or end.second),
        "purposes": purposes,
        "camera_names": ", ".join(camera.name for camera in cameras),
        "back": back,
        "hold": hold,
    }
    return render(request, "cctv/footage/purpose.html", context, status=400 if bound is not None else 200)


def _back_to_choosing(site: Site, cameras: list[Camera], form: SpanForm) -> str:
    """The page that the span was chosen on: the site's timeline, where it is drawn again, or a day's."""
    if "day" in form.cleaned_data:
        return reverse("camera-day", args=[site.code, cameras[0].code, form.cleaned_data["day"]])
    chosen = {name: form.data[name] for name in EXACT} | {"camera": [camera.code for camera in cameras]}
    return f"{reverse('site', args=[site.code])}?{urlencode(chosen, doseq=True)}"


def _hold(request: Request, site: Site, text: str) -> Any:
    """The hold of this site that the viewing is to be opened from; None without one."""
    if not text:
        return None
    request.permissions.require("hold.see", site_id=site.pk)
    try:
        hold = apps.get_model("cctv", "Hold")._default_manager.filter(pk=UUID(text), site=site).first()
    except ValueError:
        raise NotFound from None
    if hold is None:
        raise NotFound
    return hold


def _sent_rows(session: ViewingSession) -> list[dict[str, Any]]:
    """What was sent: each stretch of video and each still, and small pictures summed up per camera."""
    rows: list[dict[str, Any]] = []
    small: dict[UUID, dict[str, Any]] = {}
    for span in session.sent.select_related("camera").order_by("camera__name", "starts_at"):
        row = {
            "camera": span.camera,
            "start": span.starts_at,
            "end": span.ends_at,
            "kind": span.kind,
            "count": 1,
        }
        if span.kind != "thumbs":
            rows.append(row)
        elif span.camera_id in small:
            small[span.camera_id]["end"] = span.ends_at
            small[span.camera_id]["count"] += 1
        else:
            small[span.camera_id] = row
            rows.append(row)
    return rows


def _purpose_initial(request: Request, data: Any, cameras: list[Camera], purposes: Any) -> dict[str, Any]:
    """The sheet remembers the last case; a digit and Enter do the rest."""
    return {
        **{name: data.get(name, "") for name in (*BY_DAY, *EXACT)},
        "camera": [camera.code for camera in cameras],
        "case": request.session.get("last_case", ""),
        # A purpose is chosen, not accepted: only where there is no other is it chosen already.
        "purpose": purposes[0].code if len(purposes) == 1 else None,
        "minutes": 60,
    }


def _open_viewing(
    request: Request, cameras: list[Camera], span: tuple[datetime, datetime], form: PurposeForm, hold: Any
) -> HttpResponse:
    session = sessions.open_viewing(
        actor=request.account,
        terminal=terminal_of(request),
        cameras=cameras,
        purpose=form.cleaned_data["purpose"],
        starts_at=span[0],
        ends_at=span[1],
        minutes=form.cleaned_data["minutes"],
        reason=form.cleaned_data["reason"],
        case=form.cleaned_data["case"],
        hold=hold,
    )
    request.session["last_case"] = session.case
    return redirect("viewing", pk=session.pk)


@require_GET
@requires("viewings.own")
def viewings(request: Request) -> HttpResponse:
    """The person's own viewings, open ones first."""
    own = ViewingSession.objects.filter(actor=request.account).select_related("site", "purpose")
    now = clock.now()
    current = own.filter(closed_at__isnull=True, valid_until__gt=now).prefetch_related("cameras")
    past = own.exclude(closed_at__isnull=True, valid_until__gt=now).prefetch_related("cameras")[:50]
    sections = [(_("Open"), panels.rows_of(current)), (_("Closed"), panels.rows_of(past))]
    context = {"open": current, "closed": past, "sections": sections}
    return render(request, "cctv/footage/viewings.html", context)


@require_GET
@requires(WATCH)
def viewing(request: Request, pk: UUID) -> HttpResponse:
    """The player room of an open session; a closed one says what it sent."""
    session = own_session(request, pk)
    zone = ZoneInfo(session.site.time_zone)
    cameras = list(session.cameras.order_by("name"))
    sent = _sent_rows(session)
    over = session.closed_at is not None or clock.now() >= session.valid_until
    if over or not sessions.hold_stands(session):
        context = {"session": session, "zone": zone, "sent": sent, "cameras": cameras}
        context |= panels.closed_context(session)
        return render(request, "cctv/footage/viewing_closed.html", context)
    sessions.touch(session)
    rows = room.cameras_of(session)
    context = {
        "session": session,
        "zone": zone,
        "rows": rows,
        "seconds_left": room.seconds_left(session),
        "facts": room.facts_of(session, rows),
        "timeline_cameras": [each.camera for each in rows],
        "layouts": room.layouts_for(len(rows)),
        "key_names": room.key_names(),
        "modules": room.modules(),
        "may_case": request.permissions.may("case.change", site_id=session.site_id),
        "may_hold": session.hold is None and request.permissions.may("hold.place", site_id=session.site_id),
        "may_export": session.hold is None and request.permissions.may("export.ask", site_id=session.site_id),
        "watch_only": not request.permissions.may("footage.view", site_id=session.site_id),
        "may_redact": request.permissions.may("redaction.edit", site_id=session.site_id),
        **panels.room_context(request, session, cameras),
    }
    return render(request, "cctv/footage/viewing.html", context)


@require_POST
@requires(WATCH)
def viewing_close(request: Request, pk: UUID) -> HttpResponse:
    """Close the session; its page then sums it up. `idle`: the page found that nobody uses it any more."""
    session = own_session(request, pk)
    reason = CloseReason.IDLE if "idle" in request.POST else CloseReason.USER
    sessions.close_viewing(session, reason=reason)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"closed": True})
    return redirect("viewing", pk=session.pk)


@require_POST
@requires(WATCH)
def viewing_extend(request: Request, pk: UUID) -> HttpResponse:
    """Half an hour more."""
    session = sessions.extend_viewing(own_session(request, pk), minutes=30)
    said = _("The viewing goes on for another 30 minutes.")
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"said": said, **panels.time_left(session)})
    messages.success(request, said)
    return redirect("viewing", pk=session.pk)


@require_POST
@requires(WATCH)
def viewing_alive(request: Request, pk: UUID) -> JsonResponse:
    """How long the session lasts; with `here` the page says that somebody used it, so it is not idle."""
    session = own_session(request, pk)
    sessions.require_open(session)
    if "here" in request.POST:
        sessions.touch(session)
    return JsonResponse(panels.time_left(session) | {"idle_left": idle_left(session)})


def own_session(request: Request, pk: UUID) -> ViewingSession:
    """The person's own session; anybody else's does not exist for them."""
    session = (
        ViewingSession.objects.filter(pk=pk, actor=request.account)
        .select_related("site", "purpose", "actor", "hold")
        .first()
    )
    if session is None:
        raise NotFound
    return session


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """A wall-clock time in the zone, as a time field wants it."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def _bars(spans: Any, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """SVG bars: x and width in percent, with the span for the title."""
    bars = []
    for a, b in spans:
        left = catalogue.percent(a, start, end)
        width = max(catalogue.percent(b, start, end) - left, 0.15)
        bars.append({"x": left, "width": round(width, 3), "start": a, "end": b})
    return bars


def _hours(start: datetime, end: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Labels each three hours of a day."""
    return [
        tick for index, tick in enumerate(_ticks(start, end, zone, step=timedelta(hours=1))) if index % 3 == 0
    ]


def _ticks(
    start: datetime, end: datetime, zone: ZoneInfo, step: timedelta | None = None
) -> list[dict[str, Any]]:
    """About eight labelled ticks over the span, on round local times."""
    if step is None:
        choices = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800)
        wanted = (end - start).total_seconds() / 8
        step = timedelta(seconds=next((choice for choice in choices if choice >= wanted), choices[-1]))
    first = start.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(start.tzinfo)
    ticks = []
    moment = first
    while moment <= end:
        if moment >= start:
            local = moment.astimezone(zone)
            text = local.strftime("%H:%M" if step >= timedelta(minutes=1) else "%H:%M:%S")
            ticks.append({"x": catalogue.percent(moment, start, end), "text": text})
        moment += step
    return ticks
