"""What each tick does for requests: finish, keep frozen, let go what is over, end files."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.retention import guards
from cctv.retention.holds.models import PROTECTING
from cctv.sites.models import Site
from cctv.subjects.requests import alarms, ending, freezing, limits, mails, receiving, remembered, story
from cctv.subjects.requests.details import LABEL
from cctv.subjects.requests.models import STANDING, RequestActKind, RequestState, SubjectRequest
from cctv.vault import records
from cctv.vault import services as vault
from cctv.vault.keyring import RatchetResult

log = logging.getLogger("lethe.subjects")

# Who has not shown who they are by then is not asked any more.
IDENTITY_WITHIN = timedelta(days=30)
# A key without a row: its form was cut off before the entry, and nothing was sealed that was kept.
ORPHAN_AFTER = timedelta(days=1)
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)
Step = Callable[[SubjectRequest, datetime], None]


def tend() -> None:
    """One tick. What protects is done by any clock, what ends only by one that is trusted."""
    now = clock.now()
    _each(_unfinished(), _finish, now)
    soon = now + freezing.PROLONG_WITHIN
    frozen = (*STANDING, RequestState.DECIDED)
    _each(SubjectRequest.objects.filter(state__in=frozen, hold__until__lt=soon), _prolong, now)
    for site in Site.objects.filter(requests__state=RequestState.SCREENING).distinct():
        alarms.to_screen(site)
    if not guards.trusted(now):
        return
    stale = SubjectRequest.objects.filter(
        state__in=(RequestState.SCREENING, RequestState.IDENTITY), verified_at=None,
        received_at__lte=now - IDENTITY_WITHIN,
    )  # fmt: skip
    _each(stale, _close_unidentified, now)
    _each(SubjectRequest.objects.filter(state=RequestState.DECIDED), _close_decided, now)
    over = (RequestState.WITHDRAWN, RequestState.CLOSED)
    _each(SubjectRequest.objects.filter(state__in=over, hold__state__in=PROTECTING), _release, now)


def _unfinished() -> "QuerySet[SubjectRequest]":
    """Receipts that were cut off; a moment later, so that nobody's answer is raced."""
    return SubjectRequest.objects.filter(
        state__in=(RequestState.IDENTITY, RequestState.OPEN), hold=None, kind__in=limits.FROZEN_KINDS
    )


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
    """Not shown in time: as if refused, so that who was hindered may still object."""
    until = ending.objection_until(request, now)
    close(request, now, why="unidentified", until=until)


def _close_decided(request: SubjectRequest, now: datetime) -> None:
    """The time to object is over and everything was fetched, or could have been."""
    if _waits_for_answer(request, since=request.decided_at) or now < free_at(request):
        return
    if close(request, now, why="decided", until=None):
        freezing.release(request, why="over")


def _release(request: SubjectRequest, now: datetime) -> None:
    if _waits_for_answer(request, since=request.closed_at):
        return
    if request.objection_until is None or now >= request.objection_until:
        freezing.release(request, why="over")


def _waits_for_answer(request: SubjectRequest, *, since: datetime | None) -> bool:
    """Whether somebody has objected since, and nobody has decided anew."""
    return request.objected_at is not None and (since is None or request.objected_at > since)


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
