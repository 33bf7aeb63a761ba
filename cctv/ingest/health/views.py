"""The pages of health: a site's cameras, one camera, and the list of gaps for a maintenance contractor."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.ingest.health import charts, report, table, words
from cctv.ingest.health.report import CameraReport, SiteHealth
from cctv.ingest.health.selectors import quarantined
from cctv.people.access import Request, requires, site_or_404
from cctv.people.policy import NotFound
from cctv.sites.models import Camera, Site

ACTION = "health.camera"
SEE, CHANGE, BROWSE = "ingest.see", "ingest.change", "footage.browse"
SPANS = (7, 30)
GAPS_SHOWN = 40
QUARANTINED_SHOWN = 12


@require_GET
@requires(ACTION)
def site_health(request: Request, site_code: str) -> HttpResponse:
    """All cameras of a site: what is wrong, what is missing, what the store will do."""
    site = site_or_404(request, site_code, ACTION)
    days = _days(request)
    found = report.of_site(site, days=days, page=_number(request))
    sees = request.permissions.may(SEE, site_id=site.pk)
    context = {
        "health": found,
        "problems": words.of_site(found, sees_ingest=sees),
        "rows": [{"health": each, "notes": words.notes(each)} for each in found.cameras],
        "full_in": _full_in(found.store),
        **_pages(found, days),
        **_common(request, site, days),
        **_quarantine(request, site, None),
    }
    return render(request, "cctv/ingest/health/site.html", context)


@require_GET
@requires(ACTION)
def camera_health(request: Request, site_code: str, camera_code: str) -> HttpResponse:
    """One camera: its gaps with their likely reasons, clock, sound, picture, quarantine and storage."""
    site = site_or_404(request, site_code, ACTION)
    camera = _camera(site, camera_code)
    days = _days(request)
    found = report.of_camera(camera, days=days)
    sees = request.permissions.may(SEE, site_id=site.pk)
    gaps = sorted(found.health.gaps, key=lambda gap: gap.start, reverse=True)
    context = {
        "camera": camera,
        "report": found,
        "health": found.health,
        "problems": words.of_camera(found, sees_ingest=sees),
        "gaps": [{"gap": gap, "reason": words.gap_reason(gap.reason)} for gap in gaps[:GAPS_SHOWN]],
        "more_gaps": max(0, len(gaps) - GAPS_SHOWN),
        **_charts(found),
        **_common(request, site, days),
        **_quarantine(request, site, camera),
    }
    return render(request, "cctv/ingest/health/camera.html", context)


@require_GET
@requires(ACTION)
def gaps_csv(request: Request, site_code: str) -> HttpResponse:
    """The gaps of a page of the site's cameras, or of `?camera=`, with their likely reasons.

    Times and names of cameras only.
    """
    site = site_or_404(request, site_code, ACTION)
    code = request.GET.get("camera", "")
    camera = _camera(site, code) if code else None
    rows = report.gaps_of(site, days=_days(request), camera=camera, page=_number(request))
    answer = HttpResponse("".join(table.lines(rows, site)), content_type="text/csv; charset=utf-8")
    name = slugify(f"gaps {site.code} {code} {clock.now():%Y-%m-%d}")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _days(request: Request) -> int:
    return next((days for days in SPANS if request.GET.get("days") == str(days)), SPANS[0])


def _number(request: Request) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def _pages(found: SiteHealth, days: int) -> dict[str, Any]:
    """Where the cameras before and after are, of a site that has more than a page of them."""
    page = found.page
    if page is None or found.is_all:
        return {}
    return {
        "page": page.number,
        "page_text": words.page(page),
        "newer": f"?days={days}&page={page.number - 1}" if page.number > 1 else "",
        "older": f"?days={days}&page={page.number + 1}" if page.last < page.of else "",
    }


def _camera(site: Site, code: str) -> Camera:
    camera = Camera.objects.select_related("site", "zone").filter(site=site, code=code).first()
    if camera is None:
        raise NotFound
    return camera


def _common(request: Request, site: Site, days: int) -> dict[str, Any]:
    return {
        "site": site,
        "zone": site.time_zone,
        "days": days,
        "spans": SPANS,
        "may_browse": request.permissions.may(BROWSE, site_id=site.pk),
    }


def _quarantine(request: Request, site: Site, camera: Camera | None) -> dict[str, Any]:
    """What is in quarantine; names of files and the retry only for who may see and change sources."""
    rows = quarantined(site, camera)
    return {
        "quarantined": list(_quarantined(rows[:QUARANTINED_SHOWN])),
        "quarantined_count": rows.count(),
        "sees_names": request.permissions.may(SEE, site_id=site.pk),
        "may_retry": request.permissions.may(CHANGE, site_id=site.pk),
    }


def _quarantined(rows: Any) -> Iterator[dict[str, Any]]:
    for row in rows:
        title, hint = words.quarantine_reason(row.reason_code)
        yield {"row": row, "title": title, "hint": hint}


def _full_in(store: report.Store) -> str:
    return "" if store.full_in_days is None else words.full_in(store.full_in_days)


def _charts(found: CameraReport) -> dict[str, Any]:
    """The two charts, with the days they are drawn of."""
    sizes = charts.upright([day.bytes for day in found.days])
    skews = charts.ranges(
        [
            None
            if day.skew_least_ms is None or day.skew_most_ms is None
            else (day.skew_least_ms / 1000, day.skew_most_ms / 1000)
            for day in found.days
        ]
    )
    return {
        "sizes": sizes,
        "size_days": list(zip(found.days, sizes.bars, strict=True)),
        "skews": skews,
        "skew_days": list(zip(found.days, skews.bars, strict=True)),
        "has_skew": any(bar is not None for bar in skews.bars),
        "days_with_footage": [day for day in reversed(found.days) if day.segments],
        "extra_days": [day for day in reversed(found.days) if day.extra],
    }
