"""The redaction as it will leave, small: a picture, or some seconds of it. Footage, so its entry comes first.

Drawn by the same functions as the result, in a confined child process; nothing of it is kept.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np

from accesslog import Receipt
from cctv.footage import playback, sealed, viewing
from cctv.footage.derived import services as derived
from cctv.footage.errors import FootageExpired
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.playback import INSTANT, Picture
from cctv.redaction import movie
from cctv.redaction.child import protocol
from cctv.redaction.child.painting import encoder_of
from cctv.redaction.child.parent import ChildFailed, Helper
from cctv.redaction.child.plain import of_drawing
from cctv.redaction.child.protocol import Item
from cctv.redaction.drawing.covers import colour_for
from cctv.redaction.drawing.plate import plate_of
from cctv.redaction.editing.errors import PreviewBusy, PreviewFailed, PreviewRefused
from cctv.redaction.editing.events import PREVIEWED
from cctv.redaction.editing.opening import Opened, noted, open_editor, require_still
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.rendering.looking import aspect_of_row
from cctv.redaction.rendering.planning import Source, items
from cctv.redaction.resolve import Resolved
from cctv.redaction.scene import standing
from cctv.sites.masks import polygons

log = logging.getLogger("lethe.redaction")

WIDEST = 640
LONGEST = timedelta(seconds=20)
MS = timedelta(milliseconds=1)
SECONDS = 60.0
WAIT_S = 15.0
# Children of this process at a time.
_free = threading.BoundedSemaphore(2)

Span = tuple[datetime, datetime]


def picture(redaction: Redaction, session: ViewingSession, *, frame: int) -> Picture:
    """Frame `frame` as it will leave: a JPEG of at most WIDEST pixels across.

    Raises PreviewRefused, PreviewBusy, PreviewFailed, what `open_editor` and the vault's door raise, and
    LogUnavailable; then nothing leaves.
    """
    work = _Work(redaction, session, frame, frame)
    with _child() as child:
        for item in child.work(work.header("picture"), work.items()):
            if item.kind == protocol.JPEG:
                return work.noted(item.data, "still")
    raise PreviewFailed


def clip(redaction: Redaction, session: ViewingSession, *, first: int, last: int) -> Picture:
    """Frames `first` to `last` as they will leave, at most LONGEST: an MP4 whose time begins at 0.

    Raises as `picture`.
    """
    work = _Work(redaction, session, first, last)
    header = work.header("render")
    context = encoder_of(header)
    made, pictures = [movie.head(context)], list[tuple[int, bytes]]()
    with _child() as child:
        for item in child.work(header, work.items()):
            if item.kind == protocol.PICTURE:
                pictures.append((item.pts, to_lengths(item.data)))
    if not pictures:
        raise PreviewFailed
    end = round((work.span[1] - work.span[0]) / MS * header["timescale"] / 1000)
    made.append(movie.fragment_of(pictures, max(end, pictures[-1][0] + 1), 1))
    return work.noted(b"".join(made), "video")


class _Work:
    """One preview: what may be shown of it, under which entry, and what the child is told."""

    def __init__(self, redaction: Redaction, session: ViewingSession, first: int, last: int) -> None:
        """Open the facts, then write the entry of what is shown; nothing was read of the footage before."""
        self.redaction, self.session = redaction, session
        self.masks = playback.copy_masks_of(redaction.camera)
        self.mask = polygons.version(self.masks)
        self.opened: Opened = open_editor(redaction, session)
        self.resolved: Resolved = self.opened.resolved()
        if not 0 <= first <= last < self.resolved.frames:
            raise PreviewRefused
        self.span = self._span(first, last)
        if self.span[1] - self.span[0] > LONGEST:
            raise PreviewRefused
        key = f"show {redaction.number}"
        self.receipt: Receipt = noted(redaction, session, PREVIEWED, key, self.span, viewing.COVER)
        self._frames = (first, last)

    def _span(self, first: int, last: int) -> Span:
        """From the first frame until the next after the last one, or for an instant of a single one."""
        times, start = self.resolved.times, self.redaction.starts_at
        begin = start + float(times[first]) * MS
        if first == last:
            return begin, begin + INSTANT
        after = float(times[last + 1]) if last + 1 < len(times) else float(times[last]) + 40
        return begin, min(max(start + after * MS, begin + INSTANT), self.redaction.ends_at)

    def header(self, do: str) -> dict[str, Any]:
        """The child's: what to do, how large, and what is painted with."""
        settings = self.resolved.settings
        segment = Segment.objects.filter(pk=self.redaction.parts.earliest("number").segment).first()
        if segment is None:
            raise FootageExpired
        across, down = aspect_of_row(self.redaction)  # a JPEG says nothing of pixels that are not square
        width, height = _small(round(segment.width * across / down), segment.height)
        said: dict[str, Any] = {
            "do": do, "width": width, "height": height, "timescale": movie.TIMESCALE, "style": settings.style,
            "masks": polygons.plain(self.masks),
        }  # fmt: skip
        samples = [one.sample for one in self.opened.known.facts if one.sample is not None]
        if samples:
            said["colour"] = colour_for(np.concatenate([one.rgb for one in samples]))
            if settings.mode == "reveal":
                said["plate"] = base64.b64encode(plate_of(samples).tobytes()).decode()
        if settings.mode == "reveal" and (sharp := self._sharp()):
            said["sharp"] = base64.b64encode(sharp).decode()
        return said

    def _sharp(self) -> bytes:
        """The scene in full sharpness, once a reviewer has approved it."""
        row = standing.approved(self.redaction)
        if row is None:
            return b""
        return derived.read_for_person(
            self.opened.receipt, row, actor_id=self.session.actor_id, hold_id=self.redaction.hold_id
        )

    def items(self) -> Iterator[Item]:
        """The packets of all parts that show something of the span, with the drawings of their frames.

        What asks the register is asked here: packets are read in the thread that feeds the child.
        """
        start, end = self.span
        zero = (start - self.redaction.starts_at) / MS
        said = {**self._drawings(zero), "cuts": []}
        pieces = []
        rows = self.redaction.parts.filter(starts_at__lt=end, ends_at__gt=start).order_by("number")
        for row in rows:
            source = self._source(row)
            part = _cut(row, source, self.redaction, (max(start, row.starts_at), min(end, row.ends_at)))
            offset = {"offset_ms": source.offset_ms(self.redaction) - zero}
            pieces.append(items(self.redaction, part, source, said | offset, stop=part.stop))
        return chain.from_iterable(pieces)

    def _source(self, row: RedactionPart) -> Source:
        segment = Segment.objects.filter(pk=row.segment).select_related("epoch", "camera__site").first()
        if segment is None:
            raise FootageExpired
        span = max(self.span[0], row.starts_at), min(self.span[1], row.ends_at)
        opened = sealed.for_person(self.receipt, segment, session=self.session, span=span)
        return Source(segment, opened.index(), opened.media().read_range)

    def _drawings(self, zero: float) -> dict[str, Any]:
        first, last = self._frames
        return {
            "times": [float(at) - zero for at in self.resolved.times[first : last + 1]],
            "drawings": [of_drawing(self.resolved.drawing(frame)) for frame in range(first, last + 1)],
        }

    def noted(self, data: bytes, kind: str) -> Picture:
        """What is about to leave stands on the session first; what was refused meanwhile stays here."""
        start, end = self.span
        viewing.record_sent(self.session, camera=self.redaction.camera, start=start, end=end, kind=kind)
        require_still(self.redaction, self.session, self.mask)
        return Picture(data, start, end, kind, self.mask, self.redaction.camera, copy=True)


def _cut(row: RedactionPart, source: Source, redaction: Redaction, span: Span) -> RedactionPart:
    """The part with no more packets than the span needs, from a keyframe on."""
    index, offset = source.index, source.offset_ms(redaction)
    low, high = ((moment - redaction.starts_at) / MS - offset for moment in span)
    first, stop = _packets(index, low, high)
    return RedactionPart(
        redaction=redaction, number=row.number, segment=row.segment, first=max(first, row.first),
        stop=min(stop, row.stop), starts_at=span[0], ends_at=span[1],
    )  # fmt: skip


def _packets(index: PacketIndex, low_ms: float, high_ms: float) -> tuple[int, int]:
    """From the keyframe before `low_ms` to the one after `high_ms`: what is shown between needs no others."""
    ticks = index.timescale / 1000
    keys = index.keyframes
    before = keys[index.pts[keys] <= low_ms * ticks + 1]
    after = keys[index.pts[keys] >= high_ms * ticks + 1]
    return int(before[-1]) if len(before) else int(keys[0]), int(after[0]) if len(after) else len(index)


def _small(width: int, height: int) -> tuple[int, int]:
    """Even, at most WIDEST across, in the same proportions."""
    scale = min(1.0, WIDEST / width)
    return max(16, int(width * scale) & ~1), max(16, int(height * scale) & ~1)


@contextmanager
def _child() -> Iterator[Helper]:
    if not _free.acquire(timeout=WAIT_S):
        raise PreviewBusy
    try:
        child = Helper(seconds=SECONDS)
        with child:
            yield child
    except ChildFailed as error:
        log.warning("a preview failed: %s", error)
        raise PreviewFailed from error
    finally:
        _free.release()
