"""The receipt, with the secret: in this browser, for half an hour, and nowhere else; and the slip."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables

from cctv.subjects.deciding import receipts
from cctv.subjects.deciding import words as told
from cctv.subjects.portal import sealed, selectors
from cctv.subjects.portal.errors import NothingHere
from cctv.subjects.portal.pages import of_requester, page, public
from cctv.subjects.requests import mails
from cctv.subjects.requests.models import RequestState, SubjectRequest

COOKIE = "lethe_receipt"
PATH = "/portal/receipt/"
# A phone drops pages that it is not looking at: the secret has to survive the way to the calendar and back.
LIFE = timedelta(minutes=30)


@sensitive_variables()
def remember(response: HttpResponseBase, subject_request: SubjectRequest, secret: str) -> None:
    """Keep the secret in this browser's own hands, sealed, until it is written down."""
    response.set_cookie(
        COOKIE, sealed.seal("receipt", {"request": str(subject_request.pk), "secret": secret}),
        max_age=int(LIFE.total_seconds()), path=PATH, httponly=True, secure=settings.LETHE_HTTPS,
        samesite="Lax",
    )  # fmt: skip


def forget(response: HttpResponseBase) -> None:
    """It is shown no more."""
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def _secret(request: HttpRequest, subject_request: SubjectRequest) -> str:
    facts = sealed.opened("receipt", request.COOKIES.get(COOKIE, ""), life=LIFE) or {}
    return str(facts["secret"]) if facts.get("request") == str(subject_request.pk) else ""


@public()
@of_requester
@sensitive_variables()
def receipt(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Reference and secret, what happens next, and the slip for the police."""
    secret = _secret(request, subject_request)
    if not secret:
        return redirect("portal-status")
    context = {
        **_slip(subject_request), "secret": secret, "due": selectors.status_of(subject_request)["due"],
        "screening": subject_request.state == RequestState.SCREENING,
        "regulations": told.answer_by(subject_request),
        "is_mailed": mails.is_mailed(subject_request, "received"),
    }  # fmt: skip
    return page(request, "cctv/subjects/portal/receipt.html", context)


@public()
@of_requester
@sensitive_variables()
def receipt_pdf(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """The receipt to keep; with the secret as long as it is shown."""
    secret = _secret(request, subject_request) or None
    return _pdf(
        receipts.receipt(subject_request, secret, _language(request)), f"{subject_request.reference}.pdf"
    )


@public()
@of_requester
def slip(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """What is kept, and until when, for the police or an insurer: without the secret."""
    return page(request, "cctv/subjects/portal/slip.html", _slip(subject_request))


@public()
@of_requester
def slip_pdf(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """The slip as a sheet."""
    sheet = receipts.preservation_slip(subject_request, _language(request))
    if sheet is None:
        raise NothingHere
    return _pdf(sheet, f"{subject_request.reference}-slip.pdf")


def _slip(subject_request: SubjectRequest) -> dict[str, object]:
    until, example = told.kept_until(subject_request)
    hold = told.kept_by(subject_request)
    return {
        "frozen_at": hold.placed_at if hold else None, "span": told.span(subject_request),
        "places": told.places(subject_request), "until": until, "example": example,
        "zone": subject_request.site.time_zone,
        "hold": hold.number if hold else "",
    }  # fmt: skip


def _language(request: HttpRequest) -> str:
    return (getattr(request, "LANGUAGE_CODE", "") or "en").split("-")[0]


def _pdf(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data, content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip
