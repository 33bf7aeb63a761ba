"""What each tick of the purge does for holds: finish, take what came in, remind, escalate, let end."""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import DatabaseError
from django.db.models import Q

from accesslog.errors import AccessLogError
from cctv.core import clock, workdays
from cctv.core.errors import LetheError
from cctv.retention.holds import gate, letters, taking, telling
from cctv.retention.holds.deciders import deputy
from cctv.retention.holds.ending import end
from cctv.retention.holds.errors import HoldDecided, HoldOver
from cctv.retention.holds.models import PROTECTING, Hold, HoldState
from cctv.retention.holds.placing import finish
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

# Everything of a hold's span is looked through this often; in between, what expires before the next look.
FULL_LOOK = timedelta(minutes=5)
# A deputy who is asked later than this on the last day gets another working day.
LATE = timedelta(hours=6)
WARN_DAYS = (7, 1)
LAPSED_LATELY = timedelta(hours=1)
DAY = timedelta(days=1)
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)

_looked: dict[UUID, datetime] = {}


def extend_holds(*, full: bool = False) -> int:
    """Finish holds whose placing was cut off, take what has come into spans since; how much was taken.

    Each hold by itself: trouble with one is said in the process's log and holds up no other. Raises at
    the end if there was any, so that nothing is destroyed on half a look: what is being placed comes first.
    """
    taken, trouble = 0, None
    for hold in Hold.objects.filter(Q(state__in=PROTECTING) | ~Q(pending=[])).order_by("placed_at"):
        try:
            taken += _look(hold, full)
        except TROUBLE as error:
            log.exception("hold %s could not be looked after", hold.number)
            trouble = error
    if trouble is not None:
        raise trouble
    return taken


def _look(hold: Hold, full: bool) -> int:
    now = clock.now()
    taken = 0
    if hold.protects:
        last = _looked.get(hold.pk)
        everything = full or hold.placed_entry is None or last is None or not now - FULL_LOOK < last <= now
        taken = taking.take(hold.pk, expiring_by=None if everything else now + 2 * FULL_LOOK)
        if everything:
            _looked[hold.pk] = now
    if hold.placed_entry is None:
        finish(hold.pk)
    elif hold.pending or taken:
        telling.tell(hold.pk)
    return taken


def lapse_holds() -> int:
    """Escalate, lapse, end, warn; how many holds ended. Only to be called while the clock is trusted."""
    now = clock.now()
    ended = 0
    for hold in Hold.objects.filter(state__in=PROTECTING).select_related("site", "placed_by"):
        for step in (_escalate, _lapse, _end, _warn):
            try:
                if step(hold, now):
                    ended += 1
                    break
            except (HoldOver, HoldDecided):
                break
            except TROUBLE:
                log.exception("hold %s could not be looked after", hold.number)
                break
    for hold in Hold.objects.filter(state=HoldState.LAPSED, ended_at__gt=now - LAPSED_LATELY).select_related(
        "site", "placed_by"
    ):
        letters.lapsed(hold)  # said once, also when the process that let it lapse was killed
    return ended


def _escalate(hold: Hold, now: datetime) -> bool:
    """Ask the deputy once; somebody who is asked late gets a working day to decide."""
    due = hold.state == HoldState.PLACED and hold.escalate_at is not None and hold.escalated_at is None
    if not due or hold.escalate_at is None or hold.confirm_by is None or now < hold.escalate_at:
        return False
    confirm_by = hold.confirm_by
    if now > hold.escalate_at + LATE:
        zone = ZoneInfo(hold.site.time_zone)
        country = workdays.country_of(hold.site.jurisdiction, hold.site.time_zone)
        confirm_by = workdays.decision_times(now, zone=zone, country=country)[1]
    asked = deputy(hold)
    named = {"id": str(asked.pk), "name": asked.name} if asked else {"id": "", "name": "–"}
    facts = {"confirm_by": clock.rfc3339(confirm_by), "deputy": named}
    telling.log(hold, "hold.escalated", facts, actor=None, event_id=uuid5(hold.pk, "escalated"))
    reached("hold.escalate-logged")
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold.pk)
        if row.state != HoldState.PLACED:
            return False
        row.deputy, row.escalated_at, row.confirm_by = asked, now, confirm_by
        row.save(update_fields=["deputy", "escalated_at", "confirm_by"])
        telling.note(row, telling.CHANGED)
    reached("hold.escalated")
    hold.deputy, hold.escalated_at, hold.confirm_by = asked, now, confirm_by
    telling.tell(hold.pk)
    if asked is not None:
        letters.escalated(hold, asked)
    return False


def _lapse(hold: Hold, now: datetime) -> bool:
    if hold.state != HoldState.PLACED or hold.confirm_by is None or now < hold.confirm_by:
        return False
    end(hold, HoldState.LAPSED, {"confirm_by": clock.rfc3339(hold.confirm_by)})
    return True


def _end(hold: Hold, now: datetime) -> bool:
    if now < hold.until:
        return False
    end(hold, HoldState.ENDED, {"until": clock.rfc3339(hold.until)})
    return True


def _warn(hold: Hold, now: datetime) -> bool:
    """Seven days and one day before it ends; a hold that was made for less is not announced so early."""
    left = hold.until - now
    for days in sorted(WARN_DAYS):
        if left <= days * DAY:
            if hold.placed_at < hold.until - days * DAY:
                letters.expiring(hold, days)
                Hold.objects.filter(pk=hold.pk).update(warned_at=now)
            break
    return False
