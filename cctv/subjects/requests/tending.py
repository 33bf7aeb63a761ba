"""What each tick does for requests: finish, keep frozen, let go what is over, end files."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.retention import guards
from cctv.retention.holds.models import PROTECTING, Hold
from cctv.sites.models import Site
from cctv.subjects.deciding import words
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.delivering.models import Appointment, AppointmentState
from cctv.subjects.identity.models import CheckState
from cctv.subjects.requests import (
    alarms,
    ending,
    freezing,
    limits,
    mails,
    messages,
    receiving,
    remembered,
    story,
)
from cctv.subjects.requests.details import LABEL
from cctv.subjects.requests.models import Message, RequestAct, RequestActKind, RequestState, SubjectRequest
from cctv.vault import records
from cctv.vault import services as vault
from cctv.vault.keyring import RatchetResult

log = logging.getLogger("lethe.subjects")

# Who has not shown who they are by then is not asked any more: from when it came in, was accepted, or they
# were last asked, whichever was last. A letter's own date may be long ago.
IDENTITY_WITHIN = timedelta(days=30)
ASKED = (
    RequestActKind.RECEIVED, RequestActKind.SCREENED, RequestActKind.IDENTITY_ASKED,
    RequestActKind.IDENTITY_SENT, RequestActKind.NOT_VERIFIED,
)  # fmt: skip
UNIDENTIFIED = "unidentified"
# A key without a row: its form was cut off before the entry, and nothing was sealed that was kept.
ORPHAN_AFTER = timedelta(days=1)
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)
Step = Callable[[SubjectRequest, datetime], None]


def tend() -> None:
    """One tick. What protects is done by any clock, what ends only by one that is trusted."""
    now = clock.now()
    _each(_unfinished(), _finish, now)
    # Whoever needs none any more lets go of it below.
    ending_soon = Hold.objects.filter(
        placed_by=None, state__in=PROTECTING, until__lt=now + freezing.PROLONG_WITHIN
    )
    standing = SubjectRequest.objects.exclude(state=RequestState.ENDED)
    _each(standing.filter(reference__in=ending_soon.values("case")), _prolong, now)
    _each(_objected(), _keep, now)
    for site in Site.objects.filter(requests__state=RequestState.SCREENING).distinct():
        alarms.to_screen(site)
    if not guards.trusted(now):
        return
    _each(_stale(now), _close_unidentified, now)
    past = Q(objection_until=None) | Q(objection_until__lte=now)
    _each(SubjectRequest.objects.filter(past, state=RequestState.DECIDED), _close_decided, now)
    over = (RequestState.WITHDRAWN, RequestState.CLOSED)
    _each(SubjectRequest.objects.filter(state__in=over, hold__state__in=PROTECTING), _release, now)


def _unfinished() -> "QuerySet[SubjectRequest]":
    """Receipts that were cut off; a moment later, so that nobody's answer is raced."""
    return SubjectRequest.objects.filter(
        state__in=(RequestState.IDENTITY, RequestState.OPEN), hold=None, kind__in=limits.FROZEN_KINDS
    )


def _stale(now: datetime) -> "QuerySet[SubjectRequest]":
    """Who was asked who they are, long ago, and has not shown it: nothing of it waits for us.

    What waits to be looked at (SCREENING) is nobody's to close but who looks.
    """
    lately = RequestAct.objects.filter(request=OuterRef("pk"), kind__in=ASKED, at__gt=now - IDENTITY_WITHIN)
    visits = Appointment.objects.filter(request=OuterRef("pk"), at__gt=now - timedelta(days=1))
    visits = visits.filter(state__in=(AppointmentState.PROPOSED, AppointmentState.AGREED))
    unread = Message.objects.filter(request=OuterRef("pk"), by=None, template="", read_at=None)
    found = SubjectRequest.objects.filter(state=RequestState.IDENTITY, verified_at=None)
    for waiting in (lately, visits, unread):
        found = found.exclude(Exists(waiting))
    found = found.exclude(checks__state=CheckState.SHOWN)
    return found.exclude(decisions__state=DecisionState.PROPOSED)


def _each(found: "QuerySet[SubjectRequest]", step: Step, now: datetime) -> None:
    """Trouble with one holds up no other."""
    for request in found.select_related("site", "hold").order_by("received_at").distinct():
        try:
            step(request, now)
        except TROUBLE:
            log.exception("request %s could not be looked after", request.reference)


def _finish(request: SubjectRequest, now: datetime) -> None:
    receiving.finish(request)


def _prolong(request: SubjectRequest, now: datetime) -> None:
    freezing.prolong(request, now)


def _close_unidentified(request: SubjectRequest, now: datetime) -> None:
    """Not shown in time: as if refused, with the reason (O28), so that who was hindered may still object."""
    until = ending.objection_until(request, now)
    with transaction.atomic():
        if not close(request, now, why=UNIDENTIFIED, until=until):
            return
        with translation.override(request.language):
            told = _(
                "Nobody has shown us within 30 days who asks, so we have closed your request. You can send a"
                " new one at any time. If you do not agree, tell us until %(day)s."
            ) % {"day": words.last_day(request, until)}
            told += " " + words.others_to_turn_to(request)
        messages.add(request, told, template=UNIDENTIFIED, terminal="")


def _close_decided(request: SubjectRequest, now: datetime) -> None:
    """The time to object is over and everything was fetched, or could have been."""
    if _waits_for_answer(request) or now < free_at(request):
        return
    if close(request, now, why="decided", until=None):
        freezing.release(request, why="over")


def _objected() -> "QuerySet[SubjectRequest]":
    """Who has objected after the hold had ended, and waits."""
    anew = Q(decided_at=None) | Q(objected_at__gt=F("decided_at"))
    over = (RequestState.DECIDED, RequestState.CLOSED)
    found = SubjectRequest.objects.filter(anew, objected_at__isnull=False, state__in=over)
    return found.exclude(verified_at=None).exclude(hold__state__in=PROTECTING)


def _keep(request: SubjectRequest, now: datetime) -> None:
    freezing.keep(request)


def _release(request: SubjectRequest, now: datetime) -> None:
    if _waits_for_answer(request):
        return
    if request.objection_until is None or now >= request.objection_until:
        freezing.release(request, why="over")


def _waits_for_answer(request: SubjectRequest) -> bool:
    """Whether somebody has objected, and nobody has decided anew."""
    if request.objected_at is None:
        return False
    return request.decided_at is None or request.objected_at > request.decided_at


def free_at(request: SubjectRequest) -> datetime:
    """When nothing of a decided request needs its footage any more."""
    moments = [each for each in (request.decided_at, request.objection_until) if each is not None]
    return max([*moments, *_open_until(request)], default=clock.now())


def _open_until(request: SubjectRequest) -> list[datetime]:
    """Until when what was granted can be fetched."""
    return list(request.deliveries.filter(ended_at=None).values_list("open_until", flat=True))


def close(request: SubjectRequest, now: datetime, *, why: str, until: datetime | None) -> bool:
    """Nothing more is to be done for it; its file is kept for its time. False if it has moved on."""
    facts = {"why": why, **({"held_until": rfc3339(until)} if until else {})}
    event_id = uuid5(request.pk, f"closed/{request.decided_at}")
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if (row.state, row.verified_at, row.objected_at) != (
            request.state, request.verified_at, request.objected_at
        ):  # fmt: skip
            return False
        story.act(request, RequestActKind.CLOSED, by_lethe=True, facts=facts, event_id=event_id)
        request.state, request.closed_at = RequestState.CLOSED, now
        request.file_until = ending.file_until(request, now)
        if until is not None:
            request.objection_until = until
        request.save(update_fields=["state", "closed_at", "file_until", "objection_until"])
        mails.queue(request, "closed", f"request/{request.pk}/closed/{now:%Y%m%d}")
        remembered.tell(request)
    return True


def clean() -> RatchetResult | None:
    """Destroy keys of requests that never came to be, and of old contact tags. Once a day is plenty."""
    now = clock.now()
    if not guards.trusted(now):
        return None
    limits.end_old_tags(now)
    found = records.labelled(LABEL, before=now - ORPHAN_AFTER)
    rows = SubjectRequest.objects.filter(pk__in=[label.removeprefix(LABEL) for label in found])
    living = {f"{LABEL}{pk}" for pk in rows.exclude(key_id="").values_list("pk", flat=True)}
    strange = [key_id for label, key_id in found.items() if label not in living]
    return vault.destroy_record_keys(strange) if strange else None
