"""A lost secret: a new one is shown at once, and opens the request once a checker has recognised who asks.

Nobody learns here whether a reference exists. Until the picture arrives only the browser remembers anything;
then it is looked at in any case, kept only for a request there is, and answered after the same time. The
secret before goes on opening the request until the verdict.
"""

import math
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.handing import tokens
from cctv.retention.holds.of_requests import BY_LETHE
from cctv.subjects.identity import asking, destroying, events, papers
from cctv.subjects.identity.errors import NoReference, TooManyChecks
from cctv.subjects.identity.models import Method, PaperPart
from cctv.subjects.portal import sealed
from cctv.subjects.requests import access, mails
from cctv.subjects.requests import reference as references
from cctv.subjects.requests.errors import TooManyAttempts
from cctv.subjects.requests.models import RequestState, SubjectRequest

COOKIE = "lethe_lost"
PATH = "/portal/lost/"
# Long enough to fetch the document and take its picture.
LIFE = timedelta(hours=2)
# Answers come after whole multiples of this, so that keeping a picture shows in no watch.
EVEN_S = 1.5


@dataclass(frozen=True, slots=True)
class Lost:
    """What a browser remembers: the reference as it was typed, the new secret, and whether it has sent."""

    reference: str
    secret: str
    mark: str
    is_sent: bool = False

    @property
    def proof(self) -> str:
        """What the forms of this browser carry."""
        return sealed.proof("lost", self.mark)


@sensitive_variables()
def begin(reference: str) -> Lost:
    """A new secret for what may be a reference. NoReference for what none looks like."""
    named = references.read_reference(reference)
    if not named:
        raise NoReference
    return Lost(named, references.new_secret(), secrets.token_hex(16))


def keep(response: HttpResponseBase, lost: Lost, *, is_sent: bool = False) -> None:
    """Remember it on this browser, sealed; `is_sent` once the picture has arrived."""
    lost = replace(lost, is_sent=is_sent)
    response.set_cookie(
        COOKIE, sealed.seal("lost", asdict(lost)), max_age=int(LIFE.total_seconds()), path=PATH,
        httponly=True, secure=settings.LETHE_HTTPS, samesite="Lax",
    )  # fmt: skip


def find(request: HttpRequest) -> Lost | None:
    """What this browser has begun."""
    facts = sealed.opened("lost", request.COOKIES.get(COOKIE, ""), life=LIFE)
    return Lost(**facts) if facts else None


@sensitive_variables()
def send_paper(lost: Lost, picture: Iterable[bytes], *, terminal: str) -> None:
    """Take the picture of a document under the new secret.

    TooManyChecks, what `papers.examine` raises; LogUnavailable.
    """
    counted: list[str] = []
    try:
        counted = access.count_recovery(lost.reference, terminal=terminal)
        _enter()
        seen = papers.examine(picture, terminal=terminal)
        _keep_if_any(lost, seen, terminal=terminal)
    except TooManyAttempts as error:
        raise TooManyChecks from error
    except BaseException:
        access.uncount_recovery(counted)
        raise


@sensitive_variables()
def _keep_if_any(lost: Lost, seen: bytes, *, terminal: str) -> None:
    """Measured from here on: how long the picture took to arrive is the sender's to choose."""
    began = time.monotonic()
    try:
        salt = tokens.new_salt()
        code = tokens.code_hash(lost.secret, salt)
        rows = SubjectRequest.objects.select_related("site", "hold").exclude(state=RequestState.ENDED)
        row = rows.filter(reference=lost.reference).first()
        if row is not None:
            _keep(row, seen, salt, code, terminal=terminal)
    finally:
        _even(began)


@sensitive_variables()
def _keep(row: SubjectRequest, seen: bytes, salt: bytes, code: bytes, *, terminal: str) -> None:
    check = asking.ask(row, Method.DOCUMENT, for_secret=True, terminal=terminal)
    check.code_salt, check.code_hash = salt, code
    check.save(update_fields=["code_salt", "code_hash"])
    try:
        papers.keep(check, PaperPart.DOCUMENT, seen)
        asking.finish(check, terminal=terminal)
    except BaseException:  # nothing is left of a try that was not acknowledged
        destroying.close(check, "cut_off")
        destroying.attempt(check)
        raise
    mails.queue(row, "secret_asked", f"request/{row.pk}/secret_asked/{check.pk}")


def _enter() -> None:
    """The log is asked before anybody is looked for, so that one that is down tells nothing of who is there.

    One entry a day says that it was tried at all, whatever was typed.
    """
    day = f"{clock.now():%Y-%m-%d}"
    append(
        kind=events.LOST, body={"actor": BY_LETHE, "facts": {"day": day}},
        event_id=uuid5(NAMESPACE_URL, f"lethe/lost/{day}"),
    )  # fmt: skip


def _even(began: float) -> None:
    took = time.monotonic() - began
    time.sleep(math.ceil(took / EVEN_S) * EVEN_S - took if EVEN_S else 0)
