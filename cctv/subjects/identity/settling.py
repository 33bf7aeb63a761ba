"""What follows once who asks is settled, however it was: clock, hold, stop of use. Safe to repeat."""

from django.db.models import F, Q, QuerySet

from cctv.core import clock
from cctv.people.models import Account
from cctv.subjects.clocks import IDENTITY, stored
from cctv.subjects.deciding.proposing import OVER, has_objection
from cctv.subjects.delivering import carrying
from cctv.subjects.requests import freezing, mails, remembered
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault.steps import reached

CHECK = "request.identity"


def locked(request: SubjectRequest) -> SubjectRequest:
    """The request for ourselves; in a transaction."""
    rows = SubjectRequest.objects.select_for_update(of=("self",))
    return rows.select_related("site", "hold", "assigned_to").get(pk=request.pk)


def is_awaited(request: SubjectRequest) -> bool:
    """Whether nobody knows yet who asks, and it is still to be shown: before an answer, or to one that is
    objected to, since it may have been refused for just that."""
    if request.verified_at is not None:
        return False
    return request.state == RequestState.IDENTITY or (request.state in OVER and has_objection(request))


def awaited() -> Q:
    """The same of checks, for a query."""
    since = Q(request__decided_at=None) | Q(request__objected_at__gt=F("request__decided_at"))
    objected = Q(request__state__in=OVER, request__objected_at__isnull=False) & since
    return Q(request__verified_at=None) & (Q(request__state=RequestState.IDENTITY) | objected)


def mark(row: SubjectRequest, *, about: object) -> None:
    """Who asks is known from now on; in the transaction of the verdict, whose entry is durable."""
    row.verified_at = clock.now()
    if row.state == RequestState.IDENTITY:
        row.state = RequestState.OPEN
    row.save(update_fields=["state", "verified_at"])
    mails.queue(row, "verified", f"request/{row.pk}/verified/{about}")
    remembered.tell(row)


def follow(row: SubjectRequest, *, actor: Account | None, terminal: str) -> None:
    """All that follows. LogUnavailable: what is left is done by the next tick (`unfinished`)."""
    clock_goes_on(row)
    reached("identity.clock")
    if row.hold_id is None:
        freezing.freeze(row)
    carrying.on_verified(row, actor=actor, terminal=terminal)


def unfinished() -> "QuerySet[SubjectRequest]":
    """Requests whose requester is known and whose clock still stands. Holds and stops of use have their own
    ticks (requests, delivering)."""
    return SubjectRequest.objects.filter(
        state=RequestState.OPEN, verified_at__isnull=False, paused_at__isnull=False
    )


def clock_goes_on(row: SubjectRequest) -> bool:
    """Nobody waits for proof of who asks any more; False where it does not stand for that."""
    pauses = stored.clock_of(row).pauses
    if not pauses or pauses[-1].ends_at is not None or pauses[-1].why != IDENTITY:
        return False
    return stored.resume(row, by_lethe=True)


def clock_stands(row: SubjectRequest) -> bool:
    """Proof is awaited anew; False where the law knows no stop."""
    return stored.pause(row, IDENTITY, by_lethe=True)
