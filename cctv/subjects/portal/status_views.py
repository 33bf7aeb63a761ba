"""Opening a request with reference and secret, and everything that its requester does with it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from cctv.core.errors import LetheError
from cctv.subjects.deciding import objecting
from cctv.subjects.deciding import services as deciding
from cctv.subjects.deciding import words as told
from cctv.subjects.deciding.proposing import has_objection, texts_of
from cctv.subjects.delivering.selectors import for_portal
from cctv.subjects.portal import receipt_views, selectors, services, sessions
from cctv.subjects.portal.errors import NothingHere
from cctv.subjects.portal.pages import of_requester, page, public, terminal
from cctv.subjects.profiles import ground_text, regulators_of
from cctv.subjects.requests import access, messages, withdrawing
from cctv.subjects.requests.models import STANDING, SubjectRequest


@public("POST")
@sensitive_post_parameters()
@sensitive_variables()
def enter(request: HttpRequest) -> HttpResponseBase:
    """Reference and secret. A wrong one and one that does not exist are answered alike."""
    context: dict[str, object] = {"ended": "ended" in request.GET}
    if request.method != "POST":
        return page(request, "cctv/subjects/portal/open.html", context)
    reference = request.POST.get("reference", "")[:40]
    try:
        opened = access.open_request(
            reference, request.POST.get("secret", "")[:80], terminal=terminal(request)
        )
    except LetheError as error:
        if error.status >= 500:
            raise
        context |= {"error": error, "reference": reference, "ended": False}
        return page(request, "cctv/subjects/portal/open.html", context, status=error.status)
    response = redirect("portal-status")
    sessions.begin(response, opened)
    return response


@public()
@of_requester
def status(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """How things stand: the clock, the next step, the way, the messages."""
    messages.mark_read(subject_request, by_desk=False)
    context = selectors.status_of(subject_request)
    return page(request, "cctv/subjects/portal/status.html", context)


@public("POST")
@of_requester
@sensitive_post_parameters()
def write(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """A message to the desk, or something that was forgotten."""
    adds = request.GET.get("more") == "1"
    context: dict[str, object] = {"adds": adds}
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            if adds:
                services.add_information(subject_request, text, terminal=terminal(request))
            else:
                messages.add(subject_request, text, terminal=terminal(request))
            return redirect(f"{reverse('portal-status')}#messages")
        except LetheError as error:
            if error.status >= 500:
                raise
            context |= {"error": error, "text": text[:4000]}
    code = 400 if "error" in context else 200
    return page(request, "cctv/subjects/portal/write.html", context, status=code)


@public("POST")
@of_requester
def withdraw(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Take the request back: asked once more, with what it means."""
    if request.method == "POST":
        withdrawing.withdraw(subject_request, terminal=terminal(request))
        return redirect("portal-status")
    context = {
        "stands": subject_request.state in STANDING, "is_verified": subject_request.verified_at is not None
    }  # fmt: skip
    return page(request, "cctv/subjects/portal/withdraw.html", context)


@public("POST")
@of_requester
def visit(request: HttpRequest, subject_request: SubjectRequest, pk: UUID) -> HttpResponseBase:
    """Agree to a visit, or call it off."""
    if request.method == "POST":
        agree = request.POST.get("answer") == "yes"
        services.answer_appointment(subject_request, pk, agree=agree, terminal=terminal(request))
    return redirect("portal-status")


@public()
@of_requester
@sensitive_variables()
def decision(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Our answer: what, why, what can be opened, and what can be done against it."""
    row = selectors.decision_of(subject_request)
    if row is None:
        raise NothingHere
    until = subject_request.objection_until
    # In words, so that nobody has to open a PDF on a telephone to read why.
    texts = texts_of(row) or {}
    context = {
        "says": {name: texts.get(name, "") for name in ("text", "searched")},
        "decision": row, "zone": subject_request.site.time_zone,
        "grounds": [ground_text(subject_request.jurisdiction, code) for code in row.grounds],
        "regulators": regulators_of(subject_request.jurisdiction),
        "until": told.last_day(subject_request, until) if until else "",
        "is_frozen": told.frozen_at(subject_request) is not None,
        "may_object": until is not None and objecting.may_object(subject_request),
        "waits": has_objection(subject_request),
        **for_portal(subject_request), "watched": address("portal-watched"),
    }  # fmt: skip
    return page(request, "cctv/subjects/portal/decision.html", context)


@public()
@of_requester
def letter(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """The letter as it was sent."""
    row = selectors.decision_of(subject_request)
    sheet = deciding.letter_of(row) if row is not None else None
    if sheet is None:
        raise NothingHere
    name = f'attachment; filename="{subject_request.reference}-letter.pdf"'
    return HttpResponse(sheet, content_type="application/pdf", headers={"Content-Disposition": name})


@public("POST")
@of_requester
@sensitive_post_parameters()
def objection(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Say what is wrong with the answer; somebody else looks again."""
    context: dict[str, object] = {}
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            objecting.object_to(subject_request, text, terminal=terminal(request))
            return redirect("portal-status")
        except LetheError as error:
            if error.status >= 500:
                raise
            context = {"error": error, "text": text[:4000]}
    code = 400 if context else 200
    return page(request, "cctv/subjects/portal/object.html", context, status=code)


@public("POST")
@of_requester
def shut(request: HttpRequest, _subject_request: SubjectRequest) -> HttpResponseBase:
    """Close the request on this device, for whoever shares it."""
    response = redirect("portal" if request.method == "POST" else "portal-status")
    if request.method == "POST":
        request.portal_ended = True  # type: ignore[attr-defined]
        sessions.end(response)
        receipt_views.forget(response)
    return response


def address(name: str) -> str:
    """The page of another area; "" where this process has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
