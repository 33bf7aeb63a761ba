"""Who asks is to be shown: a check is opened, its papers come in, and somebody is told that they wait."""

from uuid import uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.outbox import link, queue_mail
from cctv.people.policy import permissions_of, who_may
from cctv.subjects import profiles
from cctv.subjects.identity import papers, settling
from cctv.subjects.identity.errors import NotComplete, NotOffered, NotWaiting, TooManyChecks
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests import details, mails, story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

BY_PORTAL = (Method.DOCUMENT, Method.REGISTRATION, Method.EMAIL_CODE)
OPEN = (CheckState.ASKED, CheckState.SHOWN)
# What a store has to bear of one request; whoever asks again and again is slowed down before.
MOST_FOR_SECRET = 300


def offered(request: SubjectRequest) -> list[Method]:
    """How its requester may show it over the portal, the usual way first; none unless it waits for that."""
    if not settling.is_awaited(request):
        return []
    codes = profiles.methods_of(
        request.jurisdiction, kind=request.kind, about=request.about, claimant=request.claimant
    )
    known = details.read(request) if Method.EMAIL_CODE in codes else None
    return [
        Method(code)
        for code in codes
        if code in BY_PORTAL and (code != Method.EMAIL_CODE or (known is not None and known.email))
    ]


def open_check(request: SubjectRequest) -> IdentityCheck | None:
    """The check that waits for its requester or for the checker; lost secrets apart."""
    found = request.checks.filter(state__in=OPEN, for_secret=False)
    return found.select_related("request__site").order_by("-asked_at").first()


def ask(
    request: SubjectRequest, method: str, *, for_secret: bool = False, actor: Account | None = None,
    terminal: str,
) -> IdentityCheck:  # fmt: skip
    """The check of this request: the open one, or a new one. A lost secret has one of its own each time.

    By a member of staff (`actor`) it is told to the requester. NotOffered, NotWaiting, TooManyChecks,
    NotFound, Forbidden, LogUnavailable.
    """
    if actor is not None:
        permissions_of(actor).require(CHECK, site_id=request.site_id)
    with transaction.atomic():
        row = settling.locked(request)
        if for_secret:
            return _for_secret(row, method)
        if not settling.is_awaited(row):
            raise NotWaiting
        if method not in offered(row):
            raise NotOffered
        if (check := open_check(row)) is not None:
            return check if check.method == method else _otherwise(check, method)
        if actor is not None:
            _tell_requester(row, method, actor, terminal)
        return IdentityCheck.objects.create(request=row, method=method, asked_at=clock.now())


def finish(check: IdentityCheck, *, terminal: str) -> None:
    """All papers are there: whoever checks is told. NotComplete, NotWaiting, LogUnavailable."""
    with transaction.atomic():
        now = papers.locked_with_request(check)
        if now.state == CheckState.SHOWN:
            return
        parts = sorted(now.papers.values_list("part", flat=True))
        _require_whole(now, parts)
        row = now.request
        facts = {"method": now.method, "papers": parts, **({"for": "secret"} if now.for_secret else {})}
        told = story.act(
            row, RequestActKind.IDENTITY_SENT, terminal=terminal, facts=facts, event_id=uuid5(now.pk, "sent")
        )
        reached("identity.sent")
        now.state, now.shown_at = CheckState.SHOWN, told.at
        now.save(update_fields=["state", "shown_at"])
        _tell_checkers(now)
    check.state, check.shown_at = now.state, now.shown_at
    if not now.for_secret:  # what was awaited has come: from here the time is ours
        settling.clock_goes_on(row)


def _for_secret(row: SubjectRequest, method: str) -> IdentityCheck:
    if row.state == RequestState.ENDED:
        raise NotWaiting
    if method != Method.DOCUMENT:
        raise NotOffered
    if row.checks.filter(state__in=OPEN, for_secret=True).count() >= MOST_FOR_SECRET:
        raise TooManyChecks
    return IdentityCheck.objects.create(request=row, method=method, asked_at=clock.now(), for_secret=True)


def _otherwise(check: IdentityCheck, method: str) -> IdentityCheck:
    """Another way, while nothing was shown yet; what waits for the checker stays as it is."""
    if check.state == CheckState.ASKED and not check.papers.exists():
        check.method = method
        check.code_salt, check.code_hash, check.code_until = b"", b"", None
        check.save(update_fields=["method", "code_salt", "code_hash", "code_until"])
    return check


def _require_whole(check: IdentityCheck, parts: list[str]) -> None:
    if check.state != CheckState.ASKED or not papers.waits(check):
        raise NotWaiting
    needed = papers.wanted(check)
    if not needed or not set(needed) <= set(parts) or (check.for_secret and not check.code_hash):
        raise NotComplete


def _tell_requester(row: SubjectRequest, method: str, actor: Account, terminal: str) -> None:
    count = row.acts.filter(kind=RequestActKind.IDENTITY_ASKED).count()
    story.act(
        row, RequestActKind.IDENTITY_ASKED, actor=actor, terminal=terminal, facts={"method": method},
        event_id=uuid5(row.pk, f"id_asked/{count}"),
    )  # fmt: skip
    reached("identity.asked")
    mails.queue(row, "identity", f"request/{row.pk}/identity/{count}")


def _tell_checkers(check: IdentityCheck) -> None:
    """Whoever has the request, and may; else everybody who may check there."""
    row = check.request
    ids = {pk for pk, site_id in who_may(CHECK) if site_id in (None, row.site_id)}
    if row.assigned_to_id in ids:
        ids = {row.assigned_to_id}
    words = {"reference": row.reference, "site": row.site.name}
    for to in Account.objects.filter(pk__in=ids, is_active=True):
        queue_mail(
            kind="identity.shown", about=f"identity/{check.pk}/shown/{to.pk}", to=to,
            subject=lambda: _("Proof of who asks waits to be looked at (%(reference)s)") % words,
            text=lambda: _(
                "For request %(reference)s (%(site)s) somebody has sent pictures that show who they are."
                " Please look at them: they are destroyed with your verdict.\n\n%(link)s\n"
            ) % {**words, "link": link("request", row.reference)},
        )  # fmt: skip
