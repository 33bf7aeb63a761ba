"""Redacted copies and stills: what was made of footage before, opened by the job and sealed into the
package."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from accesslog import Receipt
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.models import ExportSpan, FileKind, PackageFile
from cctv.disclosure.exports.results import require_pinned
from cctv.disclosure.packaging.errors import RedactionElsewhere
from cctv.disclosure.packaging.files import PIECE_BYTES
from cctv.disclosure.packaging.footage import Making, digest, folder, local
from cctv.disclosure.packaging.sources import JOB, hold_of, named
from cctv.footage import playback, sealed
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.errors import FootageExpired
from cctv.footage.marks.models import Still
from cctv.footage.media.masking import masked_jpeg
from cctv.footage.models import Segment
from cctv.footage.restrictions.services import is_free, require_free
from cctv.footage.viewings.entries import camera_fields
from cctv.redaction.errors import NoResult
from cctv.redaction.models import Redaction
from cctv.redaction.rendering import making as rendering
from cctv.sites.masks import polygons
from cctv.vault import past

MASKS = "masks"


def redacted(making: Making, span: ExportSpan) -> None:
    """The result that was approved with the export, whole and unchanged, as one file.

    NotApproved, RedactionElsewhere, NoResult, and what opening raises.
    """
    redaction = span.redaction
    if redaction is None or not _lies_in(span, redaction):
        raise RedactionElsewhere
    review = require_pinned(making.export, redaction)
    result = redaction.result
    camera, shown = span.camera, (redaction.starts_at, redaction.ends_at)
    name = making.files.name("redacted", folder(camera), f"{local(camera, shown[0])}.mp4")
    of = digest("redacted", str(redaction.pk), review.result_sha256)
    row = making.files.there(of)
    if row is None:
        parts = list(redaction.parts.order_by("number"))
        receipt, hold_id = _entry(making, span, redaction)
        head = rendering.head_of_result(result)
        if rendering.sha256_of(head, [each.sha256 for each in parts]) != review.result_sha256:
            raise NoResult
        with making.files.begin(FileKind.REDACTED, name, of=of, camera=camera, span=shown) as filing:
            filing.write(head)
            for part in parts:
                kept = selectors.find(owner=redaction.pk, label=f"out/{part.number}")
                if kept is None or kept.pk != part.kept:
                    raise NoResult
                seen = hashlib.sha256()
                with derived.open_for_system(receipt, kept, job=JOB, hold_id=hold_id) as reader:
                    while data := reader.read(PIECE_BYTES):
                        seen.update(data)
                        filing.write(data)
                if seen.hexdigest() != part.sha256:
                    raise NoResult
            require_pinned(making.export, redaction)
            row = filing.close(
                number=redaction.number, result_sha256=review.result_sha256, reviewer=review.reviewer.name,
                masks=str(redaction.parameters.get(MASKS, "")), parameters=_said(redaction),
            )  # fmt: skip
    making.tell(row.size_bytes)


def _lies_in(span: ExportSpan, redaction: Redaction) -> bool:
    inside = span.starts_at <= redaction.starts_at and redaction.ends_at <= span.ends_at
    return inside and redaction.camera_id == span.camera_id


def _said(redaction: Redaction) -> dict[str, Any]:
    """With what it was made, for the manifest, which has no fractions: those are texts there."""
    names = ("mode", "style", "subject_kind", "detector", "plate", "version", "program")
    return {name: _whole(redaction.parameters[name]) for name in names if name in redaction.parameters}


def _whole(value: Any) -> Any:
    return str(value) if isinstance(value, float) else value


def _entry(making: Making, span: ExportSpan, redaction: Redaction) -> tuple[Receipt, UUID | None]:
    """The entry under which the result is read, and the hold through which it is, if through one."""
    of = set(redaction.parts.values_list("segment", flat=True)) | selectors.sources_of(owner=redaction.pk)
    hold = hold_of(span)
    if hold is None or Segment.objects.filter(pk__in=of, held__hold=hold).count() < len(of):
        hold = redaction.hold
    body: dict[str, Any] = {
        "job": JOB, "objects": sorted(str(pk) for pk in of), "export": named(making.export),
        "site": making.export.site.logged(), "camera": camera_fields(span.camera),
        "from": clock.rfc3339(redaction.starts_at), "to": clock.rfc3339(redaction.ends_at, round_up=True),
    }  # fmt: skip
    if hold is not None:
        body["hold"] = {"id": str(hold.pk), "name": hold.number}
    return append(kind="vault.job", body=body), hold.pk if hold is not None else None


def stills(making: Making, span: ExportSpan) -> None:
    """The stills that were kept for the case, of a span that goes out as recorded: with all that is covered
    in copies. What is restricted or has expired is left out: nobody asked for it by name."""
    found = Still.objects.filter(
        case=making.export.case.number, camera=span.camera_id, at__gte=span.starts_at, at__lt=span.ends_at
    )
    rows = found.select_related("segment__epoch", "segment__camera").prefetch_related("segment__held__hold")
    for still in rows.order_by("at", "pk"):
        if is_free(span.camera, still.at, still.at + playback.INSTANT):
            _still(making, span, still)


def _still(making: Making, span: ExportSpan, still: Still) -> PackageFile | None:
    camera, shown = span.camera, (still.at, still.at + playback.INSTANT)
    masks = playback.copy_masks_of(camera)
    of = digest("still", str(still.pk), polygons.version(masks))
    name = making.files.name("stills", folder(camera), f"{local(camera, still.at)}.jpg")
    if (row := making.files.there(of)) is not None:
        return row
    segment, hold = still.segment, hold_of(span)
    held = hold is not None and any(each.hold_id == hold.pk for each in segment.held.all())
    if not held and past.is_over(segment.expires_at):
        return None
    body: dict[str, Any] = {
        "job": JOB, "object": str(segment.pk), "export": named(making.export),
        "site": making.export.site.logged(), "camera": camera_fields(camera),
        "from": clock.rfc3339(shown[0]), "to": clock.rfc3339(shown[1], round_up=True),
    }  # fmt: skip
    if held:
        body["hold"] = {"id": str(hold.pk), "name": hold.number}
    receipt = append(kind="vault.job", body=body)
    try:
        opened = sealed.for_system(receipt, segment, job=JOB, hold_id=hold.pk if held else None)
        jpeg = masked_jpeg(opened.fact(sealed.STILL, bytes(still.sealed), str(still.pk)), masks)
    except FootageExpired:
        return None
    require_free(camera, *shown)
    with making.files.begin(FileKind.STILL, name, of=of, camera=camera, span=shown) as filing:
        filing.write(jpeg)
        return filing.close(width=still.width, height=still.height, masks=polygons.version(masks))
