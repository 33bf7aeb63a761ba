"""The end of a request's file: its key is destroyed; nothing of it opens, backups included (O20, O21).

Entry → journal → key → fields → row. What stays is a skeleton: reference, kind, site, times, outcome and
story, as certificate and for the numbers of later years.
"""

import logging
from datetime import datetime, timedelta
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.db.models import F, Q

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.retention import guards
from cctv.subjects import clocks
from cctv.subjects.clocks import stored
from cctv.subjects.identity.models import IdentityPaper
from cctv.subjects.profiles import profile_of
from cctv.subjects.requests import freezing, story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from cctv.vault import journal
from cctv.vault import services as vault
from cctv.vault.steps import reached

log = logging.getLogger("lethe.subjects")

# Of somebody who never showed who they are there is nothing to account for.
AT_ONCE = 50
UNIDENTIFIED_FILE = timedelta(days=90)
ENDED = "request_ended"


def objection_until(request: SubjectRequest, decided_at: datetime) -> datetime:
    """Until when what was refused is kept for an objection."""
    days = profile_of(request.jurisdiction).objection_days
    zone, country = stored.place_of(request)
    return clocks.objection_until(decided_at, days, zone=zone, country=country)


def file_until(request: SubjectRequest, closed_at: datetime) -> datetime:
    """When the file of a request that was closed then is destroyed."""
    if request.verified_at is None and request.decided_at is None:
        return closed_at + UNIDENTIFIED_FILE
    years = profile_of(request.jurisdiction).file_years
    return clocks.file_until(closed_at, years, zone=stored.place_of(request)[0])


def end_due() -> int:
    """Destroy the files whose time is over; how many. A wrong clock or an older register destroys none."""
    now = clock.now()
    if not guards.trusted(now):
        return 0
    due = SubjectRequest.objects.filter(file_until__lte=now).exclude(state=RequestState.ENDED)
    # Whoever has objected is answered first.
    anew = Q(decided_at=None) | Q(objected_at__gt=F("decided_at"))
    due = due.exclude(anew, objected_at__isnull=False)
    ended = 0
    for request in due.select_related("site", "hold").order_by("file_until"):
        if ended == AT_ONCE:
            break
        try:
            end_file(request)
            ended += 1
        except (LetheError, AccessLogError, DatabaseError, OSError):
            log.exception("the file of request %s could not be destroyed", request.reference)
    return ended


def end_file(request: SubjectRequest) -> SubjectRequest:
    """Destroy what names persons; ENDED once no mirror has the key. Safe to repeat. LogUnavailable."""
    if request.state == RequestState.ENDED:
        return request
    freezing.release(request, why="file")
    facts = {
        "messages": request.messages.count(), "decisions": request.decisions.count(),
        "key": request.key_id, "file_until": rfc3339(request.file_until or clock.now()),
    }  # fmt: skip
    told = story.act(
        request, RequestActKind.ENDED, by_lethe=True, facts=facts, event_id=uuid5(request.pk, "ended")
    )
    reached("request.end-logged")
    journal.append(ENDED, {"request": str(request.pk), "at": rfc3339(told.at), "entry": told.entry})
    reached("request.end-told")
    # What somebody showed and nobody has looked at ends with the file at the latest.
    checks = request.checks.exclude(key_id="").values_list("key_id", flat=True)
    if keys := [key for key in (request.key_id, *checks) if key]:
        destruction = vault.destroy_record_keys(keys)
        reached("request.key-destroyed")
        if not destruction.complete:
            log.warning("request %s: a mirror still has its key", request.reference)
            return request  # the next look asks again
        told.facts = {**told.facts, "generation": destruction.generation}
        told.save(update_fields=["facts"])
    papers = IdentityPaper.objects.filter(check_row__request=request)
    if vault.delete_objects(list(papers.values_list("sealed_name", flat=True))):
        log.warning("request %s: a paper could not be deleted yet", request.reference)
        return request
    empty(request, at=told.at, entry=told.entry)
    reached("request.ended")
    return request


def empty(request: SubjectRequest, *, at: datetime, entry: int | None) -> None:
    """Take what is sealed, and what leads to the person, out of the rows."""
    with transaction.atomic():
        IdentityPaper.objects.filter(check_row__request=request).delete()
        request.checks.update(key_id="")
        request.messages.update(text=b"")
        request.decisions.update(details=b"", letter=b"")
        request.mails.update(error="")
        request.deliveries.filter(ended_at=None).update(ended_at=at)
        request.details, request.key_id, request.contact_tag = b"", "", ""
        request.secret_salt, request.secret_hash = b"", b""
        request.state, request.ended_at, request.ended_entry = RequestState.ENDED, at, entry
        request.save()
