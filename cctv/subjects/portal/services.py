"""What a requester does on the pages of their request."""

from uuid import UUID, uuid5

from django.db import transaction

from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.subjects.delivering.models import Appointment, AppointmentState
from cctv.subjects.portal.errors import AlreadyAnswered, NothingHere
from cctv.subjects.requests import messages, story
from cctv.subjects.requests.errors import RequestOver
from cctv.subjects.requests.models import STANDING, RequestActKind, SubjectRequest


def answer_appointment(subject_request: SubjectRequest, pk: UUID, *, agree: bool, terminal: str) -> None:
    """Agree to a visit, or call it off. NothingHere (of another request), AlreadyAnswered."""
    with transaction.atomic():
        row = (
            Appointment.objects.select_for_update(of=("self",)).filter(request=subject_request, pk=pk).first()
        )
        if row is None:
            raise NothingHere
        state = AppointmentState.AGREED if agree else AppointmentState.CANCELLED
        may_be = (
            (AppointmentState.PROPOSED,) if agree else (AppointmentState.PROPOSED, AppointmentState.AGREED)
        )
        if row.state not in may_be or row.at <= clock.now():
            raise AlreadyAnswered
        story.act(
            subject_request, RequestActKind.APPOINTED, terminal=terminal,
            facts={"state": state.value, "at": rfc3339(row.at)}, event_id=uuid5(row.pk, f"requester/{state}"),
        )  # fmt: skip
        row.state = state
        row.save(update_fields=["state"])


def add_information(subject_request: SubjectRequest, text: str, *, terminal: str) -> None:
    """Something that was forgotten, for whoever looks for the footage. RequestOver, LogUnavailable."""
    if subject_request.state not in STANDING:
        raise RequestOver
    messages.add(subject_request, text, terminal=terminal)
    story.act(subject_request, RequestActKind.ADDED, terminal=terminal)
