"""The pages of the checks: what does not fit, what it means, and what to do."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cctv.people.access import Request, requires
from cctv.people.policy import NotFound
from cctv.retention.reconcile import selectors
from cctv.retention.reconcile.selectors import SEE, Summary
from cctv.sites.selectors import common_zone

PAGE = 20


@require_GET
@requires(SEE)
def checks(request: Request) -> HttpResponse:
    """The last check in words, and all of them."""
    first = _number(request.GET.get("from"))
    found = list(selectors.runs()[first : first + PAGE + 1])
    rows = [selectors.summary(run, request.permissions) for run in found]
    address = reverse("fsck")
    context = {
        "checks": rows[:PAGE],
        "newer": f"{address}?from={max(0, first - PAGE)}" if first else "",
        "older": f"{address}?from={first + PAGE}" if len(found) > PAGE else "",
    }
    return _page(request, selectors.last(request.permissions) or next(iter(rows), None), context)


@require_GET
@requires(SEE)
def check(request: Request, pk: UUID) -> HttpResponse:
    """One check."""
    run = selectors.runs().filter(pk=pk).first()
    if run is None:
        raise NotFound
    return _page(request, selectors.summary(run, request.permissions), {})


def _page(request: Request, summary: Summary | None, context: dict[str, Any]) -> HttpResponse:
    zone = common_zone(request.permissions.sites(SEE))
    context |= {
        "check": summary,
        "zone": zone,
        "sees_retention": request.permissions.may("retention.see"),
        "sees_health": request.permissions.everywhere("health.see"),
    }
    return render(request, "cctv/retention/checks.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 0
