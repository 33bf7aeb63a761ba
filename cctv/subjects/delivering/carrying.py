"""What a decision does to the footage: erased, kept from use, or free again. Each step may be repeated."""

from typing import Any
from uuid import uuid5

from cctv.footage.restrictions import services as restrictions
from cctv.footage.restrictions.models import RestrictionGround
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.retention import erase
from cctv.retention.models import Erasure
from cctv.retention.tasks import purge_due
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.requests import story
from cctv.subjects.requests.models import RequestActKind, RequestKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

CHANGE = restrictions.CHANGE
GIVEN = (Outcome.GRANTED, Outcome.PARTLY)
GROUNDS = {
    RequestKind.RESTRICTION: RestrictionGround.SUSPENSION,
    RequestKind.CORRECTION: RestrictionGround.CORRECTION,
    RequestKind.COMPLAINT: RestrictionGround.OBJECTION,
}
OVER = (RequestState.WITHDRAWN, RequestState.CLOSED, RequestState.ENDED)


def carry_out(decision: Decision) -> None:
    """Do what was granted, once, however often it is asked. LogUnavailable and what erasing raises: again.

    A whole erasure takes what is there of the span; what a hold protects stays, and is counted, so that a
    letter never says more than was done. Recipients of copies are told by the erasure itself (O31).
    """
    request = decision.request
    if decision.state != DecisionState.SENT or request.verified_at is None:
        return
    # In part: which part is for the officer to say, with the span's own erasure (retention).
    if request.kind == RequestKind.ERASURE and decision.outcome == Outcome.GRANTED:
        _erase(decision)
    if request.kind == RequestKind.RESTRICTION and decision.outcome in GIVEN:
        actor = _one_who_may(CHANGE, request, decision.approved_by, decision.proposed_by)
        if actor is not None:
            restrict(request, actor=actor, terminal="")
            _done(decision, "restriction", str(request.restriction_id))


def on_verified(request: SubjectRequest, *, actor: Account | None, terminal: str) -> bool:
    """Who asks is settled: use stops while it is decided, if somebody who may stop it is at hand.

    False where nothing was to be stopped, or nobody may: the desk's button and the beat do it then.
    """
    if not is_to_stop(request):
        return False
    who = _one_who_may(CHANGE, request, actor, request.assigned_to)
    if who is None:
        return False
    restrict(request, actor=who, terminal=terminal)
    return True


def is_to_stop(request: SubjectRequest) -> bool:
    """Whether its footage is to be kept from use and is not yet."""
    stands = request.state not in OVER and request.verified_at is not None
    return stands and request.kind in GROUNDS and request.restriction_id is None


def restrict(request: SubjectRequest, *, actor: Account, terminal: str) -> None:
    """Nobody is shown what it names, from now on (O30). Once. NotFound, Forbidden, LogUnavailable."""
    if request.restriction_id is not None:
        return
    row = restrictions.place(
        actor=actor, terminal=terminal, site=request.site, cameras=list(request.cameras.order_by("pk")),
        starts_at=request.starts_at, ends_at=request.ends_at, reference=request.reference,
        ground=GROUNDS[RequestKind(request.kind)], reason=request.reference,
        restriction_id=uuid5(request.pk, "restriction"),
    )  # fmt: skip
    reached("request.restricted")
    story.act(
        request, RequestActKind.RESTRICTED, actor=actor, terminal=terminal,
        facts={"restriction": str(row.pk)}, event_id=uuid5(row.pk, "restricted"),
    )  # fmt: skip
    SubjectRequest.objects.filter(pk=request.pk).update(restriction=row)
    request.restriction = row


def tend() -> int:
    """Stop use where somebody has become able to, and free it where the request came to nothing; how many."""
    count = 0
    waiting = SubjectRequest.objects.filter(
        kind__in=GROUNDS, restriction=None, verified_at__isnull=False
    ).exclude(state__in=(*OVER, RequestState.DECIDED))
    for request in waiting.select_related("site", "assigned_to"):
        count += on_verified(request, actor=None, terminal="")
    stopped = SubjectRequest.objects.filter(state__in=OVER, restriction__lifted_at=None)
    for request in stopped.exclude(restriction=None).select_related("site", "assigned_to", "restriction"):
        count += _free(request)
    return count


def _free(request: SubjectRequest) -> bool:
    """Lift it once the time to object is over, unless it is what was granted."""
    decision = request.decisions.filter(state=DecisionState.SENT).order_by("-sent_at").first()
    if decision and request.kind == RequestKind.RESTRICTION and decision.outcome in GIVEN:
        return False
    said = (decision.approved_by, decision.proposed_by) if decision else ()
    placed_by = request.restriction.placed_by if request.restriction else None
    actor = _one_who_may(CHANGE, request, *said, placed_by)
    if actor is None or request.restriction_id is None:
        return False
    restrictions.lift(
        restriction_id=request.restriction_id, actor=actor, terminal="", reason=request.reference
    )
    return True


def _erase(decision: Decision) -> None:
    request = decision.request
    actor = _one_who_may(erase.ACTION, request, decision.approved_by, decision.proposed_by)
    if actor is None:
        return
    told: dict[str, Any] = {}
    for camera in request.cameras.order_by("pk"):
        row = _of(decision, camera.pk)
        if row is None:
            try:
                row = erase.erase_segments(
                    camera=camera, starts_at=request.starts_at, ends_at=request.ends_at,
                    reference=request.reference, ground="subject", actor=actor, terminal="",
                )  # fmt: skip
            except erase.NothingToErase:
                held = len(erase.find(camera=camera, **_span(request)).held)
                told[str(camera.pk)] = {"erasure": "", "segments": 0, "held": held}
                continue
        told[str(camera.pk)] = {"erasure": str(row.pk), "segments": row.segments, "held": row.held_back}
        reached("request.erased")
    _done(decision, "erasure", told)
    purge_due.delay("request")


def _of(decision: Decision, camera_id: Any) -> Erasure | None:
    """What this decision has erased of the camera already."""
    rows = Erasure.objects.filter(camera=camera_id, reference=decision.request.reference)
    return rows.filter(**_span(decision.request), decided_at__gte=decision.sent_at).first()


def _span(request: SubjectRequest) -> dict[str, Any]:
    return {"starts_at": request.starts_at, "ends_at": request.ends_at}


def _done(decision: Decision, what: str, facts: Any) -> None:
    decision.refresh_from_db(fields=["done"])
    decision.done = {**decision.done, what: facts}
    decision.save(update_fields=["done"])


def _one_who_may(action: str, request: SubjectRequest, *people: Account | None) -> Account | None:
    """The first of those who had a part in it that may do this."""
    for each in people:
        if each is not None and permissions_of(each).may(action, site_id=request.site_id):
            return each
    return None
