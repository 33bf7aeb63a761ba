"""The pages of legal holds. Each parses, calls one service, and shows what became of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accesslog import registry, sentences
from accesslog.errors import AccessLogError
from cctv.core import clock, workdays
from cctv.core.localtime import LAST_DAY, day_within_reach
from cctv.footage.forms import EXACT, MomentField
from cctv.footage.models import ViewingSession
from cctv.footage.viewing import LONGEST_SPAN, MOST_CAMERAS
from cctv.people.access import Request, numbered_or_404, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.retention.holds import ending, selectors, services
from cctv.retention.holds.errors import HoldNotLogged
from cctv.retention.holds.forms import HoldForm, ProlongForm, ReasonForm
from cctv.retention.holds.grounds import ground_text
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.holds.telling import DECIDE, PLACE
from cctv.sites.models import Site

SEE, VIEW = "hold.see", "footage.view"


@require_GET
@requires(SEE)
def holds(request: Request) -> HttpResponse:
    """What is held: what waits for the reader first, then what ends next, then what has ended."""
    text = request.GET.get("from", "")
    first = int(text) if text.isdecimal() and len(text) < 7 else 0
    sites = request.permissions.sites(SEE)
    found = selectors.overview(
        sites=sites, reader=request.account, permissions=request.permissions, first_ended=first
    )
    shown = selectors.ENDED_SHOWN
    context = {
        "found": found,
        "places": _places(request),
        "newer": f"?from={max(0, first - shown)}#ended" if first else "",
        "older": f"?from={first + shown}#ended" if found.more_ended else "",
    }
    return render(request, "cctv/holds/holds.html", context)


def _places(request: Request) -> list[Site]:
    """The sites at which the reader may place a hold."""
    allowed = request.permissions.sites(PLACE)
    sites = Site.objects.filter(retired_at=None).order_by("name")
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


@require_http_methods(["GET", "POST"])
@requires(PLACE)
def hold_new(request: Request, site_code: str) -> HttpResponse:
    """A new hold; cameras and span come filled in from a day's page or from an open viewing."""
    site = site_or_404(request, site_code, PLACE)
    if request.method == "POST":
        form = HoldForm(request.POST, site=site)
        if form.is_valid():
            return _place(request, site, form)
    else:
        form = HoldForm(site=site, initial=_initial(request, site))
    zone = ZoneInfo(site.time_zone)
    country = workdays.country_of(site.jurisdiction, site.time_zone)
    context = {
        "site": site,
        "form": form,
        "zone": zone,
        "decides": request.permissions.may(DECIDE, site_id=site.pk),
        "confirm_by": workdays.decision_times(clock.now(), zone=zone, country=country)[1],
        "back": request.GET.get("viewing", ""),
    }
    return render(request, "cctv/holds/new.html", context, status=400 if form.is_bound else 200)


def _initial(request: Request, site: Site) -> dict[str, Any]:
    zone = ZoneInfo(site.time_zone)
    if (session := _own_viewing(request, site)) is not None:
        return {
            **_span_initial(*(_exact_span(request) or (session.starts_at, session.ends_at)), zone),
            "camera": [camera.code for camera in session.cameras.all()],
            "case": session.case,
            "reason": session.purpose_text,
        }
    given = {name: request.GET[name] for name in ("day", "start", "end") if request.GET.get(name)}
    if (exact := _exact_span(request)) is not None:
        given = _span_initial(*exact, zone)
    elif "day" in given:
        given["end_day"] = _last_day(given)
    else:
        today = clock.now().astimezone(zone).date()
        given |= {"day": today.isoformat(), "end_day": today.isoformat()}
    return {**given, "camera": request.GET.getlist("camera"), "case": _case(request)}


def _case(request: Request) -> str:
    return request.GET.get("case", "")[:40] or str(request.session.get("last_case", ""))


def _exact_span(request: Request) -> tuple[datetime, datetime] | None:
    """What was chosen on a timeline: `from` and `to` in RFC 3339, outwards to whole seconds."""
    try:
        start, end = (MomentField().clean(request.GET.get(name, "")) for name in EXACT)
    except ValidationError:
        return None
    return start.replace(microsecond=0), (end + timedelta(microseconds=999_999)).replace(microsecond=0)


def _own_viewing(request: Request, site: Site) -> ViewingSession | None:
    try:
        pk = UUID(request.GET.get("viewing", ""))
    except ValueError:
        return None
    return ViewingSession.objects.filter(pk=pk, actor=request.account, site=site).first()


def _last_day(given: dict[str, str]) -> str:
    """An end at or before the start is on the next day, as on a day's page."""
    day = day_within_reach(given["day"])
    if day is None or day == LAST_DAY or given.get("end", "99") > given.get("start", ""):
        return given["day"]
    return (day + timedelta(days=1)).isoformat()


def _span_initial(start: datetime, end: datetime, zone: ZoneInfo) -> dict[str, str]:
    first, last = start.astimezone(zone), end.astimezone(zone)
    return {
        "day": first.date().isoformat(),
        "start": first.strftime("%H:%M:%S"),
        "end_day": last.date().isoformat(),
        "end": last.strftime("%H:%M:%S"),
    }


def _place(request: Request, site: Site, form: HoldForm) -> HttpResponse:
    data = form.cleaned_data
    try:
        placed = _placed(request, site, data)
    except AccessLogError as error:
        raise HoldNotLogged from error
    request.session["last_case"] = placed.hold.case
    said = ngettext(
        "%(number)s holds %(n)d recording.", "%(number)s holds %(n)d recordings.", placed.held
    ) % {"number": placed.hold.number, "n": placed.held}
    if placed.held:
        messages.success(request, said)
    else:
        messages.warning(request, _nothing_held(placed.hold))
    return redirect("hold", placed.hold.number)


def _nothing_held(hold: Hold) -> str:
    if hold.ends_at > clock.now():
        return _("%(number)s holds nothing yet.") % {"number": hold.number}
    return _(
        "%(number)s holds nothing: of that time there is no recording here. It came too late if there was"
        " one."
    ) % {"number": hold.number}


def _placed(request: Request, site: Site, data: dict[str, Any]) -> services.Placed:
    return services.place_hold(
        actor=request.account,
        terminal=terminal_of(request),
        site=site,
        cameras=data["camera"],
        case=data["case"],
        reason=data["reason"],
        ground=data["ground"],
        starts_at=data["span"][0],
        ends_at=data["span"][1],
        until=data["ends"],
        hold_id=data["token"],
    )


def _hold_or_404(request: Request, number: str, action: str = SEE) -> Hold:
    """The hold, if the reader may do `action` at its site: 404 before 403."""
    return numbered_or_404(request, selectors.holds(sites=None), number, action)


@require_GET
@requires(SEE)
def hold(request: Request, number: str) -> HttpResponse:
    """One hold: facts, what it holds of each camera, what can be done, and what the log says."""
    found = _hold_or_404(request, number)
    zone = ZoneInfo(found.site.time_zone)
    cameras = selectors.held_by_camera(found)
    decides = request.permissions.may(DECIDE, site_id=found.site_id)
    log_read = request.permissions.may("log.read", site_id=found.site_id)
    context = {
        "hold": found,
        "zone": zone,
        "cameras": cameras,
        "held": sum(row.segments for row in cameras),
        "past": sum(row.past_retention for row in cameras),
        "quarantined": selectors.quarantined_held(found),
        "reason": services.details_of(found).get("reason", ""),
        "ground": ground_text(found.site.jurisdiction, found.ground),
        "may_confirm": selectors.may_decide(found, request.account, request.permissions),
        # What a receipt has placed ends with its request.
        "may_end": decides and found.state == HoldState.ACTIVE and found.placed_by_id is not None,
        "ends_soon": found.state == HoldState.ACTIVE and found.until - clock.now() <= selectors.SOON,
        "view": _view_form(request, found, cameras, zone),
        "history": _history(found, zone),
        "log_read": log_read,
    }
    return render(request, "cctv/holds/hold.html", context)


def _view_form(
    request: Request, hold: Hold, cameras: list[selectors.CameraHeld], zone: ZoneInfo
) -> dict[str, Any] | None:
    """The stretch that is offered for viewing: the first day of what is held."""
    held = [row for row in cameras if row.first_at is not None and row.last_at is not None]
    may = request.permissions.may(VIEW, site_id=hold.site_id)
    if not held or not may or not hold.protects or clock.now() >= hold.opens_until:
        return None
    start = max(min(row.first_at for row in held if row.first_at), hold.starts_at)
    end = min(max(row.last_at for row in held if row.last_at), hold.ends_at, start + LONGEST_SPAN)
    chosen = [row.camera.pk for row in held[:MOST_CAMERAS]]
    return {"rows": held, "chosen": chosen, **_span_initial(start, end, zone)}


def _history(hold: Hold, zone: ZoneInfo) -> list[dict[str, Any]] | None:
    """The log's entries about the hold, as sentences; None while the log cannot be read."""
    try:
        found = selectors.history(hold)
    except AccessLogError:
        return None
    return [
        {
            "index": each.index,
            "time": each.time,
            "icon": registry.get(each.kind).icon,
            "text": sentences.sentence(each.body or {}, each.kind),
            "reason": (each.body or {}).get("reason", ""),
        }
        for each in found
    ]


@require_POST
@requires(DECIDE)
def hold_confirm(request: Request, number: str) -> HttpResponse:
    """Yes: after step-up, it holds until its end."""
    found = _hold_or_404(request, number, DECIDE)
    require_step_up(request)
    services.confirm_hold(hold_id=found.pk, actor=request.account, terminal=terminal_of(request))
    messages.success(request, _("%(number)s is confirmed.") % {"number": number})
    return redirect("hold", number)


@require_http_methods(["GET", "POST"])
@requires(DECIDE)
def hold_refuse(request: Request, number: str) -> HttpResponse:
    """No: after step-up, with a reason."""
    found = _hold_or_404(request, number, DECIDE)
    if found.state != HoldState.PLACED:
        return redirect("hold", number)
    require_step_up(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.refuse_hold(
            hold_id=found.pk,
            actor=request.account,
            terminal=terminal_of(request),
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("%(number)s is refused. It holds nothing any more.") % {"number": number})
        return redirect("hold", number)
    return _grave(request, found, form, refuse=True)


@require_http_methods(["GET", "POST"])
@requires(DECIDE)
def hold_release(request: Request, number: str) -> HttpResponse:
    """The case is closed: after step-up, with a reason."""
    found = _hold_or_404(request, number, DECIDE)
    if not found.protects:
        return redirect("hold", number)
    require_step_up(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.release_hold(
            hold_id=found.pk,
            actor=request.account,
            terminal=terminal_of(request),
            reason=form.cleaned_data["reason"],
        )
        said = _("%(number)s is released. What is past its retention is being destroyed.")
        messages.success(request, said % {"number": number})
        return redirect("hold", number)
    return _grave(request, found, form, refuse=False)


def _grave(request: Request, hold: Hold, form: ReasonForm, *, refuse: bool) -> HttpResponse:
    context = {"hold": hold, "form": form, "refuse": refuse, "counts": ending.counts(hold)}
    return render(request, "cctv/holds/end.html", context, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@requires(DECIDE)
def hold_prolong(request: Request, number: str) -> HttpResponse:
    """A later end: after step-up, with a reason."""
    found = _hold_or_404(request, number, DECIDE)
    if found.state != HoldState.ACTIVE:
        return redirect("hold", number)
    require_step_up(request)
    zone = ZoneInfo(found.site.time_zone)
    form = ProlongForm(request.POST or None, zone=zone, ends_at=found.until)
    if request.method == "POST" and form.is_valid():
        services.extend_until(
            hold_id=found.pk,
            actor=request.account,
            terminal=terminal_of(request),
            until=form.cleaned_data["until"],
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("%(number)s holds longer now.") % {"number": number})
        return redirect("hold", number)
    context = {"hold": found, "form": form, "zone": zone}
    return render(request, "cctv/holds/prolong.html", context, status=400 if form.is_bound else 200)
