"""The colours of a detection, for telling two tracks apart: never for finding out who somebody is.

Three stripes of the box (head and shoulders, body, legs), the outer quarter on each side left out. Of each
stripe 12 numbers: how many of its pixels have one of eight hues, and of the colourless ones how many are
black, dark, bright or white. The numbers of a stripe add up to 255 or a little less; all zero means nothing
is known.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import LOOK
from cctv.redaction.tracks.boxes import Boxes

_STRIPES = (0.0, 0.22, 0.55, 1.0)
_BINS = LOOK // 3
_HUES = 8
_COLOURLESS, _DARK = 48, 40  # saturation and value of 255 below which a hue says nothing
_GREYS = np.array([45, 100, 170])


def looks(rgb: NDArray[np.uint8], boxes: Boxes) -> NDArray[np.uint8]:
    """The colours of each box (n, 4) of a picture: uint8 (n, LOOK)."""
    out = np.zeros((len(boxes), LOOK), np.uint8)
    height, width = rgb.shape[:2]
    for row, (x, y, w, h) in enumerate(boxes):
        left, right = _pixels(x + w * 0.25, x + w * 0.75, width)
        edges = [y + h * part for part in _STRIPES]
        for stripe, (upper, lower) in enumerate(pairwise(edges)):
            top, bottom = _pixels(upper, lower, height)
            if right > left and bottom > top:
                place = stripe * _BINS
                out[row, place : place + _BINS] = _colours(rgb[top:bottom, left:right])
    return out


def _pixels(start: float, stop: float, size: int) -> tuple[int, int]:
    return max(0, int(start * size)), min(size, max(int(stop * size), int(start * size) + 1))


def _colours(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if part.shape[0] > 24 or part.shape[1] > 24:  # a few hundred pixels tell as much as a hundred thousand
        part = np.asarray(cv2.resize(part, (16, 16), interpolation=cv2.INTER_AREA), np.uint8)
    hue, saturation, value = cv2.split(cv2.cvtColor(part, cv2.COLOR_RGB2HSV_FULL))
    grey = (saturation < _COLOURLESS) | (value < _DARK)
    bins = np.where(grey, _HUES + np.digitize(value, _GREYS), hue // (256 // _HUES))
    counts = np.bincount(bins.ravel(), minlength=_BINS)
    return np.asarray(counts * 255 // max(1, counts.sum()), np.uint8)
