"""The ledger's page and its file."""

import re
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.ledger import selectors, services, table
from cctv.ledger.forms import LedgerForm
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up

SEE = "ledger.see"
PAGE = 40
# As many as a browser prints without complaint.
PRINTED = 2000
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
    require_step_up(request)
    allowed = request.permissions.sites(SEE)
    form = LedgerForm(request.GET, allowed=allowed)
    if not form.is_valid():
        return render(request, "cctv/ledger/ledger.html", {"form": form, "lines": []}, status=400)
    asked = form.question()
    found = selectors.lines(allowed=allowed, asked=asked)
    services.log_export(
        actor=request.account, terminal=terminal_of(request), lines=found.count(), site=asked.site
    )
    answer = StreamingHttpResponse(table.rows(found.iterator(500)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ledger-{clock.now():%Y-%m-%d}.csv"'
    return answer
