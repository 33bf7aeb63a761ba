"""What the camera sees when nobody is there: the median of pictures, without where people are in them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score import geometry
from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.pictures import Luma, Source, fitted, name_of, read
from cctv.redaction.score.truth import Truth

SAMPLES = 48
# A picture is plain when its brightness varies by less than this; every so manieth pixel is asked.
PLAIN, PLAIN_STEP = 3.0, 4
# A pixel that fewer samples show without anybody is not known.
ENOUGH_SAMPLES = 5


@dataclass(frozen=True)
class Scene:
    """The empty scene at the source's size, where it is known, how many pictures the source has, and the time
    of each in ms (NaN where the file does not say)."""

    luma: Luma
    known: NDArray[np.bool_]
    count: int
    times: NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.luma.shape[1], self.luma.shape[0]


@dataclass(frozen=True)
class Samples:
    """At most 2 x SAMPLES pictures of a file with their numbers, evenly spread; of each of its pictures the
    time in ms (NaN where the file does not say) and whether it is of one brightness all over."""

    kept: list[tuple[int, Luma]]
    times: NDArray[np.float64]
    plain: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many the file has."""
        return len(self.times)

    @property
    def width(self) -> int:
        """In pixels, of every picture."""
        return int(self.kept[0][1].shape[1])


def samples_of(source: Source) -> Samples:
    """Decode a file once, however long it is, and keep some of it."""
    step = 1
    kept: list[tuple[int, Luma]] = []
    times, plain = array("d"), bytearray()
    for count, (luma, at) in enumerate(read(source)):
        times.append(np.nan if at is None else at)
        plain.append(bool(luma[::PLAIN_STEP, ::PLAIN_STEP].std() < PLAIN))
        if count % step == 0:
            if kept and luma.shape != kept[0][1].shape:
                raise ScoreError("unreadable_video", file=name_of(source), why="its picture changes its size")
            kept.append((count, luma))
            if len(kept) == 2 * SAMPLES:
                kept, step = kept[::2], step * 2
    return Samples(kept, np.asarray(times, np.float64), np.frombuffer(plain, np.bool_))


def scene_of(source: Source, truth: Truth) -> Scene:
    """The empty scene of a source; decodes it once."""
    samples = samples_of(source)
    height, width = samples.kept[0][1].shape
    return scene_from(samples, truth, (width, height))


def scene_from(
    samples: Samples, truth: Truth, size: tuple[int, int], stands_for: NDArray[np.int64] | None = None
) -> Scene:
    """The same at another size; `stands_for` are the numbers that the truth has for the file's pictures,
    negative for those it knows nothing of."""
    numbers = np.arange(samples.count) if stands_for is None else stands_for
    kept = [(int(numbers[number]), luma) for number, luma in samples.kept if numbers[number] >= 0]
    some = kept[:: max(1, len(kept) // SAMPLES)]
    fit = [(number, fitted(luma, *size)) for number, luma in some]
    luma, known = _median(fit, truth.scaled(*size))
    return Scene(luma, known, samples.count, samples.times)


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
