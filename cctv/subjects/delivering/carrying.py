"""What a decision does to the footage: erased, kept from use, or free again. Each step may be repeated."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid5

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cctv.disclosure.provisions import notices
from cctv.footage.restrictions import services as restrictions
from cctv.footage.restrictions.models import RestrictionGround
from cctv.ledger.languages import language_of
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects.deciding import telling
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import erasing
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
# What those who decided need to be allowed, so that it is done with their decision.
ACTIONS: Mapping[str, str] = {RequestKind.ERASURE: erasing.ACTION, RequestKind.RESTRICTION: CHANGE}
# Of these, recipients of copies hear here; of an erasure, from the erasing.
TOLD: Mapping[str, Promise] = {
    RequestKind.CORRECTION: gettext_lazy("Corrected here: %(reference)s"),
    RequestKind.RESTRICTION: gettext_lazy("Not to be used any more: %(reference)s"),
}
# In `Decision.done`: what was granted, and waits for somebody who may do it.
WAITS = "waits"
OVER = (RequestState.WITHDRAWN, RequestState.CLOSED, RequestState.ENDED)


def carry_out(decision: Decision, *, actor: Account | None = None, terminal: str = "") -> bool:
    """Do what was granted, once, however often it is asked. LogUnavailable and what erasing raises: again.

    False if none of those who decided may do it any more, nor `actor`: whoever may is told, and does it from
    the page of the request (`WAITS`).
    """
    request = decision.request
    granted = decision.state == DecisionState.SENT and decision.outcome in GIVEN
    action = ACTIONS.get(request.kind)
    if not granted or request.verified_at is None:
        return True
    if action is not None:
        who = _one_who_may(action, request, actor, decision.approved_by, decision.proposed_by)
        if who is None and not _is_done(decision):
            if WAITS not in decision.done:
                telling.waits(decision, action)
                note(decision, WAITS, request.kind)
            return False
        _act(decision, who, terminal)
    if request.kind in TOLD:
        tell_recipients(decision)
    if WAITS in decision.done:
        note(decision, WAITS, None)
    return True


def _is_done(decision: Decision) -> bool:
    if decision.request.kind == RequestKind.RESTRICTION:
        return decision.request.restriction_id is not None
    return erasing.DONE in decision.done


def _act(decision: Decision, who: Account | None, terminal: str) -> None:
    request = decision.request
    if request.kind == RequestKind.RESTRICTION:
        if who is not None:
            restrict(request, actor=who, terminal=terminal)
        note(decision, "restriction", str(request.restriction_id))
    elif who is not None:
        note(decision, erasing.DONE, erasing.carry_out(decision, actor=who, terminal=terminal))


def tell_recipients(decision: Decision) -> int:
    """Whoever was given a copy is to be told that it was corrected, or is not used any more (O31, GDPR Art.
    19), as after an erasure; once. How many notices are new."""
    request, made = decision.request, 0
    with transaction.atomic(), translation.override(language_of(request.site)):
        words = str(TOLD[request.kind]) % {"reference": request.reference}
        for camera in request.cameras.order_by("pk"):
            made += len(
                notices.tell_recipients(
                    camera=camera, starts_at=request.starts_at, ends_at=request.ends_at, reason=words,
                    source=f"request {decision.pk}/{camera.pk}",
                )
            )  # fmt: skip
    return made


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


def note(decision: Decision, what: str, facts: Any) -> None:
    """Keep it in the row, beside what another process keeps there; None takes it out."""
    with transaction.atomic():
        row = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
        row.done = {name: value for name, value in row.done.items() if name != what}
        if facts is not None:
            row.done[what] = facts
        row.save(update_fields=["done"])
    decision.done = row.done


def _one_who_may(action: str, request: SubjectRequest, *people: Account | None) -> Account | None:
    """The first of those who had a part in it that may do this."""
    for each in people:
        if each is not None and permissions_of(each).may(action, site_id=request.site_id):
            return each
    return None
