"""A decision as the privacy officer proposes it: complete, and with the very copies that were approved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction.models import Redaction, State
from cctv.redaction.review.services import require_approved
from cctv.subjects.clocks import stored
from cctv.subjects.deciding import telling
from cctv.subjects.deciding.errors import DecisionRefused, DecisionWaits, NotDecidable
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import carrying, erasing
from cctv.subjects.delivering.erasing import Part
from cctv.subjects.profiles import grounds_of
from cctv.subjects.requests import details, story
from cctv.subjects.requests.models import RequestActKind, RequestKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

HANDLE = "request.handle"
MOST_TEXT = 8_000
GIVEN = (Outcome.GRANTED, Outcome.PARTLY)
# What is granted with these is what the letter says.
BY_WORDS = (RequestKind.EXISTENCE, RequestKind.COMPLAINT)
# Decided and closed ones are decided anew once somebody has objected.
OVER = (RequestState.DECIDED, RequestState.CLOSED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be answered. `grounds` are codes of the request's law; the texts go into the letter."""

    outcome: str
    grounds: Sequence[str] = ()
    text: str = field(default="", repr=False)
    searched: str = field(default="", repr=False)
    redactions: Sequence[Redaction] = ()
    postponed_until: datetime | None = None
    # What of the footage is erased, where an erasure is granted in part.
    part: Sequence[Part] = ()


def is_decidable(request: SubjectRequest) -> bool:
    """Whether somebody may propose an answer to it now."""
    if request.state in (RequestState.IDENTITY, RequestState.OPEN):
        return True
    return request.state in OVER and has_objection(request)


def has_objection(request: SubjectRequest) -> bool:
    """Whether somebody has objected to what was decided last."""
    if request.objected_at is None:
        return False
    return request.decided_at is None or request.objected_at > request.decided_at


def outcomes_of(request: SubjectRequest) -> list[tuple[str, str]]:
    """What can be answered now, with its words: nothing is shown to whom nobody has identified (O35)."""
    offered = []
    for outcome in Outcome:
        if outcome in GIVEN and request.verified_at is None:
            continue
        if outcome == Outcome.POSTPONED and not stored.can_postpone(request):
            continue
        offered.append((outcome.value, str(outcome.label)))
    return offered


def copies_of(request: SubjectRequest) -> list[Redaction]:
    """Redacted copies that are approved, and of footage that the request names."""
    found = Redaction.objects.filter(
        site_id=request.site_id, camera__in=request.cameras.all(), starts_at__lt=request.ends_at,
        ends_at__gt=request.starts_at, state=State.APPROVED,
    )  # fmt: skip
    # One that was made for somebody else shows somebody else.
    return [each for each in found.select_related("camera").order_by("starts_at") if _is_for(each, request)]


def _is_for(redaction: Redaction, request: SubjectRequest) -> bool:
    return redaction.case == request.reference or (
        redaction.hold_id is not None and redaction.hold_id == request.hold_id
    )


@sensitive_variables()
def propose(
    request: SubjectRequest, proposal: Proposal, *, actor: Account, terminal: str, decision_id: UUID
) -> Decision:
    """Write it down; it waits for somebody else. The same `decision_id` is one proposal, however often sent.

    DecisionRefused, NotDecidable, DecisionWaits, what `require_approved` raises, LogUnavailable.
    """
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    if (known := Decision.objects.filter(pk=decision_id, request=request).first()) is not None:
        return known
    check(request, proposal)
    _check_actor(request, proposal, actor)
    results = {str(each.pk): require_approved(each).result_sha256 for each in proposal.redactions}
    texts = {"text": proposal.text.strip(), "searched": proposal.searched.strip()}
    facts: dict[str, Any] = {
        "outcome": proposal.outcome, "grounds": list(proposal.grounds),
        "copies": [each.number for each in proposal.redactions],
        **({"part": erasing.facts(proposal.part)} if proposal.part else {}),
    }  # fmt: skip
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if not is_decidable(row):
            raise NotDecidable
        if row.decisions.filter(state=DecisionState.PROPOSED).exists():
            raise DecisionWaits
        if proposal.redactions:
            story.act(
                request, RequestActKind.REDACTED, actor=actor, terminal=terminal,
                facts={"copies": facts["copies"]}, event_id=uuid5(decision_id, "redacted"),
            )  # fmt: skip
        story.act(
            request, RequestActKind.PROPOSED, actor=actor, terminal=terminal, facts=facts,
            event_id=uuid5(decision_id, "proposed"),
        )  # fmt: skip
        reached("decision.proposal-logged")
        decision = Decision.objects.create(
            id=decision_id, request=request, outcome=proposal.outcome, grounds=list(proposal.grounds),
            details=seal_texts(request, decision_id, texts), postponed_until=proposal.postponed_until,
            proposed_by=actor, results=results,
            done={erasing.PART: erasing.facts(proposal.part)} if proposal.part else {},
        )  # fmt: skip
        decision.redactions.set(proposal.redactions)
        telling.proposed(decision)
    return decision


def check(request: SubjectRequest, proposal: Proposal) -> None:
    """DecisionRefused for what a letter could not tell, or nobody may give."""
    if proposal.outcome not in dict(outcomes_of(request)):
        raise DecisionRefused("outcome", _outcome_refused(request, proposal.outcome))
    _check_grounds(request, proposal)
    needs_words = proposal.outcome != Outcome.GRANTED or request.kind in BY_WORDS
    if needs_words and not proposal.text.strip():
        raise DecisionRefused("text", _("Explain it in plain words: the requester reads them."))
    if proposal.outcome == Outcome.NONE_HELD and not proposal.searched.strip():
        raise DecisionRefused("searched", _("Say which cameras and times were looked through."))
    if len(proposal.text) > MOST_TEXT or len(proposal.searched) > MOST_TEXT:
        raise DecisionRefused("text", _("This is more text than fits into a letter."))
    _check_copies(request, proposal)
    _check_part(request, proposal)
    if proposal.outcome == Outcome.POSTPONED and (
        proposal.postponed_until is None or proposal.postponed_until <= clock.now()
    ):
        raise DecisionRefused("postponed_until", _("Say when its cause is over; a day to come."))


def _outcome_refused(request: SubjectRequest, outcome: str) -> Any:
    if outcome in GIVEN and request.verified_at is None:
        return _("Nobody has shown yet who asks, so nothing is given.")
    return _("This cannot be answered here. Choose from the list.")


def _check_grounds(request: SubjectRequest, proposal: Proposal) -> None:
    known = {each.code for each in grounds_of(request.jurisdiction, request.kind)}
    if not set(proposal.grounds) <= known:
        raise DecisionRefused("grounds", _("This ground is not one of the request's law."))
    needs = proposal.outcome in (Outcome.REFUSED, Outcome.PARTLY)
    if needs and not proposal.grounds and known:
        raise DecisionRefused("grounds", _("A refusal names its ground. Choose at least one."))
    if proposal.grounds and not needs:
        raise DecisionRefused("grounds", _("Only a refusal, whole or in part, has grounds."))


def _check_copies(request: SubjectRequest, proposal: Proposal) -> None:
    if request.kind == RequestKind.COPY and proposal.outcome in GIVEN and not proposal.redactions:
        raise DecisionRefused("redactions", _("Choose the redacted copies that the requester gets."))
    if proposal.redactions and (request.kind != RequestKind.COPY or proposal.outcome not in GIVEN):
        raise DecisionRefused("redactions", _("With this answer no copy is given."))
    allowed = {each.pk for each in copies_of(request)}
    if any(each.pk not in allowed for each in proposal.redactions):
        raise DecisionRefused("redactions", _("A copy that was chosen is not one of this request's."))
    try:
        for each in proposal.redactions:
            require_approved(each)
    except LetheError as error:
        raise DecisionRefused("redactions", error.message) from error


def _check_part(request: SubjectRequest, proposal: Proposal) -> None:
    """An erasure names what is erased, and grants nothing that a hold keeps (O32)."""
    is_part = request.kind == RequestKind.ERASURE and proposal.outcome == Outcome.PARTLY
    if proposal.part and not is_part:
        raise DecisionRefused("part", _("Only an erasure that is granted in part names its part."))
    if is_part and not proposal.part:
        raise DecisionRefused("part", _("Name the part that is erased: cameras and times."))
    if not erasing.is_within(request, proposal.part):
        raise DecisionRefused("part", _("The part lies outside of what the request names."))
    if request.kind == RequestKind.ERASURE and proposal.outcome in GIVEN:
        require_free(proposal.part or erasing.whole(request), is_part=is_part)


def require_free(parts: Sequence[Part], *, is_part: bool) -> None:
    """DecisionRefused while a hold keeps any of it: the letter says that it is erased."""
    if held := erasing.outlook(parts)["held"]:
        words = (
            _("A hold keeps %(n)d recordings of this part. Leave their time out, and say why they stay.")
            if is_part
            else _("A hold keeps %(n)d recordings of it, so not all can be erased. Grant it in part.")
        )
        raise DecisionRefused("part" if is_part else "outcome", words % {"n": held})


def _check_actor(request: SubjectRequest, proposal: Proposal, actor: Account) -> None:
    """What is granted is carried out in the name of those who decide: one of them must be allowed to."""
    action = carrying.ACTIONS.get(request.kind)
    if action is None or proposal.outcome not in GIVEN:
        return
    if not permissions_of(actor).may(action, site_id=request.site_id):
        raise DecisionRefused(
            "outcome", _("You may not do what this grants. Somebody who may has to propose it.")
        )


@sensitive_variables()
def seal_texts(request: SubjectRequest, decision_id: UUID, texts: dict[str, str]) -> bytes:
    """The words of a decision under the request's key."""
    return details.seal(request, json.dumps(texts).encode(), f"decision/{decision_id}")


def texts_of(decision: Decision) -> dict[str, str] | None:
    """The words again: "text", "searched", "remark"; None once the file has ended."""
    opened = details.unseal(decision.request, bytes(decision.details), f"decision/{decision.pk}")
    if opened is None:
        return None
    found: dict[str, str] = json.loads(opened)
    return found
