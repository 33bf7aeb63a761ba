"""Holds that the receipt of somebody's request places: without an account, and in force at once.

They end when the request does, by nobody's word (`ending.run_out`); until then they are prolonged.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from cctv.core import clock
from cctv.retention.holds import gate, taking, telling
from cctv.retention.holds.ending import run_out
from cctv.retention.holds.errors import HoldOver, HoldRefused
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldState
from cctv.retention.holds.placing import finish
from cctv.retention.holds.services import LONGEST, Placed, make
from cctv.sites.models import Camera, Site
from cctv.vault.steps import reached

GROUND = "request"
BY_LETHE = {"id": "", "name": "Lethe", "role": "job"}


def place_for_request(
    *,
    hold_id: UUID,
    site: Site,
    cameras: Sequence[Camera],
    reference: str,
    starts_at: datetime,
    ends_at: datetime,
    until: datetime,
    terminal: str,
) -> Placed:
    """Hold the footage of the cameras in [starts_at, ends_at), in force at once; answers with counts.

    The same `hold_id` places one hold, however often it is tried. HoldRefused and vault errors with nothing
    held; LogUnavailable with everything held and only the entry still to come.
    """
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None:
        now = clock.now()
        if not cameras or any(camera.site_id != site.pk for camera in cameras):
            raise HoldRefused
        if not starts_at < ends_at or not now < until <= now + LONGEST:
            raise HoldRefused
        hold = Hold(
            id=hold_id, site=site, case=reference, ground=GROUND, starts_at=starts_at, ends_at=ends_at,
            until=until, placed_by=None, placed_at=now, terminal=terminal, year=now.year,
        )  # fmt: skip
        try:
            make(hold, cameras, reference)
        except IntegrityError:  # sent twice at once: the other one made it
            hold = Hold.objects.get(pk=hold_id)
    taking.take(hold_id)
    finish(hold_id)
    hold.refresh_from_db()
    return Placed(hold, HeldObject.objects.filter(hold=hold).count(), hold.too_late)


def standing(*, site: Site, reference: str) -> list[Hold]:
    """The holds in force that receipts of this request have placed."""
    found = Hold.objects.filter(site=site, case=reference, placed_by=None, state__in=PROTECTING)
    return list(found.order_by("placed_at"))


def prolong_for_request(hold: Hold, *, until: datetime, reason: str) -> Hold:
    """A request takes longer than was thought: its hold goes on. The entry comes first. HoldOver."""
    if not hold.protects:
        raise HoldOver
    if until <= hold.until:
        return hold
    facts = {
        "reason": reason, "until": clock.rfc3339(until), "before": clock.rfc3339(hold.until),
        "actor": BY_LETHE, "terminal": "",
    }  # fmt: skip
    telling.log(hold, "hold.prolonged", facts, actor=None)
    reached("hold.prolong-logged")
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold.pk)
        if not row.protects:
            raise HoldOver
        row.until, row.warned_at = max(until, row.until), None
        row.save(update_fields=["until", "warned_at"])
        telling.note(row, telling.CHANGED)
    telling.tell(hold.pk)
    return row


def end_for_request(hold: Hold) -> Hold:
    """What it was placed for is over. HoldOver if it has ended already; LogUnavailable."""
    if hold.state not in (HoldState.ACTIVE, HoldState.PLACED):
        raise HoldOver
    return run_out(hold)
