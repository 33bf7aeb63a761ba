"""Few pictures out of many packets: about one a second, small and grey, for as little decoding as it takes.

A keyframe costs one decode. Where keyframes lie further apart, the pictures between them are reached through
the reference pictures before them, never through the others, and without the decoder's smoothing of block
edges, which nobody sees at this size. The plan is made from the index alone, before a byte is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.decoding import decoder, frames, packet_of
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import payloads
from cctv.footage.media.ranges import ReadRange

Picture = NDArray[np.uint8]

COLUMNS, ROWS = 16, 9
# A picture is at most this many pixels in each cell's width and height: 256 x 144.
CELL_PIXELS = 16
# Keyframes that follow each other closer are left out, gaps longer than the second are looked into.
CLOSE_S, WIDE_S = 0.9, 1.5
# What the reference pictures between keyframes may cost: for a second of footage six of 1920 x 1080. Beyond
# it fewer pictures are taken, down to the keyframes alone; where these are further apart than BLIND_S, it may
# cost four times as much, and what is beyond that stays unseen.
PIXELS_A_SECOND = 6 * 1920 * 1080
BLIND_S, BLIND_FACTOR = 4.0, 4
LARGE_PIXELS = 960 * 540
PIECE_PACKETS, PIECE_BYTES = 128, 8 << 20
# Frames whose first plane is the picture in grey, one byte a pixel.
LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray", "nv12"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A small grey picture of 9·k rows and 16·k columns, and when it is shown, in ms of the segment."""

    at_ms: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Run:
    """Packets `first` (a keyframe) to `stop`, half-open, decoded for the pictures at `wanted` (ticks)."""

    first: int
    stop: int
    wanted: tuple[int, ...]


def plan(index: PacketIndex) -> list[Run]:
    """Which packets to decode for about one picture a second."""
    keys = index.keyframes
    keys = keys[np.argsort(index.pts[keys], kind="stable")]
    times = index.pts[keys].tolist()
    close, wide = CLOSE_S * index.timescale, WIDE_S * index.timescale
    kept = [0]
    for place in range(1, len(times)):
        if times[place] - times[kept[-1]] >= close:
            kept.append(place)
    wanted: list[int] = []
    ends = [times[place] for place in kept[1:]] + [index.end_ticks]
    for place, end in zip(kept, ends, strict=True):
        wanted.append(times[place])
        if end - times[place] > wide:
            wanted += _between(index, keys, times, times[place], end)
    starts = np.searchsorted(times, wanted, side="right") - 1
    runs = []
    for start, group in groupby(zip(starts.tolist(), wanted, strict=True), key=lambda pair: pair[0]):
        targets = tuple(each for _start, each in group)
        runs.append(Run(int(keys[start]), _stop(index, int(keys[start]), targets[-1]), targets))
    return runs


def _between(index: PacketIndex, keys: Any, times: list[int], start: int, end: int) -> list[int]:
    """Moments between two pictures that are worth what they cost, evenly spread."""
    seconds = (end - start) / index.timescale
    most = round(seconds)
    allowed = PIXELS_A_SECOND * seconds / max(1, index.width * index.height)
    if seconds > BLIND_S:
        allowed *= BLIND_FACTOR
    for count in range(most, 1, -1):
        moments = [start + round((end - start) * number / count) for number in range(1, count)]
        key = int(keys[int(np.searchsorted(times, moments[-1], side="right")) - 1])
        if _references(index, key, moments[-1]) <= allowed:
            return moments
    return []


def _references(index: PacketIndex, first: int, until: int) -> int:
    """How many packets after `first` are shown later than all before them: those are decoded on the way."""
    pts = index.pts[first : _stop(index, first, until)]
    return int((pts[1:] > np.maximum.accumulate(pts)[:-1]).sum())


def _stop(index: PacketIndex, first: int, until: int) -> int:
    """After the first packet from `first` on that is shown at `until` or later."""
    piece = max(1, PIECE_PACKETS)
    for low in range(first, len(index), piece):
        late = np.flatnonzero(index.pts[low : low + piece] >= until)
        if len(late):
            return low + int(late[0]) + 1
    return len(index)


def samples(
    index: PacketIndex, read: ReadRange, *, first: Callable[[Any, Any], None] | None = None
) -> Iterator[Sample]:
    """The planned pictures in order; damaged ones are left out. Reads a piece at a time.

    `first`, if given, gets the decoder and the first keyframe's own picture; nothing if that is damaged, for
    any other shows a moment that nobody asked for.
    """
    context = _quick_decoder(index)
    size = _size(index)
    for number, run in enumerate(plan(index)):
        for frame in _wanted(context, index, read, run):
            if first is not None and number == 0 and frame.pts == run.wanted[0]:
                first(context, frame)
                first = None
            yield Sample(index.ms(frame.pts or 0), grey(frame, size))
        context.flush_buffers()


def _quick_decoder(index: PacketIndex) -> Any:
    """Decodes reference pictures only, and leaves block edges where a picture is far larger than we need."""
    large = index.width * index.height >= LARGE_PIXELS
    context = decoder(index.codec, index.extradata, **({"skip_loop_filter": "all"} if large else {}))
    context.skip_frame = "NONREF"
    return context


def _wanted(context: Any, index: PacketIndex, read: ReadRange, run: Run) -> Iterator[Any]:
    """For each wanted moment the first frame shown then or later; at the end the last one if it lacks."""
    targets = list(run.wanted)
    last: Any = None
    for frame in _decoded(context, index, read, run):
        if frame.pts is None:
            continue
        last = frame
        if frame.pts >= targets[0]:
            yield frame
            while targets and targets[0] <= frame.pts:
                targets.pop(0)
            last = None
        if not targets:
            return
    if last is not None:
        yield last


def _decoded(context: Any, index: PacketIndex, read: ReadRange, run: Run) -> Iterator[Any]:
    place = run.first
    while place < run.stop:
        stop = _piece(index, place, run.stop)
        for data in payloads(index, read, place, stop, any_start=True):
            pts, dts = int(index.pts[place]), int(index.dts[place])
            yield from frames(context, packet_of(data, pts, dts, key=bool(index.key[place])))
            place += 1
    yield from frames(context, None)


def _piece(index: PacketIndex, first: int, stop: int) -> int:
    """Where to stop reading, so that an hour without a keyframe is never in memory at once."""
    if not index.contiguous:
        return stop
    sizes = np.cumsum(index.size[first : min(stop, first + PIECE_PACKETS)])
    return first + max(1, int(np.searchsorted(sizes, PIECE_BYTES, side="right")))


def _size(index: PacketIndex) -> tuple[int, int]:
    """Width and height of the small pictures: whole cells, none larger than the picture gives."""
    pixels = max(1, min(CELL_PIXELS, index.width // COLUMNS, index.height // ROWS))
    return COLUMNS * pixels, ROWS * pixels


def grey(frame: Any, size: tuple[int, int]) -> Picture:
    """The frame's brightness at `size` (width, height)."""
    if frame.format.name in LUMA_FIRST:
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        picture = rows[: frame.height, : frame.width]
    else:
        picture = frame.to_ndarray(format="gray")
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
