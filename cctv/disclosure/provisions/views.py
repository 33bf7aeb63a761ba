"""The register of provisions: page, sheet and file; and the year's statistics."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.disclosure.provisions import selectors, services, table
from cctv.disclosure.provisions import statistics as numbers
from cctv.disclosure.provisions.forms import ProvisionForm
from cctv.disclosure.provisions.services import SEE
from cctv.ledger.languages import LANGUAGES
from cctv.ledger.selectors import below, clocks
from cctv.ledger.selectors import sites as sites_of
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.sites.models import Site

PAGE = 40
# As many as a browser prints without complaint.
PRINTED = 2000


@require_GET
@requires(SEE)
def provisions(request: Request) -> HttpResponse:
    """Every copy that left, newest first; with `print` all of them on one sheet."""
    allowed = request.permissions.sites(SEE)
    form = ProvisionForm(request.GET, allowed=allowed)
    asked = form.question()
    found = selectors.provisions(allowed=allowed, asked=asked)
    printing = "print" in request.GET
    year, _dash, sequence = request.GET.get("below", "").partition("-")
    paged = not printing and year.isdecimal() and sequence.isdecimal() and len(year + sequence) < 14
    if paged:
        found = below(found, (int(year), int(sequence)))
    many = PRINTED if printing else PAGE
    lines = [] if form.errors else list(found[: many + 1])
    query = {name: value for name in form.fields if (value := request.GET.get(name, ""))}
    last = lines[many - 1] if len(lines) > many else None
    context = {
        "form": form,
        "provisions": selectors.with_exports(lines[:many]),
        "query": urlencode(query),
        "asked": bool(query),
        "languages": _languages(query),
        "zone_name": clocks(allowed, asked.site).key,
        "waiting": selectors.waiting(sites=allowed),
        "printing": printing,
        "now": clock.now(),
        "cut": printing and last is not None,
        "newest": f"?{urlencode(query)}" if paged else "",
        "older": f"?{urlencode(query | {'below': f'{last.year}-{last.sequence}'})}" if last else "",
    }
    return render(
        request, "cctv/disclosure/provisions/provisions.html", context, status=400 if form.errors else 200
    )


@require_GET
@requires(SEE)
def provisions_csv(request: Request) -> HttpResponseBase:
    """The same as a file; taking it out asks for the password again and is logged first."""
    require_step_up(request)
    allowed = request.permissions.sites(SEE)
    form = ProvisionForm(request.GET, allowed=allowed)
    if not form.is_valid():
        context = {"form": form, "provisions": []}
        return render(request, "cctv/disclosure/provisions/provisions.html", context, status=400)
    asked = form.question()
    found = selectors.with_exports(selectors.provisions(allowed=allowed, asked=asked))
    services.log_taking_out(
        actor=request.account, terminal=terminal_of(request), lines=len(found), site=asked.site
    )
    language = _language(request)
    answer = StreamingHttpResponse(
        table.rows(found, language=language), content_type="text/csv; charset=utf-8"
    )
    name = f"provisions-{clock.now():%Y-%m-%d}.{language}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _languages(query: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(code, name, urlencode(query | {"language": code})) for code, name in LANGUAGES.items()]


def _language(request: Request) -> str:
    language = request.GET.get("language", "")
    return language if language in LANGUAGES else get_language() or "en"


@require_GET
@requires(SEE)
def statistics(request: Request) -> HttpResponse:
    """A year in numbers, for publication."""
    asked = _asked(request)
    query = {"year": str(asked["year"])} | ({"site": asked["site"].code} if asked["site"] else {})
    context = asked | {
        "parts": numbers.statistics(allowed=asked["allowed"], site=asked["site"], year=asked["year"]),
        "years": asked["years"] or [asked["year"]],
        "sites": sites_of(asked["allowed"]).order_by("name"),
        "languages": _languages(query),
    }
    return render(request, "cctv/disclosure/provisions/statistics.html", context)


@require_GET
@requires(SEE)
def statistics_csv(request: Request) -> HttpResponseBase:
    """The same as a file, in one of three languages; it holds no personal data."""
    asked, language = _asked(request), _language(request)
    site: Site | None = asked["site"]
    with translation.override(language):
        parts = numbers.statistics(allowed=asked["allowed"], site=site, year=asked["year"])
        where = site.name if site else _("All sites")
        rows = list(numbers.table(parts, year=asked["year"], where=where, language=language))
    answer = HttpResponse("".join(rows), content_type="text/csv; charset=utf-8")
    name = f"provision-statistics-{asked['year']}.{language}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked(request: Request) -> dict[str, Any]:
    """Year and site; this year and all sites where they are not said, or not understood."""
    allowed = request.permissions.sites(SEE)
    text = request.GET.get("year", "")
    years = numbers.years(allowed=allowed)
    year = int(text) if text.isdecimal() and len(text) == 4 else (years[0] if years else clock.now().year)
    site = sites_of(allowed).filter(code=request.GET.get("site", "")).first()
    return {"allowed": allowed, "year": year, "years": years, "site": site}
