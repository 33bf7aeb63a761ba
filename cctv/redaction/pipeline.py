"""The two passes over pictures: looking at them, and drawing and encoding them. Pure; memory does not grow.

    facts = list(look(shown(decoded, analysis_size), looker))
    resolved = resolve(facts, edits, settings)
    for packet in render(decoded, resolved, paint, encoder): ...

`decoded` are pairs of a decoded frame and its time in ms from the start of the redaction's span, in the order
of showing. Decoding runs ahead in a thread of its own, so that both cores work. The confined child, the
benchmark and nothing else drive this; who asks for pixels of a file goes through the child.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.compose import PLAIN, compose
from cctv.redaction.drawing.covers import colour_for
from cctv.redaction.drawing.drawing import NOTHING, Colour, Drawing, Planes, Style
from cctv.redaction.drawing.plate import enlarge, plate_of
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.looking.looker import Looker
from cctv.redaction.resolve import Resolved

T = TypeVar("T")
Decoded = tuple[Any, float]
QUEUED = 6
# A picture is the one that was looked at when their times agree to this.
SAME_MS = 0.5
_END = object()


def ahead(source: Iterable[T], size: int = QUEUED) -> Generator[T, None, None]:
    """The same items, made in a thread that is at most `size` items ahead; its errors come through here.

    Closing it ends the thread after the item it is making.
    """
    items: queue.Queue[Any] = queue.Queue(size)
    closed = threading.Event()

    def put(item: object) -> bool:
        while not closed.is_set():
            try:
                items.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in source:
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as error:
            put((_END, error))

    maker = threading.Thread(target=make, daemon=True, name="ahead")
    maker.start()
    try:
        while True:
            item, error = items.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        closed.set()
        maker.join()


def shown(decoded: Iterable[Decoded], size: tuple[int, int]) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Pictures as they are looked at: RGB, uint8 (height, width, 3), of `analysis_size`."""
    width, height = size
    for frame, at_ms in decoded:
        yield frame.reformat(width, height, "rgb24").to_ndarray(), at_ms


def look(pictures: Iterable[tuple[NDArray[np.uint8], float]], looker: Looker) -> Iterator[FrameFacts]:
    """What is seen in each; the pictures are made ahead."""
    for rgb, at_ms in ahead(pictures):
        yield looker.see(rgb, at_ms)


@dataclass(frozen=True)
class Paint:
    """What a redaction is painted with, the same in each of its pictures."""

    style: Style = "fill"
    colour: Colour = PLAIN
    plate: Planes | None = None


def paint_for(
    resolved: Resolved, facts: Sequence[FrameFacts], size: tuple[int, int], *, plate: Planes | None = None
) -> Paint:
    """Colour and plate from what was seen; `plate` is a sharp one that was approved."""
    samples = [each.sample for each in facts if each.sample is not None]
    colour = colour_for(np.concatenate([each.rgb for each in samples])) if samples else PLAIN
    if resolved.settings.mode != "reveal":
        return Paint(resolved.settings.style, colour)
    if plate is None and samples:
        plate = enlarge(plate_of(samples), *size)
    return Paint(resolved.settings.style, colour, plate)


class Drawings:
    """Which drawing belongs to a picture, found by its time: what was not looked at does not leave."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved

    def at(self, at_ms: float) -> Drawing:
        """The drawing of the picture that was looked at then; all covered when there was none."""
        times = self._resolved.times
        after = int(np.searchsorted(times, at_ms))
        for frame in (after - 1, after):
            if 0 <= frame < len(times) and abs(times[frame] - at_ms) <= SAME_MS:
                return self._resolved.drawing(frame)
        return NOTHING


def drawn(
    decoded: Iterable[Decoded], drawings: Drawings, paint: Paint, size: tuple[int, int]
) -> Iterator[Decoded]:
    """Every picture as it may be seen: 4:2:0, 8 bit, limited range, of `size` (even)."""
    width, height = size
    for frame, at_ms in decoded:
        picture = frame.reformat(width, height, "yuv420p", dst_color_range="MPEG")
        # A decoder predicts other pictures from its own one, which must stay as it is.
        picture.make_writable()
        planes = planes_of(picture)
        made = compose(planes, drawings.at(at_ms), style=paint.style, plate=paint.plate, colour=paint.colour)
        if made.y is not planes.y:
            planes.y[:], planes.u[:], planes.v[:] = made.y, made.u, made.v
        yield picture, at_ms


def planes_of(picture: Any) -> Planes:
    """The planes of a yuv420p frame, sharing its memory."""
    planes = []
    for plane in picture.planes:
        pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        planes.append(pixels[: plane.height, : plane.width])
    return Planes(*planes)


def render(
    decoded: Iterable[Decoded],
    resolved: Resolved,
    paint: Paint,
    encoder: Any,
    *,
    cuts: Sequence[float] = (),
) -> Iterator[tuple[Any, float]]:
    """Encoded pictures and their times; each first picture at or after one of `cuts` (ms) is a keyframe.

    `encoder`: as `footage.media.encoder.encoder` gives it: open, without B-frames, of an even size. The
    packets' times are in its ticks, from the start of the span.
    """
    size = (encoder.width, encoder.height)
    left = sorted(cuts)
    waiting: dict[int, float] = {}
    ticks = 1 / (1000 * encoder.time_base)
    for picture, at_ms in drawn(ahead(decoded), Drawings(resolved), paint, size):
        picture.pts, picture.time_base = round(at_ms * ticks), encoder.time_base
        picture.pict_type = av.video.frame.PictureType.NONE
        if left and at_ms >= left[0]:
            picture.pict_type = av.video.frame.PictureType.I
            left = [cut for cut in left if cut > at_ms]
        waiting[picture.pts] = at_ms
        for packet in encoder.encode(picture):
            yield packet, waiting.pop(packet.pts)
    for packet in encoder.encode(None):
        yield packet, waiting.pop(packet.pts)
