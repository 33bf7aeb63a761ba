"""What a second person does with an export: ask back, approve, reject; afterwards, where it was urgent.

Each act is an entry first, then the row; an entry's id follows from the export and the acts before it, so
that an act repeated after a crash is entered once. Who asked never decides. The caller has made sure of the
step-up of `approve`, `reject`, `confirm_urgent` and `refuse_urgent`.
"""

import json
import logging
from hashlib import sha256
from uuid import uuid5

from django.db import transaction

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports import entries, events, guarding, results, telling, watching
from cctv.disclosure.exports.asking import BEFORE, begin_packaging, let_go_before, locked, locked_now
from cctv.disclosure.exports.entries import ASK, DECIDE
from cctv.disclosure.exports.errors import ExportChanged, ExportDecided, OwnExport, RemarkRequired
from cctv.disclosure.exports.models import OVER, ActKind, Export, ExportAct, ExportState, Urgency
from cctv.disclosure.exports.wishes import require_allowed, wish_of
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.vault.steps import reached

log = logging.getLogger("cctv.disclosure")

MOST_REMARK = 1000
WITHDRAWABLE = (
    ExportState.DRAFT, ExportState.ASKED, ExportState.RETURNED, ExportState.APPROVED, ExportState.READY,
)  # fmt: skip
# An urgent one still waits for its decision in these, whatever became of its package.
UNDECIDED = (Urgency.WAITING, Urgency.LATE)


def seen_of(export: Export) -> str:
    """What a page says that it showed: decided is only on what was seen, redacted results too."""
    return _seen(export, results.rendered(export))


def return_(*, export: Export, actor: Account, terminal: str, remark: str, seen: str) -> Export:
    """Ask back: the requester changes it, or withdraws. Its holds stand meanwhile."""
    _require_second(export, actor)
    said = _remark(remark)
    with transaction.atomic():
        row = _expected(export, seen, ExportState.ASKED)
        entry = _log(row, events.RETURNED, actor, terminal, reason=said)
        row.state = ExportState.RETURNED
        row.save(update_fields=["state"])
        _act(row, ActKind.RETURNED, actor, entry, said)
        telling.decided(row)
    return row


def approve(*, export: Export, actor: Account, terminal: str, seen: str, remark: str = "") -> Export:
    """It may leave: the holds are confirmed, then it is approved and packaged.

    OwnExport, ExportDecided, ExportChanged, HoldGone, what `require_allowed` raises, LogUnavailable.
    """
    _require_second(export, actor)
    row = locked_now(export)
    _require(row, seen, ExportState.ASKED)
    require_allowed(row.site, row.case, wish_of(row))
    let_go_before(row)
    guarding.confirm(row, actor=actor, terminal=terminal)
    reached("export.confirmed")
    with transaction.atomic():
        row = _expected(export, seen, ExportState.ASKED)
        if _seen(row, results.pin(row)) != seen:
            raise ExportChanged
        entry = _log(
            row, events.APPROVED, actor, terminal, **entries.approved_of(row),
            watched_s=round(watching.seconds_watched(row, actor)),
        )  # fmt: skip
        row.state = ExportState.APPROVED
        row.save(update_fields=["state", "package"])
        begin_packaging(row)
        _act(row, ActKind.APPROVED, actor, entry, remark.strip()[:MOST_REMARK])
        telling.decided(row)
    reached("export.approved")
    return row


def reject(*, export: Export, actor: Account, terminal: str, remark: str, seen: str) -> Export:
    """It does not leave; its holds end, and no copy is left."""
    _require_second(export, actor)
    said = _remark(remark)
    with transaction.atomic():
        row = _expected(export, seen, ExportState.ASKED)
        entry = _log(row, events.REJECTED, actor, terminal, reason=said)
        _end(row, ExportState.REJECTED)
        _act(row, ActKind.REJECTED, actor, entry, said)
        telling.decided(row)
    reached("export.rejected")
    guarding.let_go(row, actor=actor, terminal=terminal, reason=said)
    return row


def withdraw(*, export: Export, actor: Account, terminal: str, remark: str = "") -> Export:
    """Whoever asked, or may decide, takes it back: nothing more is made or handed out, its holds end.

    An urgent one still has to be decided on.
    """
    permissions = permissions_of(actor)
    own = export.asked_by_id == actor.pk
    permissions.require(ASK if own else DECIDE, site_id=export.site_id)
    said = remark.strip()[:MOST_REMARK]
    with transaction.atomic():
        row = locked(export)
        if row.state not in WITHDRAWABLE:
            raise ExportDecided
        facts = {"reason": said} if said else {}
        entry = _log(row, events.WITHDRAWN, actor, terminal, action=ASK if own else DECIDE, **facts)
        _end(row, ExportState.WITHDRAWN)
        _act(row, ActKind.WITHDRAWN, actor, entry, said)
        transaction.on_commit(end_package, robust=True)
    reached("export.withdrawn")
    guarding.let_go(row, actor=actor, terminal=terminal, reason=said or row.number)
    return row


def confirm_urgent(*, export: Export, actor: Account, terminal: str, remark: str = "") -> Export:
    """Approve afterwards what went out as urgent. One that was late stays marked as a violation."""
    _require_second(export, actor)
    row = locked_now(export)
    _require_undecided(row)
    if row.state not in OVER:
        guarding.confirm(row, actor=actor, terminal=terminal)
    with transaction.atomic():
        row = locked(export)
        _require_undecided(row)
        late = row.urgency == Urgency.LATE or (row.approve_by is not None and clock.now() > row.approve_by)
        entry = _log(row, events.CONFIRMED, actor, terminal, late=late, **entries.approved_of(row))
        if row.urgency == Urgency.WAITING and not late:
            row.urgency = Urgency.APPROVED
        elif row.urgency == Urgency.WAITING:
            _violate(row)
        row.save(update_fields=["urgency"])
        _act(row, ActKind.CONFIRMED, actor, entry, remark.strip()[:MOST_REMARK])
        telling.decided(row)
    return row


def refuse_urgent(*, export: Export, actor: Account, terminal: str, remark: str) -> Export:
    """It should not have gone out: a violation; what is left of it ends."""
    _require_second(export, actor)
    said = _remark(remark)
    with transaction.atomic():
        row = locked(export)
        _require_undecided(row)
        entry = _log(row, events.REJECTED, actor, terminal, reason=said)
        row.urgency = Urgency.REFUSED
        if row.state not in OVER:
            _end(row, ExportState.REJECTED)
        row.save(update_fields=["urgency"])
        _act(row, ActKind.REJECTED, actor, entry, said)
        _violated(row, "refused")
        transaction.on_commit(end_package, robust=True)
        telling.violated(row)
    guarding.let_go(row, actor=actor, terminal=terminal, reason=said)
    return row


def mark_late() -> int:
    """Mark urgent exports that nobody decided on in time; how many."""
    late = Export.objects.filter(urgency=Urgency.WAITING, approve_by__lte=clock.now())
    done = 0
    for export in late:
        try:
            with transaction.atomic():
                row = locked(export)
                if row.urgency != Urgency.WAITING:
                    continue
                _violate(row)
                row.save(update_fields=["urgency"])
                telling.violated(row)
            done += 1
        except (LetheError, AccessLogError, OSError) as error:
            log.warning("export %s is still to be marked: %s", export.number, error)
    return done


def let_go_left() -> int:
    """End the holds of exports whose package has ended, or that were rejected, withdrawn or asked for anew by
    a process that was killed; how many."""
    over = Export.objects.filter(state__in=OVER, spans__hold__state__in=("placed", "active"))
    before = Export.objects.filter(package__has_key=BEFORE).exclude(state=ExportState.DRAFT)
    rows = (over | before).select_related("site", "case", "asked_by")
    done = 0
    for export in rows.distinct():
        try:
            done += _let_go(export)
        except (LetheError, AccessLogError, OSError) as error:
            log.warning("the holds of export %s are still to end: %s", export.number, error)
    return done


def _let_go(export: Export) -> int:
    if BEFORE in export.package:
        return let_go_before(export) + (_let_go(locked_now(export)) if export.state in OVER else 0)
    if export.state == ExportState.ENDED:
        return guarding.run_out(export)
    last = export.acts.exclude(by=None).order_by("-at").first()
    if last is None or last.by is None:
        return 0
    return guarding.let_go(export, actor=last.by, terminal="", reason=last.remark or export.number)


def is_settled(export: Export) -> bool:
    """Whether an urgent one has had its approval, in time or late."""
    return export.urgency == Urgency.APPROVED or export.acts.filter(kind=ActKind.CONFIRMED).exists()


def end_package() -> None:
    """Have what is left of packages destroyed now, instead of at the next tick."""
    from cctv.disclosure.packaging import services as packaging  # which asks this package in its turn

    packaging.wake_ending()


def _require_second(export: Export, actor: Account) -> None:
    permissions_of(actor).require(DECIDE, site_id=export.site_id)
    if export.asked_by_id == actor.pk:
        raise OwnExport


def _require_undecided(row: Export) -> None:
    if row.urgency not in UNDECIDED or is_settled(row):
        raise ExportDecided


def _seen(row: Export, of: dict[str, str]) -> str:
    shown = sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()
    return f"{row.acts.count()}-{shown}" if of else f"{row.acts.count()}"


def _expected(export: Export, seen: str, state: ExportState) -> Export:
    row = locked(export)
    _require(row, seen, state)
    return row


def _require(row: Export, seen: str, state: ExportState) -> None:
    if row.state != state:
        raise ExportDecided
    if seen_of(row) != seen:
        raise ExportChanged


def _remark(text: str) -> str:
    if not text.strip():
        raise RemarkRequired
    return text.strip()[:MOST_REMARK]


def _end(row: Export, state: ExportState) -> None:
    row.state, row.not_before = state, None
    row.save(update_fields=["state", "not_before"])


def _violate(row: Export) -> None:
    row.urgency = Urgency.LATE
    _violated(row, "late")


def _violated(row: Export, why: str) -> None:
    entry = entries.enter(
        row, events.VIOLATED, actor=None, event_id=uuid5(row.pk, f"violated {why}"), why=why
    )  # fmt: skip
    _act(row, ActKind.VIOLATED, None, entry, "")


def _act(row: Export, kind: ActKind, actor: Account | None, entry: int, remark: str) -> None:
    ExportAct.objects.create(export=row, kind=kind, by=actor, entry=entry, remark=remark)


def _log(
    row: Export, kind: str, actor: Account, terminal: str, *, action: str = DECIDE, **facts: object
) -> int:  # fmt: skip
    event_id = uuid5(row.pk, f"{kind} {actor.pk} {row.acts.count()}")
    return entries.enter(row, kind, actor=actor, action=action, terminal=terminal, event_id=event_id, **facts)
