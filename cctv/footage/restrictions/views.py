"""The pages of restrictions. Each parses, calls one service, and shows what became of it."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cctv.core import clock
from cctv.footage.restrictions import selectors, services
from cctv.footage.restrictions.forms import LiftForm, RestrictionForm
from cctv.footage.restrictions.models import Restriction
from cctv.footage.restrictions.services import CHANGE
from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import require_step_up
from cctv.sites.models import Site

SEE = "restriction.see"
# What a link from a day of a camera may fill in.
GIVEN = ("day", "start", "end_day", "end", "reference")


@require_GET
@requires(SEE)
def restrictions(request: Request) -> HttpResponse:
    """What is restricted now at the sites of the reader, and what was; `site` shows one of them alone."""
    text = request.GET.get("from", "")
    first = int(text) if text.isdecimal() and len(text) < 7 else 0
    chosen = request.GET.get("site", "")
    found = selectors.overview(sites=request.permissions.sites(SEE), site_code=chosen, first_lifted=first)
    shown, kept = selectors.LIFTED_SHOWN, f"&site={chosen}" if chosen else ""
    sites = _sites(request, SEE)
    context = {
        "found": found,
        "sites": sites if len(sites) > 1 else [],
        "chosen": next((site for site in sites if site.code == chosen), None),
        "places": _sites(request, CHANGE, in_use=True),
        "newer": f"?from={max(0, first - shown)}{kept}#lifted" if first else "",
        "older": f"?from={first + shown}{kept}#lifted" if found.more_lifted else "",
    }
    return render(request, "cctv/restrictions/restrictions.html", context)


def _sites(request: Request, action: str, *, in_use: bool = False) -> list[Site]:
    allowed = request.permissions.sites(action)
    sites = Site.objects.order_by("name")
    if in_use:
        sites = sites.filter(retired_at=None)
    return list(sites if allowed is None else sites.filter(pk__in=allowed))


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def restriction_new(request: Request, site_code: str) -> HttpResponse:
    """A new restriction."""
    site = site_or_404(request, site_code, CHANGE)
    if request.method == "POST":
        form = RestrictionForm(request.POST, site=site)
        if form.is_valid():
            return _place(request, site, form)
    else:
        form = RestrictionForm(site=site, initial=_initial(request, site))
    context = {"site": site, "form": form}
    return render(request, "cctv/restrictions/new.html", context, status=400 if form.is_bound else 200)


def _initial(request: Request, site: Site) -> dict[str, Any]:
    today = clock.now().astimezone(ZoneInfo(site.time_zone)).date().isoformat()
    given = {name: request.GET[name] for name in GIVEN if request.GET.get(name)}
    day = given.get("day", today)
    return {"day": day, "end_day": day, **given, "camera": request.GET.getlist("camera")}


def _place(request: Request, site: Site, form: RestrictionForm) -> HttpResponse:
    data = form.cleaned_data
    placed = services.place(
        actor=request.account,
        terminal=terminal_of(request),
        site=site,
        cameras=data["camera"],
        starts_at=data["span"][0],
        ends_at=data["span"][1],
        ground=data["ground"],
        reason=data["reason"],
        reference=data["reference"],
        restriction_id=data["token"],
    )
    messages.success(request, _("It is restricted from now on. Nobody is shown this footage."))
    return redirect("restriction", placed.pk)


def _restriction_or_404(request: Request, pk: UUID, action: str) -> Restriction:
    found = selectors.restrictions(sites=None).filter(pk=pk).first()
    if found is None:
        raise NotFound
    request.permissions.require(action, site_id=found.site_id)
    return found


@require_GET
@requires(SEE)
def restriction(request: Request, pk: UUID) -> HttpResponse:
    """One restriction: of what, why, by whom, and what can be done."""
    found = _restriction_or_404(request, pk, SEE)
    context = {
        "restriction": found,
        "cameras": list(found.cameras.order_by("name")),
        "zone": ZoneInfo(found.site.time_zone),
        "may_lift": found.lifted_at is None and request.permissions.may(CHANGE, site_id=found.site_id),
        "log_read": request.permissions.may("log.read", site_id=found.site_id),
    }
    return render(request, "cctv/restrictions/restriction.html", context)


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def restriction_lift(request: Request, pk: UUID) -> HttpResponse:
    """The footage may be shown again: after step-up, with a reason."""
    found = _restriction_or_404(request, pk, CHANGE)
    if found.lifted_at is not None:
        return redirect("restriction", pk)
    require_step_up(request)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.lift(
            restriction_id=found.pk,
            actor=request.account,
            terminal=terminal_of(request),
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("It is lifted. The footage may be shown again."))
        return redirect("restriction", pk)
    context = {
        "restriction": found,
        "cameras": list(found.cameras.order_by("name")),
        "form": form,
        "zone": ZoneInfo(found.site.time_zone),
    }
    return render(request, "cctv/restrictions/lift.html", context, status=400 if form.is_bound else 200)
