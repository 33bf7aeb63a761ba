"""The pages of cases: the list, one with its story, its facts and footage, its end."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core import clock
from cctv.core.clock import parse_rfc3339, rfc3339
from cctv.core.errors import LetheError
from cctv.disclosure.cases import closing, details, selectors, services
from cctv.disclosure.cases.entries import CHANGE, SEE
from cctv.disclosure.cases.errors import CaseIsOver
from cctv.disclosure.cases.forms import CaseForm, CaseSpanForm, NewCaseForm
from cctv.disclosure.cases.models import Case, CaseSpan, CaseState
from cctv.disclosure.cases.selectors import Reader
from cctv.disclosure.cases.services import Stretch
from cctv.footage.forms import EXACT, MomentField
from cctv.footage.models import ViewingSession
from cctv.footage.viewing import MOST_CAMERAS
from cctv.people.access import Request, numbered_or_404, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import require_step_up
from cctv.sites.models import Camera, Site

LIST = 40


@require_GET
@requires(SEE)
def cases(request: Request) -> HttpResponse:
    """What is not closed, the newest first; or what is."""
    text = request.GET.get("q", "").strip()[:80]
    closed = "closed" in request.GET
    start = request.GET.get("from", "")
    first = int(start) if start.isdecimal() and len(start) < 7 else 0
    sites = request.permissions.sites(SEE)
    found = list(selectors.listed(sites=sites, text=text, closed=closed)[first : first + LIST + 1])
    query = f"?q={text}&closed=1" if closed else f"?q={text}"
    context = {
        "cases": found[:LIST],
        "text": text,
        "closed": closed,
        "places": _places(request),
        "newer": f"{query}&from={max(0, first - LIST)}" if first else "",
        "older": f"{query}&from={first + LIST}" if len(found) > LIST else "",
    }
    return render(request, "cctv/disclosure/cases/cases.html", context)


def _places(request: Request) -> list[Site]:
    """The sites at which the reader may open a case."""
    allowed = request.permissions.sites(CHANGE)
    sites = Site.objects.filter(retired_at=None).order_by("name")
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def case_new(request: Request, site_code: str) -> HttpResponse:
    """A new case; from a viewing or the timeline its footage comes with it, or goes to an open case."""
    site = site_or_404(request, site_code, CHANGE)
    spans = _spans_of_viewing(request, site) or _spans_chosen(request, site)
    if request.method == "POST" and "into" in request.POST:
        into = case_or_404(request, request.POST["into"], CHANGE)
        return _take_in(request, into, spans if into.site_id == site.pk else [])
    form = NewCaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        found = services.open_case(
            actor=request.account, terminal=terminal_of(request), site=site, title=data["title"],
            reference=data["reference"], details=form.details(), spans=spans, case_id=data["token"],
        )  # fmt: skip
        request.session["last_case"] = found.number
        messages.success(request, _("%(number)s is open.") % {"number": found.number})
        return redirect("case", found.number)
    context = {"site": site, "form": form, "spans": spans, "zone": ZoneInfo(site.time_zone)}
    if spans:
        context["cases"] = Case.objects.filter(site=site, state=CaseState.OPEN)[:LIST]
    return render(request, "cctv/disclosure/cases/new.html", context, status=400 if form.is_bound else 200)


def _spans_of_viewing(request: Request, site: Site) -> list[Stretch]:
    """The footage of one's own viewing: what was chosen in it, or its whole span, of each of its cameras."""
    try:
        pk = UUID(request.POST.get("viewing", "") or request.GET.get("viewing", ""))
    except ValueError:
        return []
    session = ViewingSession.objects.filter(pk=pk, actor=request.account, site=site).first()
    if session is None:
        return []
    start, end = _exact_span(request) or (session.starts_at, session.ends_at)
    return [Stretch(camera, start, end) for camera in session.cameras.order_by("name")]


def _spans_chosen(request: Request, site: Site) -> list[Stretch]:
    """What was chosen on the site's timeline: cameras by their codes, and a stretch."""
    span = _exact_span(request)
    codes = request.GET.getlist("camera")[:MOST_CAMERAS]
    if span is None or not codes:
        return []
    return [
        Stretch(each, *span) for each in Camera.objects.filter(site=site, code__in=codes).order_by("name")
    ]


def _take_in(request: Request, found: Case, spans: list[Stretch]) -> HttpResponse:
    """Footage for a case that is there; what it has already is not added again."""
    known = set(found.spans.values_list("camera_id", "starts_at", "ends_at"))
    new = [each for each in spans if (each.camera.pk, each.starts_at, each.ends_at) not in known]
    try:
        for each in new:
            services.add_span(case=found, actor=request.account, terminal=terminal_of(request), span=each)
    except CaseIsOver as error:
        messages.error(request, f"{error.message} {error.hint}")
    else:
        if new:
            messages.success(request, _("The footage was added to %(number)s.") % {"number": found.number})
    return redirect("case", found.number)


def _exact_span(request: Request) -> tuple[datetime, datetime] | None:
    try:
        start, end = (MomentField().clean(request.GET.get(name, "")) for name in EXACT)
    except ValidationError:
        return None
    return (start, end) if start < end else None


def case_or_404(request: Request, number: str, action: str = SEE) -> Case:
    """The case, if the reader may do `action` at its site: 404 before 403."""
    return numbered_or_404(request, selectors.cases(sites=None), number, action)


@require_GET
@requires(SEE)
def case(request: Request, number: str) -> HttpResponse:
    """One case: its facts, and everything that names it as one timeline."""
    found = case_or_404(request, number)
    reader = Reader(request.account, request.permissions)
    before = _moment(request.GET.get("before", ""))
    story = selectors.story(found, reader, before=before)
    changes = request.permissions.may(CHANGE, site_id=found.site_id)
    context = {
        "case": found,
        "zone": ZoneInfo(found.site.time_zone),
        "known": details.read(found),
        "story": story,
        "paged": before is not None,
        "older": f"?before={rfc3339(story.older)}" if story.older else "",
        "spans": [(row, _query(found, row)) for row in found.spans.select_related("camera")],
        "may_change": changes and found.state == CaseState.OPEN,
        "may_close": changes and found.state != CaseState.CLOSED,
        "may_finish": request.permissions.may(closing.DECIDE, site_id=found.site_id),
        "may_export": found.state == CaseState.OPEN
        and request.permissions.may("export.ask", site_id=found.site_id),
        "may_hold": found.state == CaseState.OPEN
        and request.permissions.may("hold.place", site_id=found.site_id),
        "effect": closing.effect_of(found) if found.state == CaseState.CLOSING else None,
    }
    return render(request, "cctv/disclosure/cases/case.html", context)


def _query(found: Case, span: CaseSpan) -> str:
    """What pages that copy or hold the span are asked with."""
    times = {"from": rfc3339(span.starts_at), "to": rfc3339(span.ends_at, round_up=True)}
    return urlencode({"case": found.number, "camera": span.camera.code, **times})


def _moment(text: str) -> datetime | None:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def case_edit(request: Request, number: str) -> HttpResponse:
    """Other words for its facts."""
    found = case_or_404(request, number, CHANGE)
    if found.state != CaseState.OPEN:
        return redirect("case", number)
    form = CaseForm(request.POST or None, initial=CaseForm.initial_of(found, details.read(found)))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if done(
            form,
            lambda: services.change_case(
                case=found, actor=request.account, terminal=terminal_of(request), title=data["title"],
                reference=data["reference"], details=form.details(),
            ),
        ):  # fmt: skip
            return redirect("case", number)
    return _form(request, found, form, "edit")


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def case_span(request: Request, number: str) -> HttpResponse:
    """Footage that it is about, by hand; from an open viewing it comes filled in."""
    found = case_or_404(request, number, CHANGE)
    if found.state != CaseState.OPEN:
        return redirect("case", number)
    if request.method == "POST" and "viewing" in request.POST:
        return _take_in(request, found, _spans_of_viewing(request, found.site))
    form = CaseSpanForm(request.POST or None, site=found.site)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        camera: Camera = data["camera"]
        if done(
            form,
            lambda: services.add_span(
                case=found, actor=request.account, terminal=terminal_of(request),
                span=Stretch(camera, data["span"][0], data["span"][1], data["note"]),
            ),
        ):  # fmt: skip
            return redirect("case", number)
    return _form(request, found, form, "span")


@require_POST
@requires(CHANGE)
def case_span_remove(request: Request, number: str, pk: int) -> HttpResponse:
    """It was not about that after all."""
    found = case_or_404(request, number, CHANGE)
    services.remove_span(case=found, actor=request.account, terminal=terminal_of(request), span_id=pk)
    return redirect("case", number)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def case_close(request: Request, number: str) -> HttpResponse:
    """What closing it would do, in numbers; then it is done. The password is asked for again."""
    found = case_or_404(request, number, CHANGE)
    if found.state == CaseState.CLOSED:
        return redirect("case", number)
    require_step_up(request)
    form = forms.Form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("seen", "")
        if done(form, lambda: _close(request, found, seen)):
            return redirect("case", number)
    context = {
        "case": found,
        "form": form,
        "effect": closing.effect_of(found),
        "may_finish": request.permissions.may(closing.DECIDE, site_id=found.site_id),
    }
    return render(request, "cctv/disclosure/cases/close.html", context, status=409 if form.errors else 200)


def _close(request: Request, found: Case, seen: str) -> None:
    row = closing.close_case(case=found, actor=request.account, terminal=terminal_of(request), seen=seen)
    if row.state == CaseState.CLOSED:
        messages.success(request, _("%(number)s is closed.") % {"number": row.number})
    else:
        messages.info(request, _("An approver has to release its holds; then it is closed."))


@require_POST
@requires(CHANGE)
def case_reopen(request: Request, number: str) -> HttpResponse:
    """Not after all."""
    found = case_or_404(request, number, CHANGE)
    closing.reopen_case(case=found, actor=request.account, terminal=terminal_of(request))
    return redirect("case", number)


def done(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do it; what the service refuses stands above the form."""
    try:
        act()
    except NotFound:
        raise
    except LetheError as error:
        if error.status >= 500 or error.status == 403:
            raise
        form.add_error(None, f"{error.message} {error.hint}")
        return False
    return True


def _form(request: Request, found: Case, form: forms.Form, act: str) -> HttpResponse:
    context = {"case": found, "form": form, "act": act, "zone": ZoneInfo(found.site.time_zone)}
    if act == "span":
        context["viewings"] = _open_viewings(request, found.site)
    return render(request, "cctv/disclosure/cases/form.html", context, status=400 if form.is_bound else 200)


def _open_viewings(request: Request, site: Site) -> list[ViewingSession]:
    """One's own viewings of the site that are open now."""
    found = ViewingSession.objects.filter(
        actor=request.account, site=site, closed_at=None, valid_until__gt=clock.now()
    )
    return list(found.select_related("purpose").prefetch_related("cameras").order_by("-opened_at")[:8])
