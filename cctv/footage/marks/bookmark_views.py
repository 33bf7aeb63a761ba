"""The bookmarks of a site: a list by case, one's own to change, any to take back for a moment."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.footage.marks import bookmarks as marks
from cctv.footage.marks import selectors
from cctv.footage.marks.errors import BookmarkRefused
from cctv.footage.marks.forms import BookmarkForm
from cctv.footage.marks.models import Bookmark
from cctv.footage.marks.paging import links
from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.sites.models import Site

VIEW, BROWSE = "footage.view", "footage.browse"


@require_GET
@requires(marks.SEE)
def bookmarks(request: Request, site_code: str) -> HttpResponse:
    """What was bookmarked and is still there, newest first."""
    site = site_or_404(request, site_code, marks.SEE)
    return render(request, "cctv/footage/bookmarks.html", _list(request, site))


@require_http_methods(["GET", "POST"])
@requires(marks.MAKE)
def bookmark(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """Change the note or the case of one's own."""
    site, found = _bookmark(request, site_code, pk, marks.MAKE)
    form = BookmarkForm(request.POST or None, initial={"note": found.note, "case": found.case})
    if form.is_bound and form.is_valid():
        changed = marks.change(
            found, actor=request.account, terminal=terminal_of(request), **form.cleaned_data
        )
        if _of_json(request):
            return JsonResponse({"note": changed.note, "case": changed.case})
        messages.success(request, _("The bookmark is changed."))
        return redirect("bookmarks", site.code)
    if form.is_bound and _of_json(request):
        raise BookmarkRefused
    own = found.made_by_id == request.account.pk
    context = {
        "site": site, "bookmark": found, "form": form, "own": own, "zone": ZoneInfo(site.time_zone),
        "may_browse": request.permissions.may(BROWSE, site_id=site.pk),
    }  # fmt: skip
    status = 400 if form.is_bound else 200
    return render(request, "cctv/footage/bookmark.html", context, status=status)


@require_POST
@requires(marks.SEE)
def remove(request: Request, site_code: str, pk: UUID) -> HttpResponse:
    """Remove one; what it takes to put it back comes with the answer."""
    site, found = _bookmark(request, site_code, pk, marks.SEE)
    token = marks.remove(found, actor=request.account, terminal=terminal_of(request))
    if _of_json(request):
        return JsonResponse({"undo": token})
    return render(request, "cctv/footage/bookmarks.html", {**_list(request, site), "undo": token})


@require_POST
@requires(marks.SEE)
def restore(request: Request, site_code: str) -> HttpResponse:
    """Put back what was just removed."""
    site = site_or_404(request, site_code, marks.SEE)
    token = request.POST.get("undo", "")[:4000]
    marks.restore(token, actor=request.account, terminal=terminal_of(request))
    if _of_json(request):
        return JsonResponse({})
    messages.success(request, _("The bookmark is back."))
    return redirect("bookmarks", site.code)


def _list(request: Request, site: Site) -> dict[str, Any]:
    case = request.GET.get("case", "").strip()[:40]
    before, after = (request.GET.get(name, "")[:80] for name in ("before", "after"))
    page = selectors.page(selectors.bookmarks(site=site, case=case), by="made_at", before=before, after=after)
    return {
        "site": site,
        "zone": ZoneInfo(site.time_zone),
        "page": page,
        "removable": {row.pk for row in page.rows if marks.may_remove(row, request.account)},
        "case": case,
        "cases": selectors.cases(selectors.bookmarks(site=site)),
        "may_view": request.permissions.may(VIEW, site_id=site.pk),
        "may_browse": request.permissions.may(BROWSE, site_id=site.pk),
        **links(page, case=case),
    }


def _bookmark(request: Request, site_code: str, pk: UUID, action: str) -> tuple[Site, Bookmark]:
    """A bookmark of the site that may be listed: 404 before 403."""
    site: Site = site_or_404(request, site_code, action)
    found = selectors.bookmarks(site=site).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return site, found


def _of_json(request: Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")
