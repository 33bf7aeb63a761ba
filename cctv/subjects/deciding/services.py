"""What becomes of a proposed decision: approved by somebody else and sent, or given back.

The entry is durable before the row; what follows a decision (ledger, copies, what is carried out) is done
right after it and again by the next tick until all of it is (`tending`). The caller of `approve` has made
sure of the step-up.
"""

import json
from datetime import datetime
from hashlib import sha256
from uuid import uuid5

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction.review.services import require_approved
from cctv.subjects.clocks import stored
from cctv.subjects.deciding import finishing, letters, telling, words
from cctv.subjects.deciding.errors import (
    DecisionChanged,
    DecisionRefused,
    NotDecidable,
    OwnDecision,
    RemarkMissing,
)
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.deciding.proposing import (
    GIVEN,
    HANDLE,
    Proposal,
    has_objection,
    is_decidable,
    propose,
    require_free,
    seal_texts,
    texts_of,
)
from cctv.subjects.deciding.telling import DECIDE
from cctv.subjects.delivering import erasing
from cctv.subjects.delivering import services as delivering
from cctv.subjects.requests import details, mails, remembered, story
from cctv.subjects.requests.models import RequestActKind, RequestKind, RequestState, SubjectRequest
from cctv.vault.steps import reached

__all__ = ["Proposal", "approve", "give_back", "letter_of", "may_approve", "propose", "seen_of"]

MOST_REMARK = 1_000


def may_approve(decision: Decision, actor: Account) -> bool:
    """Whether this person is somebody else: not who proposed it, nor who decided what was objected to."""
    allowed = permissions_of(actor).may(DECIDE, site_id=decision.request.site_id)
    return allowed and actor.pk not in telling.barred(decision)


def seen_of(decision: Decision) -> str:
    """What the page of a proposal says that it showed: approved is only what was read."""
    copies = {str(each.pk): str(each.result.get("sha256", "")) for each in decision.redactions.all()}
    shown = {
        "outcome": decision.outcome, "grounds": decision.grounds, "copies": copies,
        "until": str(decision.postponed_until), "texts": sha256(bytes(decision.details)).hexdigest(),
        "part": decision.done.get(erasing.PART, []),
        "acts": decision.request.acts.filter(kind__in=("objected", "withdrawn", "added")).count(),
    }  # fmt: skip
    return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


@sensitive_variables()
def approve(decision: Decision, *, actor: Account, terminal: str, seen: str) -> Decision:
    """Send it: letter, mail, state, then what follows. OwnDecision, DecisionChanged, NotDecidable,
    what `require_approved` raises, ClockRefused, LogUnavailable: nothing is sent."""
    permissions_of(actor).require(DECIDE, site_id=decision.request.site_id)
    if actor.pk in telling.barred(decision):
        raise OwnDecision
    with transaction.atomic():
        row, request = _locked(decision)
        if row.state != DecisionState.PROPOSED or seen_of(row) != seen:
            raise DecisionChanged
        if not is_decidable(request):
            raise NotDecidable
        _require_pinned(row)
        if request.kind == RequestKind.ERASURE and row.outcome in GIVEN:
            require_free(erasing.parts_of(row), is_part=row.outcome == Outcome.PARTLY)
        _send(row, request, actor, terminal)
    reached("decision.sent")
    finishing.finish(row)
    return row


def _locked(decision: Decision) -> tuple[Decision, SubjectRequest]:
    """The request is locked first, by everybody."""
    requests = SubjectRequest.objects.select_for_update(of=("self",)).select_related("site", "hold")
    request = requests.get(pk=decision.request_id)
    row = Decision.objects.select_for_update(of=("self",)).get(pk=decision.pk)
    row.request = request
    return row, request


def _require_pinned(row: Decision) -> None:
    """The copies are the ones that were proposed, and still approved."""
    for each in row.redactions.all():
        if require_approved(each).result_sha256 != row.results.get(str(each.pk)):
            raise DecisionChanged


def _send(row: Decision, request: SubjectRequest, actor: Account, terminal: str) -> None:
    now = clock.now()
    told = texts_of(row)
    if told is None:
        raise NotDecidable
    if row.outcome in GIVEN and request.verified_at is None:
        raise DecisionRefused("outcome", NotDecidable.message)
    if row.outcome == Outcome.POSTPONED and row.postponed_until is not None:
        stored.postpone(request, row.postponed_until, actor=actor, terminal=terminal)
    until = objection_until(row, request)
    facts = {"outcome": row.outcome, "grounds": row.grounds, "copies": row.redactions.count()}
    act = story.act(
        request, RequestActKind.DECIDED, actor=actor, terminal=terminal, facts=facts,
        event_id=uuid5(row.pk, "decided"),
    )  # fmt: skip
    reached("decision.logged")
    row.state, row.approved_by, row.sent_at, row.entry = DecisionState.SENT, actor, now, act.entry
    if row.outcome != Outcome.POSTPONED:
        request.state, request.decided_at, request.objection_until = RequestState.DECIDED, now, until
        request.closed_at = request.file_until = None
        request.save(
            update_fields=["state", "decided_at", "objection_until", "closed_at", "file_until"]
        )  # fmt: skip
    letter = letters.decision_letter(row, told=told)
    row.letter = details.seal(request, letter, f"letter/{row.pk}")
    row.save(update_fields=["state", "approved_by", "sent_at", "entry", "letter"])
    kind = "extended" if row.outcome == Outcome.POSTPONED else "decided"
    mails.queue(request, kind, f"request/{request.pk}/decision/{row.pk}")
    remembered.tell(request)


def objection_until(row: Decision, request: SubjectRequest) -> datetime:
    """Until when the requester may object, and the footage is kept: of what is given, as long as it is there
    to be fetched; of anything else, as the profile says."""
    now = clock.now()
    if row.outcome == Outcome.GRANTED and request.kind == RequestKind.COPY:
        return delivering.open_until(request, now)
    return words.objection_until(request, now)


@sensitive_variables()
def give_back(decision: Decision, *, actor: Account, terminal: str, remark: str) -> Decision:
    """Not so: whoever proposed it reads the remark. Who proposed it may take it back. LogUnavailable."""
    own = decision.proposed_by_id == actor.pk
    permissions_of(actor).require(HANDLE if own else DECIDE, site_id=decision.request.site_id)
    said = remark.strip()[:MOST_REMARK]
    if not said and not own:
        raise RemarkMissing
    with transaction.atomic():
        row, request = _locked(decision)
        if row.state != DecisionState.PROPOSED:
            raise DecisionChanged
        story.act(
            request, RequestActKind.RETURNED, actor=actor, terminal=terminal, facts={"own": own},
            event_id=uuid5(row.pk, "returned"),
        )  # fmt: skip
        row.state = DecisionState.RETURNED
        row.details = seal_texts(request, row.pk, {**(texts_of(row) or {}), "remark": said})
        row.save(update_fields=["state", "details"])
        if not own:
            telling.returned(row)
    return row


def letter_of(decision: Decision) -> bytes | None:
    """The letter as it was sent; of a proposal as it would be. None once the file has ended."""
    if decision.letter:
        return details.unseal(decision.request, bytes(decision.letter), f"letter/{decision.pk}")
    told = texts_of(decision)
    return None if told is None else letters.decision_letter(decision, told=told)


def waits_for_answer(request: SubjectRequest) -> bool:
    """Whether an objection waits to be decided on."""
    return has_objection(request) and is_decidable(request)
