"""The one way in which a hold ends, whoever or whatever ends it."""

import logging
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import CloseReason, ViewingSession
from cctv.footage.viewing import close_viewing
from cctv.people.models import Account
from cctv.retention.holds import gate, telling
from cctv.retention.holds.errors import HoldDecided, HoldOver
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold, HoldState
from cctv.retention.holds.placing import finish
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

KINDS = {
    HoldState.RELEASED: "hold.released",
    HoldState.REFUSED: "hold.refused",
    HoldState.LAPSED: "hold.lapsed",
    HoldState.ENDED: "hold.ended",
}


def end(
    hold: Hold,
    state: HoldState,
    facts: dict[str, Any],
    *,
    actor: Account | None = None,
    terminal: str = "",
) -> Hold:
    """Entry, then state: from the commit on nothing opens through it, and the purge is woken.

    Tried again after a kill it writes no second entry of the same actor. HoldOver if it has ended already,
    HoldDecided if it has been confirmed or prolonged meanwhile.
    """
    if hold.placed_entry is None:
        finish(hold.pk)  # what was placed is in the log before what has ended
    if state != HoldState.REFUSED:
        facts = facts | counts(hold)
    _may_end(hold, state)
    # A hold that was prolonged ends once more: the entry of an end that did not come does not stand for it.
    made = f"{state}/{actor.pk if actor else ''}"
    made += f"/{clock.rfc3339(hold.until)}" if state == HoldState.ENDED else ""
    event_id = uuid5(hold.pk, made)
    entry = telling.log(hold, KINDS[state], facts, actor=actor, terminal=terminal, event_id=event_id)
    reached("hold.end-logged")
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold.pk)
        _may_end(row, state)
        row.state, row.ended_at, row.ended_entry = state, clock.now(), entry
        if state == HoldState.REFUSED:
            row.decided_by, row.decided_at = actor, row.ended_at
        elif actor is not None:
            row.released_by = actor
        row.save()
        telling.note(row, telling.ENDED, state=state.value, at=clock.rfc3339(row.ended_at))
        gate.moved()
        transaction.on_commit(_wake, robust=True)
    reached("hold.ended")
    telling.tell(hold.pk)
    _close_viewings(hold.pk)
    return row


def run_out(hold: Hold) -> Hold:
    """End one now that what it was placed for is over, by nobody's word: its time is shortened, and is over.

    Killed in between it ends at the next tick, as every hold whose time is over. HoldOver.
    """
    with gate.locked():
        row = Hold.objects.select_for_update().get(pk=hold.pk)
        if not row.protects:
            raise HoldOver
        if (now := clock.now()) < row.until:
            row.until = now
            row.save(update_fields=["until"])
            telling.note(row, telling.CHANGED)
    telling.tell(row.pk)
    return end(row, HoldState.ENDED, {"until": clock.rfc3339(row.until)})


def _may_end(row: Hold, state: HoldState) -> None:
    """Whether it may end so as it stands now: somebody may have confirmed or prolonged it meanwhile.

    HoldOver, HoldDecided.
    """
    now = clock.now()
    if not row.protects:
        raise HoldOver
    if state in (HoldState.REFUSED, HoldState.LAPSED) and row.state != HoldState.PLACED:
        raise HoldDecided
    if state == HoldState.LAPSED and (row.confirm_by is None or now < row.confirm_by):
        raise HoldDecided
    if state == HoldState.ENDED and now < row.until:
        raise HoldDecided


def counts(hold: Hold) -> dict[str, int]:
    """How much it holds, and how much of that has nothing else to live by."""
    now = clock.now()
    held = HeldObject.objects.filter(hold=hold)
    others = HeldObject.objects.filter(hold__state__in=PROTECTING).exclude(hold=hold)
    past = Q(segment__expires_at__lte=now) | Q(quarantined__expires_at__lte=now)
    kept = Q(segment__in=others.exclude(segment=None).values("segment")) | Q(
        quarantined__in=others.exclude(quarantined=None).values("quarantined")
    )
    return {"held": held.count(), "past_retention": held.filter(past).exclude(kept).count()}


def _wake() -> None:
    from cctv.retention.models import Trigger
    from cctv.retention.tasks import purge_due

    purge_due.delay(trigger=Trigger.RELEASE.value)


def _close_viewings(hold_id: UUID) -> None:
    """Its viewings serve nothing any more already; this closes them and sums them up."""
    for session in ViewingSession.objects.filter(hold_id=hold_id, closed_at=None):
        try:
            close_viewing(session, reason=CloseReason.REVOKED)
        except (LetheError, AccessLogError):
            log.warning("viewing %s: its closing entry is still to be written", session.pk)
