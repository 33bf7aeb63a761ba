"""Tracks and the geometry of boxes. Boxes are portions of the picture, so that any size of it will do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

# x, y, width, height, 0..1 of the picture; a box may reach over its edge.
Box = tuple[float, float, float, float]
Boxes = NDArray[np.float32]


class Kind(IntEnum):
    """What a track is of."""

    PERSON = 0
    VEHICLE = 1
    FACE = 2
    PLATE = 3
    MOTION = 4
    OTHER = 5


class How(IntEnum):
    """Where the box of one frame comes from."""

    SEEN = 0  # detected in this very frame
    FILLED = 1  # between two frames in which it was detected
    AHEAD = 2  # before the first detection or after the last one
    MOVED = 3  # from motion alone
    HAND = 4  # set by a person


@dataclass
class Track:
    """One thing through time: a box for every frame from `first` on.

    `boxes` is float32 (n, 4), `scores` float32 (n) in 0..1, `how` uint8 (n) of `How`.
    """

    number: int
    kind: Kind
    first: int
    boxes: Boxes
    scores: NDArray[np.float32]
    how: NDArray[np.uint8]

    @property
    def stop(self) -> int:
        """The frame after its last one."""
        return self.first + len(self.boxes)

    def has(self, frame: int) -> bool:
        """Whether it has a box in that frame."""
        return self.first <= frame < self.stop

    def box(self, frame: int) -> Box | None:
        """Its box in that frame, or None outside its frames."""
        if not self.has(frame):
            return None
        x, y, w, h = (float(value) for value in self.boxes[frame - self.first])
        return x, y, w, h


def corners(boxes: Boxes) -> Boxes:
    """(n, 4) x, y, w, h as x1, y1, x2, y2."""
    out = boxes.copy()
    out[:, 2:] += boxes[:, :2]
    return out


def overlaps(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """The area that each of ours (n, 4) shares with each of theirs (m, 4): float32 (n, m)."""
    a, b = corners(ours)[:, None, :], corners(theirs)[None, :, :]
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def area_shared(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """The area that each of ours (n, 4) shares with the one of theirs in the same row: float32 (n)."""
    out = np.zeros(len(ours), np.float32)
    # A track over an hour is away in most rows.
    rows = np.flatnonzero((ours[:, 2] > 0) & (theirs[:, 2] > 0))
    a, b = ours[rows], theirs[rows]
    low = np.maximum(a[:, :2], b[:, :2])
    sides = np.clip(np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - low, 0, None)
    out[rows] = sides[:, 0] * sides[:, 1]
    return out


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """The area of each box: float32 (n)."""
    sides = np.clip(boxes[:, 2:], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def iou(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each of ours with each of theirs: float32 (n, m)."""
    shared = overlaps(ours, theirs)
    union = areas(ours)[:, None] + areas(theirs)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def within(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """Which portion of each of ours lies in each of theirs: float32 (n, m)."""
    return np.asarray(overlaps(ours, theirs) / np.maximum(areas(ours), 1e-9)[:, None], np.float32)


def padded(box: Box, sides: float, top: float | None = None, least: float = 0.0) -> Box:
    """The box grown by portions of its own width (left, right) and height (above: `top`, below: `sides`),
    each by no less than `least` of the picture."""
    x, y, w, h = box
    across = max(w * sides, least)
    above = max(h * (sides if top is None else top), least)
    below = max(h * sides, least)
    return x - across, y - above, w + 2 * across, h + above + below


def clipped(box: Box) -> Box | None:
    """The part of the box that lies in the picture; None if there is none."""
    x, y, w, h = box
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(1.0, x + w), min(1.0, y + h)
    if right <= left or bottom <= top:
        return None
    return left, top, right - left, bottom - top


def between(before: Box, after: Box, portion: float) -> Box:
    """The box on the way from `before` (0) to `after` (1)."""
    x, y, w, h = (a + (b - a) * portion for a, b in zip(before, after, strict=True))
    return x, y, w, h
