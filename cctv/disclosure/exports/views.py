"""The pages of exports. Each parses, calls one service, and shows what became of it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cctv.disclosure.exports import selectors
from cctv.people.access import Request, numbered_or_404, requires

SEE = "export.see"


@require_GET
@requires("export.decide")
def inbox(request: Request) -> HttpResponse:
    return render(request, "cctv/disclosure/inbox.html", {})


@require_GET
@requires(SEE)
def exports(request: Request) -> HttpResponse:
    return render(request, "cctv/disclosure/exports.html", {})


@require_GET
@requires(SEE)
def export(request: Request, number: str) -> HttpResponse:
    numbered_or_404(request, selectors.exports(sites=None), number, SEE)
    return render(request, "cctv/disclosure/export.html", {})
