"""The kept stills of a site: a list without pictures, and each picture opened for a purpose."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cctv.footage.marks import selectors, stills
from cctv.footage.marks.errors import ReasonRequired
from cctv.footage.marks.forms import StillForm
from cctv.footage.marks.models import Still
from cctv.footage.marks.paging import links
from cctv.footage.marks.panels import LAST_REASON
from cctv.footage.media_views import private
from cctv.footage.viewings.purposes import common_purposes
from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.sites.models import Site

VIEW, BROWSE = "footage.view", "footage.browse"


@require_GET
@requires(stills.SEE)
def all_stills(request: Request, site_code: str) -> HttpResponse:
    """What is kept, newest first: times, people and reasons, no pictures."""
    site = site_or_404(request, site_code, stills.SEE)
    case = request.GET.get("case", "").strip()[:40]
    before, after = (request.GET.get(name, "")[:80] for name in ("before", "after"))
    page = selectors.page(selectors.stills(site=site, case=case), by="taken_at", before=before, after=after)
    context = {
        "site": site,
        "zone": ZoneInfo(site.time_zone),
        "page": page,
        "case": case,
        "cases": selectors.cases(selectors.stills(site=site)),
        "may_view": request.permissions.may(VIEW, site_id=site.pk),
        "may_browse": request.permissions.may(BROWSE, site_id=site.pk),
        **links(page, case=case),
    }
    return render(request, "cctv/footage/stills.html", context)


@require_GET
@requires(stills.SEE)
def still(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """One still: its facts, what opens it, and its end."""
    site, found = _still(request, site_code, pk)
    return render(request, "cctv/footage/still.html", _context(request, site, found, None))


@require_POST
@requires(VIEW)
def picture(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """The picture itself, for a purpose and a reason that are in the log before it leaves."""
    site, found = _still(request, site_code, pk, VIEW)
    form = StillForm(request.POST, purposes=common_purposes([found.camera]))
    if not form.is_valid():
        if "application/json" in request.headers.get("Accept", ""):
            raise ReasonRequired
        context = _context(request, site, found, form)
        return render(request, "cctv/footage/still.html", context, status=400)
    shown = stills.show(found, actor=request.account, terminal=terminal_of(request), **form.cleaned_data)
    request.session[LAST_REASON] = form.cleaned_data["reason"]
    request.session["last_case"] = form.cleaned_data["case"]
    return private(HttpResponse(shown.data, content_type="image/jpeg"))


@require_POST
@requires(stills.SEE)
def delete(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """Delete it: whoever took it, and the privacy officer."""
    site, found = _still(request, site_code, pk)
    stills.delete(found, actor=request.account, terminal=terminal_of(request))
    messages.success(request, _("The still is deleted."))
    return redirect("stills", site.code)


def _still(request: Request, site_code: str, pk: UUID, action: str = stills.SEE) -> tuple[Site, Still]:
    """A kept still of the site: 404 before 403, and 410 once its recording's retention has ended."""
    site: Site = site_or_404(request, site_code, action)
    rows = Still.objects.select_related("camera__site", "taken_by", "segment__epoch", "site")
    found = rows.filter(pk=pk, site=site).first()
    if found is None:
        raise NotFound
    stills.require_living(found)
    return site, found


def _context(request: Request, site: Site, found: Still, form: StillForm | None) -> dict[str, Any]:
    may_view = request.permissions.may(VIEW, site_id=site.pk)
    purposes: Any = common_purposes([found.camera]) if may_view else []
    if form is None and may_view:
        session = request.session
        reason, case = session.get(LAST_REASON, ""), found.case or session.get("last_case", "")
        only = purposes[0].code if len(purposes) == 1 else None
        form = StillForm(purposes=purposes, initial={"reason": reason, "case": case, "purpose": only})
    return {
        "site": site,
        "still": found,
        "zone": ZoneInfo(site.time_zone),
        "form": form,
        "purposes": purposes,
        "may_view": may_view,
        "may_browse": request.permissions.may(BROWSE, site_id=site.pk),
        "may_delete": stills.may_delete(found, request.account),
    }
