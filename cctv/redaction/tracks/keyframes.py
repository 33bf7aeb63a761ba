"""Boxes and shapes set by hand at some frames, and what follows from them for the frames between.

A track may be away for a while: then its boxes there are without width and height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.drawing import Shape
from cctv.redaction.tracks.boxes import Box, Boxes, How, Track

Times = NDArray[np.float64]

# Two boxes set by hand closer than this: between them nothing else is asked.
JOINED_MS = 5000.0
# How soon a single correction gives way to what the computer says again.
FADES_MS = 500.0
# A hole in a track no longer than this is closed by a straight line.
FILLED_MS = 1000.0
_LEAST = 1e-3


def present(track: Track) -> NDArray[np.bool_]:
    """For each frame of the track whether it is there: bool (n)."""
    there: NDArray[np.bool_] = (track.boxes[:, 2] > 0) & (track.boxes[:, 3] > 0)
    return there


def box_at(track: Track, frame: int) -> Box | None:
    """Its box in that frame, None where it is away."""
    box = track.box(frame)
    return box if box is not None and box[2] > 0 and box[3] > 0 else None


def canvas(track: Track, first: int, stop: int) -> Track:
    """The track over [first, stop), away where it has no box there."""
    boxes = np.zeros((stop - first, 4), np.float32)
    scores, how = np.zeros(stop - first, np.float32), np.full(stop - first, How.FILLED, np.uint8)
    low, high = max(first, track.first), min(stop, track.stop)
    if low < high:
        ours, theirs = slice(low - first, high - first), slice(low - track.first, high - track.first)
        boxes[ours], scores[ours], how[ours] = track.boxes[theirs], track.scores[theirs], track.how[theirs]
    return Track(track.number, track.kind, first, boxes, scores, how)


def trimmed(track: Track) -> Track | None:
    """Without the frames before it comes and after it goes; None if it is never there."""
    there = np.flatnonzero(present(track))
    if not len(there):
        return None
    return canvas(track, track.first + int(there[0]), track.first + int(there[-1]) + 1)


def closed(track: Track, times: Times) -> Track:
    """With its short holes closed."""
    there = np.flatnonzero(present(track))
    for before, after in pairwise(there):
        apart = times[track.first + after] - times[track.first + before]
        if after - before > 1 and apart <= FILLED_MS:
            _line(track, int(before), int(after), How.FILLED)
    return track


def corrected(track: Track, keys: Mapping[int, Box], times: Times) -> Track:
    """The track with boxes set by hand at `keys`.

    Between two that are close, boxes go straight from one to the other; beyond the last one on either side
    the correction fades within half a second into what the track said.
    """
    if not keys:
        return track
    at = sorted(keys)
    out = canvas(track, min(track.first, at[0]), max(track.stop, at[-1] + 1))
    was, there = out.boxes.copy(), present(out)
    for frame in at:
        _put(out, frame - out.first, np.asarray(keys[frame], np.float32))
    for one, two in pairwise(at):
        if times[two] - times[one] <= JOINED_MS:
            _line(out, one - out.first, two - out.first, How.HAND)
        else:
            _fade(out, was, there, one, 1, (one + two) // 2, times)
            _fade(out, was, there, two, -1, (one + two) // 2 + 1, times)
    _fade(out, was, there, at[0], -1, out.first, times)
    _fade(out, was, there, at[-1], 1, out.stop - 1, times)
    return out


def by_hand_alone(track: Track, keys: Mapping[int, Box]) -> Track | None:
    """Only what was set by hand: straight from box to box, and nothing before the first or after the last."""
    if not keys:
        return None
    at = sorted(keys)
    out = canvas(Track(track.number, track.kind, at[0], *_nothing()), at[0], at[-1] + 1)
    for frame in at:
        _put(out, frame - out.first, np.asarray(keys[frame], np.float32))
    for one, two in pairwise(at):
        _line(out, one - out.first, two - out.first, How.HAND)
    return out


def _nothing() -> tuple[Boxes, NDArray[np.float32], NDArray[np.uint8]]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.uint8)


def _put(track: Track, place: int, box: NDArray[np.float32], how: How = How.HAND) -> None:
    track.boxes[place] = box
    track.boxes[place, 2:] = np.maximum(track.boxes[place, 2:], _LEAST)
    track.scores[place], track.how[place] = 1.0, how


def _line(track: Track, one: int, two: int, how: How) -> None:
    """Straight from the box at place `one` to that at `two`, both as they are."""
    portion = (np.arange(one + 1, two) - one) / (two - one)
    way = track.boxes[two] - track.boxes[one]
    track.boxes[one + 1 : two] = track.boxes[one] + portion[:, None].astype(np.float32) * way
    track.scores[one + 1 : two] = min(track.scores[one], track.scores[two])
    track.how[one + 1 : two] = how


def _fade(
    out: Track, was: Boxes, there: NDArray[np.bool_], key: int, step: int, limit: int, times: Times
) -> None:
    """From the box at frame `key` on, forward or back, to what the track said; no further than `limit`."""
    place, end = key - out.first, limit - out.first
    if place == end:
        return
    if not there[place]:  # set where the track is away: a line to where it is, if that is near
        beside = np.arange(place, end + step, step)
        found = beside[there[beside]]
        if len(found) and abs(times[out.first + found[0]] - times[key]) <= FILLED_MS:
            one, two = sorted((place, int(found[0])))
            _line(out, one, two, How.HAND)
        return
    change = out.boxes[place] - was[place]
    at = place + step
    while (at - end) * step <= 0 and there[at]:
        left = 1 - abs(times[out.first + at] - times[key]) / FADES_MS
        if left <= 0:
            return
        _put(out, at, was[at] + np.float32(left) * change)
        at += step


@dataclass(frozen=True)
class HandCover:
    """A cover drawn by hand: its shape at some frames; `first` to `last` inclusive is when it is drawn."""

    id: str
    kind: str  # box | polygon
    first: int
    last: int
    frames: tuple[int, ...]
    shapes: tuple[Shape, ...]

    def at(self, frame: int) -> Shape | None:
        """Its shape in that frame; between keyframes on the way, before and after them as at the nearest."""
        if not self.first <= frame <= self.last:
            return None
        after = int(np.searchsorted(self.frames, frame))
        if after == 0 or after == len(self.frames):
            return self.shapes[min(after, len(self.frames) - 1)]
        one, two = self.frames[after - 1], self.frames[after]
        if two == frame:
            return self.shapes[after]
        return _between(self.shapes[after - 1], self.shapes[after], (frame - one) / (two - one))


def _between(before: Shape, after: Shape, portion: float) -> Shape:
    a, b = np.asarray(before, np.float32), np.asarray(after, np.float32)
    if a.shape != b.shape:  # polygons of other corners do not turn into each other: all of the way is covered
        around = cv2.convexHull(np.concatenate([a.reshape(-1, 2), b.reshape(-1, 2)]))
        return np.asarray(around, np.float32).reshape(-1, 2)
    mixed = (a + (b - a) * np.float32(portion)).astype(np.float32)
    return _box_of(mixed) if mixed.ndim == 1 else mixed


def _box_of(values: Sequence[float] | NDArray[np.float32]) -> Box:
    x, y, w, h = (float(each) for each in values)
    return x, y, w, h


def cover_of(body: Mapping[str, Any]) -> HandCover:
    """The cover of a checked body."""
    return HandCover(
        id=body["id"],
        kind=body["shape"],
        first=body["first"],
        last=body["last"],
        frames=tuple(key["frame"] for key in body["keys"]),
        shapes=tuple(shape_of(key["shape"]) for key in body["keys"]),
    )


def shape_of(value: Sequence[Any]) -> Shape:
    """A checked box or polygon as it is drawn."""
    if isinstance(value[0], int | float):
        return _box_of(value)
    return np.asarray(value, np.float32)
