"""The requester's copy: a code, then the clip to watch and to keep."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.subjects.delivering import answering, sending, services
from cctv.subjects.delivering.errors import NoCode, NoDelivery, WrongCode
from cctv.subjects.delivering.models import Delivery
from cctv.subjects.portal.pages import of_requester, page, public
from cctv.subjects.requests import details
from cctv.subjects.requests.models import SubjectRequest

COOKIE = "lethe_clip"


def _grant(request: HttpRequest, row: Delivery) -> UUID | None:
    return services.grant_of(row, request.COOKIES.get(COOKIE, ""))


@public("POST")
@of_requester
@sensitive_variables()
def result(request: HttpRequest, subject_request: SubjectRequest, pk: UUID) -> HttpResponseBase:
    """The code, or for who gave it the clip."""
    row = services.find(subject_request, pk)
    if request.method == "POST":
        try:
            grant = services.take(row, request.POST.get("code", "")[:80])
        except (WrongCode, NoCode) as error:
            return _page(request, subject_request, row, error=error, status=error.status)
        answer = redirect("portal-result", pk)
        answer.set_cookie(
            COOKIE, services.signed(row, grant), max_age=int(services.GO_ON.total_seconds()),
            path=reverse("portal-result", args=[pk]), httponly=True, secure=settings.LETHE_HTTPS,
            samesite="Lax",
        )  # fmt: skip
        return answer
    return _page(request, subject_request, row)


@public("POST")
@of_requester
def code(request: HttpRequest, subject_request: SubjectRequest, pk: UUID) -> HttpResponseBase:
    """Ask for a code by mail."""
    row = services.find(subject_request, pk)
    if request.method != "POST":
        return redirect("portal-result", pk)
    try:
        services.send_code(row)
    except LetheError as error:
        return _page(request, subject_request, row, error=error, status=error.status)
    return redirect(f"{reverse('portal-result', args=[pk])}?sent=1")


@public()
@of_requester
def clip(request: HttpRequest, subject_request: SubjectRequest, pk: UUID) -> HttpResponseBase:
    """The bytes: entered first. Only for the browser that gave the code."""
    row = services.find(subject_request, pk)
    grant = _grant(request, row)
    if grant is None:
        raise NoDelivery
    services.require_sendable(row)
    name = f"{subject_request.reference}-{row.redaction.number}.mp4"
    if request.method == "HEAD":
        return answering.described(HttpResponse(content_type=answering.TYPE), name, sending.size_of(row))
    begun = sending.begin(row, grant)
    return answering.answer(request, row, begun, name=name, keep="keep" in request.GET)


@sensitive_variables()
def _page(
    request: HttpRequest, subject_request: SubjectRequest, row: Delivery, *,
    error: LetheError | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    known, grant = details.read(subject_request), _grant(request, row)
    refused: LetheError | None = None
    try:
        services.require_sendable(row)
    except LetheError as trouble:
        refused = trouble
    row.refresh_from_db(fields=["code_until", "code_hash", "downloads_left"])
    has_mail, sent = known is not None and bool(known.email), "sent" in request.GET and error is None
    # One thing at a time: who has no code that is good yet asks for one, and then writes it.
    has_code = bool(row.code_until and row.code_until > clock.now())
    context = {
        "asks": has_mail and not has_code and not sent and error is None,
        "copy": row, "redaction": row.redaction, "zone": ZoneInfo(subject_request.site.time_zone),
        "error": error, "refused": refused, "opened": grant is not None and refused is None,
        "begun": grant is not None and row.sendings.filter(pk=grant).exists(),
        "has_mail": has_mail, "sent": sent,
        "size": int(row.redaction.result.get("bytes", 0)),
    }  # fmt: skip
    return page(request, "cctv/subjects/delivering/portal_result.html", context, status=status)
