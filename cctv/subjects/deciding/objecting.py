"""A requester does not agree. What was decided is looked at anew, by somebody who had no part in it."""

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.people.models import Account
from cctv.subjects.deciding.errors import NotDecidable, NotObjectable
from cctv.subjects.deciding.proposing import OVER, has_objection
from cctv.subjects.requests import alarms, freezing, mails, messages, remembered, story
from cctv.subjects.requests.errors import TextMissing
from cctv.subjects.requests.models import RequestActKind, SubjectRequest
from cctv.vault.steps import reached


def may_object(request: SubjectRequest) -> bool:
    """Whether its requester may object now: it is answered or closed, in time, and no objection waits."""
    until = request.objection_until
    is_in_time = until is None or clock.now() < until
    return request.state in OVER and is_in_time and not has_objection(request)


@sensitive_variables()
def object_to(
    request: SubjectRequest, text: str, *, actor: Account | None = None, terminal: str
) -> SubjectRequest:
    """Take an objection in, from the requester or, as they told it to the desk and also late, with `actor`.

    While it waits, the footage stays held, and what was let go is held anew, by the next tick if this is cut
    off. NotDecidable unless there is an answer to object to, NotObjectable, TextMissing, LogUnavailable.
    """
    if not text.strip() or len(text.strip()) > messages.LONGEST:
        raise TextMissing
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if row.state not in OVER:
            raise NotDecidable
        if has_objection(row) or (actor is None and not may_object(row)):
            raise NotObjectable
        story.act(request, RequestActKind.OBJECTED, actor=actor, terminal=terminal)
        request.state, request.objected_at = row.state, clock.now()
        request.verified_at, request.decided_at = row.verified_at, row.decided_at
        request.save(update_fields=["objected_at"])
        remembered.tell(request)
        alarms.objected(request)
        count = request.acts.filter(kind=RequestActKind.OBJECTED).count()
        mails.queue(request, "objected", f"request/{request.pk}/objected/{count}")
        messages.add(request, text, by=actor, template="objection" if actor else "", terminal=terminal)
    reached("request.objected")
    freezing.keep(request)
    return request
