"""Appointments of a request: proposed or agreed, kept, missed, called off (O23)."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects.delivering.models import Appointment, AppointmentState
from cctv.subjects.desk.errors import AppointmentOver
from cctv.subjects.desk.selectors import HANDLE
from cctv.subjects.requests import mails, story
from cctv.subjects.requests.errors import RequestOver
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest

State = AppointmentState
# What each state may become, and whether only once its time has come.
NEXT: dict[str, tuple[State, ...]] = {
    State.PROPOSED: (State.AGREED, State.CANCELLED, State.KEPT, State.MISSED),
    State.AGREED: (State.KEPT, State.MISSED, State.CANCELLED),
}
AFTER = (State.KEPT, State.MISSED)
OVER = (RequestState.WITHDRAWN, RequestState.CLOSED, RequestState.ENDED)


def propose(
    request: SubjectRequest, at: datetime, place: str, *, is_agreed: bool, actor: Account, terminal: str,
    appointment_id: UUID,
) -> Appointment:  # fmt: skip
    """A time and place; the requester is told by mail. `is_agreed`: settled by telephone already.

    The same `appointment_id` is one appointment. RequestOver, AppointmentOver for a time that is over.
    """
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    if (known := Appointment.objects.filter(pk=appointment_id, request=request).first()) is not None:
        return known
    if request.state in OVER:
        raise RequestOver
    if at <= clock.now():
        raise AppointmentOver
    state = State.AGREED if is_agreed else State.PROPOSED
    with transaction.atomic():
        act = story.act(
            request, RequestActKind.APPOINTED, actor=actor, terminal=terminal,
            facts={"state": state.value, "at": rfc3339(at)}, event_id=uuid5(appointment_id, "proposed"),
        )  # fmt: skip
        row = Appointment.objects.create(
            id=appointment_id, request=request, at=at, place=place.strip()[:200], state=state,
            proposed_by=actor, entry=act.entry,
        )  # fmt: skip
        mails.queue(request, "appointment", f"request/{request.pk}/appointment/{row.pk}")
    return row


def change(appointment: Appointment, state: str, *, actor: Account, terminal: str) -> Appointment:
    """Agreed, kept, missed or called off. AppointmentOver, LogUnavailable."""
    request = appointment.request
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    with transaction.atomic():
        row = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
        if state not in possible(row):
            raise AppointmentOver
        story.act(
            request, RequestActKind.APPOINTED, actor=actor, terminal=terminal,
            facts={"state": state, "at": rfc3339(row.at)}, event_id=uuid5(row.pk, state),
        )  # fmt: skip
        row.state = state
        if state == State.KEPT:
            row.attended_at = clock.now()
        row.save(update_fields=["state", "attended_at"])
        if state == State.CANCELLED:
            mails.queue(request, "message", f"request/{request.pk}/appointment/{row.pk}/off")
    return row


def possible(appointment: Appointment) -> list[str]:
    """What it may become now."""
    has_come = appointment.at <= clock.now()
    return [
        each.value for each in NEXT.get(appointment.state, ()) if (each in AFTER) == has_come
    ]  # fmt: skip
