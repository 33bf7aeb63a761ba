"""A mask of what moves as few boxes that hold all of it and little else."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.tracks.boxes import Boxes

_FULL = 0.6  # a box so full of motion is not cut any further
_LEAST = 60  # pixels of the mask; a smaller box is not cut either
_DEPTH = 5
_MOST = 120  # more boxes than this are no longer looked at one by one

_DOT = np.ones((2, 2), np.uint8)

_Cut = tuple[int, int, int, int]  # left, top, right, bottom


def regions(mask: NDArray[np.uint8]) -> Boxes:
    """Boxes float32 (n, 4) in 0..1 that hold every pixel of the mask (uint8, not 0: moves)."""
    height, width = mask.shape
    # Only where there is anything: most of a mask is empty.
    x, y, wide, high = cv2.boundingRect(mask)
    if not wide:
        return np.zeros((0, 4), np.float32)
    mask = np.ascontiguousarray(mask[y : y + high, x : x + wide])
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found: list[_Cut] = []
    for number in range(1, count):
        left, top, w, h, _area = (int(value) for value in stats[number])
        if len(found) >= _MOST:
            found.append((left, top, left + w, top + h))
            continue
        part = (labels[top : top + h, left : left + w] == number).astype(np.uint8)
        found += [(left + a, top + b, left + c, top + d) for a, b, c, d in _cut(part, _DEPTH)]
    edges = np.array(found, np.float32).reshape(-1, 4) + np.array([x, y, x, y], np.float32)
    edges /= np.array([width, height] * 2, np.float32)
    edges[:, 2:] -= edges[:, :2]
    return np.asarray(edges, np.float32)


def without_dots(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask without what is less than two pixels wide or high; the rest stays as and where it is."""
    # OpenCV's own opening moves everything by a pixel when the kernel's side is even.
    left = cv2.erode(mask, _DOT, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(cv2.dilate(left, _DOT, anchor=(0, 0)), np.uint8)


def _cut(part: NDArray[np.uint8], depth: int) -> list[_Cut]:
    left, top, w, h = cv2.boundingRect(part)
    if not w:
        return []
    tight = part[top : top + h, left : left + w]
    whole = [(left, top, left + w, top + h)]
    if not depth or tight.size < _LEAST or cv2.countNonZero(tight) >= _FULL * tight.size:
        return whole
    halves = _halves(tight)
    if halves is None:
        return whole
    out: list[_Cut] = []
    for x, y, half in halves:
        out += [
            (left + x + a, top + y + b, left + x + c, top + y + d) for a, b, c, d in _cut(half, depth - 1)
        ]
    return out


def _halves(part: NDArray[np.uint8]) -> list[tuple[int, int, NDArray[np.uint8]]] | None:
    """The cut across either side after which the least is boxed in vain; None if none helps."""
    height, width = part.shape
    best, found = part.size * 0.9, None
    for share in (0.25, 0.4, 0.5, 0.6, 0.75):
        x, y = round(width * share), round(height * share)
        for halves in (
            [(0, 0, part[:, :x]), (x, 0, part[:, x:])],
            [(0, 0, part[:y]), (0, y, part[y:])],
        ):
            boxed = sum(_boxed(half) for _x, _y, half in halves)
            if boxed < best:
                best, found = boxed, halves
    return found


def _boxed(part: NDArray[np.uint8]) -> int:
    _left, _top, width, height = cv2.boundingRect(part)
    return int(width) * int(height)
