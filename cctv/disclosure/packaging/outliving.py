"""Packages that would outlive what they were made of: their hold has ended, or their footage was erased.

Whoever erases says of what; the packages that show it are marked in the same transaction and open for nobody
from then on. Only what was really taken counts: what a hold kept from being erased keeps its copies too.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from cctv.core import clock
from cctv.disclosure.exports.models import (
    Export,
    ExportSpan,
    ExportState,
    FileKind,
    PackageFile,
    Urgency,
)
from cctv.disclosure.packaging.footage import PARTS
from cctv.footage.models import Segment
from cctv.redaction.models import RedactionPart
from cctv.retention.holds.models import PROTECTING, HoldState
from cctv.sites.models import Camera

# In `Export.ending`: footage in it was erased.
ERASED = "erased"
MADE = (ExportState.APPROVED, ExportState.READY)
SHOWN = (FileKind.CLIP, FileKind.REDACTED, FileKind.STILL)


def unguarded(now: datetime, *, sure: bool) -> Q:
    """Those whose hold is not in force any more; by its days only if the clock is `sure`.

    An urgent one that nobody has decided yet may lose its hold for want of an approver's word: who then
    approves it late has it placed anew, so it is not ended for that.
    """
    spans = ExportSpan.objects.filter(export=OuterRef("pk"))
    let_go = Q(hold=None) | Q(hold__state__in=(HoldState.RELEASED, HoldState.ENDED, HoldState.REFUSED))
    if sure:
        let_go |= Q(hold__until__lte=now)
    lapsed = Exists(spans.exclude(hold__state__in=PROTECTING))
    decided = ~Q(urgency__in=(Urgency.WAITING, Urgency.LATE))
    return Q(state=ExportState.READY) & (Q(Exists(spans.filter(let_go))) | (decided & Q(lapsed)))


def of_erased_footage() -> Q:
    """Those of which footage was erased since they were made."""
    return Q(state=ExportState.READY, **{f"ending__{ERASED}": True})


def mark_erased(*, camera: Camera, starts_at: datetime, ends_at: datetime) -> int:
    """Mark the packages that show what has just been erased of the half-open span; of how many.

    Called in the transaction that erases, while the rows of what goes are there, expired.
    """
    gone = list(
        Segment.objects.filter(
            camera=camera, starts_at__lt=ends_at, ends_at__gt=starts_at, expires_at__lte=clock.now()
        )
        .exclude(held__hold__state__in=PROTECTING)
        .only("pk", "starts_at", "ends_at")
    )
    if not gone:
        return 0
    first, last = min(each.starts_at for each in gone), max(each.ends_at for each in gone)
    touched = PackageFile.objects.filter(
        export__state__in=MADE, camera=camera, kind__in=SHOWN, starts_at__lt=last, ends_at__gt=first
    )
    found = {row.export_id for row in touched.iterator(chunk_size=4) if _shows(row, gone)}
    for export in Export.objects.select_for_update(of=("self",)).filter(pk__in=found):
        export.ending = {**export.ending, ERASED: True}
        export.save(update_fields=["ending"])
    return len(found)


def _shows(file: PackageFile, gone: list[Segment]) -> bool:
    ids = {str(each.pk) for each in gone}
    if file.kind == FileKind.CLIP:
        return any(part[0] in ids for part in file.facts.get(PARTS, ()))
    if file.kind == FileKind.REDACTED:
        parts = RedactionPart.objects.filter(redaction__number=file.facts.get("number"))
        return parts.filter(segment__in=[each.pk for each in gone]).exists()
    at = file.starts_at
    return at is not None and any(each.starts_at <= at < each.ends_at for each in gone)
