"""What the camera sees when nobody is there: the median of pictures, without where people are in them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score import geometry
from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.pictures import Luma, Source, fitted, name_of, read
from cctv.redaction.score.truth import Truth

SAMPLES = 48
# A pixel that fewer samples show without anybody is not known.
ENOUGH_SAMPLES = 5


@dataclass(frozen=True)
class Scene:
    """The empty scene at the source's size, where it is known, and how many pictures the source has."""

    luma: Luma
    known: NDArray[np.bool_]
    count: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.luma.shape[1], self.luma.shape[0]


@dataclass(frozen=True)
class Samples:
    """At most 2 x SAMPLES pictures of a file with their numbers, evenly spread, and how many it has."""

    kept: list[tuple[int, Luma]]
    count: int

    @property
    def width(self) -> int:
        """In pixels, of every picture."""
        return int(self.kept[0][1].shape[1])


def samples_of(source: Source) -> Samples:
    """Decode a file once, however long it is, and keep some of it."""
    step, count = 1, 0
    kept: list[tuple[int, Luma]] = []
    for luma, _at in read(source):
        if count % step == 0:
            if kept and luma.shape != kept[0][1].shape:
                raise ScoreError("unreadable_video", file=name_of(source), why="its picture changes its size")
            kept.append((count, luma))
            if len(kept) == 2 * SAMPLES:
                kept, step = kept[::2], step * 2
        count += 1
    return Samples(kept, count)


def scene_of(source: Source, truth: Truth) -> Scene:
    """The empty scene of a source; decodes it once."""
    samples = samples_of(source)
    height, width = samples.kept[0][1].shape
    return scene_from(samples, truth, (width, height))


def scene_from(samples: Samples, truth: Truth, size: tuple[int, int], first: int = 0) -> Scene:
    """The same at another size; `first` is the number that the truth has for the file's first picture."""
    some = samples.kept[:: max(1, len(samples.kept) // SAMPLES)]
    fit = [(first + number, fitted(luma, *size)) for number, luma in some]
    luma, known = _median(fit, truth.scaled(*size))
    return Scene(luma, known, samples.count)


def _median(kept: list[tuple[int, Luma]], truth: Truth) -> tuple[Luma, NDArray[np.bool_]]:
    shape = kept[0][1].shape
    busy = np.stack([geometry.people_mask(truth.at(number), 1.0, shape) for number, _luma in kept])
    pictures = np.stack([luma for _number, luma in kept])
    # Sorted with the busy ones last, the median is the middle of those that come before them. 255 among the
    # free ones sorts alike, which changes nothing.
    pictures[busy] = 255
    free = (~busy).sum(axis=0)
    pictures.sort(axis=0)
    middle = np.maximum(free - 1, 0) // 2
    luma = np.take_along_axis(pictures, middle[None], axis=0)[0]
    return luma, free >= min(ENOUGH_SAMPLES, len(kept))


def eroded(known: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Where a whole window of `size` pixels is known."""
    kernel = np.ones((size, size), np.uint8)
    return np.asarray(cv2.erode(known.astype(np.uint8), kernel, borderValue=1), np.bool_)
