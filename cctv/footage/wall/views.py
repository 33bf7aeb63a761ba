"""The wall: a site's cameras and how they are doing, as a part of the site's page and full-screen."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from cctv.footage import catalogue
from cctv.footage.catalogue import Span
from cctv.footage.wall import selectors
from cctv.people.access import Request, requires, site_or_404
from cctv.sites.models import Site

BROWSE = "footage.browse"
# The narrowest bar that can still be seen, in percent of a day.
NARROWEST = 0.15


@require_GET
@never_cache
@requires(BROWSE)
def wall(request: Request, site_code: str) -> HttpResponse:
    """The wall for a monitor; `?live=site` and `?live=screen` answer with its part alone."""
    site = site_or_404(request, site_code, BROWSE)
    template = {"site": "cctv/footage/_wall.html", "screen": "cctv/footage/_wall_screen.html"}.get(
        request.GET.get("live", ""), "cctv/footage/wall.html"
    )
    return render(request, template, {"site": site, "wall": wall_of(request, site)})


def wall_of(request: Request, site: Site) -> dict[str, Any]:
    """What `cctv/footage/_wall.html` shows as `wall`."""
    found = selectors.wall(site, account=request.account)
    zone = ZoneInfo(site.time_zone)
    return {
        "now": found,
        "zone": zone,
        "today": found.at.astimezone(zone).date(),
        "url": reverse("site-wall", args=[site.code]),
        "rows": [{"row": row, "bars": bars(row.spans, found.day)} for row in found.rows],
        "may_health": request.permissions.may("health.camera", site_id=site.pk),
    }


def bars(spans: Any, day: Span) -> list[dict[str, float]]:
    """SVG bars of stretches on a day: x and width in percent."""
    found = []
    for start, end in spans:
        left = catalogue.percent(start, *day)
        found.append({"x": left, "width": round(max(catalogue.percent(end, *day) - left, NARROWEST), 3)})
    return found
