"""What an export copies, in pieces of an hour of one camera, opened by entries of the job's own.

Each piece has an entry `vault.job` that names its recordings; what a span's hold keeps is opened through the
hold, so that nothing can expire between asking and packaging. No more than a piece's rows are in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accesslog import Receipt
from accesslog.services import append
from accesslog.types import to_us
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportForm, ExportSpan
from cctv.disclosure.packages.clips import Source
from cctv.disclosure.packaging.errors import EndedSinceAsked
from cctv.footage import catalogue, sealed
from cctv.footage.models import ErasedSpan, Segment
from cctv.footage.sealed import Opened
from cctv.footage.viewings.entries import camera_fields
from cctv.sites.models import Camera
from cctv.vault import past
from cctv.vault.sealing import SealedReader, clear_size

JOB = "package"
RECORDED = "recorded"


def named(export: Export) -> dict[str, str]:
    """The export as entries of the log name it."""
    return {"id": str(export.pk), "name": export.number}


def recorded(span: ExportSpan) -> dict[str, Any]:
    """How much is recorded of the span now: the job asks whether that is still there."""
    now = clock.now()
    return {"until": now.isoformat(), "segments": _rows(span).filter(ingested_at__lte=now).count()}


def require_there(span: ExportSpan) -> None:
    """EndedSinceAsked, if a recording has expired, or has gone since `recorded` was asked."""
    hold = hold_of(span)
    alive = Q(expires_at__gt=past.reached())
    if hold is not None:
        alive |= Q(held__hold=hold)
    if _rows(span).exclude(pk__in=_rows(span).filter(alive).values("pk")).exists():
        raise EndedSinceAsked
    known = span.export.package.get(RECORDED, {}).get(str(span.pk))
    if known is not None:
        still = _rows(span).filter(ingested_at__lte=datetime.fromisoformat(known["until"])).count()
        if still < known["segments"]:
            raise EndedSinceAsked


def hold_of(span: ExportSpan) -> Any:
    """The hold in force that guards the span; None without one."""
    hold = span.hold or span.export.hold
    return hold if hold is not None and hold.protects else None


def sealed_bytes(span: ExportSpan) -> int:
    """About how much has to be copied."""
    return sum(_rows(span).values_list("size_bytes", flat=True).iterator())


def with_sound(spans: Iterable[ExportSpan]) -> list[Camera]:
    """Cameras of spans that go out as recorded whose recordings have sound: clips are without it, but what
    makes the recorder's files again from them (`originals/`) carries it."""
    native = [span for span in spans if span.form != ExportForm.REDACTED]
    cameras = {span.camera_id: span.camera for span in native if _rows(span).filter(audio_kept=True).exists()}
    return list(cameras.values())


def gaps_of(span: ExportSpan) -> list[tuple[datetime, datetime, str]]:
    """What of the span is not in the copy, and why: "not_recorded", or "erased" on request."""
    over = Q(camera=span.camera_id, starts_at__lt=span.ends_at, ends_at__gt=span.starts_at)
    times = _rows(span).order_by("starts_at").values_list("starts_at", "ends_at")
    there = catalogue.merge(times.iterator())
    erased = list(ErasedSpan.objects.filter(over).values_list("starts_at", "ends_at"))
    return [
        (start, end, "erased" if any(a < end and start < b for a, b in erased) else "not_recorded")
        for start, end in catalogue.gaps(there, span.starts_at, span.ends_at)
    ]


@dataclass
class Piece:
    """What of a span began within one hour, and how it is opened."""

    export: Export
    span: ExportSpan
    hour: datetime
    segments: list[Segment]
    hold: Any
    _receipts: dict[UUID | None, Receipt] = field(default_factory=dict)

    @property
    def starts_at(self) -> datetime:
        """From when on it is copied."""
        return max(self.span.starts_at, min(each.starts_at for each in self.segments))

    @property
    def ends_at(self) -> datetime:
        """Until when."""
        return min(self.span.ends_at, max(each.ends_at for each in self.segments))

    def opened(self, segment: Segment) -> Opened:
        """By the job's door; FootageExpired, HoldEnded, KeyMissing, LogUnavailable."""
        held = self.hold is not None and any(each.hold_id == self.hold.pk for each in segment.held.all())
        hold_id = self.hold.pk if held else None
        return sealed.for_system(self._receipt(hold_id), segment, job=JOB, hold_id=hold_id)

    def source(self, segment: Segment) -> Source:
        """The recording for a clip: opened when it is read, closed after it."""
        media: list[SealedReader] = []

        def read(offset: int, size: int) -> bytes:
            if not media:
                media.append(self.opened(segment).media())
            return media[0].read_range(offset, size)

        def done() -> None:
            for reader in media:
                reader.close()
            media.clear()

        return Source(
            segment=str(segment.pk), starts_us=to_us(segment.starts_at), read=read, done=done,
            index=lambda: self.opened(segment).index(), size=clear_size(segment.size_bytes),
        )  # fmt: skip

    def _receipt(self, hold_id: UUID | None) -> Receipt:
        if hold_id not in self._receipts:
            self._receipts[hold_id] = append(kind="vault.job", body=self._body(hold_id))
        return self._receipts[hold_id]

    def _body(self, hold_id: UUID | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "job": JOB, "objects": [str(each.pk) for each in self.segments], "export": named(self.export),
            "site": self.export.site.logged(), "camera": camera_fields(self.span.camera),
            "from": clock.rfc3339(self.starts_at), "to": clock.rfc3339(self.ends_at, round_up=True),
        }  # fmt: skip
        if hold_id is not None:
            body["hold"] = {"id": str(hold_id), "name": self.hold.number}
        return body


def pieces_of(span: ExportSpan) -> Iterator[Piece]:
    """The span hour by hour: a recording belongs to the hour in which it begins, so it is in one piece."""
    hold = hold_of(span)
    full = Segment.objects.select_related("epoch", "camera").prefetch_related("held__hold")
    at: datetime | None = None
    while True:
        left = _rows(span) if at is None else _rows(span).filter(starts_at__gte=at)
        first = left.order_by("starts_at").values_list("starts_at", flat=True).first()
        if first is None:
            return
        hour = clock.floor_hour(first)
        at = hour + clock.HOUR
        rows = full.filter(pk__in=left.filter(starts_at__lt=at).values("pk")).order_by("starts_at", "pk")
        yield Piece(span.export, span, hour, list(rows.defer("parts", "motion")), hold)


def _rows(span: ExportSpan) -> QuerySet[Segment]:
    return Segment.objects.filter(
        camera=span.camera_id, starts_at__lt=span.ends_at, ends_at__gt=span.starts_at
    )
