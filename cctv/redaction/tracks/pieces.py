"""Pieces: stretches of detections that surely are one person or thing.

A piece ends wherever there could be a mistake: where two detections would do about as well, and where
somebody disappears into it (two people become one box). `joining.py` goes on across such places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.tracks.appearance import Look, apart, roots, typical
from cctv.redaction.tracks.boxes import Boxes, Kind, areas, iou, within

Vector = NDArray[np.float64]

LEAST_SCORE = 0.1
_SAME = 0.55  # two boxes of one picture that overlap more are the same
_INSIDE, _WEAK = 0.8, 0.35  # a weak box inside another, or around it, is part of it
_GATE = 0.25  # overlap with the place where it is expected
_GROWTH = 0.3  # change of height (logarithm) that no one shows between two pictures
_COST_GATE, _MARGIN = 1.2, 0.2
_MERGE = 0.3
_LOST_MS, _GHOST_MS, _GHOST_STEP_MS = 350.0, 2000.0, 800.0
_RECENT = 15
_FAR = 3.0
_MOVING_SCORE, _TOO_LARGE = 0.3, 0.35  # what moves counts as detected so well; of the picture: is light
_UNKNOWN = 0.3  # how unlike what has no look is


@dataclass(eq=False)
class Piece:
    """Detections one after the other; lists of the same length."""

    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, seen: Seen, which: int) -> None:
        """Another detection."""
        self.frames.append(seen.frame)
        self.times.append(seen.at_ms)
        self.boxes.append(seen.boxes[which])
        self.looks.append(seen.looks[which])
        self.scores.append(float(seen.scores[which]))

    def real(self) -> bool:
        """Whether it is more than a flicker."""
        return len(self.frames) >= 5 and float(np.mean(self.scores)) > 0.25

    def look(self, last: int | None = None) -> Look:
        """What it looks like, of its last detections or all of them."""
        start = 0 if last is None else -last
        return typical(np.array(self.looks[start:]), np.array(self.scores[start:], dtype=np.float32))

    def expected(self, at_ms: float) -> NDArray[np.float32]:
        """Its box at a later (or, from its start, an earlier) time, going on as it went."""
        return expected(self.times, self.boxes, at_ms, backward=at_ms < self.times[0])


@dataclass(frozen=True, eq=False)
class Seen:
    """The detections of one picture that are worth following."""

    frame: int
    at_ms: float
    boxes: Boxes
    scores: NDArray[np.float32]
    looks: Look


def expected(
    times: Sequence[float], boxes: Sequence[NDArray[np.float32]], at_ms: float, *, backward: bool
) -> NDArray[np.float32]:
    """Where the last (or, backward, first) boxes lead; the pace fades, as people stop and turn."""
    some = slice(None, 8) if backward else slice(-8, None)
    when = np.array(times[some])
    rows = np.array(boxes[some], dtype=np.float64)
    edge = 0 if backward else -1
    near = rows[:5] if backward else rows[-5:]
    size = np.median(near[:, 2:], axis=0)
    middle = rows[:, :2] + rows[:, 2:] / 2
    pace = _pace(when, middle)
    ahead = at_ms - when[edge]
    faded = float(np.sign(ahead) * 1500.0 * (1 - np.exp(-abs(ahead) / 1500.0)))
    place = middle[edge] + pace * faded
    return np.concatenate((place - size / 2, size)).astype(np.float32)


def _pace(when: Vector, middle: Vector) -> Vector:
    """Movement per ms; carefully with few points."""
    if len(when) < 3:
        return np.zeros(2)
    off = when - when.mean()
    pace = (off[:, None] * middle).sum(axis=0) / max(float(off @ off), 1e-9)
    return np.asarray(pace * min(1.0, (len(when) - 1) / 4))


def seen(facts: Sequence[FrameFacts], kinds: Iterable[Kind], *, moving: float | None = None) -> list[Seen]:
    """What is worth following of some kinds, of every picture that the detector ran on.

    With `moving` also what moves and fills that portion of the picture, in every picture: detectors know few
    things from above.
    """
    wanted = [int(kind) for kind in kinds]
    out = []
    for frame, one in enumerate(facts):
        if not one.detected and moving is None:
            continue
        keep = np.flatnonzero(np.isin(one.kinds, wanted) & (one.scores >= LEAST_SCORE))
        boxes, scores, looks = one.boxes[keep], one.scores[keep], roots(one.looks[keep])
        if moving is not None:
            size = areas(one.moving)
            large = one.moving[(size >= moving) & (size <= _TOO_LARGE)]
            boxes = np.concatenate([boxes, large])
            scores = np.append(scores, np.full(len(large), _MOVING_SCORE, np.float32))
            looks = np.concatenate([looks, np.zeros((len(large), LOOK), np.float32)])
        keep = _single(boxes, scores)
        out.append(Seen(frame, one.at_ms, boxes[keep], scores[keep], looks[keep]))
    return out


def _single(boxes: Boxes, scores: NDArray[np.float32]) -> NDArray[np.intp]:
    """Places of the boxes that stand for somebody of their own, best first."""
    keep: list[int] = []
    if not len(boxes):
        return np.zeros(0, dtype=np.intp)
    overlap, inside, size = iou(boxes, boxes), within(boxes, boxes), areas(boxes)
    for each in np.argsort(-scores, kind="stable"):
        if keep:
            if overlap[each, keep].max() > _SAME:
                continue
            part = (inside[each, keep] > _INSIDE) & (size[each] < 0.6 * size[keep])
            around = inside[keep, each] > _INSIDE
            if scores[each] < _WEAK and (part.any() or around.any()):
                continue
        keep.append(int(each))
    return np.array(keep, dtype=np.intp)


def pieces(everything: Iterable[Seen]) -> list[Piece]:
    """All pieces, in the order they end."""
    maker = _Maker()
    for one in everything:
        maker.step(one)
    return maker.done + maker.going


class _Maker:
    def __init__(self) -> None:
        self.going: list[Piece] = []
        self.done: list[Piece] = []
        self.ghosts: list[Piece] = []  # lately lost: somebody may be hidden in another's box

    def step(self, now: Seen) -> None:
        taken: set[int] = set()
        if self.going:
            taken = self._match(now)
        self.ghosts = [ghost for ghost in self.ghosts if now.at_ms - ghost.times[-1] < _GHOST_MS]
        for which in range(len(now.boxes)):
            if which not in taken:
                new = Piece()
                new.add(now, which)
                self.going.append(new)

    def _match(self, now: Seen) -> set[int]:
        overlap, cost = self._costs(now)
        best, sure = _surely(cost)
        real = np.array([piece.real() for piece in self.going])
        lost = real & ~sure
        taken: set[int] = set()
        still: list[Piece] = []
        for place, piece in enumerate(self.going):
            which = int(best[place])
            if sure[place] and not self._merged(piece, now, which, overlap[lost][:, which]):
                piece.add(now, which)
                taken.add(which)
                still.append(piece)
                continue
            unclear = bool(cost[place].min(initial=_FAR) < _COST_GATE)
            if unclear or now.at_ms - piece.times[-1] > _LOST_MS:
                self.done.append(piece)
                if real[place] and not sure[place]:
                    self.ghosts.append(piece)
            else:
                still.append(piece)
        self.going = still
        return taken

    def _costs(self, now: Seen) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        there = np.array([piece.expected(now.at_ms) for piece in self.going], dtype=np.float32)
        overlap = iou(there, now.boxes)
        looks = np.array([piece.look(_RECENT) for piece in self.going])
        ours, theirs = np.asarray(looks.any(axis=1)), np.asarray(now.looks.any(axis=1))
        unknown = ~(ours[:, None] & theirs[None])
        cost = 1 - overlap + 0.6 * np.where(unknown, _UNKNOWN, apart(looks, now.looks))
        growth = np.abs(np.log(np.maximum(now.boxes[None, :, 3], 1e-6) / np.maximum(there[:, None, 3], 1e-6)))
        # Two things that move side by side become one region, wide at once.
        wider = np.abs(np.log(np.maximum(now.boxes[None, :, 2], 1e-6) / np.maximum(there[:, None, 2], 1e-6)))
        cost[(overlap < _GATE) | (growth > _GROWTH) | (unknown & (wider > _GROWTH))] = _FAR
        return overlap, np.asarray(cost, dtype=np.float32)

    def _merged(self, piece: Piece, now: Seen, which: int, lost: NDArray[np.float32]) -> bool:
        """Whether somebody who is not found any more may be in the same box."""
        if (lost > _MERGE).any():
            return True
        box = now.boxes[which : which + 1]
        hidden = []
        for ghost in self.ghosts:
            there = ghost.expected(min(now.at_ms, ghost.times[-1] + _GHOST_STEP_MS))
            if piece.frames[0] < ghost.frames[-1] and float(iou(there[None], box)[0, 0]) > _MERGE:
                hidden.append(ghost)
        self.ghosts = [ghost for ghost in self.ghosts if not any(ghost is one for one in hidden)]
        return bool(hidden)


def _surely(cost: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For every row its cheapest column, and whether nothing else comes near that pair."""
    rows, columns = cost.shape
    if not columns:
        return np.zeros(rows, dtype=np.intp), np.zeros(rows, dtype=np.bool_)
    best = cost.argmin(axis=1)
    price = cost[np.arange(rows), best]
    others = cost.copy()
    others[np.arange(rows), best] = _FAR
    next_row = others.min(axis=1)
    next_column = np.full(rows, _FAR, dtype=np.float32)
    for row in range(rows):
        rest = np.delete(cost[:, best[row]], row)
        next_column[row] = rest.min(initial=_FAR)
    sure = (price < _COST_GATE) & (np.minimum(next_row, next_column) - price > _MARGIN)
    return best, sure
