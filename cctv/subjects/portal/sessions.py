"""How the portal knows a requester again: one sealed cookie, for an hour after the last page.

The cookie names the request and a piece of its secret's hash, so that a new secret ends it everywhere.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cctv.subjects.portal import sealed
from cctv.subjects.requests.models import RequestState, SubjectRequest

COOKIE = "lethe_request"
PATH = "/portal/"
LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A request that was opened in this browser; `mark` tells this opening from every other."""

    subject_request: SubjectRequest
    mark: str


def begin(response: HttpResponseBase, subject_request: SubjectRequest) -> None:
    """Remember on this browser that the request was opened."""
    keep(response, Opened(subject_request, secrets.token_hex(16)))


def keep(response: HttpResponseBase, session: Opened) -> None:
    """An hour from now."""
    facts = {
        "request": str(session.subject_request.pk),
        "secret": _piece(session.subject_request),
        "mark": session.mark,
    }
    response.set_cookie(
        COOKIE, sealed.seal("session", facts), max_age=int(LIFE.total_seconds()), path=PATH,
        httponly=True, secure=settings.LETHE_HTTPS, samesite="Lax",
    )  # fmt: skip


def end(response: HttpResponseBase) -> None:
    """Forget it."""
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def find(request: HttpRequest) -> Opened | None:
    """The request that this browser has opened, if it still is."""
    facts = sealed.opened("session", request.COOKIES.get(COOKIE, ""), life=LIFE)
    if facts is None:
        return None
    row = SubjectRequest.objects.select_related("site", "hold").filter(pk=facts["request"]).first()
    if row is None or row.state == RequestState.ENDED or not secrets.compare_digest(
        facts["secret"], _piece(row)
    ):  # fmt: skip
        return None
    return Opened(row, facts["mark"])


def proof_of(session: Opened) -> str:
    """What the forms of this browser carry, and no other place can know."""
    return sealed.proof("session", session.mark)


def _piece(subject_request: SubjectRequest) -> str:
    return bytes(subject_request.secret_hash).hex()[:16]
