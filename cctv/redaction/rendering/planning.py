"""Which stretches of which segments a redaction is made of: at most a minute each, cut at keyframes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accesslog import Receipt
from cctv.footage import sealed
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import payloads
from cctv.footage.media.parts import partition
from cctv.footage.media.ranges import ReadRange
from cctv.footage.models import Segment
from cctv.redaction.child import protocol
from cctv.redaction.child.protocol import Item
from cctv.redaction.errors import BetweenPictures, NothingRecorded, of_sizes
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.services import segments_of

JOB = "redaction"
LONGEST_MS = 60_000.0
FEED_PACKETS = 32
MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Source:
    """A segment of the redaction, opened for the job: its index, and how its bytes are read."""

    segment: Segment
    index: PacketIndex
    read: ReadRange

    def offset_ms(self, redaction: Redaction) -> float:
        """From the redaction's start to the segment's; negative for one that begins before it."""
        return (self.segment.starts_at - redaction.starts_at) / MS


class Sources:
    """The redaction's segments; each is opened when it is asked for, and one is kept open."""

    def __init__(self, redaction: Redaction, receipt: Receipt) -> None:
        """`receipt`: a `vault.job` entry that names all of the segments.

        Their rows are read here: the thread that feeds the child needs no connection to the database.
        """
        self._redaction, self._receipt = redaction, receipt
        rows = Segment.objects.select_related("epoch", "camera").prefetch_related("held__hold")
        self._rows = {row.pk: row for row in rows.filter(pk__in=segment_ids(redaction))}
        self._open: Source | None = None

    def of(self, segment_id: UUID) -> Source:
        """FootageExpired and vault errors come through; NothingRecorded once the segment is gone."""
        if self._open is None or self._open.segment.pk != segment_id:
            found = self._rows.get(segment_id)
            if found is None:
                raise NothingRecorded
            opened = sealed.for_system(self._receipt, found, job=JOB, hold_id=self._redaction.hold_id)
            self._open = Source(found, opened.index(), opened.media().read_range)
        return self._open


def segment_ids(redaction: Redaction) -> list[UUID]:
    """The segments that the redaction is made of: those of its parts, or those that are there now."""
    planned = list(redaction.parts.order_by("number").values_list("segment", flat=True))
    if planned:
        return list(dict.fromkeys(planned))
    found = segments_of(redaction.camera, redaction.starts_at, redaction.ends_at, hold_id=redaction.hold_id)
    return [segment.pk for segment in found]


def plan(redaction: Redaction, sources: Sources) -> list[RedactionPart]:
    """Its parts, made when they are first asked for. NothingRecorded, BetweenPictures, MadeOfOther."""
    known = list(redaction.parts.order_by("number"))
    if known:
        return known
    parts: list[RedactionPart] = []
    size: tuple[int, int] | None = None
    reached = redaction.starts_at
    for segment_id in segment_ids(redaction):
        source = sources.of(segment_id)
        size = size or (source.index.width, source.index.height)
        if (source.index.width, source.index.height) != size:
            raise of_sizes(redaction.camera, [source.segment.starts_at])
        for first, stop, start, end in _stretches(source, redaction):
            start = max(start, reached)  # recordings that overlap are shown once
            if start < end and _shows(source, redaction, first, stop, (start, end)):
                parts.append(
                    RedactionPart(
                        redaction=redaction, number=len(parts), segment=segment_id, first=first, stop=stop,
                        starts_at=start, ends_at=end,
                    )
                )  # fmt: skip
                reached = end
    if not parts:
        raise BetweenPictures if size else NothingRecorded
    with transaction.atomic():
        Redaction.objects.select_for_update(of=("self",)).get(pk=redaction.pk)
        if not redaction.parts.exists():
            RedactionPart.objects.bulk_create(parts)
    return list(redaction.parts.order_by("number"))


def _stretches(source: Source, redaction: Redaction) -> Iterator[tuple[int, int, datetime, datetime]]:
    """(first packet, after the last, from, until) of what lies in the span, in pieces of up to a minute."""
    offset = source.offset_ms(redaction)
    until_ms = (redaction.ends_at - redaction.starts_at) / MS
    cut: tuple[int, int, float, float] | None = None
    for part in partition(source.index):
        start, end = part.start_ms + offset, part.end_ms + offset
        if end <= 0 or start >= until_ms:
            continue
        if cut is not None and end - cut[2] > LONGEST_MS:
            yield _moments(cut, redaction, until_ms)
            cut = None
        cut = (part.first, part.stop, start, end) if cut is None else (cut[0], part.stop, cut[2], end)
    if cut is not None:
        yield _moments(cut, redaction, until_ms)


def _shows(
    source: Source, redaction: Redaction, first: int, stop: int, span: tuple[datetime, datetime]
) -> bool:
    """Whether any picture of the packets is shown within the span."""
    offset, scale = source.offset_ms(redaction), source.index.timescale / 1000
    low, high = ((_ms(redaction, moment) - offset) * scale for moment in span)
    pts = source.index.pts[first:stop]
    return bool(((pts >= round(low)) & (pts < round(high))).any())


def _moments(
    cut: tuple[int, int, float, float], redaction: Redaction, until_ms: float
) -> tuple[int, int, datetime, datetime]:
    first, stop, start, end = cut
    at = redaction.starts_at
    return first, stop, at + max(0.0, start) * MS, at + min(end, until_ms) * MS


def items(
    redaction: Redaction,
    part: RedactionPart,
    source: Source,
    said: dict[str, Any],
    *,
    stop: int | None = None,
) -> Iterator[Item]:
    """The part for the child: its header (`said` on top), its packets and its end.

    `stop`: after which packet nothing more is needed, if not all is.
    """
    index, scale = source.index, source.index.timescale / 1000
    offset = source.offset_ms(redaction)
    header = {
        "codec": index.codec,
        "extradata": base64.b64encode(index.extradata).decode(),
        "timescale": index.timescale,
        "offset_ms": offset,
        "from": round((_ms(redaction, part.starts_at) - offset) * scale),
        "until": round((_ms(redaction, part.ends_at) - offset) * scale),
        **said,
    }
    yield Item(protocol.PART, json.dumps(header).encode())
    first = _lead_in(index, part.first)
    last = min(stop or part.stop, part.stop)
    for start in _pieces(index, first, last):
        for place, data in enumerate(
            payloads(index, source.read, start[0], start[1], any_start=True), start=start[0]
        ):
            pts, dts, key = int(index.pts[place]), int(index.dts[place]), bool(index.key[place])
            yield Item(protocol.PACKET, bytes(data), pts, dts, key)
    yield Item(protocol.END, b"")


def _lead_in(index: PacketIndex, first: int) -> int:
    """Pictures shown before the part's first keyframe (open GOP) need the group before it to decode."""
    behind = index.pts[first : first + 64]
    if len(behind) and int(behind.min()) < int(index.pts[first]):
        earlier = index.keyframes[index.keyframes < first]
        return int(earlier[-1]) if len(earlier) else first
    return first


def _pieces(index: PacketIndex, first: int, stop: int) -> list[tuple[int, int]]:
    """Ranges of packets to read at a time."""
    if index.contiguous:
        starts = list(range(first, stop, FEED_PACKETS))
    else:
        keys = index.keyframes
        starts = keys[(keys >= first) & (keys < stop)].tolist() or [first]
    return list(zip(starts, [*starts[1:], stop], strict=True))


def _ms(redaction: Redaction, moment: datetime) -> float:
    return (moment - redaction.starts_at) / MS
