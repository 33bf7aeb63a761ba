"""A code by mail shows that an address is theirs: enough where the law wants no document (complaints).

A code is kept as a hash, good once, for twenty minutes and five attempts.
"""

from datetime import timedelta
from uuid import UUID, uuid5

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.disclosure.handing import tokens
from cctv.people.outbox import is_configured
from cctv.subjects.identity import destroying, events, papers, settling
from cctv.subjects.identity.errors import CodeNotSent, NoCode, NotWaiting, TooManyCodes, WrongCode
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.requests import details, mails, story
from cctv.subjects.requests.models import RequestActKind
from cctv.vault.steps import reached

MINUTES, ATTEMPTS, MAILS_AN_HOUR = 20, 5, 3


@sensitive_variables()
def send(check: IdentityCheck, *, terminal: str) -> None:
    """A fresh code to the address of the request; the one before is good no more.

    NotWaiting, TooManyCodes, CodeNotSent, LogUnavailable.
    """
    check = _waiting(check)
    known = details.read(check.request)
    if known is None or not known.email or not is_configured():
        raise CodeNotSent
    if _count(check.request_id) > MAILS_AN_HOUR:
        raise TooManyCodes
    story.enter(check.request, events.CODE, terminal=terminal, body={"check": destroying.named(check)})
    code, salt = tokens.new_code(), tokens.new_salt()
    IdentityCheck.objects.filter(pk=check.pk, state=CheckState.ASKED).update(
        code_salt=salt, code_hash=tokens.code_hash(code, salt),
        code_until=clock.now() + timedelta(minutes=MINUTES), attempts_left=ATTEMPTS,
    )  # fmt: skip
    if not mails.send_code(check.request, known.email, code, minutes=MINUTES):
        raise CodeNotSent


@sensitive_variables()
def try_code(check: IdentityCheck, code: str, *, terminal: str) -> bool:
    """True once the right code has settled who asks. An attempt is counted before the code is looked at.

    WrongCode, NoCode, NotWaiting, LogUnavailable.
    """
    check = _waiting(check)
    mine = IdentityCheck.objects.filter(pk=check.pk, state=CheckState.ASKED, attempts_left__gt=0)
    mine = mine.filter(code_until__gt=clock.now()).exclude(code_hash=b"")
    if not mine.update(attempts_left=F("attempts_left") - 1):
        raise NoCode
    check.refresh_from_db(fields=["code_salt", "code_hash", "attempts_left"])
    if not tokens.fits(code, salt=bytes(check.code_salt), kept=bytes(check.code_hash)):
        if check.attempts_left == 0:
            raise NoCode
        raise WrongCode(check.attempts_left)
    _settle(check)
    return True


def _settle(check: IdentityCheck) -> None:
    with transaction.atomic():
        now = papers.locked_with_request(check)
        row = now.request
        same = bytes(now.code_hash) == bytes(check.code_hash)
        if now.state != CheckState.ASKED or not papers.waits(now) or not same:
            raise NoCode
        told = story.act(
            row, RequestActKind.VERIFIED, by_lethe=True, facts={"method": now.method, "seen": []},
            event_id=uuid5(now.pk, "verified"),
        )  # fmt: skip
        reached("identity.code-logged")
        now.shown_at = now.decided_at = told.at
        now.entry = told.entry
        now.save(update_fields=["shown_at"])
        destroying.decide(now, CheckState.VERIFIED)
        settling.mark(row, about=now.pk)
    reached("identity.code-taken")
    settling.follow(row, actor=None, terminal="")


def _waiting(check: IdentityCheck) -> IdentityCheck:
    """As it is now, if a code can settle it."""
    found = IdentityCheck.objects.select_related("request__site").get(pk=check.pk)
    can = found.method == Method.EMAIL_CODE and not found.for_secret
    if not can or found.state != CheckState.ASKED or not papers.waits(found):
        raise NotWaiting
    return found


def _count(request_id: UUID) -> int:
    key = f"identity/codes/{request_id}/{clock.now():%Y%m%d%H}"
    if cache.add(key, 1, timeout=3600):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just run out
        return 1
