"""The ledger's page and its file."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.ledger import print_out, selectors, services, table
from cctv.ledger.errors import TooManyLines
from cctv.ledger.forms import LedgerForm
from cctv.ledger.languages import LANGUAGES
from cctv.ledger.models import LedgerLine
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up

if TYPE_CHECKING:
    from django.db.models import QuerySet

SEE = "ledger.see"
PAGE = 40
# As many as a browser prints without complaint.
PRINTED = 2000
# As many as a document of a hundred pages holds, which takes some seconds to set.
ON_PAPER = 1000
_NUMBER = re.compile(r"(\d{4})-(\d{1,9})")


@require_GET
@requires(SEE)
def ledger(request: Request) -> HttpResponse:
    """The lines that answer the question, newest first; with `print` all of them on one sheet."""
    allowed = request.permissions.sites(SEE)
    form = LedgerForm(request.GET, allowed=allowed)
    asked = form.question()
    found = selectors.lines(allowed=allowed, asked=asked)
    printing = "print" in request.GET
    if (place := _NUMBER.fullmatch(request.GET.get("below", ""))) and not printing:
        found = selectors.below(found, (int(place[1]), int(place[2])))
    many = PRINTED if printing else PAGE
    lines = list(found[: many + 1])
    query = {name: value for name in form.fields if (value := request.GET.get(name, ""))}
    last = lines[many - 1] if len(lines) > many else None
    context = {
        "form": form,
        "lines": [] if form.errors else lines[:many],
        "query": urlencode(query),
        "languages": [
            (code, name, urlencode(query | {"language": code})) for code, name in LANGUAGES.items()
        ],
        "asked": bool(query),
        "zone_name": selectors.clocks(allowed, asked.site).key,
        "printing": printing,
        "now": clock.now(),
        "cut": printing and last is not None,
        "newest": f"?{urlencode(query)}" if place else "",
        "older": f"?{urlencode(query | {'below': f'{last.year}-{last.sequence}'})}" if last else "",
    }
    return render(request, "cctv/ledger/ledger.html", context, status=400 if form.errors else 200)


@require_GET
@requires(SEE)
def ledger_csv(request: Request) -> HttpResponseBase:
    """The same lines as a file; taking them out asks for the password again and is logged first."""
    taken = _take_out(request)
    if isinstance(taken, HttpResponseBase):
        return taken
    rows = table.rows(taken.lines.iterator(500), language=taken.language)
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{taken.name}.csv"'
    return answer


@require_GET
@requires(SEE)
def ledger_pdf(request: Request) -> HttpResponseBase:
    """The same lines on paper, across; asks for the password again and is logged first."""
    taken = _take_out(request, most=ON_PAPER)
    if isinstance(taken, HttpResponseBase):
        return taken
    zone = selectors.clocks(request.permissions.sites(SEE), taken.asked.site)
    sheet = print_out.Sheet(
        language=taken.language, asked=taken.asked, zone=zone, printed_by=request.account.name,
        printed_at=clock.now(),
    )  # fmt: skip
    answer = HttpResponse(print_out.render(sheet, list(taken.lines)), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{taken.name}.pdf"'
    return answer


@dataclass(frozen=True, slots=True)
class _Taken:
    """What is about to be sent; its entry in the log is durable."""

    lines: "QuerySet[LedgerLine]"
    asked: selectors.Question
    language: str
    name: str


def _take_out(request: Request, *, most: int = 0) -> _Taken | HttpResponse:
    """The lines asked for, once their taking out is logged; a page where the question cannot be answered."""
    require_step_up(request)
    allowed = request.permissions.sites(SEE)
    form = LedgerForm(request.GET, allowed=allowed)
    if not form.is_valid():
        return render(request, "cctv/ledger/ledger.html", {"form": form, "lines": []}, status=400)
    asked = form.question()
    found = selectors.lines(allowed=allowed, asked=asked)
    count = found.count()
    if most and count > most:
        raise TooManyLines
    language = request.GET.get("language", "")
    language = language if language in LANGUAGES else get_language() or "en"
    services.log_export(actor=request.account, terminal=terminal_of(request), lines=count, site=asked.site)
    return _Taken(found, asked, language, f"ledger-{clock.now():%Y-%m-%d}.{language}")
