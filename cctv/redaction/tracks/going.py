"""Where pieces are going and what they look like, for all of them at once.

The same sums in the same order as `fit` and `appearance.typical` take for one piece, so that the answers are
the same to the last bit; asked of one piece after the other they were most of the time that following took.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import LOOK
from cctv.redaction.tracks.appearance import Look, quantiles
from cctv.redaction.tracks.boxes import Boxes

Vector = NDArray[np.float64]
Rows = NDArray[np.intp]

RECENT = 15  # so many looks tell what it looks like now
PACED = 8  # so many boxes tell how it goes
SIZED = 5  # and so many how large it is
FADES_MS = 1500.0  # the pace fades, as people stop and turn
_LEAST = 1e-3
_PACE_FROM, _LATE_MS = 3, 400.0  # fewer boxes tell no pace; longer ago nothing is believed for it


class Going:
    """One row a piece, in the order in which they were begun; newest detections stand last in a row."""

    def __init__(self) -> None:
        self._counts: Rows = np.zeros(0, np.intp)
        self._times = np.zeros((0, PACED))
        self._boxes = np.zeros((0, PACED, 4))
        self._looks = np.zeros((0, RECENT, LOOK), np.float32)
        self._weights = np.zeros((0, RECENT), np.float32)
        self._fits = np.zeros((0, 7))
        self.look: Look = np.zeros((0, LOOK), np.float32)

    def begin(self, at_ms: float, boxes: Boxes, looks: Look, scores: NDArray[np.float32]) -> None:
        """New pieces, one for each detection."""
        old, more = len(self._counts), len(boxes)
        for name in ("_counts", "_times", "_boxes", "_looks", "_weights", "_fits", "look"):
            there = getattr(self, name)
            setattr(self, name, np.concatenate([there, np.zeros((more, *there.shape[1:]), there.dtype)]))
        self.add(np.arange(old, old + more), at_ms, boxes, looks, scores)

    def add(self, rows: Rows, at_ms: float, boxes: Boxes, looks: Look, scores: NDArray[np.float32]) -> None:
        """The next detection of each of these rows."""
        self._counts[rows] += 1
        for table, value in (
            (self._times, at_ms),
            (self._boxes, boxes),
            (self._looks, looks),
            (self._weights, np.maximum(scores, _LEAST)),
        ):
            table[rows, :-1] = table[rows, 1:]
            table[rows, -1] = value
        counts = self._counts[rows]
        self.look[rows] = _typical(self._looks[rows], self._weights[rows], np.minimum(counts, RECENT))
        full = rows[counts >= PACED]
        if len(full):
            self._fits[full] = _fits(self._times[full], self._boxes[full])
        for row in rows[counts < PACED]:
            count = self._counts[row]
            self._fits[row] = fit(self._times[row, -count:], self._boxes[row, -count:])

    def keep(self, rows: Rows) -> None:
        """These alone, in this order."""
        for name in ("_counts", "_times", "_boxes", "_looks", "_weights", "_fits", "look"):
            setattr(self, name, getattr(self, name)[rows])

    def fresh(self, at_ms: float) -> NDArray[np.float32]:
        """Seconds since their last box of those whose pace is not known yet, 0 of the others."""
        gone = np.clip(at_ms - self._times[:, -1], 0, _LATE_MS) / 1000
        return np.where(self._counts < _PACE_FROM, gone, 0).astype(np.float32)

    def fit(self, row: int) -> Vector:
        """How the piece of a row goes: for `ahead`."""
        found: Vector = self._fits[row].copy()
        return found

    def expected(self, at_ms: float) -> Boxes:
        """The box of every piece at a later time: float32 (n, 4)."""
        return ahead(self._fits, at_ms)


def ahead(fits: Vector, at_ms: float | Vector) -> Boxes:
    """Boxes (n, 4) at that time; `fits` (n, 7): middle, pace per ms, size, time."""
    gone = at_ms - fits[:, 6]
    faded = np.sign(gone) * FADES_MS * (1 - np.exp(-np.abs(gone) / FADES_MS))
    place = fits[:, :2] + fits[:, 2:4] * faded[:, None]
    size = fits[:, 4:6]
    return np.concatenate((place - size / 2, size), axis=1).astype(np.float32)


def fit(when: Vector, rows: Vector, *, backward: bool = False) -> Vector:
    """Middle, pace, size and time at the end (or, backward, the start) of a few boxes: (7)."""
    count, edge = len(when), 0 if backward else -1
    boxes = rows.tolist()
    near = boxes[:SIZED] if backward else boxes[-SIZED:]
    middle = [(x + w / 2, y + h / 2) for x, y, w, h in boxes]
    size = _median([box[2] for box in near]), _median([box[3] for box in near])
    pace = (0.0, 0.0)
    if count >= 3:
        off = when - when.mean()
        across = down = 0.0
        for gone, (x, y) in zip(off.tolist(), middle, strict=True):
            across, down = across + gone * x, down + gone * y
        over, share = max(float(off @ off), 1e-9), min(1.0, (count - 1) / 4)
        pace = across / over * share, down / over * share
    return np.array((*middle[edge], *pace, *size, when[edge]))


def _median(values: list[float]) -> float:
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _fits(times: Vector, boxes: Vector) -> Vector:
    """`fit` of many (n, PACED) forward."""
    size = np.sort(boxes[:, -SIZED:, 2:], axis=1)[:, SIZED // 2]
    middle = boxes[:, :, :2] + boxes[:, :, 2:] / 2
    off = times - times.mean(axis=1, keepdims=True)
    moved = (off[:, :, None] * middle).sum(axis=1)
    pace = moved / np.maximum(np.vecdot(off, off), 1e-9)[:, None]
    return np.concatenate([middle[:, -1], pace, size, times[:, -1:]], axis=1)


def _typical(looks: Look, weights: NDArray[np.float32], counts: Rows) -> Look:
    """`typical` of each (n, RECENT, LOOK), of which the last `counts` are there and the rest is 0."""
    weighted = looks * weights[:, :, None]
    mean = _units(weighted.sum(axis=1))
    enough = np.flatnonzero(counts >= 4)
    if not len(enough):
        return mean
    alike = np.full((len(enough), RECENT), np.inf, np.float32)
    for place, row in enumerate(enough.tolist()):
        alike[place, -counts[row] :] = looks[row, -counts[row] :] @ mean[row]
    least = quantiles(alike, counts[enough])
    keep = (alike >= least[:, None]) & (alike < np.inf)
    mean[enough] = _units((weighted[enough] * keep[:, :, None]).sum(axis=1))
    return mean


def _units(values: Look) -> Look:
    length = np.sqrt(np.vecdot(values, values))
    return np.asarray(values / np.maximum(length, np.float32(1e-6))[:, None], np.float32)
