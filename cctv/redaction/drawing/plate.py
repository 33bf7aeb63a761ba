"""The empty scene: what stays where it is, when everything that was found or moves is left out.

The small plate is so coarse that whoever stood still all the time is a few flat cells of it. The sharp one
may show such a person, so it is made on demand and used only once somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.covers import to_yuv
from cctv.redaction.drawing.drawing import Plane, Planes
from cctv.redaction.looking.facts import SAMPLE_HEIGHT, SAMPLE_WIDTH, Sample

Picture = NDArray[np.uint8]  # height, width, 3: RGB
Where = NDArray[np.bool_]

# Cells of the small plate, across and down. People are told from about sixteen cells across a face: here even
# a face that fills the picture has half of that.
_CELLS = (16, 9)
_MOST_SAMPLES = 400
_GREY = 118
_BAND = 64  # rows of a sharp plate that are worked out at a time
_INPAINT_REACH = 3


def plate_of(samples: Sequence[Sample]) -> Picture:
    """The scene without anybody, uint8 (36, 64, 3) RGB, of 16 x 9 cells; grey without samples.

    A place that something covers in every sample is filled from around it.
    """
    if not samples:
        return np.full((SAMPLE_HEIGHT, SAMPLE_WIDTH, 3), _GREY, dtype=np.uint8)
    step = -(-len(samples) // _MOST_SAMPLES)
    some = samples[::step]
    pictures = np.stack([one.rgb for one in some])
    covered = np.stack([one.covered for one in some])
    scene, known = _median(pictures, covered)
    cells = cv2.resize(_closed(scene, known), _CELLS, interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(cells, (SAMPLE_WIDTH, SAMPLE_HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8
    )


def enlarge(plate: Picture, width: int, height: int) -> Planes:
    """A plate at a picture's size, softly."""
    yuv = to_yuv(plate).round().clip(0, 255).astype(np.uint8)
    half = -(-width // 2), -(-height // 2)
    sizes = ((width, height), half, half)
    y, u, v = (_soft(yuv[:, :, place], size) for place, size in enumerate(sizes))
    return Planes(y, u, v)


def planes_of(rgb: Picture) -> Planes:
    """A picture (h, w, 3) as planes of the same size."""
    height, width = rgb.shape[:2]
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    even = np.ascontiguousarray(np.pad(rgb, odd, mode="edge"))
    rows = even.shape[0]
    i420 = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
    size = rows // 2, even.shape[1] // 2
    u, v = np.split(i420[rows:].reshape(-1), 2)
    y = np.ascontiguousarray(i420[:height, :width])
    return Planes(y, u.reshape(size).copy(), v.reshape(size).copy())


class SharpPlate:
    """The scene in full sharpness, from pictures shown one after the other; memory stays flat."""

    def __init__(self, most: int = 24, least: int = 1) -> None:
        """Keeps at most so many pictures, evenly over all that were added; an odd number makes the median
        one of them. A place that is free in fewer than `least` of them is not known."""
        self._most, self._least = max(3, most), max(1, least)
        self._kept: list[tuple[Picture, Where]] = []
        self._every, self._added = 1, 0

    def add(self, rgb: Picture, covered: Where) -> None:
        """A picture (h, w, 3), and where (h, w) something is in it that does not belong to the scene."""
        if self._kept and rgb.shape != self._kept[0][0].shape:
            raise ValueError("pictures of one plate have one size")
        if self._added % self._every == 0:
            self._kept.append((rgb.copy(), covered.copy()))
            if len(self._kept) > self._most:
                self._kept = self._kept[::2]
                self._every *= 2
        self._added += 1

    def result(self) -> tuple[Picture, Where]:
        """The scene, and where it is known; elsewhere it is filled from around, coarsely."""
        if not self._kept:
            raise ValueError("a plate of no pictures")
        scene = np.empty_like(self._kept[0][0])
        known = np.empty(scene.shape[:2], dtype=np.bool_)
        for top in range(0, len(scene), _BAND):
            rows = slice(top, top + _BAND)
            pictures = np.stack([rgb[rows] for rgb, _ in self._kept])
            covered = np.stack([where[rows] for _, where in self._kept])
            scene[rows], known[rows] = _median(pictures, covered, self._least)
        if known.all():
            return scene, known
        small = (min(SAMPLE_WIDTH, scene.shape[1]), min(SAMPLE_HEIGHT, scene.shape[0]))
        tiny = np.asarray(cv2.resize(scene, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        part = cv2.resize((~known).astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA)
        filled = _closed(tiny, part == 0)
        soft = cv2.resize(filled, (scene.shape[1], scene.shape[0]), interpolation=cv2.INTER_LINEAR)
        scene[~known] = soft[~known]
        return scene, known


def _median(pictures: NDArray[np.uint8], covered: Where, least: int = 1) -> tuple[Picture, Where]:
    """Of each place's uncovered values (n, h, w, 3) with (n, h, w); and where there are enough of them."""
    count = (~covered).sum(axis=0)
    values = np.where(covered[..., None], np.uint8(255), pictures)
    # covered values sort to the end; ties with true white change nothing
    values.sort(axis=0)
    middle = np.maximum(count - 1, 0) // 2
    scene = np.take_along_axis(values, middle[None, :, :, None], axis=0)[0]
    return np.asarray(scene, dtype=np.uint8), count >= least


def _closed(scene: Picture, known: Where) -> Picture:
    if known.all():
        return scene
    if not known.any():
        return np.full_like(scene, _GREY)
    holes = (~known).astype(np.uint8) * 255
    return np.asarray(cv2.inpaint(scene, holes, _INPAINT_REACH, cv2.INPAINT_TELEA), dtype=np.uint8)


def _soft(plane: Plane, size: tuple[int, int]) -> Plane:
    """Enlarged twice without steps: linear, then blurred as wide as a cell."""
    large = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
    cell = max(1, round(size[0] / plane.shape[1]), round(size[1] / plane.shape[0]))
    return np.asarray(cv2.blur(large, (cell, cell), borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)
