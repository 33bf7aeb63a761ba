"""Asking for an export, and asking anew for what was asked back.

The entry is durable first; then the row is a draft, which nobody decides on; then the holds stand; then it
is asked. Killed anywhere after the entry, `finish_drafts` does the rest; the same form sent again does too.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.core.ids import new_id
from cctv.core.numbering import create_numbered
from cctv.disclosure.cases.models import Case, CaseState
from cctv.disclosure.cases.services import locked as locked_case
from cctv.disclosure.exports import details as sealed
from cctv.disclosure.exports import entries, events, guarding, results, telling
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.entries import ASK
from cctv.disclosure.exports.errors import CaseOver, ExportDecided, OwnExport
from cctv.disclosure.exports.models import ActKind, Export, ExportAct, ExportSpan, ExportState, Urgency
from cctv.disclosure.exports.wishes import Wish, require_allowed, require_urgent
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.retention.holds.models import Hold
from cctv.sites.models import Site
from cctv.vault.steps import reached

log = logging.getLogger("cctv.disclosure")

URGENT = "export.urgent"
APPROVE_WITHIN = timedelta(hours=24)
# A draft that is older was left by a process that was killed.
LEFT_AFTER = timedelta(minutes=1)
# In `Export.package`: the holds of what was asked for before it was asked back, until they are ended.
BEFORE = "before"
OVERTAKEN = _("Its case was closed before it had been asked for.")


def ask(
    *,
    actor: Account,
    terminal: str,
    site: Site,
    case: Case,
    wish: Wish,
    urgent: bool = False,
    urgent_reason: str = "",
    export_id: UUID | None = None,
) -> Export:
    """Ask for a copy; `urgent` releases it at once, to be approved within APPROVE_WITHIN.

    The caller has made sure of the step-up where it is urgent. The same `export_id` asks once, however
    often it is tried. NotFound, Forbidden, what `require_allowed` raises, UrgentOnlyForLife, vault errors,
    LogUnavailable.
    """
    permissions = permissions_of(actor)
    permissions.require(ASK, site_id=site.pk)
    if urgent:
        permissions.require(URGENT, site_id=site.pk)
    found = Export.objects.select_related("site", "case").filter(pk=export_id).first() if export_id else None
    if found is None:
        require_allowed(site, case, wish)
        if urgent:
            require_urgent(site, wish, urgent_reason)
        found = _make(export_id or new_id(), actor, terminal, site, case, wish, urgent, urgent_reason)
        reached("export.draft")
    if found.asked_by_id != actor.pk or found.site_id != site.pk:
        raise NotFound
    return finish(found) if found.state == ExportState.DRAFT else found


def resubmit(*, export: Export, actor: Account, terminal: str, wish: Wish) -> Export:
    """Ask anew for what an approver asked back; the requester's own act. ExportDecided, and as `ask`."""
    permissions_of(actor).require(ASK, site_id=export.site_id)
    if export.asked_by_id != actor.pk:
        raise OwnExport(hint="")
    require_allowed(export.site, export.case, wish)
    before = list(guarding.holds_of(export))
    with transaction.atomic():
        _require_open(export.case)
        row = locked(export)
        if row.state != ExportState.RETURNED:
            raise ExportDecided
        _fill(row, wish, sealed.read(row) or Details())
        row.spans.all().delete()
        _make_spans(row, wish, {(hold.starts_at, hold.ends_at): hold for hold in before if hold.protects})
        results.pin(row)
        row.package = {**row.package, BEFORE: _before(row, before)}
        row.state, row.terminal = ExportState.DRAFT, terminal
        row.asked_entry = _log(row, actor, again=True)
        row.save()
        ExportAct.objects.create(export=row, kind=ActKind.ASKED, by=actor, entry=row.asked_entry)
    reached("export.draft")
    row = finish(row)
    let_go_before(row)
    return locked_now(row)


def let_go_before(export: Export) -> int:
    """End the holds of what was asked for before, which no span of it names any more; how many.

    The row says which, from the commit on that took the spans away: killed in between, `let_go_left` ends
    them. LogUnavailable.
    """
    kept = set(guarding.holds_of(export).values_list("pk", flat=True))
    left = Hold.objects.filter(pk__in=export.package.get(BEFORE, [])).exclude(pk__in=kept)
    done = sum(
        guarding.let_go_of(hold, actor=export.asked_by, terminal=export.terminal, reason=export.number)
        for hold in left
    )
    with transaction.atomic():
        row = locked(export)
        if row.package.pop(BEFORE, None) is not None:
            row.save(update_fields=["package"])
    return done


def finish(export: Export) -> Export:
    """From a draft to what was asked: holds first, then the state, then whoever has to know is told.

    In a case that was closed meanwhile it is withdrawn instead, and nothing of it is held.
    """
    if Case.objects.get(pk=export.case_id).state == CaseState.OPEN:
        guarding.secure(export, actor=export.asked_by, terminal=export.terminal)
    reached("export.held")
    with transaction.atomic():
        case = locked_case(export.case)
        row = locked(export)
        if row.state != ExportState.DRAFT:
            return row
        if case.state != CaseState.OPEN:
            _withdraw(row)
        else:
            _ask(row)
    if row.state == ExportState.WITHDRAWN:
        guarding.let_go(row, actor=row.asked_by, terminal=row.terminal, reason=str(OVERTAKEN))
    reached("export.asked")
    return row


def _before(row: Export, holds: list[Hold]) -> list[str]:
    """Also those that an earlier act left, if it was killed."""
    return sorted({*row.package.get(BEFORE, []), *(str(hold.pk) for hold in holds)})


def _ask(row: Export) -> None:
    urgent = row.urgency == Urgency.WAITING
    row.state = ExportState.APPROVED if urgent else ExportState.ASKED
    row.package = row.package | _recorded(row)
    row.save(update_fields=["state", "package"])
    if urgent:
        begin_packaging(row)
    telling.asked(row)


def _withdraw(row: Export) -> None:
    """Nobody's wish, so that its reason is said: the entry names who asked, whose act was overtaken."""
    said = str(OVERTAKEN)
    entry = entries.enter(
        row, events.WITHDRAWN, actor=row.asked_by, action=ASK, terminal=row.terminal,
        event_id=uuid5(row.pk, f"case over {row.acts.count()}"), reason=said,
    )  # fmt: skip
    row.state = ExportState.WITHDRAWN
    row.save(update_fields=["state"])
    ExportAct.objects.create(export=row, kind=ActKind.WITHDRAWN, by=row.asked_by, entry=entry, remark=said)
    telling.decided(row)


def finish_drafts() -> int:
    """Finish what a killed process left; how many. One that cannot be finished holds up no other."""
    done = 0
    left = Export.objects.filter(state=ExportState.DRAFT).select_related("site", "case", "asked_by")
    for export in left:
        last = export.acts.order_by("-at").first()
        if last is None or clock.now() - last.at < LEFT_AFTER:
            continue
        try:
            finish(export)
            done += 1
        except (LetheError, AccessLogError, OSError) as error:
            log.warning("export %s is still to be asked for: %s", export.number, error)
    return done


def _recorded(row: Export) -> dict[str, Any]:
    """What is there of each span now: what has gone when it is packaged is told, not left out."""
    from cctv.disclosure.packaging import services as packaging  # which asks this package in its turn

    return packaging.recorded(row)


def begin_packaging(row: Export) -> None:
    """Have the locked row's package made, from the commit on."""
    from cctv.disclosure.packaging import services as packaging  # which asks this package in its turn

    packaging.ask_for(row)


def locked_now(export: Export) -> Export:
    """The row as it is now."""
    with transaction.atomic():
        return locked(export)


def locked(export: Export) -> Export:
    """The row as it is now, for the transaction."""
    rows = Export.objects.select_for_update(of=("self",)).select_related(
        "site__organisation", "case", "asked_by", "purpose", "letter"
    )
    return rows.get(pk=export.pk)


def _make(
    pk: UUID, actor: Account, terminal: str, site: Site, case: Case, wish: Wish, urgent: bool, reason: str
) -> Export:
    """The entry, then the draft with its number: what the log did not take gives its number back."""
    now = clock.now()
    year = now.astimezone(ZoneInfo(site.time_zone)).year

    def make(sequence: int) -> Export:
        row = Export(
            id=pk, number=f"E-{year}-{sequence:04d}", year=year, sequence=sequence, site=site, case=case,
            asked_by=actor, asked_at=now, terminal=terminal,
        )  # fmt: skip
        if urgent:
            row.urgency, row.approve_by = Urgency.WAITING, now + APPROVE_WITHIN
        _fill(row, wish, Details(urgent_reason=reason.strip()[:1000]))
        return row

    with transaction.atomic():
        _require_open(case)
        export = create_numbered(Export, year=year, make=make)
        _make_spans(export, wish, {})
        results.pin(export)
        export.asked_entry = _log(export, actor)
        export.save(update_fields=["asked_entry", "package"])
        kind = ActKind.BROKEN_GLASS if urgent else ActKind.ASKED
        ExportAct.objects.create(export=export, kind=kind, by=actor, at=now, entry=export.asked_entry)
    return export


def _require_open(case: Case) -> None:
    """Lock the case for the transaction: it is not closed before this is over. CaseOver."""
    if locked_case(case).state != CaseState.OPEN:
        raise CaseOver


def _fill(row: Export, wish: Wish, known: Details) -> None:
    """Everything of the wish but its spans; why it is urgent was said once."""
    row.recipient_kind, row.recipient = wish.recipient_kind, wish.recipient.strip()
    row.ground, row.document = wish.ground, wish.document.strip()
    row.purpose, row.purpose_text = wish.purpose, wish.purpose_text.strip()
    row.letter, row.keep_days = wish.letter, wish.keep_days
    row.language, row.watermark = wish.language, wish.watermark
    sealed.write(row, replace(wish.details, urgent_reason=known.urgent_reason))


def _make_spans(export: Export, wish: Wish, holds: dict[guarding.Stretch, Hold]) -> None:
    """A hold that stands for the same stretch and the same cameras serves again."""
    cameras: dict[guarding.Stretch, set[UUID]] = {}
    for span in wish.spans:
        cameras.setdefault((span.starts_at, span.ends_at), set()).add(span.camera.pk)
    same = {
        stretch: hold
        for stretch, hold in holds.items()
        if set(hold.cameras.values_list("pk", flat=True)) == cameras.get(stretch)
    }
    ExportSpan.objects.bulk_create(
        ExportSpan(
            export=export, camera=span.camera, starts_at=span.starts_at, ends_at=span.ends_at,
            form=span.form, redaction=span.redaction, hold=same.get((span.starts_at, span.ends_at)),
        )
        for span in wish.spans
    )  # fmt: skip


def _log(export: Export, actor: Account, *, again: bool = False) -> int:
    facts = entries.why_of(export)
    if again:
        facts["asked_again"] = True
    if export.approve_by is not None:
        facts["approve_by"] = clock.rfc3339(export.approve_by)
    return entries.enter(
        export,
        events.URGENT if export.urgency else events.EXPORT_ASKED,
        actor=actor,
        action=ASK,
        terminal=export.terminal,
        event_id=uuid5(export.pk, f"asked {export.acts.count()}"),
        **facts,
    )
