"""A requester no longer wants it."""

from uuid import uuid5

from django.db import transaction

from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.people.models import Account
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.requests import ending, freezing, mails, remembered, story
from cctv.subjects.requests.errors import RequestOver
from cctv.subjects.requests.models import STANDING, RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached


def withdraw(request: SubjectRequest, *, actor: Account | None = None, terminal: str) -> SubjectRequest:
    """Close it as withdrawn. RequestOver unless it stands; LogUnavailable.

    The footage of somebody who has shown who they are is let go at once. Nobody else's: whoever found the
    receipt could end what is not theirs; it is kept as long as after a refusal.
    """
    now = clock.now()
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if row.state not in STANDING:
            raise RequestOver
        until = None if row.verified_at else ending.objection_until(request, now)
        story.act(
            request, RequestActKind.WITHDRAWN, actor=actor, terminal=terminal,
            facts={"held_until": rfc3339(until or now)}, event_id=uuid5(request.pk, "withdrawn"),
        )  # fmt: skip
        reached("request.withdraw-logged")
        request.verified_at = row.verified_at
        request.state, request.closed_at = RequestState.WITHDRAWN, now
        request.objection_until, request.file_until = until, ending.file_until(request, now)
        request.save(update_fields=["state", "closed_at", "objection_until", "file_until"])
        # Nobody is asked any more to approve what was proposed.
        request.decisions.filter(state=DecisionState.PROPOSED).update(state=DecisionState.RETURNED)
        # Whoever found a receipt does this unseen otherwise.
        if request.mails.exists():  # where none was sent, nobody is bothered now
            mails.queue(request, "withdrawn", f"request/{request.pk}/withdrawn")
        remembered.tell(request)
    reached("request.withdrawn")
    if request.verified_at:
        freezing.release(request, why="withdrawn")
    return request
