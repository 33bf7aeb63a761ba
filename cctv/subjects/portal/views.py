"""The pages that are the same for everybody."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from cctv.sites.models import Camera, Site
from cctv.sites.selectors import kept
from cctv.subjects.portal import questions
from cctv.subjects.portal.pages import page, public
from cctv.subjects.profiles import profile_of, regulators_of
from cctv.subjects.requests.models import RequestKind


@public()
def start(request: HttpRequest) -> HttpResponseBase:
    """What somebody can ask for, what it takes, what happens then, and what we do with what they say."""
    sites = questions.sites_in_use()
    days = sorted({kept(site).days for site in sites})
    years = max((profile_of(site.jurisdiction).file_years for site in sites), default=3)
    return page(request, "cctv/subjects/portal/start.html", {
        "days": days[0] if days else None, "one_length": len(days) == 1, "years": years, "sites": sites,
        "asks": reverse("portal-ask"), "stops": RequestKind.RESTRICTION in questions.rights(),
        "emergency": _emergency(sites),
    })  # fmt: skip


# Whom to call first: (police, fire and ambulance).
_EMERGENCY = {"KR": ("112", "119"), "JP": ("110", "119"), "EU": ("112", "112"), "UK": ("999", "999")}


def _emergency(sites: list[Site]) -> tuple[str, str] | None:
    laws = {site.jurisdiction for site in sites}
    return _EMERGENCY[laws.pop()] if len(laws) == 1 else None


@public()
def cameras(request: HttpRequest) -> HttpResponseBase:
    """What is filmed where, what for, and for how long it is kept."""
    live = Camera.objects.filter(retired_at=None).select_related("zone").prefetch_related("purposes")
    sites = Site.objects.filter(pk__in=[site.pk for site in questions.sites_in_use()])
    rows = [_site(site) for site in sites.prefetch_related(Prefetch("cameras", live))]
    return page(request, "cctv/subjects/portal/cameras.html", {"rows": rows})


def _site(site: Site) -> dict[str, Any]:
    zones: dict[str, dict[str, Any]] = {}
    for camera in site.cameras.all():
        zone = zones.setdefault(camera.zone.name, {"name": camera.zone.name, "count": 0, "purposes": {}})
        zone["count"] += 1
        zone["purposes"] |= {purpose.name: True for purpose in camera.purposes.all()}
    return {
        "site": site, "count": len(site.cameras.all()), "zones": list(zones.values()), "days": kept(site).days
    }  # fmt: skip


@public()
def privacy(request: HttpRequest) -> HttpResponseBase:
    """The privacy notice of the portal itself."""
    sites = questions.sites_in_use()
    laws = sorted({site.jurisdiction for site in sites})
    regulators = [each for law in laws for each in regulators_of(law)]
    profiles = [profile_of(law) for law in laws]
    return page(request, "cctv/subjects/portal/privacy.html", {
        "regulators": regulators,
        "years": max((each.file_years for each in profiles), default=3),
        "days": max((each.result_days for each in profiles), default=14),
        "objection": max((each.objection_days for each in profiles), default=30),
    })  # fmt: skip


@public()
def cookies(request: HttpRequest) -> HttpResponseBase:
    """Which cookies, and what for (O51)."""
    return page(request, "cctv/subjects/portal/cookies.html")


@public()
def accessibility(request: HttpRequest) -> HttpResponseBase:
    """What was done for everybody to be able to use these pages."""
    return page(request, "cctv/subjects/portal/accessibility.html")


@public()
def harvesting(request: HttpRequest) -> HttpResponseBase:
    """Addresses are not to be collected here (O58)."""
    return page(request, "cctv/subjects/portal/harvesting.html")
