"""The requester shows who they are: pictures of papers, covered, or a code by e-mail."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from cctv.core.errors import LetheError
from cctv.subjects.identity import asking, codes, papers, sending, showing, streamed
from cctv.subjects.identity.errors import NotWaiting, PictureMissing, TooLarge
from cctv.subjects.identity.models import Method, PaperPart
from cctv.subjects.portal import throttle
from cctv.subjects.portal.pages import JSON, of_requester, page, public, terminal
from cctv.subjects.profiles import methods_of
from cctv.subjects.requests.models import SubjectRequest

PAGE = "cctv/subjects/identity/portal/identity.html"
# A picture, and the few words around it.
MOST_BYTES = papers.MOST_BYTES + (16 << 10)


@public("POST", most_bytes=MOST_BYTES, too_much=TooLarge)
@partial(of_requester, fields=streamed.fields)
def identity(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """What is to be shown now; a picture goes from the connection to whoever seals it."""
    if request.method != "POST":
        return _page(request, subject_request)
    try:
        form = streamed.sent(request)
        if form.picture is None:
            raise PictureMissing
        throttle.count_picture(request)
        part = form.fields.get("part", "")
        sending.send_paper(subject_request, part, form.picture, terminal=terminal(request))
    except LetheError as error:
        if error.status >= 500 or request.headers.get("Accept") == JSON:
            raise
        return _page(request, subject_request, error=error)
    return redirect("portal-identity")


@public("POST")
@of_requester
@sensitive_post_parameters("code")
def code(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Ask for a code by e-mail, or give it."""
    if request.method != "POST":
        return redirect("portal-identity")
    try:
        if Method.EMAIL_CODE not in asking.offered(subject_request):
            raise NotWaiting
        check = asking.ask(subject_request, Method.EMAIL_CODE, terminal=terminal(request))
        if request.POST.get("go") == "send":
            codes.send(check, terminal=terminal(request))
            return redirect(f"{reverse('portal-identity')}?sent=1")
        codes.try_code(check, request.POST.get("code", "")[:80], terminal=terminal(request))
    except LetheError as error:
        return _page(request, subject_request, error=error)
    return redirect("portal-status")


def _page(
    request: HttpRequest, subject_request: SubjectRequest, *, error: LetheError | None = None
) -> HttpResponse:
    step = showing.step_of(subject_request, part=request.GET.get("part", "") if error is None else "")
    known = methods_of(
        subject_request.jurisdiction, kind=subject_request.kind, about=subject_request.about,
        claimant=subject_request.claimant,
    )  # fmt: skip
    context: dict[str, Any] = {
        "step": step, "error": error, "part": step.part, "most_mb": papers.MOST_BYTES >> 20,
        **_papers(step), "knows_accounts": Method.ACCOUNT in known, "in_person": Method.IN_PERSON in known,
        "sent": "sent" in request.GET and error is None,
        "action": reverse("portal-identity"),
    }  # fmt: skip
    return page(request, PAGE, context, status=error.status if error else 200)


def _papers(step: showing.Step) -> dict[str, Any]:
    """Of several: how far it is, and what has arrived."""
    states = ["done" if part in step.arrived else "" for part in step.parts]
    if step.part:
        states[step.number - 1] = "now"
    arrived = [part for part in step.parts if part in step.arrived and part != step.part]
    return {
        "bars": states,
        "arrived": [(part, PaperPart(part).label) for part in arrived],
        "label": PaperPart(step.part).label if step.part else "",
    }
