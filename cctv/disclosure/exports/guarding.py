"""The holds that keep an export's footage from the asking to the end of its package.

One hold for each distinct stretch, of all cameras that are wanted of it: nothing is kept that nobody asked
for. A hold's id follows from the export, the stretch and the act, so that an act that is repeated after a
crash finds the hold that it placed.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db.models import QuerySet

from cctv.core import clock
from cctv.disclosure.exports.errors import HoldGone
from cctv.disclosure.exports.grounds import find
from cctv.disclosure.exports.models import Export, ExportSpan
from cctv.people.models import Account
from cctv.retention.holds.ending import end
from cctv.retention.holds.ending import run_out as end_hold
from cctv.retention.holds.errors import HoldDecided, HoldOver
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.holds.services import confirm_hold, extend_until, place_hold

# So long may a decision take before the hold runs out; unconfirmed, it lapses earlier, as every hold.
DECIDED_WITHIN = timedelta(days=14)
AFTER_END = timedelta(days=2)

Stretch = tuple[datetime, datetime]


def holds_of(export: Export) -> "QuerySet[Hold]":
    """All holds that guard it now, or guarded it when it ended."""
    return Hold.objects.filter(export_spans__export=export).distinct()


def stands(export: Export) -> bool:
    """Whether each span's hold is in force."""
    now = clock.now()
    holds = [span.hold for span in export.spans.select_related("hold")]
    return all(hold is not None and hold.protects and now < hold.opens_until for hold in holds)


def require_standing(export: Export) -> None:
    """HoldGone unless each span's hold is in force."""
    if not stands(export):
        raise HoldGone


def secure(export: Export, *, actor: Account, terminal: str) -> None:
    """Place what holds are missing and note them on the spans; what stands stays. Errors of `place_hold`."""
    for stretch, spans in _stretches(export).items():
        known = {span.hold_id for span in spans}
        if len(known) == 1 and (hold := spans[0].hold) is not None and hold.protects:
            continue
        hold = _place(export, stretch, spans, actor, terminal)
        ExportSpan.objects.filter(pk__in=[span.pk for span in spans]).update(hold=hold)
    first = export.spans.exclude(hold=None).order_by("starts_at", "pk").values_list("hold_id", flat=True)
    export.hold_id = first.first()
    Export.objects.filter(pk=export.pk).update(hold_id=export.hold_id)


def confirm(export: Export, *, actor: Account, terminal: str) -> None:
    """The approver's word: every hold is in force until after the package's end, lapsed ones anew."""
    secure(export, actor=actor, terminal=terminal)
    needed = clock.now() + timedelta(days=export.keep_days) + AFTER_END
    for hold in holds_of(export):
        if hold.state == HoldState.PLACED:
            try:
                hold = confirm_hold(hold_id=hold.pk, actor=actor, terminal=terminal)
            except HoldDecided:  # on its own page, a moment ago
                hold.refresh_from_db()
        if hold.state == HoldState.ACTIVE and hold.until < needed:
            extend_until(
                hold_id=hold.pk, actor=actor, terminal=terminal, until=needed, reason=export.number
            )  # fmt: skip
    require_standing(export)


def let_go(export: Export, *, actor: Account, terminal: str, reason: str) -> int:
    """End what holds it has; how many. What is past its retention is destroyed by the purge, at once."""
    return sum(let_go_of(hold, actor=actor, terminal=terminal, reason=reason) for hold in holds_of(export))


def let_go_of(hold: Hold, *, actor: Account, terminal: str, reason: str) -> bool:
    """End one; whether it was still in force."""
    if not hold.protects:
        return False
    try:
        end(hold, HoldState.RELEASED, {"reason": reason}, actor=actor, terminal=terminal)
    except HoldOver:
        return False
    return True


def run_out(export: Export) -> int:
    """End what holds it has, by nobody's word: its package has ended; how many."""
    done = 0
    for hold in holds_of(export):
        if hold.protects:
            with suppress(HoldOver):  # on its own page, a moment ago
                end_hold(hold)
                done += 1
    return done


def _stretches(export: Export) -> dict[Stretch, list[ExportSpan]]:
    found: dict[Stretch, list[ExportSpan]] = {}
    for span in export.spans.select_related("camera", "hold").order_by("starts_at", "ends_at", "camera_id"):
        found.setdefault((span.starts_at, span.ends_at), []).append(span)
    return found


def _place(
    export: Export, stretch: Stretch, spans: list[ExportSpan], actor: Account, terminal: str
) -> Hold:  # fmt: skip
    ground = find(export.site.jurisdiction, export.ground)
    return place_hold(
        actor=actor,
        terminal=terminal,
        site=export.site,
        cameras=[span.camera for span in spans],
        case=export.case.number,
        reason=f"{export.number}: {export.recipient}",
        ground=ground.held_on if ground else "incident",
        starts_at=stretch[0],
        ends_at=stretch[1],
        until=clock.now() + DECIDED_WITHIN + timedelta(days=export.keep_days) + AFTER_END,
        hold_id=_hold_id(export, stretch, actor),
    ).hold


def _hold_id(export: Export, stretch: Stretch, actor: Account) -> UUID:
    acts = export.acts.count()
    start, last = (clock.rfc3339(moment) for moment in stretch)
    return uuid5(export.pk, f"hold {start} {last} {actor.pk} {acts}")
