"""Pictures out of footage, straight from the packets: no demuxer, no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np

from cctv.footage.media.decoding import decoder, frames, packet_of
from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.masking import fill
from cctv.footage.media.packets import payloads
from cctv.footage.media.ranges import ReadRange
from cctv.sites.masks.polygons import Masks

THUMBNAIL_QUALITY, STILL_QUALITY = 80, 93


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG, its size in pixels, and the moment in the segment that it shows."""

    jpeg: bytes
    width: int
    height: int
    at_ms: float


def thumbnail(index: PacketIndex, read: ReadRange, at_ms: float | None = None, width: int = 320) -> bytes:
    """A JPEG `width` pixels wide of the last keyframe at or before `at_ms` (None: the first of the segment).

    Reads one packet. Raises MediaError `no_picture` when it cannot be decoded.
    """
    place = index.keyframe_at(at_ms) if at_ms is not None else int(index.keyframes[0])
    context = decoder(index.codec, index.extradata)
    for frame in _decoded(context, index, payloads(index, read, place, place + 1), place):
        return small_picture(context, frame, width)
    raise MediaError("no_picture")


def small_picture(context: Any, frame: Any, width: int = 320) -> bytes:
    """A JPEG `width` pixels wide of a decoded frame."""
    return _jpeg(context, frame, width, THUMBNAIL_QUALITY).jpeg


def still(index: PacketIndex, read: ReadRange, at_ms: float, masks: Masks = ()) -> Still:
    """The picture on screen at `at_ms` of the segment, full size, with its exact time and the masks drawn in.

    Reads from the keyframe before it. Raises MediaError `no_picture`.
    """
    shown = index.pts * 1000 <= at_ms * index.timescale
    places = np.flatnonzero(shown) if shown.any() else np.array([0])
    target = int(places[np.argmax(index.pts[places])])
    keys = index.keyframes
    before = keys[(keys <= target) & (index.pts[keys] <= index.pts[target])]
    start = int(before[-1]) if len(before) else int(keys[0])
    after = keys[keys > target]
    stop = int(after[0]) if len(after) else len(index)
    context = decoder(index.codec, index.extradata)
    wanted, best = int(index.pts[target]), None
    for frame in _decoded(context, index, payloads(index, read, start, stop), start):
        if frame.pts is None or frame.pts <= wanted:
            best = frame
        if frame.pts is not None and frame.pts >= wanted:
            break
    if best is None:
        raise MediaError("no_picture")
    made = _jpeg(context, best, None, STILL_QUALITY, masks)
    return Still(made.jpeg, made.width, made.height, index.ms(best.pts or 0))


def _decoded(
    context: Any, index: PacketIndex, packets: list[bytes | memoryview], start: int
) -> Iterator[Any]:
    for place, data in enumerate(packets, start=start):
        pts, dts = int(index.pts[place]), int(index.dts[place])
        yield from frames(context, packet_of(data, pts, dts, key=bool(index.key[place])))
    yield from frames(context, None)


def _jpeg(context: Any, frame: av.VideoFrame, width: int | None, quality: int, masks: Masks = ()) -> Still:
    """Encode with square pixels; `width` None keeps the size."""
    aspect = float(context.sample_aspect_ratio or 1)
    wide = width or round(frame.width * (aspect if aspect > 0 else 1))
    high = max(1, round(wide * frame.height / (frame.width * (aspect if aspect > 0 else 1))))
    picture: Any = frame.reformat(width=wide, height=high, format="bgr24", interpolation="AREA").to_ndarray()
    fill(picture, masks)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise MediaError("no_picture")
    return Still(data.tobytes(), wide, high, 0.0)
