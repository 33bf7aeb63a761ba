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
from cctv.redaction.tracks.going import PACED, Going, ahead, fit

Vector = NDArray[np.float64]

LEAST_SCORE = 0.1
# Two boxes of one picture that overlap more are the same; two that are both told well, if more than this.
_SAME, _SAME_WELL = 0.55, 0.9
_INSIDE, _WEAK = 0.8, 0.35  # a weak box inside another, or around it, is part of it
_GATE = 0.25  # overlap with the place where it is expected
_REACH = 1.25  # widths a second, to either side, that boxes are widened while nobody knows a pace
_GROWTH = 0.3  # change of height (logarithm) that no one shows between two pictures
_COST_GATE, _MARGIN = 1.2, 0.2
_MERGE = 0.3
_LOST_MS, _GHOST_MS, _GHOST_STEP_MS = 350.0, 2000.0, 800.0
_FEW, _SCORED = 5, 0.25
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
    _scored: float = field(default=0.0, init=False)  # their sum

    def __post_init__(self) -> None:
        """Adds up what it begins with."""
        self._scored = sum(self.scores)

    def add(self, seen: Seen, which: int) -> None:
        """Another detection."""
        self.frames.append(seen.frame)
        self.times.append(seen.at_ms)
        self.boxes.append(seen.boxes[which])
        self.looks.append(seen.looks[which])
        self.scores.append(float(seen.scores[which]))
        self._scored += self.scores[-1]

    def real(self) -> bool:
        """Whether it is more than a flicker."""
        if len(self.frames) < _FEW:
            return False
        mean = self._scored / len(self.scores)
        # A sum that grows may differ from one taken at once in its last digits.
        return mean > _SCORED if abs(mean - _SCORED) > 1e-9 else float(np.mean(self.scores)) > _SCORED

    def look(self, last: int | None = None) -> Look:
        """What it looks like, of its last detections or all of them."""
        start = 0 if last is None else -last
        return typical(np.array(self.looks[start:]), np.array(self.scores[start:], dtype=np.float32))

    def expected(self, at_ms: float) -> NDArray[np.float32]:
        """Its box at a later (or, from its start, an earlier) time, going on as it went."""
        box: NDArray[np.float32] = ahead(self.fit(start=at_ms < self.times[0])[None], at_ms)[0]
        return box

    def fit(self, *, start: bool) -> Vector:
        """How it goes at its end or its start, by the last boxes or the first ones."""
        some = slice(None, PACED) if start else slice(-PACED, None)
        when, boxes = np.array(self.times[some]), np.array(self.boxes[some], dtype=np.float64)
        return fit(when, boxes, backward=start)


@dataclass(frozen=True, eq=False)
class Seen:
    """The detections of one picture that are worth following."""

    frame: int
    at_ms: float
    boxes: Boxes
    scores: NDArray[np.float32]
    looks: Look


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
    order = np.argsort(-scores, kind="stable")
    if len(boxes) < 2:
        return order
    boxes, scores = boxes[order], scores[order]
    inside, size = within(boxes, boxes), areas(boxes)
    part = (inside > _INSIDE) & (size[:, None] < 0.6 * size[None])
    weak = (scores < _WEAK)[:, None]
    alike = iou(boxes, boxes) > np.where(weak | weak.T, _SAME, _SAME_WELL)
    same = np.tril(alike | (weak & (part | (inside.T > _INSIDE))), -1)
    if not same.any():
        return order
    keep: list[int] = []
    for each in range(len(boxes)):
        if not same[each, keep].any():
            keep.append(each)
    return order[keep]


def pieces(everything: Iterable[Seen]) -> list[Piece]:
    """All pieces, in the order they end."""
    maker = _Maker()
    for one in everything:
        maker.step(one)
    return maker.done + maker.going


@dataclass(frozen=True, eq=False)
class _Ghost:
    """A piece lately lost, and how it went."""

    piece: Piece
    fit: Vector


class _Maker:
    def __init__(self) -> None:
        self.going: list[Piece] = []
        self.done: list[Piece] = []
        self.ghosts: list[_Ghost] = []  # lately lost: somebody may be hidden in another's box
        self._rows = Going()  # of those that are going

    def step(self, now: Seen) -> None:
        taken: set[int] = set()
        if self.going:
            taken = self._match(now)
        self.ghosts = [ghost for ghost in self.ghosts if now.at_ms - ghost.piece.times[-1] < _GHOST_MS]
        new = [which for which in range(len(now.boxes)) if which not in taken]
        for which in new:
            self.going.append(Piece())
            self.going[-1].add(now, which)
        if new:
            self._rows.begin(now.at_ms, now.boxes[new], now.looks[new], now.scores[new])

    def _match(self, now: Seen) -> set[int]:
        overlap, cost = self._costs(now)
        best, sure = _surely(cost)
        real = np.array([piece.real() for piece in self.going])
        lost = overlap[real & ~sure] > _MERGE
        unclear = cost.min(axis=1, initial=_FAR) < _COST_GATE
        taken: list[int] = []
        added: list[int] = []
        still: list[int] = []
        for place, piece in enumerate(self.going):
            which = int(best[place])
            if sure[place] and not (lost[:, which].any() or self._hides(piece, now, which)):
                piece.add(now, which)
                taken.append(which)
                added.append(place)
                still.append(place)
            elif unclear[place] or now.at_ms - piece.times[-1] > _LOST_MS:
                self.done.append(piece)
                if real[place] and not sure[place]:
                    self.ghosts.append(_Ghost(piece, self._rows.fit(place)))
            else:
                still.append(place)
        if added:
            rows = np.array(added)
            self._rows.add(rows, now.at_ms, now.boxes[taken], now.looks[taken], now.scores[taken])
        if len(still) < len(self.going):
            self.going = [self.going[place] for place in still]
            self._rows.keep(np.array(still, np.intp))
        return set(taken)

    def _costs(self, now: Seen) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        there, looks = self._rows.expected(now.at_ms), self._rows.look
        overlap = iou(there, now.boxes)
        reach = _reached(there, now.boxes, self._rows.fresh(now.at_ms))
        ours, theirs = np.asarray(looks.any(axis=1)), np.asarray(now.looks.any(axis=1))
        unknown = ~(ours[:, None] & theirs[None])
        cost = 1 - reach + 0.6 * np.where(unknown, _UNKNOWN, apart(looks, now.looks))
        growth = np.abs(np.log(np.maximum(now.boxes[None, :, 3], 1e-6) / np.maximum(there[:, None, 3], 1e-6)))
        # Two things that move side by side become one region, wide at once.
        wider = np.abs(np.log(np.maximum(now.boxes[None, :, 2], 1e-6) / np.maximum(there[:, None, 2], 1e-6)))
        cost[(reach < _GATE) | (growth > _GROWTH) | (unknown & (wider > _GROWTH))] = _FAR
        return overlap, np.asarray(cost, dtype=np.float32)

    def _hides(self, piece: Piece, now: Seen, which: int) -> bool:
        """Whether somebody who was lost may be in the same box."""
        near = [ghost for ghost in self.ghosts if piece.frames[0] < ghost.piece.frames[-1]]
        if not near:
            return False
        fits = np.array([ghost.fit for ghost in near])
        there = ahead(fits, np.minimum(now.at_ms, fits[:, 6] + _GHOST_STEP_MS))
        meets = iou(there, now.boxes[which : which + 1])[:, 0] > _MERGE
        hidden = {id(ghost) for ghost, does in zip(near, meets.tolist(), strict=True) if does}
        self.ghosts = [ghost for ghost in self.ghosts if id(ghost) not in hidden]
        return bool(hidden)


def _reached(there: Boxes, boxes: Boxes, gone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Overlap of where pieces are expected with boxes; of those whose pace nobody knows yet, `gone` seconds
    after their last box, with how far somebody may have walked since."""
    out = iou(there, boxes)
    for row in np.flatnonzero(gone > 0):
        each = np.concatenate([there[row : row + 1], boxes])
        wider = _REACH * gone[row] * each[:, 2]
        each[:, 0] -= wider
        each[:, 2] += 2 * wider
        out[row] = iou(each[:1], each[1:])[0]
    return out


def _surely(cost: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For every row its cheapest column, and whether nothing else comes near that pair."""
    rows, columns = cost.shape
    if not columns:
        return np.zeros(rows, dtype=np.intp), np.zeros(rows, dtype=np.bool_)
    every = np.arange(rows)
    best = cost.argmin(axis=1)
    price = cost[every, best]
    others = cost.copy()
    others[every, best] = _FAR
    # Of its column the cheapest of the other rows: the second one, if it is the cheapest itself.
    ranked = np.sort(np.concatenate([cost, np.full((1, columns), _FAR, np.float32)]), axis=0)[:2, best]
    next_column = np.where(price > ranked[0], ranked[0], ranked[1])
    sure = (price < _COST_GATE) & (np.minimum(others.min(axis=1), next_column) - price > _MARGIN)
    return best, sure
