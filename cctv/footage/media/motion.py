"""What moved, second by second, told from small grey pictures: how much in all, and in which cells of a grid.

Each picture is held against what the camera usually sees (OpenCV's MOG2, a mixture of Gaussians for each
pixel), after the light of both was made the same. The usual view is learned from segment to segment, where
they follow each other; alone, a segment is held against the median of its own first pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.ranges import ReadRange
from cctv.footage.media.sampling import COLUMNS, ROWS, Picture, Sample, samples

cv2.setNumThreads(1)  # the pictures are tiny, and the job has one core

Bytes = NDArray[np.uint8]

MAX_SECONDS = 2 * 3600 + 60
# Pictures after which a thing that came to rest is part of the usual view: about a tenth of it.
HISTORY = 200
# Squared distance from the usual view, in variances, from which a pixel is something else.
FAR = 16.0
SHADOW = 127
NEIGHBOURS = np.ones((3, 3), np.uint8)
# Shares of a cell from which its level is 1, 2, 3.
SHARES = (0.03, 0.15, 0.45)
# With more than this of the picture changed at once it was the light, or the camera: it is learned anew. So
# is a good part of it that changed and then stands still, but for a little.
EVERYTHING, MUCH, STILL = 0.6, 0.25, 0.1
# Grey levels by which a pixel differs that does not stand still; by which it is as bright as a neighbour.
STIRRED, ALIKE = 12, 4
# Grey levels of a new light that are left in a picture.
LEFT = 5
# Pictures that a segment without a history is first held against.
ALONE = 12
# The share of changed pixels that makes the intensity 255; it grows with the root of the share.
FULL = 0.25
# A second without a picture of its own takes what its neighbours show, up to this far.
REACH_S = 2


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """By second of a segment: `levels` n x 9 x 16, each 0..3, `intensity` n, each 0..255, and `known` n.

    Of a second that is not known, levels and intensity are 0.
    """

    levels: Bytes
    intensity: Bytes
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.intensity)


class UsualView:
    """What a camera usually sees; learns with every picture. Same pictures in, same answers out."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._model: Any = None
        self._shape: tuple[int, ...] = ()
        self._before: Picture | None = None

    def fits(self, sample: Sample) -> bool:
        """Whether it knows pictures of this size."""
        return self._model is not None and self._shape == sample.picture.shape

    def begin(self, pictures: list[Picture]) -> None:
        """Take the median of these as the usual view."""
        usual = np.median(np.stack(pictures), axis=0).astype(np.uint8)
        self._model = cv2.createBackgroundSubtractorMOG2(
            history=HISTORY, varThreshold=FAR, detectShadows=True
        )
        self._shape, self._before = usual.shape, None
        self._model.apply(usual, learningRate=1.0)

    def _is_other_light(self, picture: Picture, changed: Picture) -> bool:
        share = float(changed.mean())
        if share <= MUCH or self._before is None:
            return share > EVERYTHING
        stirred = (cv2.absdiff(picture, self._before) > STIRRED) & (changed > 0)
        return share > EVERYTHING or float(stirred.mean()) < STILL * share

    def look(self, picture: Picture) -> tuple[Bytes, float]:
        """Levels of the 9 x 16 cells, and the share of the picture that is not as usual; then learn it."""
        usual = self._model.getBackgroundImage()
        lit = in_usual_light(picture, usual)
        mask = self._model.apply(lit, learningRate=1.0 / HISTORY)
        # What is as bright as a neighbour usually is has only been shaken: by wind, or by the encoder.
        darkest = cv2.erode(usual, NEIGHBOURS).astype(np.int16) - ALIKE
        brightest = cv2.dilate(usual, NEIGHBOURS).astype(np.int16) + ALIKE
        mask[(lit >= darkest) & (lit <= brightest)] = 0
        changed = (cv2.medianBlur(mask, 3) > SHADOW).astype(np.uint8)
        if self._is_other_light(picture, changed):
            self.begin([picture])
        self._before = picture
        high, wide = changed.shape[0] // ROWS, changed.shape[1] // COLUMNS
        shares = changed.reshape(ROWS, high, COLUMNS, wide).mean(axis=(1, 3))
        levels = np.digitize(shares, SHARES).astype(np.uint8)
        return levels, float(shares[levels > 0].sum()) / (ROWS * COLUMNS)


def in_usual_light(picture: Picture, usual: Picture) -> Picture:
    """The picture as it would be in the light of the usual view, or nearly.

    Dark and bright parts are moved by what most of each has moved; a pixel that did not take part (it is
    burnt out, or drawn in by the camera) by as much of that as brings it nearest to its usual self. A little
    of the new light is left, so that the usual view follows the day.
    """
    shift = _shift(picture, usual)[usual]
    now, before = picture.astype(np.float32), usual.astype(np.float32)
    nearest = before.clip(np.minimum(now, now - shift), np.maximum(now, now - shift))
    lit: Picture = np.clip(nearest + (shift / 4).clip(-LEFT, LEFT), 0, 255).astype(np.uint8)
    return lit


def _shift(picture: Picture, usual: Picture) -> NDArray[np.float32]:
    """By how much each grey level of the usual view is brighter now: 256 numbers on a line."""
    some, before = picture[::2, ::2].astype(np.int16), usual[::2, ::2]
    difference = some - before
    dark = before <= np.median(before)
    below = float(np.median(difference[dark]))
    if dark.all():
        return np.full(256, below, np.float32)
    above = float(np.median(difference[~dark]))
    low, high = float(np.median(before[dark])), float(np.median(before[~dark]))
    line = below + (above - below) / max(1.0, high - low) * (np.arange(256) - low)
    most = 2 * max(abs(below), abs(above))
    return np.asarray(line.clip(-most, most), np.float32)


def watch(
    index: PacketIndex,
    read: ReadRange,
    view: UsualView,
    *,
    first: Callable[[Any, Any], None] | None = None,
) -> Moved:
    """What moved in the segment; `view` learns it. `first` gets decoder and first frame (see `samples`).

    Raises MediaError `no_picture` when nothing can be decoded.
    """
    seconds = max(1, min(MAX_SECONDS, -(-index.duration_ms // 1000)))
    levels = np.zeros((seconds, ROWS, COLUMNS), np.uint8)
    intensity = np.zeros(seconds, np.uint8)
    seen = np.zeros(seconds, np.bool_)
    for sample in _begun(view, samples(index, read, first=first)):
        cells, share = view.look(sample.picture)
        second = min(seconds - 1, max(0, int(sample.at_ms // 1000)))
        levels[second] = np.maximum(levels[second], cells)
        intensity[second] = max(int(intensity[second]), _intensity(share))
        seen[second] = True
    if not seen.any():
        raise MediaError("no_picture")
    known = _fill(levels, intensity, seen)
    return Moved(levels, intensity, known)


def _begun(view: UsualView, pictures: Iterable[Sample]) -> Iterator[Sample]:
    """The same pictures, after a view that knows nothing has been shown the first of them."""
    pictures = iter(pictures)
    ahead = list(islice(pictures, 1))
    if ahead and not view.fits(ahead[0]):
        ahead += islice(pictures, ALONE - 1)
        view.begin([sample.picture for sample in ahead])
    return chain(ahead, pictures)


def _intensity(share: float) -> int:
    return min(255, round(255 * math.sqrt(share / FULL)))


def _fill(levels: Bytes, intensity: Bytes, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Between two pictures lies what both show: a thing that was there before or after may have been.

    Which seconds are known then: those with a picture, and those near one.
    """
    known, places = seen.copy(), np.flatnonzero(seen)
    for second in np.flatnonzero(~seen):
        after = int(np.searchsorted(places, second))
        for near in places[max(0, after - 1) : after + 1]:
            if abs(int(near) - int(second)) <= REACH_S:
                levels[second] = np.maximum(levels[second], levels[near])
                intensity[second] = max(int(intensity[second]), int(intensity[near]))
                known[second] = True
    return known
