"""The end of a package: past its days, called off, with its case, its hold or its footage. One key takes all
of its files, everywhere.

    entry      `export.ended`                                              repeat: no second entry
    ended      the row's state: nothing opens from the commit on           repeat: nothing to change
    journal    so that a register put back from a backup knows of it       repeat: a second line, read as one
    key        destroyed in the records ring, its mirrors and escrow       repeat: the vault finds it gone
    objects    deleted, each looked for again                              repeat: the store finds them gone
    told       certificate facts, signed, on the row; the ledger's line    repeat: the same

Whoever was killed in between left a row with a key or with objects: the next run goes on. A clock that may be
wrong ends nothing by its days, and a register that may be an older copy ends nothing at all.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accesslog.canonical import encode
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.cases.models import CaseState
from cctv.disclosure.exports.models import OVER, Export, ExportState, PackageFile
from cctv.disclosure.packaging import events, finishing, outliving
from cctv.disclosure.packaging.outliving import MADE
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind
from cctv.retention import entries, guards
from cctv.retention.backup.selectors import register_in_doubt
from cctv.vault import journal, signing
from cctv.vault import services as vault
from cctv.vault.steps import reached

log = logging.getLogger("lethe.disclosure")

FORMAT = "lethe/1/package-ended"
JOURNALLED = "journalled"
EXPIRED, CASE_CLOSED, WITHDRAWN, REJECTED = "expired", "case_closed", "withdrawn", "rejected"
HOLD_ENDED, ERASED = "hold_ended", "footage_erased"
BATCH = 500


def end_packages() -> int:
    """End what has to end now; of how many packages nothing is left. Trouble with one holds up no other."""
    if register_in_doubt():
        return 0
    going = []
    for export in _due(clock.now()).select_related("site__organisation", "case").order_by("expires_at", "pk"):
        try:
            going.append(_stop(export))
        except (LetheError, AccessLogError, OSError) as error:
            log.warning("export %s: its package has still to end: %s", export.number, error)
    return _destroy([export for export in going if export is not None]) + _end_strange()


def _end_strange() -> int:
    """Destroy package keys of exports that the register does not have: nothing can be under them; how many.

    The row is there long before the key. Only while the clock is sure: `end_packages` has made sure of the
    register.
    """
    keys = vault.package_keys()
    known = {str(pk) for pk in Export.objects.filter(pk__in=set(keys.values())).values_list("pk", flat=True)}
    strange = {key_id for key_id, owner in keys.items() if owner not in known}
    if not strange or guards.clock_unsure(clock.now()) is not None:
        return 0
    log.warning("%d keys of packages are of no export, and are destroyed", len(strange))
    vault.destroy_record_keys(strange)
    return len(strange)


def end_if_over(export_id: UUID) -> int:
    """The same for one export that was called off while it was worked on."""
    export = (
        Export.objects.select_related("site__organisation", "case")
        .filter(pk=export_id, state__in=OVER)
        .first()
    )
    if export is None or not _has_left(export):
        return 0
    stopped = _stop(export)
    return _destroy([stopped]) if stopped is not None else 0


def _due(now: datetime) -> QuerySet[Export]:
    """With something to destroy: called off, or of a closed case, or past their days, if the clock is
    sure."""
    sealed = PackageFile.objects.filter(export=OuterRef("pk")).exclude(sealed_name="")
    due = Q(state__in=OVER) | Q(state__in=MADE, case__state=CaseState.CLOSED)
    sure = guards.clock_unsure(now) is None
    due |= outliving.unguarded(now, sure=sure) | outliving.of_erased_footage()
    if sure:
        due |= Q(state=ExportState.READY, expires_at__lte=now)
    # A key may be there that no row names: made a moment before its worker was killed.
    there = ~Q(key_id="") | Exists(sealed) | Q(pk__in=list(vault.package_keys().values()))
    return Export.objects.filter(due).filter(there)


def _has_left(export: Export) -> bool:
    if export.key_id or export.files.exclude(sealed_name="").exists():
        return True
    return str(export.pk) in vault.package_keys().values()


def _why(export: Export) -> str:
    if export.state in (ExportState.REJECTED, ExportState.WITHDRAWN):
        return REJECTED if export.state == ExportState.REJECTED else WITHDRAWN
    if export.case.state == CaseState.CLOSED:
        return CASE_CLOSED
    if export.ending.get(outliving.ERASED):
        return ERASED
    if export.expires_at is not None and export.expires_at <= clock.now():
        return EXPIRED
    return HOLD_ENDED


def _stop(export: Export) -> Export | None:
    """Entry, state, journal; the row as it is then. None if it is no longer due. LogUnavailable."""
    why = str(export.ending.get("why") or _why(export))
    entry = export.ended_entry
    if entry is None:
        spans = list(export.spans.select_related("camera"))
        body = {**finishing.about(export, spans), "why": why}
        if "sha256" in export.package:
            body["manifest_sha256"] = export.package["sha256"]
        event_id = uuid5(export.pk, events.ENDED)
        index = finishing.index(export, spans)
        entry = append(kind=events.ENDED, body=body, index=index, event_id=event_id).index
        reached("package.end-logged")
    with transaction.atomic():
        row = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
        if row.state in MADE:
            row.state = ExportState.ENDED
        if row.ended_at is None or row.ended_entry is None:
            row.ended_at, row.ended_entry = row.ended_at or clock.now(), entry
        row.work_asked_at = row.lease_token = row.lease_until = None
        row.ending = {**row.ending, "why": why}
        row.save(
            update_fields=[
                "state", "ended_at", "ended_entry", "work_asked_at", "lease_token", "lease_until", "ending",
            ]
        )  # fmt: skip
    reached("package.ended")
    if not row.ending.get(JOURNALLED):
        journal.append(
            "package_ended", {"export": str(row.pk), "state": row.state, "at": row.ended_at.isoformat()}
        )
        row.ending = {**row.ending, JOURNALLED: True}
        row.save(update_fields=["ending"])
    reached("package.end-journalled")
    return row


def _destroy(exports: Sequence[Export]) -> int:
    """Keys of all in one ratchet, then objects, then what is told; how many are gone wholly."""
    if not exports:
        return 0
    ours = {str(export.pk) for export in exports}
    keys = {key_id for key_id, owner in vault.package_keys().items() if owner in ours}
    keys |= {export.key_id for export in exports if export.key_id}
    destruction = vault.destroy_record_keys(keys)
    reached("package.key-destroyed")
    return sum(_finish(export, destruction) for export in exports)


def _finish(export: Export, destruction: vault.Destruction) -> bool:
    """Whether nothing is left: neither a key in any mirror, nor an object."""
    rows = list(export.files.exclude(sealed_name="").only("pk", "sealed_name"))
    left: dict[str, LetheError] = {}
    for start in range(0, len(rows), BATCH):
        left |= vault.delete_objects([row.sealed_name for row in rows[start : start + BATCH]])
    reached("package.objects-deleted")
    if left or not destruction.complete:
        log.warning("export %s: %d objects or a mirror's key are left", export.number, len(left))
        export.ending = {
            **export.ending,
            "left": len(left),
            "mirrors": entries.witnesses(destruction, ring="records"),
        }
        export.save(update_fields=["ending"])
        return False
    _tell(export, destruction, objects=len(rows))
    return True


def _tell(export: Export, destruction: vault.Destruction, *, objects: int) -> None:
    """What its certificate says; and the rows forget what only made sense with the footage."""
    now = clock.now()
    totals = export.ending.get("objects")  # a first try may have deleted some of them
    facts: dict[str, Any] = {
        "format": FORMAT, "number": export.number, "site": export.site.name, "case": export.case.number,
        "why": export.ending["why"], "ended_at": clock.rfc3339(export.ended_at or now),
        "entry": export.ended_entry,
        "manifest_sha256": export.package.get("sha256", ""), "files": export.files.count(),
        "objects": max(objects, totals or 0), "absent": True, "checked_at": clock.rfc3339(now),
        "key": {
            "ring": "records", "generation_before": destruction.generation_before,
            "generation_after": destruction.generation_after,
        },
        "mirrors": entries.witnesses(destruction, ring="records"),
    }  # fmt: skip
    hashed = hashlib.sha256(encode(facts)).hexdigest()
    signature = signing.sign_note([FORMAT, export.number, hashed])
    if export.package.get("sha256"):
        _to_ledger(export, now)
    with transaction.atomic():
        export.files.update(sealed_name="", wrapped_key=b"", facts={}, crc32=0)
        # Of footage nothing that tells it again may outlive it; the manifest's hash stands for them.
        export.files.exclude(camera=None).update(sha256="")
        export.key_id = ""
        export.ending = {**facts, JOURNALLED: True, "signature": signature}
        export.save(update_fields=["key_id", "ending"])
    reached("package.end-told")


def _to_ledger(export: Export, now: datetime) -> None:
    """The line DESTROY: the copy that was kept here is gone."""
    times = finishing.times_of(export)
    ledger.write(
        kind=LedgerKind.DESTROY, site=export.site, at=now, form=_("sealed video"),
        item=_("copy for %(recipient)s (export %(number)s)")
        % {"recipient": export.recipient, "number": export.number},
        handler=_("Lethe, automatically"), reason=_REASONS[export.ending["why"]](), checked_at=now,
        source=f"export {export.number} ended", footage_from=times[0], footage_to=times[1],
    )  # fmt: skip


_REASONS = {
    EXPIRED: lambda: _("the days for which the copy is kept are over"),
    CASE_CLOSED: lambda: _("the case is closed"),
    WITHDRAWN: lambda: _("the export was withdrawn"),
    REJECTED: lambda: _("the export was rejected"),
    HOLD_ENDED: lambda: _("the hold on its footage has ended"),
    ERASED: lambda: _("footage in it was erased"),
}
