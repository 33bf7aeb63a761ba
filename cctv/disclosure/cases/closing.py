"""Closing a case: its holds are released, its copies end. What that is, is said in numbers before.

    closing    the row's state: nothing is added any more             repeat: nothing to change
    holds      released one by one, each an entry of its own          repeat: those that are left
    closed     the entry, then the row                                repeat: the same entry
    copies     the packaging ends what is still there                 its own job, whoever was killed

Who may not decide on holds begins it; the holds stand until somebody has finished it who may. A case that is
being closed may be opened again until then.
"""

from dataclasses import dataclass
from uuid import uuid5

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cctv.core import clock
from cctv.disclosure.cases import entries, events
from cctv.disclosure.cases.entries import CHANGE
from cctv.disclosure.cases.errors import CaseChanged, CaseIsOver, CaseWaits
from cctv.disclosure.cases.models import Case, CaseState
from cctv.disclosure.cases.services import locked
from cctv.disclosure.exports.models import Export, ExportState, Urgency
from cctv.disclosure.packaging import services as packaging
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.retention.holds.errors import HoldOver
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.retention.holds.services import release_hold
from cctv.vault.steps import reached

DECIDE = "hold.decide"
# Somebody has still to act on these.
UNDECIDED = (ExportState.DRAFT, ExportState.ASKED, ExportState.RETURNED, ExportState.APPROVED)


@dataclass(frozen=True, slots=True)
class Effect:
    """What closing would do now."""

    holds: int
    recordings: int  # that those holds hold
    past_retention: int  # of them: destroyed at once
    copies: int
    waiting: int  # exports that have to be decided on first

    @property
    def seen(self) -> str:
        """What somebody agrees to, to be compared when they have."""
        return f"{self.holds}.{self.recordings}.{self.past_retention}.{self.copies}"


def effect_of(case: Case) -> Effect:
    """The numbers."""
    holds = standing(case)
    held = HeldObject.objects.filter(hold__in=holds)
    others = HeldObject.objects.filter(segment=OuterRef("segment"), hold__state__in=PROTECTING)
    past = held.filter(segment__expires_at__lte=clock.now()).exclude(Exists(others.exclude(hold__in=holds)))
    exports = Export.objects.filter(case=case)
    undecided = exports.filter(state__in=UNDECIDED) | exports.filter(urgency=Urgency.WAITING).exclude(
        state__in=(ExportState.REJECTED, ExportState.WITHDRAWN, ExportState.ENDED)
    )
    return Effect(
        holds=holds.count(),
        recordings=held.values("segment_id", "quarantined_id").distinct().count(),
        past_retention=past.values("segment_id").distinct().count(),
        copies=exports.filter(state=ExportState.READY).count(),
        waiting=undecided.distinct().count(),
    )


def standing(case: Case) -> "QuerySet[Hold]":
    """The holds of the case that are in force, or wait for a decision."""
    return Hold.objects.filter(site=case.site_id, case=case.number, state__in=PROTECTING).order_by(
        "placed_at"
    )


def close_case(*, case: Case, actor: Account, terminal: str, seen: str) -> Case:
    """Close it; `seen` are the numbers that were agreed to. The caller has made sure of the step-up.

    From somebody who may not decide on holds, with holds in force: CLOSING, and nothing else happens yet.
    NotFound, Forbidden, CaseIsOver, CaseWaits, CaseChanged, LogUnavailable: what was done until then stays.
    """
    permissions = permissions_of(actor)
    permissions.require(CHANGE, site_id=case.site_id)
    with transaction.atomic():
        row = locked(case)
        if row.state == CaseState.CLOSED:
            raise CaseIsOver
        effect = effect_of(row)
        if effect.waiting:
            raise CaseWaits
        if effect.seen != seen:
            raise CaseChanged
        if row.state == CaseState.OPEN:
            _log_state(row, actor, terminal, CaseState.CLOSING)
            row.state = CaseState.CLOSING
            row.save(update_fields=["state"])
    reached("case.closing")
    if effect.holds and not permissions.may(DECIDE, site_id=case.site_id):
        return row
    for hold in standing(row):
        _release(hold, row, actor, terminal)
        reached("case.released")
    return _closed(row, actor, terminal, effect)


def reopen_case(*, case: Case, actor: Account, terminal: str) -> Case:
    """Not after all: only while it is being closed. CaseIsOver, NotFound, Forbidden, LogUnavailable."""
    permissions_of(actor).require(CHANGE, site_id=case.site_id)
    with transaction.atomic():
        row = locked(case)
        if row.state == CaseState.CLOSED:
            raise CaseIsOver
        if row.state == CaseState.CLOSING:
            _log_state(row, actor, terminal, CaseState.OPEN)
            row.state = CaseState.OPEN
            row.save(update_fields=["state"])
    return row


def _release(hold: Hold, case: Case, actor: Account, terminal: str) -> None:
    try:
        release_hold(hold_id=hold.pk, actor=actor, terminal=terminal, reason=case.number)
    except HoldOver:  # somebody else's, a moment ago
        return


def _closed(case: Case, actor: Account, terminal: str, effect: Effect) -> Case:
    with transaction.atomic():
        row = locked(case)
        if row.state != CaseState.CLOSING or standing(row).exists() or effect_of(row).waiting:
            raise CaseChanged
        entries.enter(
            row, events.CLOSED, actor=actor, terminal=terminal, event_id=uuid5(row.pk, "closed"),
            facts={
                "holds": effect.holds, "copies": effect.copies, "past_retention": effect.past_retention
            },
        )  # fmt: skip
        reached("case.close-logged")
        row.state, row.closed_by, row.closed_at = CaseState.CLOSED, actor, clock.now()
        row.save(update_fields=["state", "closed_by", "closed_at"])
        packaging.wake_ending()
    return row


def _log_state(case: Case, actor: Account, terminal: str, state: CaseState) -> None:
    entries.enter(
        case, events.CHANGED, actor=actor, terminal=terminal, facts={"what": "state", "state": state.value}
    )
