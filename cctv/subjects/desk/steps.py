"""What is to be done next about a request, in one sentence."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from cctv.people.policy import Permissions
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.deciding.proposing import has_objection
from cctv.subjects.delivering import found
from cctv.subjects.identity.models import CheckState
from cctv.subjects.requests.models import RequestActKind, RequestKind, RequestState, SubjectRequest

HANDLE, DECIDE, CHECK, WORK = "request.handle", "request.decide", "request.identity", "request.work"


@dataclass(frozen=True, slots=True)
class Step:
    """`title` for lists, `text` for the page; a link where the reader can do it now."""

    title: str
    text: str = ""
    url: str = ""
    action: str = ""


def step_of(request: SubjectRequest, permissions: Permissions) -> Step:
    """The next step. The decisions, checks and acts of the request may be prefetched."""
    handles = permissions.may(HANDLE, site_id=request.site_id)
    for find in (_shown, _screening, _proposed, _objected, _identity, _open):
        if (step := find(request, permissions, handles)) is not None:
            return step
    return _over(request)


def _go(handles: bool, title: str, text: str, url_name: str, action: str, *args: object) -> Step:
    """With the link, if the reader may and the page is there."""
    if not handles:
        return Step(title, text)
    try:
        return Step(title, text, reverse(url_name, args=args), action)
    except NoReverseMatch:
        return Step(title, text)


def _shown(request: SubjectRequest, permissions: Permissions, _handles: bool) -> Step | None:
    """Pictures of documents lie here no longer than they must, whatever else the request waits for."""
    waiting = next((each for each in request.checks.all() if each.state == CheckState.SHOWN), None)
    if waiting is None:
        return None
    return _go(
        permissions.may(CHECK, site_id=request.site_id), _("Look at what was shown"),
        _("Pictures of documents wait to be looked at. They are destroyed with the verdict."),
        "request-identity-look", _("Look at what was shown"), request.reference, waiting.pk,
    )  # fmt: skip


def _screening(request: SubjectRequest, _permissions: Permissions, handles: bool) -> Step | None:
    if request.state != RequestState.SCREENING:
        return None
    return _go(
        handles, _("Look at it: nothing is held yet"),
        _("It is beyond what is held without a look. Accept it, and its footage is held; or refuse it."),
        "requests-screening", _("Look at it"),
    )  # fmt: skip


def _proposed(request: SubjectRequest, permissions: Permissions, _handles: bool) -> Step | None:
    waiting = next((each for each in request.decisions.all() if each.state == DecisionState.PROPOSED), None)
    if waiting is None:
        return None
    sees = permissions.may("request.see", site_id=request.site_id)
    return _go(
        sees, _("Waits for the second person"),
        _("An answer is proposed. Somebody else reads it, and approves it or gives it back."),
        "request-decision", _("Read the proposal"), request.reference, waiting.pk,
    )  # fmt: skip


def _objected(request: SubjectRequest, _permissions: Permissions, handles: bool) -> Step | None:
    if not has_objection(request) or request.state not in (RequestState.DECIDED, RequestState.CLOSED):
        return None
    return _go(
        handles, _("Answer the objection"),
        _("Look at it anew and propose an answer. Nobody who had a part in the first one approves it."),
        "request-propose", _("Propose an answer"), request.reference,
    )  # fmt: skip


def _identity(request: SubjectRequest, _permissions: Permissions, handles: bool) -> Step | None:
    if request.state != RequestState.IDENTITY:
        return None
    if request.replied_at is None:
        return _go(
            handles, _("Reply for the first time"),
            _("Say that it has arrived, and how the requester shows who they are."),
            "request-write", _("Write"), request.reference,
        )  # fmt: skip
    return Step(
        _("Waits for the requester"),
        _("They have not shown yet who they are. The footage is held meanwhile, and nothing is given."),
    )


def _open(request: SubjectRequest, permissions: Permissions, handles: bool) -> Step | None:
    if request.state != RequestState.OPEN:
        return None
    done = {each.kind for each in request.acts.all()}
    seeing = request.kind in (RequestKind.COPY, RequestKind.EXISTENCE)
    if seeing and RequestActKind.FOUND not in done:
        if permissions.may(WORK, site_id=request.site_id) and found.may_look(request, permissions):
            return Step(
                _("Look for the footage"), _("Open the viewing that is bound to this request."),
                f"{reverse('request', args=[request.reference])}#find", _("To the footage"),
            )  # fmt: skip
        return Step(
            _("Look for the footage"),
            _("Somebody who may view footage opens the viewing that is bound to this request."),
        )
    return _go(
        handles, _("Propose an answer"),
        _("Once the redacted copy is approved, propose it; or propose a reasoned refusal."),
        "request-propose", _("Propose an answer"), request.reference,
    )  # fmt: skip


def _over(request: SubjectRequest) -> Step:
    titles = {
        RequestState.DECIDED: (
            _("Nothing: it is answered"),
            _("It closes by itself once the time to object is over and nothing can be fetched any more."),
        ),
        RequestState.WITHDRAWN: (_("Nothing: it was withdrawn"), ""),
        RequestState.CLOSED: (
            _("Nothing: it is closed"), _("Its file is destroyed by itself when its time is over."),
        ),
        RequestState.ENDED: (_("Nothing: its file was destroyed"), ""),
    }  # fmt: skip
    title, text = titles[RequestState(request.state)]
    return Step(title, text)
