"""Whether each picture of an output shows the moment it stands for, and not another one of the clip.

Asked of up to PICTURES of them, evenly spread. What stirs in a picture is where it differs from the median of
all. It gives away another moment when it is like what stirs in another picture and not in the source's own,
and some of it, most where it is less like, lies where nothing stirs there. Tones do not matter, and covers
tell as people do: they lie where those are.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.pictures import Luma

Stirs = NDArray[np.float32]  # (pictures, rows, columns): grey levels off the median
PICTURES, WIDTH = 160, 96
# Grey levels by which something stirs; pixels that have to. Where more than this share does, all of it was
# covered or the light was another, which says nothing of when.
STIRS, LEAST, MOST = 10.0, 12, 0.4
# How unlike its own picture it has to be; how like another one, and how much of it has to lie elsewhere.
OWN = 0.3
LIKE_AND_ELSEWHERE = ((0.6, 0.6), (0.9, 0.1))
# One picture may be a chance likeness.
WRONG = 2


class Order:
    """Collects small pictures of both, and compares each of the output with all of the source."""

    def __init__(self, first: int, last: int) -> None:
        """`first`, `last`: the numbers of the pictures that will come."""
        self.wanted = {round(each) for each in np.linspace(first, last, min(PICTURES, last - first + 1))}
        self.numbers: list[int] = []
        self.sources: list[Luma] = []
        self.outputs: list[Luma] = []

    def add(self, number: int, source: Luma, output: Luma) -> None:
        """The next picture of both."""
        if number not in self.wanted:
            return
        self.numbers.append(number)
        self.sources.append(_small(source))
        self.outputs.append(_small(output))

    def check(self) -> None:
        """Raise `frames_disordered` when pictures show other moments than those they stand for."""
        if len(self.numbers) < 2:
            return
        sources, outputs = _stirring(self.sources), _stirring(self.outputs)
        alike = _alike(outputs, sources)
        own, other = np.diagonal(alike), alike.argmax(axis=1)
        most, elsewhere = alike.max(axis=1), _elsewhere(outputs, sources)
        wrong = np.any([(most > like) & (elsewhere > off) for like, off in LIKE_AND_ELSEWHERE], axis=0)
        wrong &= own < OWN
        if wrong.sum() >= WRONG:
            place = int(np.flatnonzero(wrong)[0])
            raise ScoreError(
                "frames_disordered", frame=self.numbers[place], other=self.numbers[int(other[place])]
            )


def _alike(outputs: NDArray[Any], sources: NDArray[Any]) -> NDArray[np.float64]:
    """(outputs, sources): how like each other is what stirs in both, 0..1, whatever the tones."""
    one, other = (each.reshape(len(each), -1).astype(np.float64) for each in (outputs, sources))
    much = np.sqrt(np.outer((one * one).sum(axis=1), (other * other).sum(axis=1)))
    return np.asarray(np.abs(one @ other.T) / np.maximum(much, 1.0), np.float64)


def _elsewhere(outputs: NDArray[Any], sources: NDArray[Any]) -> NDArray[np.float64]:
    """Of what stirs in each output's picture, the share that lies where the source's own is still."""
    near = np.ones((5, 5), np.uint8)
    still = np.stack([cv2.dilate(np.abs(each).astype(np.float32), near) < STIRS for each in sources])
    stirs = (outputs * outputs).sum(axis=(1, 2))
    stirring = (outputs != 0).sum(axis=(1, 2))
    tells = (stirring >= LEAST) & (stirring <= MOST * outputs[0].size)
    share = (outputs * outputs * still).sum(axis=(1, 2)) / np.maximum(stirs, 1.0)
    return np.asarray(np.where(tells, share, 0.0), np.float64)


def _small(luma: Luma) -> Luma:
    height = max(1, round(WIDTH * luma.shape[0] / luma.shape[1]))
    return np.asarray(cv2.resize(luma, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def _stirring(pictures: list[Luma]) -> Stirs:
    every = np.stack(pictures)
    off = every.astype(np.float32) - np.median(every, axis=0)
    # What little is left of tones that were made faint counts as much; noise does not.
    least = STIRS * min(1.0, float(every.std()) / 30)
    return np.asarray(np.where(np.abs(off) > least, off, 0), np.float32)
