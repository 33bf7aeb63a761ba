"""A checker's verdict on what was sent: the entry first, then the row; with it what was shown is destroyed.

A verdict on a lost secret makes the secret that its requester has noted already the request's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid5

from django.db import transaction

from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects import profiles
from cctv.subjects.identity import destroying, papers, reasons, settling
from cctv.subjects.identity.errors import NoReason, NotWaiting
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests import mails, messages, remembered, story
from cctv.subjects.requests.errors import TextMissing
from cctv.subjects.requests.models import RequestAct, RequestActKind, SubjectRequest
from cctv.vault.steps import reached


def verify(check: IdentityCheck, *, actor: Account, terminal: str) -> IdentityCheck:
    """It is them. Killed after the entry, the same verdict is finished by the next try.

    NotWaiting, NotFound, Forbidden, LogUnavailable.
    """
    with _judged(check, actor) as now:
        row = now.request
        settles = not now.for_secret or _settles_too(row)
        if now.for_secret:
            told = _renew(now, actor, terminal)
        if settles:
            told = story.act(
                row, RequestActKind.VERIFIED, actor=actor, terminal=terminal, facts=_facts(now),
                event_id=uuid5(now.pk, "verified"),
            )  # fmt: skip
            reached("identity.verified-logged")
            settling.mark(row, about=now.pk)
        _note(now, CheckState.VERIFIED, told, actor)
    reached("identity.verified")
    destroying.attempt(now)
    if now.for_secret:
        destroying.end_others(row, for_secret=True)
    if settles:
        destroying.end_others(row, for_secret=False)
        settling.follow(row, actor=actor, terminal=terminal)
    return _again(now)


def refuse(
    check: IdentityCheck, *, actor: Account, terminal: str, reason_code: str, text: str = ""
) -> IdentityCheck:
    """It is not enough: the requester is told why, and may show something else.

    NoReason, TextMissing (too long), NotWaiting, NotFound, Forbidden, LogUnavailable.
    """
    if reason_code not in dict(reasons.offered(check)):
        raise NoReason
    if len(text.strip()) > messages.LONGEST:
        raise TextMissing
    with _judged(check, actor) as now:
        row = now.request
        told = story.act(
            row, RequestActKind.NOT_VERIFIED, actor=actor, terminal=terminal,
            facts={**_facts(now), "reason": reason_code}, event_id=uuid5(now.pk, "not_verified"),
        )  # fmt: skip
        reached("identity.refused-logged")
        _note(now, CheckState.REFUSED, told, actor, reason=reason_code)
        if not now.for_secret:
            settling.clock_stands(row)
        kind = "secret_refused" if now.for_secret else "not_verified"
        mails.queue(row, kind, f"request/{row.pk}/{kind}/{now.pk}")
    reached("identity.refused")
    destroying.attempt(now)
    if text.strip():
        messages.add(row, text, by=actor, terminal=terminal)
    return _again(now)


@contextmanager
def _judged(check: IdentityCheck, actor: Account) -> Iterator[IdentityCheck]:
    """The check and its request for ourselves, if they wait for a verdict of this person."""
    permissions_of(actor).require(CHECK, site_id=check.request.site_id)
    with transaction.atomic():
        now = papers.locked_with_request(check)
        if now.state != CheckState.SHOWN or not papers.waits(now):
            raise NotWaiting
        yield now


def _facts(check: IdentityCheck) -> dict[str, object]:
    parts = sorted(check.papers.values_list("part", flat=True))
    return {"method": check.method, "seen": parts, **({"for": "secret"} if check.for_secret else {})}


def _settles_too(row: SubjectRequest) -> bool:
    """Whether what shows that a secret is theirs shows all that their request waits for."""
    if not settling.is_awaited(row):
        return False
    who = {"about": row.about, "claimant": row.claimant}
    methods = profiles.methods_of(row.jurisdiction, kind=row.kind, **who)
    alone = profiles.papers_of(Method.DOCUMENT, **who) == (profiles.DOCUMENT,)
    return Method.DOCUMENT in methods and alone


def _renew(check: IdentityCheck, actor: Account, terminal: str) -> RequestAct:
    row = check.request
    if not check.code_hash:
        raise NotWaiting
    told = story.act(
        row, RequestActKind.SECRET, actor=actor, terminal=terminal, facts=_facts(check),
        event_id=uuid5(check.pk, "secret"),
    )  # fmt: skip
    reached("identity.secret-logged")
    row.secret_salt, row.secret_hash = bytes(check.code_salt), bytes(check.code_hash)
    row.save(update_fields=["secret_salt", "secret_hash"])
    mails.queue(row, "secret", f"request/{row.pk}/secret/{check.pk}")
    remembered.tell(row)
    return told


def _note(
    check: IdentityCheck, state: CheckState, told: RequestAct, actor: Account, *, reason: str = ""
) -> None:
    check.decided_by, check.decided_at, check.entry = actor, told.at, told.entry
    destroying.decide(check, state, reason=reason)


def _again(check: IdentityCheck) -> IdentityCheck:
    """As it is once what it showed is gone."""
    return IdentityCheck.objects.select_related("request__site").get(pk=check.pk)
