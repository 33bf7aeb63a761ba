"""Certificates in the office: the list, to be searched by number or by camera and day; one; its files."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.core.localtime import day_within_reach
from cctv.people.access import Request, requires
from cctv.people.policy import NotFound
from cctv.retention import certificate_pdf, certificate_search
from cctv.retention import certificate_words as words
from cctv.retention.models import Certificate
from cctv.sites.selectors import common_zone

SEE = "retention.see"
PAGE = 30


@require_GET
@requires(SEE)
def certificates(request: Request) -> HttpResponse:
    """Find certificates by number, or by camera and day; all of them, newest first."""
    sites = request.permissions.sites(SEE)
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("number", "camera", "day")}
    day = day_within_reach(asked["day"])
    found = certificate_search.certificates(sites=sites, number=asked["number"])
    cameras = certificate_search.cameras(sites=sites)
    camera = next((each for each in cameras if each.code == asked["camera"]), None)
    zone = common_zone(sites) if camera is None else ZoneInfo(camera.site.time_zone)
    if camera is not None:
        found = certificate_search.of_camera(found, camera, _midnights(day, zone))
    elif day is not None:
        found = certificate_search.of_span(found, _midnights(day, zone))
    first = _number(request.GET.get("from"))
    shown = list(found[first : first + PAGE + 1])
    if asked["number"] and not first and [row.number.lower() for row in shown] == [asked["number"].lower()]:
        return redirect("certificate", shown[0].number)
    query = {name: value for name, value in asked.items() if value}
    context = {
        "certificates": shown[:PAGE],
        "asked": asked,
        "searched": bool(query),
        "cameras": cameras,
        "camera": camera,
        "day": day,
        "zone_name": zone.key,
        "bad_day": bool(asked["day"]) and day is None,
        "newer": _page(query, max(0, first - PAGE)) if first else "",
        "older": _page(query, first + PAGE) if len(shown) > PAGE else "",
    }
    return render(request, "cctv/retention/certificates.html", context)


def _page(query: dict[str, str], first: int) -> str:
    return f"{reverse('certificates')}?{urlencode(query | {'from': str(first)})}"


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,6}", text) else 0


def _midnights(day: date | None, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """From midnight to midnight on the zone's clocks."""
    if day is None:
        return None
    after = day + timedelta(days=1)
    first, last = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, after))
    return first, last


def _certificate_or_404(request: Request, number: str) -> Certificate:
    found = certificate_search.certificates(sites=request.permissions.sites(SEE))
    return get_object_or_404(found, number=number)


@require_GET
@requires(SEE)
def certificate(request: Request, number: str) -> HttpResponse:
    """All facts of a certificate, and its files."""
    found = _certificate_or_404(request, number)
    facts = found.facts
    moments = ("deleted_from", "deleted_until", "keys_destroyed_at")
    context: dict[str, Any] = {
        "certificate": found,
        "facts": facts,
        "zone": facts["site"]["time_zone"],
        "times": {name: clock.parse_rfc3339(facts[name]) for name in moments},
        "cameras": [
            {**row, "from": clock.parse_rfc3339(row["from"]), "to": clock.parse_rfc3339(row["to"])}
            for row in facts["cameras"]
        ],
        "recorded": words.recorded(facts),
        "copies": words.copy_rows(facts),
        "verdict": words.verdict(facts),
        "sha256": bytes(found.facts_sha256).hex(),
        "why": words.why(facts),
        "performed": words.performed(facts),
        "verified": words.verified(facts),
        "rules": words.rules(facts),
        "held": words.held(facts),
        "medium": words.medium(facts),
        "languages": [("ko", "한국어"), ("ja", "日本語"), ("en", "English")],
        "public_url": request.build_absolute_uri(reverse("certificate-public", args=[found.number])),
    }
    return render(request, "cctv/retention/certificate.html", context)


@require_GET
@requires(SEE)
def certificate_json(request: Request, number: str) -> HttpResponse:
    """The facts as they were hashed, with hash, signature, public key and log entry beside them."""
    found = _certificate_or_404(request, number)
    answer = HttpResponse(certificate_pdf.package_bytes(found), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.json"'
    return answer


@require_GET
@requires(SEE)
def certificate_pdf_file(request: Request, number: str, language: str) -> HttpResponse:
    """The certificate on paper, in one of three languages."""
    found = _certificate_or_404(request, number)
    if language not in certificate_pdf.LANGUAGES:
        raise NotFound
    check_url = request.build_absolute_uri(reverse("certificate-public", args=[found.number]))
    content = certificate_pdf.render(found, language=language, check_url=check_url)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}.{language}.pdf"'
    return answer
