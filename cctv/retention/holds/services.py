"""Acts on holds. Protection first, words second; what ends protection is in the log before it happens.

Placing: key → row → objects in batches under the gate → journal → entry → answer. Killed anywhere, the
next tick (`extend_holds`) does the rest, and the entry is written before anybody hears of the hold.
Ending: entry → state under the gate, from which moment nothing opens → journal → the purge is woken; it
destroys the hold's key and, with it, what is past its time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.db.models import Max

from cctv.core import clock, workdays
from cctv.core.ids import new_id
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.retention.holds import gate, taking, telling
from cctv.retention.holds.ending import end
from cctv.retention.holds.errors import (
    HoldDecided,
    HoldOfRequest,
    HoldOver,
    HoldRefused,
    OwnHold,
    ReasonRequired,
)
from cctv.retention.holds.grounds import grounds_of
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.retention.holds.placing import finish
from cctv.retention.holds.telling import DECIDE, PLACE
from cctv.retention.holds.upkeep import extend_holds, lapse_holds
from cctv.sites.models import Camera, Site
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing
from cctv.vault.steps import reached

__all__ = [
    "Placed", "confirm_hold", "details_of", "extend_holds", "extend_until", "lapse_holds", "place_hold",
    "refuse_hold", "release_hold",
]  # fmt: skip

MOST_CAMERAS = 64
LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold and what it got: how many recordings it holds, and how many it came too late for."""

    hold: Hold
    held: int
    too_late: int


def place_hold(
    *,
    actor: Account,
    terminal: str,
    site: Site,
    cameras: Sequence[Camera],
    case: str,
    reason: str,
    ground: str,
    starts_at: datetime,
    ends_at: datetime,
    until: datetime,
    hold_id: UUID | None = None,
) -> Placed:
    """Hold the footage of the cameras in [starts_at, ends_at), in force at once; answers with counts.

    From somebody who may decide it is ACTIVE, else it waits (PLACED). The same `hold_id` places one hold
    of the same footage, however often it is tried. NotFound, Forbidden, HoldRefused, ReasonRequired, vault
    errors with nothing held; LogUnavailable with everything held and only the entry still to come.
    """
    permissions_of(actor).require(PLACE, site_id=site.pk)
    hold = Hold.objects.filter(pk=hold_id).first() if hold_id else None
    asked = (case.strip(), ground, starts_at, ends_at, sorted(str(camera.pk) for camera in cameras))
    if hold is not None and hold.placed_by_id == actor.pk and asked != _asked(hold):
        # The same form sent with other words is another hold, and however often it is sent, one.
        hold_id = uuid5(hold.pk, repr(asked))
        hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None:
        _check(site, cameras, case, reason, ground, (starts_at, ends_at, until))
        hold = Hold(
            id=hold_id or new_id(), site=site, case=case.strip(), ground=ground, starts_at=starts_at,
            ends_at=ends_at, until=until, placed_by=actor, placed_at=clock.now(), terminal=terminal,
            year=clock.now().year,
        )  # fmt: skip
        try:
            make(hold, cameras, reason.strip())
        except IntegrityError:  # sent twice at once: the other one made it
            hold = Hold.objects.get(pk=hold.pk)
    if hold.placed_by_id != actor.pk or hold.site_id != site.pk:
        raise NotFound
    taking.take(hold.pk)
    finish(hold.pk)
    hold.refresh_from_db()
    return Placed(hold, HeldObject.objects.filter(hold=hold).count(), hold.too_late)


def _asked(hold: Hold) -> tuple[object, ...]:
    """What a hold was placed for, as far as a repetition has to repeat it."""
    cameras = sorted(str(pk) for pk in hold.cameras.values_list("pk", flat=True))
    return (hold.case, hold.ground, hold.starts_at, hold.ends_at, cameras)


def _check(
    site: Site,
    cameras: Sequence[Camera],
    case: str,
    reason: str,
    ground: str,
    times: tuple[datetime, datetime, datetime],
) -> None:
    starts_at, ends_at, until = times
    if not 0 < len(cameras) <= MOST_CAMERAS or any(camera.site_id != site.pk for camera in cameras):
        raise HoldRefused
    if not starts_at < ends_at <= until or not clock.now() < until <= clock.now() + LONGEST:
        raise HoldRefused
    if ground not in dict(grounds_of(site.jurisdiction)) or not case.strip():
        raise HoldRefused
    if not reason.strip():
        raise ReasonRequired


def make(hold: Hold, cameras: Sequence[Camera], reason: str) -> None:
    """Key, then row: from here on the tick finds it. Without somebody who placed it, it waits for nobody."""
    hold.key_id = vault.new_hold_key(hold.pk)
    reached("hold.key")
    details = json.dumps({"reason": reason}).encode()
    _key_id, hold.details = vault.seal_record(_label(hold), details, context=_context(hold))
    if hold.placed_by is None or permissions_of(hold.placed_by).may(DECIDE, site_id=hold.site_id):
        hold.state = HoldState.ACTIVE
    else:
        zone = ZoneInfo(hold.site.time_zone)
        country = workdays.country_of(hold.site.jurisdiction, hold.site.time_zone)
        hold.escalate_at, hold.confirm_by = workdays.decision_times(
            hold.placed_at, zone=zone, country=country
        )
    with gate.locked():  # which also hands out the numbers one after the other
        last = Hold.objects.filter(year=hold.year).aggregate(last=Max("sequence"))["last"] or 0
        hold.sequence, hold.number = last + 1, f"H-{hold.year}-{last + 1:04}"
        hold.save(force_insert=True)
        hold.cameras.set(cameras)
        telling.note(hold, telling.CHANGED)
    reached("hold.row")


# ------------------------------------------------------------------ decisions


def confirm_hold(*, hold_id: UUID, actor: Account, terminal: str) -> Hold:
    """An approver's yes: PLACED → ACTIVE. NotFound, Forbidden, OwnHold, HoldDecided, LogUnavailable."""
    hold = _waiting(hold_id, actor)
    telling.tell(hold.pk)
    event_id = uuid5(hold.pk, f"confirmed/{actor.pk}")
    telling.log(hold, "hold.confirmed", {}, actor=actor, terminal=terminal, event_id=event_id)
    reached("hold.confirm-logged")
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold_id)
        if row.state != HoldState.PLACED:
            raise HoldDecided
        row.state, row.decided_by, row.decided_at = HoldState.ACTIVE, actor, clock.now()
        row.save(update_fields=["state", "decided_by", "decided_at"])
        telling.note(row, telling.CHANGED)
    reached("hold.confirmed")
    telling.tell(hold.pk)
    return row


def refuse_hold(*, hold_id: UUID, actor: Account, terminal: str, reason: str) -> Hold:
    """An approver's no: it protects nothing any more. The caller has made sure of the step-up."""
    hold = _waiting(hold_id, actor)
    facts = {"reason": _reason(reason)}
    return end(hold, HoldState.REFUSED, facts, actor=actor, terminal=terminal)


def release_hold(*, hold_id: UUID, actor: Account, terminal: str, reason: str) -> Hold:
    """The case is closed: nothing opens through it any more, what is past its time is destroyed at once.

    The caller has made sure of the step-up. NotFound, Forbidden, HoldOver, HoldOfRequest, LogUnavailable.
    """
    hold = _decidable(hold_id, actor)
    if not hold.protects:
        raise HoldOver
    if hold.placed_by_id is None:
        raise HoldOfRequest
    facts = {"reason": _reason(reason)}
    return end(hold, HoldState.RELEASED, facts, actor=actor, terminal=terminal)


def extend_until(*, hold_id: UUID, actor: Account, terminal: str, until: datetime, reason: str) -> Hold:
    """Prolong a hold in force. The entry comes first. HoldOver, HoldRefused, ReasonRequired."""
    hold = _decidable(hold_id, actor)
    if hold.state != HoldState.ACTIVE or clock.now() >= hold.until:
        raise HoldOver
    if not hold.until < until <= clock.now() + LONGEST:
        raise HoldRefused(hint=telling.LATER)
    facts: dict[str, Any] = {
        "reason": _reason(reason), "until": clock.rfc3339(until), "before": clock.rfc3339(hold.until),
    }  # fmt: skip
    telling.log(hold, "hold.prolonged", facts, actor=actor, terminal=terminal)
    reached("hold.prolong-logged")
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold_id)
        if not row.protects:
            raise HoldOver
        row.until, row.warned_at = max(until, row.until), None
        row.save(update_fields=["until", "warned_at"])
        telling.note(row, telling.CHANGED)
    reached("hold.prolonged")
    telling.tell(hold.pk)
    return row


def details_of(hold: Hold) -> dict[str, str]:
    """The sealed words of a hold: {"reason"}; empty once its key is destroyed."""
    if not hold.key_id:
        return {}
    try:
        data = vault.open_record(hold.key_id, bytes(hold.details), context=_context(hold))
    except KeyMissing:
        return {}
    found: dict[str, str] = json.loads(data)
    return found


def _label(hold: Hold) -> str:
    return f"hold/{hold.pk}"


def _context(hold: Hold) -> bytes:
    return f"lethe/1/hold/{hold.pk}/details".encode()


def _decidable(hold_id: UUID, actor: Account) -> Hold:
    hold = Hold.objects.filter(pk=hold_id).select_related("site", "placed_by").first()
    if hold is None:
        raise NotFound
    permissions_of(actor).require(DECIDE, site_id=hold.site_id)
    return hold


def _waiting(hold_id: UUID, actor: Account) -> Hold:
    hold = _decidable(hold_id, actor)
    if hold.placed_by_id == actor.pk:
        raise OwnHold
    if hold.state != HoldState.PLACED:
        raise HoldDecided
    return hold


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonRequired
    return text.strip()[:300]
