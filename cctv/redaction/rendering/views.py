"""How far the work is, calling it off, trying again; and the result, for those who may see it."""

from collections.abc import Iterator

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cctv.footage.media_views import private
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.models import Account
from cctv.redaction import services
from cctv.redaction.errors import told
from cctv.redaction.models import Redaction
from cctv.redaction.rendering import showing
from cctv.redaction.review.services import note_sent
from cctv.redaction.scene.standing import standing
from cctv.redaction.services import EDIT

SEE = showing.SEE
# Which entry covers the result that this browser is being sent.
ENTRY = "redaction_shown"


def _found(request: Request, number: str, action: str) -> Redaction:
    rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold", "made_by")
    return numbered_or_404(request, rows, number, action)


@require_GET
@requires(SEE)
def progress(request: Request, number: str) -> HttpResponse:
    """{"work", "permille", "state", "error", "scene"}: how far it is, and how the sharp scene stands."""
    found = _found(request, number, SEE)
    error = told(found.error_code, found.error) if found.error_code else ""
    facts = {"work": found.work, "permille": found.work_permille, "state": found.state, "error": error}
    facts["scene"] = standing(found).how
    return private(JsonResponse(facts))


@require_POST
@requires(EDIT)
def cancel(request: Request, number: str) -> HttpResponse:
    """End the redaction; its page says so."""
    found = _found(request, number, EDIT)
    services.cancel(redaction=found, actor=request.account, terminal=terminal_of(request))
    return _answer(request, number)


@require_POST
@requires(EDIT)
def again(request: Request, number: str) -> HttpResponse:
    """Try again what stopped with an error."""
    found = _found(request, number, EDIT)
    services.retry(redaction=found, actor=request.account)
    return _answer(request, number)


def _answer(request: Request, number: str) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({})
    return redirect("redaction", number)


@require_GET
@requires(SEE)
def result(request: Request, number: str) -> HttpResponse:
    """The playlist of the result: times and addresses, no picture."""
    found = _found(request, number, SEE)

    def part_url(each: object) -> str:
        number_of = each.number  # type: ignore[attr-defined]
        return reverse("redaction-result-part", args=[number, number_of])

    text = showing.playlist(found, init=reverse("redaction-result-init", args=[number]), part_url=part_url)
    return private(HttpResponse(text, content_type="application/vnd.apple.mpegurl"))


@require_GET
@requires(SEE)
def init(request: Request, number: str) -> HttpResponse:
    """The init segment of the result."""
    return private(HttpResponse(showing.init(_found(request, number, SEE)), content_type="video/mp4"))


@require_GET
@requires(SEE)
def part(request: Request, number: str, place: int) -> HttpResponseBase:
    """One part of the result, after its entry is durable."""
    found = _found(request, number, SEE)
    known = request.session.get(ENTRY, {})
    pieces, size, entry = showing.part(
        found, place, actor=request.account, terminal=terminal_of(request), receipt_index=known.get(number)
    )
    if known.get(number) != entry:
        request.session[ENTRY] = {**known, number: entry}
    noted = _noted(pieces, found, request.account, place)
    response = StreamingHttpResponse(noted, content_type="video/iso.segment")
    response["Content-Length"] = str(size)
    return private(response)


def _noted(pieces: Iterator[bytes], found: Redaction, actor: Account, place: int) -> Iterator[bytes]:
    """A part that was sent to its end counts as sent; one that was broken off does not."""
    yield from pieces
    note_sent(redaction=found, actor=actor, number=place)
