"""Shown on site: a supervised playback of the redacted copy, and the visitor's signature (O23)."""

from uuid import UUID, uuid5

from django.db import transaction

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects.delivering import selectors, sending
from cctv.subjects.delivering.errors import NoDelivery, NotSigned
from cctv.subjects.delivering.models import Appointment, AppointmentState, Delivery, DeliverySending
from cctv.subjects.requests import story
from cctv.subjects.requests.models import RequestActKind, SubjectRequest

HANDLE = "request.handle"


def begin(row: Delivery, *, actor: Account, terminal: str, showing_id: UUID) -> DeliverySending:
    """The supervised showing, its entry first; the same form begins one only.

    NotFound, Forbidden, what `sending.begin` raises.
    """
    permissions_of(actor).require(HANDLE, site_id=row.request.site_id)
    return sending.begin(row, showing_id, actor=actor, terminal=terminal)


def attended(
    request: SubjectRequest, *, appointment_id: UUID, actor: Account, terminal: str, signed: bool
) -> Appointment:
    """The visitor signed that it was shown. NotFound, Forbidden, NotSigned, NoDelivery, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    if not signed:
        raise NotSigned
    with transaction.atomic():
        rows = Appointment.objects.select_for_update(of=("self",)).filter(pk=appointment_id, request=request)
        row = rows.first()
        if row is None or not selectors.was_shown(request):
            raise NoDelivery
        if row.state not in selectors.WAITING:
            return row
        facts = {"state": AppointmentState.KEPT.value, "at": clock.rfc3339(row.at), "signed": True}
        act = story.act(
            request, RequestActKind.APPOINTED, actor=actor, terminal=terminal, facts=facts,
            event_id=uuid5(row.pk, "attended"),
        )  # fmt: skip
        row.state, row.supervised_by, row.attended_at = AppointmentState.KEPT, actor, clock.now()
        row.signed, row.entry = True, act.entry
        row.save()
    return row
