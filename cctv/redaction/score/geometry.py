"""What is judged of a picture: heads, what stands before them, and how much may show.

All by boxes, as ground truth has no outlines. The README beside this gives the reasons and the limits.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score.truth import PixelBox, Region

Mask = NDArray[np.bool_]

# The head is the ellipse in the upper part of a person's box: this share of its height, of its width.
HEAD_HEIGHT, HEAD_WIDTH = 0.20, 0.60
# Of a nearer person only what their body surely fills hides what is behind: their head and, from here down,
# the middle of their box.
BODY_FROM, BODY_WIDTH = 0.16, 0.70
# A head is exposed when less than this of its pixels is covered.
COVERED_ENOUGH = 0.90
# The subject's head is visible when at least this of its pixels shows.
VISIBLE_ENOUGH = 0.50
# A head that nearer people leave less of is not counted: of others, of the subject.
SEEN_OF_OTHERS, SEEN_OF_SUBJECT = 0.25, 0.50
# Where fewer of a head's pixels tell it from the scene, all of it is judged; below the second, it is blank.
TELLING_ENOUGH, TELLING_AT_ALL = 0.25, 1 - COVERED_ENOUGH
# People's boxes are widened by this on each side before what lies outside of them is called needless.
PADDING = 0.10
_SUBPIXEL = 4  # bits


def judged_box(region: Region) -> PixelBox | None:
    """The box that is looked at: a person's head; a head, face or plate as it was drawn; else nothing."""
    if region.kind == "person":
        left, top, width, height = region.box
        inset = width * (1 - HEAD_WIDTH) / 2
        return left + inset, top, width * HEAD_WIDTH, height * HEAD_HEIGHT
    return region.box if region.kind in ("head", "face", "plate") else None


def judged_mask(region: Region, window: PixelBox, scale: float, shape: tuple[int, int]) -> Mask:
    """The pixels of what is judged, in a window of the picture drawn at `scale`: an ellipse, or a plate."""
    box = judged_box(region)
    if box is None:
        return np.zeros(shape, np.bool_)
    canvas = np.zeros(shape, np.uint8)
    (_rectangle if region.kind == "plate" else _ellipse)(canvas, box, window, scale)
    return canvas.astype(np.bool_)


def nearer(region: Region, others: Iterable[Region]) -> list[Region]:
    """The people and vehicles that stand before somebody: whose feet are lower in the picture."""
    foot = region.box[1] + region.box[3]
    return [
        each
        for each in others
        if each.kind in ("person", "vehicle")
        and each.identity != region.identity
        and each.box[1] + each.box[3] > foot
    ]


def hidden_mask(before: Iterable[Region], window: PixelBox, scale: float, shape: tuple[int, int]) -> Mask:
    """The pixels that nearer people surely fill."""
    canvas = np.zeros(shape, np.uint8)
    for each in before:
        left, top, width, height = each.box
        if each.kind == "person" and (head := judged_box(each)):
            _ellipse(canvas, head, window, scale)
        inset = width * (1 - BODY_WIDTH) / 2
        body = (left + inset, top + height * BODY_FROM, width * BODY_WIDTH, height * (1 - BODY_FROM))
        _rectangle(canvas, body, window, scale)
    return canvas.astype(np.bool_)


def people_mask(regions: Iterable[Region], scale: float, shape: tuple[int, int]) -> Mask:
    """Every region's padded box, in the whole picture drawn at `scale`."""
    canvas = np.zeros(shape, np.uint8)
    for region in regions:
        left, top, width, height = region.box
        wider, higher = width * PADDING, height * PADDING
        padded = (left - wider, top - higher, width + 2 * wider, height + 2 * higher)
        _rectangle(canvas, padded, (0.0, 0.0, 0.0, 0.0), scale)
    return canvas.astype(np.bool_)


def _ellipse(canvas: NDArray[np.uint8], box: PixelBox, window: PixelBox, scale: float) -> None:
    left, top, width, height = box
    # Pixel centres lie at halves: the middle of the first pixel is 0.5, which OpenCV calls 0.
    x, y = (left + width / 2 - window[0]) * scale - 0.5, (top + height / 2 - window[1]) * scale - 0.5
    axes = (_fixed(width * scale / 2), _fixed(height * scale / 2))
    cv2.ellipse(canvas, (_fixed(x), _fixed(y)), axes, 0, 0, 360, 1, -1, shift=_SUBPIXEL)


def _rectangle(canvas: NDArray[np.uint8], box: PixelBox, window: PixelBox, scale: float) -> None:
    left, top = (box[0] - window[0]) * scale, (box[1] - window[1]) * scale
    right, bottom = left + box[2] * scale, top + box[3] * scale
    rows = slice(max(0, round(top)), max(0, round(bottom)))
    canvas[rows, max(0, round(left)) : max(0, round(right))] = 1


def _fixed(value: float) -> int:
    return round(value * (1 << _SUBPIXEL))
