"""Redacted copies and stills: what was made of footage before, opened by the job and sealed into the
package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from accesslog import Receipt
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.models import ExportSpan, FileKind, PackageFile
from cctv.disclosure.exports.results import require_pinned
from cctv.disclosure.packaging import marks
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
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.rendering import making as rendering
from cctv.sites.masks import polygons
from cctv.vault import past
from cctv.vault.sealing import SealedReader

MASKS = "masks"


def redacted(making: Making, span: ExportSpan) -> None:
    """The result that was approved with the export, whole and unchanged, as one file.

    NotApproved, RedactionElsewhere, NoResult, and what opening raises.
    """
    redaction = span.redaction
    if redaction is None or not _lies_in(span, redaction):
        raise RedactionElsewhere
    review = require_pinned(making.export, redaction)
    camera, shown = span.camera, (redaction.starts_at, redaction.ends_at)
    name = making.files.name("redacted", folder(camera), f"{local(camera, shown[0])}.mp4")
    text = marks.text_of(making.export) if making.export.watermark else ""
    of = digest("redacted", str(redaction.pk), review.result_sha256, *_of_mark(text))
    row = making.files.there(of)
    if row is None:
        result = _Result(making, span, redaction, review.result_sha256)
        with making.files.begin(FileKind.REDACTED, name, of=of, camera=camera, span=shown) as filing:
            for piece in _marked(result, making, text) if text else result.pieces():
                filing.write(piece)
            require_pinned(making.export, redaction)
            said = marks.said_of(text, unmarked_sha256=result.seen.hexdigest()) if text else {}
            row = filing.close(
                number=redaction.number, result_sha256=review.result_sha256, reviewer=review.reviewer.name,
                masks=str(redaction.parameters.get(MASKS, "")), parameters=_said(redaction), **said,
            )  # fmt: skip
    making.tell(row.size_bytes)


class _Result:
    """The approved result while it is read: each part is asked for by what its review has seen of it."""

    def __init__(self, making: Making, span: ExportSpan, redaction: Redaction, approved: str) -> None:
        """`approved`: the SHA-256 of the result. NoResult, if the parts are others."""
        self.redaction, self.parts = redaction, list(redaction.parts.order_by("number"))
        self.head = rendering.head_of_result(redaction.result)
        self.seen = hashlib.sha256()  # of all bytes, as they were approved
        self._receipt, self._hold_id = _entry(making, span, redaction)
        if rendering.sha256_of(self.head, [each.sha256 for each in self.parts]) != approved:
            raise NoResult

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        self.seen.update(self.head)
        yield self.head
        for part in self.parts:
            with self.opened(part) as reader:
                yield from self.of_part(part, reader)

    def opened(self, part: RedactionPart) -> SealedReader:
        """A part, by the job's door. NoResult, FootageExpired, HoldEnded, KeyMissing."""
        kept = selectors.find(owner=self.redaction.pk, label=f"out/{part.number}")
        if kept is None or kept.pk != part.kept:
            raise NoResult
        return derived.open_for_system(self._receipt, kept, job=JOB, hold_id=self._hold_id)

    def of_part(self, part: RedactionPart, reader: SealedReader) -> Iterator[bytes]:
        """Its bytes; NoResult at their end, if they are not those that were approved."""
        seen = hashlib.sha256()
        while data := reader.read(PIECE_BYTES):
            seen.update(data)
            self.seen.update(data)
            yield data
        if seen.hexdigest() != part.sha256:
            raise NoResult


def _marked(result: _Result, making: Making, text: str) -> Iterator[bytes]:
    """The result with the mark in every picture; only what was approved is marked."""
    marker = marks.Marker(text, result.redaction.result, making.stopped)
    result.seen.update(result.head)
    yield result.head
    for part in result.parts:
        with result.opened(part) as reader:
            yield from marker.part(result.of_part(part, reader))


def _of_mark(text: str) -> list[Any]:
    """What a marked file was made of besides."""
    return [[marks.VERSION, text]] if text else []


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
    text = marks.text_of(making.export) if making.export.watermark else ""
    of = digest("still", str(still.pk), polygons.version(masks), *_of_mark(text))
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
    said = marks.said_of(text, unmarked_sha256=hashlib.sha256(jpeg).hexdigest()) if text else {}
    jpeg = marks.marked_jpeg(jpeg, text) if text else jpeg
    require_free(camera, *shown)
    with making.files.begin(FileKind.STILL, name, of=of, camera=camera, span=shown) as filing:
        filing.write(jpeg)
        return filing.close(width=still.width, height=still.height, masks=polygons.version(masks), **said)
