"""A redacted copy for the requester: made with the decision, opened with a code, ended by time.

Reference and secret open the page of a request; a copy needs a code besides, which comes by another way: by
mail to the address that the request was made with, or from hand to hand. So a link, a receipt that was
found, or somebody else's secret shows nothing. A code is good once, for a short time and for five attempts;
what is opened with it goes on in that browser for some hours.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, QuerySet
from django.views.decorators.debug import sensitive_variables

from accesslog.services import append
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.disclosure.handing import tokens
from cctv.people.models import Account
from cctv.people.outbox import is_configured
from cctv.people.policy import permissions_of
from cctv.redaction.review.services import require_approved
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.retention.backup.selectors import register_in_doubt
from cctv.subjects import clocks
from cctv.subjects.clocks import stored
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import entries, events
from cctv.subjects.delivering.errors import (
    CodeNotSent,
    CopyWaits,
    NoCode,
    NoDelivery,
    TooManyCodes,
    WrongCode,
)
from cctv.subjects.delivering.models import Delivery, DeliveryWay
from cctv.subjects.profiles import profile_of
from cctv.subjects.requests import details, mails, story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

HANDLE = "request.handle"
GIVEN = (Outcome.GRANTED, Outcome.PARTLY)
CODE_MINUTES, ATTEMPTS, CODES_A_DAY, DOWNLOADS = 20, 5, 5, 3
# What was opened with a code goes on in that browser for so long.
GO_ON = timedelta(hours=6)
_GRANT = "lethe.delivering.grant"


def make_deliveries(decision: Decision) -> list[Delivery]:
    """A delivery for each copy that was granted; the same ones however often it is asked. LogUnavailable.

    What a copy became since it was pinned is asked when it is sent.
    """
    request = decision.request
    granted = decision.outcome in GIVEN and decision.state == DecisionState.SENT
    if not granted or request.verified_at is None or decision.sent_at is None:
        return []
    until = open_until(request, decision.sent_at)
    known = details.read(request)
    way = DeliveryWay.PORTAL if known is not None and known.email else DeliveryWay.ON_SITE
    pinned = [each for each in decision.redactions.all() if str(each.pk) in decision.results]
    if not pinned:
        return []
    act = story.act(
        request, RequestActKind.DELIVERED, by_lethe=True,
        facts={"copies": len(pinned), "until": rfc3339(until)}, event_id=uuid5(decision.pk, "delivered"),
    )  # fmt: skip
    reached("delivery.logged")
    with transaction.atomic():
        made = [
            Delivery.objects.get_or_create(
                id=uuid5(decision.pk, f"delivery/{each.pk}"),
                defaults={
                    "request": request, "decision": decision, "redaction": each, "way": way,
                    "result_sha256": decision.results[str(each.pk)], "open_until": until,
                    "made_entry": act.entry, "attempts_left": 0, "downloads_left": DOWNLOADS,
                },
            )[0]
            for each in pinned
        ]  # fmt: skip
        mails.queue(request, "delivered", f"request/{request.pk}/delivered/{decision.pk}")
    return made


def open_until(request: SubjectRequest, sent_at: datetime) -> datetime:
    """Until when what is given then can be fetched: the end of the last day that is told."""
    zone, country = stored.place_of(request)
    days = profile_of(request.jurisdiction).result_days
    return clocks.objection_until(sent_at, days, zone=zone, country=country)


def end_earlier(decision: Decision) -> int:
    """A new answer takes the place of the one before: copies that were given with that end; how many."""
    before = Delivery.objects.filter(request=decision.request_id, ended_at=None).exclude(decision=decision)
    before = before.filter(decision__sent_at__lt=decision.sent_at)
    return before.update(ended_at=clock.now(), code_hash=b"", code_until=None)


def deliveries() -> "QuerySet[Delivery]":
    """With what sending them needs."""
    return Delivery.objects.select_related(
        "request__site", "redaction__camera", "redaction__site", "redaction__purpose", "redaction__hold"
    )


def find(request: SubjectRequest, pk: UUID) -> Delivery:
    """A copy of this very request that is open. NoDelivery for any other."""
    row = deliveries().filter(pk=pk, request=request).first()
    if row is None or not is_open(row):
        raise NoDelivery
    return row


def is_open(row: Delivery) -> bool:
    """Whether its time is not over and nobody has ended it."""
    return row.ended_at is None and clock.now() < row.open_until


def require_sendable(row: Delivery) -> None:
    """Raise unless its bytes may leave now, as the register stands; asked anew while they do.

    NoDelivery, CopyWaits, RestoreUnfinished, NotApproved, RedactionGone, OtherMasks, FootageRestricted.
    """
    if register_in_doubt():
        raise RestoreUnfinished
    now = Delivery.objects.select_related("request", "redaction").filter(pk=row.pk).first()
    if now is None or not is_open(now):
        raise NoDelivery
    request = now.request
    if request.verified_at is None or request.state != RequestState.DECIDED:
        raise CopyWaits
    if _is_answered_anew(now):
        raise NoDelivery
    if require_approved(now.redaction).result_sha256 != now.result_sha256:
        raise CopyWaits


def _is_answered_anew(row: Delivery) -> bool:
    """Whether another answer has taken the place of the one that it was given with."""
    sent = Decision.objects.filter(request=row.request_id, state=DecisionState.SENT)
    last = sent.exclude(outcome=Outcome.POSTPONED).order_by("-sent_at").values_list("pk", flat=True).first()
    return last != row.decision_id


@sensitive_variables()
def send_code(row: Delivery) -> None:
    """A fresh code by mail to the address of the request; the one before is good no more.

    TooManyCodes, CodeNotSent, what `require_sendable` raises, LogUnavailable.
    """
    require_sendable(row)
    known = details.read(row.request)
    if known is None or not known.email or not is_configured():
        raise CodeNotSent
    if _count(row) > CODES_A_DAY:
        raise TooManyCodes
    code = _new_code(row, until=timedelta(minutes=CODE_MINUTES), way="mail")
    if not mails.send_code(row.request, known.email, code, minutes=CODE_MINUTES):
        raise CodeNotSent


@sensitive_variables()
def give_code(row: Delivery, *, actor: Account, terminal: str) -> str:
    """A code from hand to hand, shown once, good until the copy ends. NotFound, Forbidden, what
    `require_sendable` raises, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=row.request.site_id)
    require_sendable(row)
    return _new_code(row, until=row.open_until - clock.now(), way="in_person", actor=actor, terminal=terminal)


@sensitive_variables()
def _new_code(
    row: Delivery, *, until: timedelta, way: str, actor: Account | None = None, terminal: str = ""
) -> str:
    append(
        kind=events.CODE, body={**entries.who(row, actor, terminal), "way": way},
        index=[entries.index_of(row, actor, terminal, has_footage=False)],
    )  # fmt: skip
    code, salt = tokens.new_code(), tokens.new_salt()
    Delivery.objects.filter(pk=row.pk).update(
        code_salt=salt, code_hash=tokens.code_hash(code, salt), code_until=clock.now() + until,
        attempts_left=ATTEMPTS,
    )  # fmt: skip
    return code


@sensitive_variables()
def take(row: Delivery, code: str) -> UUID:
    """What the right code opens: a grant for one browser. The code is used by it.

    An attempt is counted before the code is looked at. WrongCode, NoCode, what `require_sendable` raises.
    """
    require_sendable(row)
    mine = Delivery.objects.filter(pk=row.pk, attempts_left__gt=0, code_until__gt=clock.now())
    mine = mine.exclude(code_hash=b"")
    if not mine.update(attempts_left=F("attempts_left") - 1):
        raise NoCode
    row.refresh_from_db(fields=["code_salt", "code_hash", "attempts_left"])
    kept = bytes(row.code_hash)
    if not tokens.fits(code, salt=bytes(row.code_salt), kept=kept):
        if row.attempts_left == 0:
            raise NoCode
        raise WrongCode(row.attempts_left)
    used = Delivery.objects.filter(pk=row.pk, code_hash=kept)
    if not kept or not used.update(code_hash=b"", code_until=None, attempts_left=0):
        raise NoCode
    return uuid4()


def signed(row: Delivery, grant: UUID) -> str:
    """What a browser keeps to show that it gave the right code."""
    return signing.dumps({"copy": row.pk.hex, "grant": grant.hex}, salt=_GRANT)


def grant_of(row: Delivery, kept: str) -> UUID | None:
    """The grant that a browser shows for this copy; None without one, or if it is too old."""
    try:
        known = signing.loads(kept, salt=_GRANT, max_age=GO_ON)
        return UUID(known["grant"]) if known["copy"] == row.pk.hex else None
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def end_due() -> int:
    """End what is over, and what nobody may fetch any more; how many."""
    now = clock.now()
    standing = Delivery.objects.filter(ended_at=None)
    over = (RequestState.WITHDRAWN, RequestState.CLOSED, RequestState.ENDED)
    count = standing.filter(open_until__lte=now).update(ended_at=now, code_hash=b"", code_until=None)
    gone = standing.filter(request__state__in=over)
    return count + gone.update(ended_at=now, code_hash=b"", code_until=None)


def after_restore(counts: "dict[str, int]") -> None:
    """Codes of an older register open nothing: they may have been used since."""
    codes = Delivery.objects.exclude(code_hash=b"")
    counts["codes_ended"] = codes.update(code_hash=b"", code_until=None, attempts_left=0)


def _count(row: Delivery) -> int:
    key = f"delivery/codes/{row.pk}/{clock.now():%Y%m%d}"
    if cache.add(key, 1, timeout=86_400):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just run out
        return 1
