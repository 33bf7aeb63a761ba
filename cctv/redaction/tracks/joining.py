"""Join pieces of one person across gaps and crossings, and say how sure each joint is.

A joint is chosen together with everybody else's around it: who of all that ended here goes on as whom of all
that begin there. How much dearer the best choice without the joint is, tells how sure it is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.tracks.appearance import Look, apart
from cctv.redaction.tracks.assigning import assign
from cctv.redaction.tracks.pieces import Piece

SURE = 2.5  # a joint that is worth less than this more than its best rival is not made
_ALONE, _LEFT = 10.0, 4.0  # what it costs to go on as nobody; at the edge of the picture
_EDGE, _STRIDE_MS, _OUTWARD = 0.01, 600.0, 0.05
_NEVER = 1e4
_GAP_MS, _OVERLAP_MS = 4000.0, 350.0
_MOST = 40
_UNLIKE, _PLACE, _PLACE_SECOND, _SIZE = 0.2, 0.25, 0.35, 0.15
_UNKNOWN = 0.3  # how unlike what has no look is
_MAIN_MS, _MAIN_SEEN = 600.0, 5


@dataclass(frozen=True)
class Joint:
    """The piece that comes next, and by how much it is the best choice."""

    piece: Piece
    margin: float


class Joiner:
    """Finds for any piece what comes after or before it."""

    def __init__(self, pieces: Iterable[Piece], aspect: float) -> None:
        self.pieces = sorted((piece for piece in pieces if len(piece.frames) >= 2), key=lambda p: p.times[0])
        self.aspect = aspect
        self.mine: set[int] = set()  # ids of pieces that are known to be one person …
        self.denied: set[int] = set()  # … and of those that are known not to be that one
        self._looks: dict[int, Look] = {}

    def chain(self, piece: Piece, forward: bool, barred: Container[int] = ()) -> list[Joint]:
        """What surely is the same person, from a piece on, nearest first; ends where that is not sure.

        `barred`: ids of pieces that are known to be somebody else.
        """
        out: list[Joint] = []
        known = [piece]
        while True:
            joint = self._next(known, forward, barred)
            if joint is None or joint.margin < SURE:
                return out
            out.append(joint)
            known.append(joint.piece)

    def leads_to(self, piece: Piece, others: Container[int]) -> list[Piece]:
        """Which of the others it surely comes from or goes on as."""
        ends = (self._next([piece], forward) for forward in (False, True))
        return [end.piece for end in ends if end and end.margin >= SURE and id(end.piece) in others]

    def after(self, piece: Piece) -> Piece | None:
        """What it most likely goes on as, sure or not; None if nothing will do."""
        if len(piece.frames) < 2:
            return None
        joint = self._next([piece], forward=True)
        return None if joint is None else joint.piece

    def _next(self, known: Sequence[Piece], forward: bool, barred: Container[int] = ()) -> Joint | None:
        best: Joint | None = None
        for main in (True, False):
            joint = self._joint(known, forward, main, barred)
            if joint is not None and (best is None or joint.margin > best.margin):
                best = joint
            if best is not None and best.margin >= SURE:
                break
        return best

    def _joint(
        self, known: Sequence[Piece], forward: bool, main: bool, barred: Container[int]
    ) -> Joint | None:
        here = known[-1]
        around = [one for one in self.pieces if one is here or self._counts(one, here, main)]
        edge = here.times[-1] if forward else here.times[0]
        around.sort(key=lambda one: abs((one.times[-1] if forward else one.times[0]) - edge))
        rows = [here, *(one for one in around if not any(one is each for each in known))][:_MOST]
        columns = [one for one in around if not any(one is each for each in known)]
        columns.sort(key=lambda one: abs((one.times[0] if forward else one.times[-1]) - edge))
        columns = columns[:_MOST]
        if not columns:
            return None
        cost = self._costs(rows, columns, forward)
        cost[0] = self._costs_of_chain(known, columns, cost[0])
        cost[0, [place for place, one in enumerate(columns) if id(one) in barred]] = _NEVER
        chosen, total = assign(cost)
        which = chosen[0]
        if which >= len(columns) or cost[0, which] >= _NEVER:
            return None
        same = set(_onward(which, chosen, rows, columns))
        cost[0, list(same)] = _NEVER
        while True:
            rival, price = assign(cost)
            if rival[0] >= len(columns) or same.isdisjoint(_onward(rival[0], rival, rows, columns)):
                return Joint(columns[which], price - total)
            cost[0, rival[0]] = _NEVER  # a way round to the same person

    @staticmethod
    def _counts(one: Piece, here: Piece, main: bool) -> bool:
        return (not main or _main(one)) and _near(one, here)

    def _costs(self, rows: Sequence[Piece], columns: Sequence[Piece], forward: bool) -> NDArray[np.float64]:
        """(n, m + n): every row may also go on as nobody."""
        cost = np.full((len(rows), len(columns) + len(rows)), _NEVER)
        for row, one in enumerate(rows):
            for column, other in enumerate(columns):
                if one is not other:
                    cost[row, column] = self._cost(one, other) if forward else self._cost(other, one)
            if id(one) in self.mine or id(one) in self.denied:
                against = self.denied if id(one) in self.mine else self.mine
                cost[row, [place for place, other in enumerate(columns) if id(other) in against]] = _NEVER
            cost[row, len(columns) + row] = _LEFT if _leaves(one, forward) else _ALONE
        return cost

    def _costs_of_chain(
        self, known: Sequence[Piece], columns: Sequence[Piece], cost: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The first row again, with all that is known of the person instead of its last piece alone."""
        if len(known) == 1:
            return cost
        out = cost.copy()
        for column, other in enumerate(columns):
            if cost[column] < _NEVER:
                last, nearest = self._unlike(known[-1], other), min(self._unlike(p, other) for p in known)
                out[column] += (min(last, nearest + 0.05) ** 2 - last**2) / _UNLIKE**2
        return out

    def _cost(self, one: Piece, other: Piece) -> float:
        """Of `other` being what `one` goes on as."""
        gap = other.times[0] - one.times[-1]
        if gap > _GAP_MS or gap < -_OVERLAP_MS or other.times[-1] <= one.times[-1]:
            return _NEVER
        if one.times[0] >= other.times[0]:
            return _NEVER
        place = (self._away(one, other, at_start=True) + self._away(one, other, at_start=False)) / 2
        place /= _PLACE + _PLACE_SECOND * max(gap, 0.0) / 1000
        before, after = np.median(one.boxes[-7:], axis=0)[2:], np.median(other.boxes[:7], axis=0)[2:]
        changed = np.log(np.maximum(after, 1e-6) / np.maximum(before, 1e-6))
        # People's widths change with their steps; of what has no look there is nothing else to go by.
        known = self._look(one).any() and self._look(other).any()
        size = float(changed[1] if known else np.hypot(*changed)) / (_SIZE + 0.05 * max(gap, 0.0) / 1000)
        unlike = self._unlike(one, other) / _UNLIKE
        return float(min(place**2 + size**2 + unlike**2 + max(gap, 0.0) / 2000, _NEVER / 10))

    def _away(self, one: Piece, other: Piece, *, at_start: bool) -> float:
        """How far the one's way ends from the other's begin (or the other way round), in body heights."""
        if at_start:
            there, here = one.expected(other.times[0]), other.boxes[0]
        else:
            there, here = other.expected(one.times[-1]), one.boxes[-1]
        tall = max(float(there[3] + here[3]) / 2, 1e-6)
        across = float((there[0] + there[2] / 2) - (here[0] + here[2] / 2)) * self.aspect / tall
        down = float((there[1] + there[3] / 2) - (here[1] + here[3] / 2)) / tall
        return float(np.hypot(across, down))

    def _unlike(self, one: Piece, other: Piece) -> float:
        ours, theirs = self._look(one), self._look(other)
        if not (ours.any() and theirs.any()):  # set by hand where nothing was detected
            return _UNKNOWN
        return float(apart(ours[None], theirs[None])[0, 0])

    def _look(self, piece: Piece) -> Look:
        if id(piece) not in self._looks:
            self._looks[id(piece)] = piece.look()
        return self._looks[id(piece)]


def _onward(which: int, chosen: Sequence[int], rows: Sequence[Piece], columns: Sequence[Piece]) -> list[int]:
    """A column and what it goes on as: whoever gets to one of these is the same person, so no rival."""
    out = [which]
    while True:
        following = [chosen[row] for row, one in enumerate(rows) if one is columns[out[-1]]]
        if not following or following[0] >= len(columns) or following[0] in out:
            return out
        out.append(following[0])


def _main(piece: Piece) -> bool:
    return len(piece.frames) >= _MAIN_SEEN and piece.times[-1] - piece.times[0] >= _MAIN_MS


def _leaves(piece: Piece, forward: bool) -> bool:
    """Whether it goes out of the picture (or, backward, came in) where it ends."""
    last = piece.boxes[-1 if forward else 0]
    ahead = piece.expected(piece.times[-1] + _STRIDE_MS if forward else piece.times[0] - _STRIDE_MS)
    step = ahead[:2] + ahead[2:] / 2 - last[:2] - last[2:] / 2
    least = _OUTWARD * last[2:]
    low, high = np.minimum(last[:2], ahead[:2]), np.maximum(last[:2] + last[2:], ahead[:2] + ahead[2:])
    before, beyond = (low < _EDGE) & (step < -least), (high > 1 - _EDGE) & (step > least)
    return bool((before | beyond).any())


def _near(one: Piece, other: Piece) -> bool:
    return one.times[0] < other.times[-1] + 2 * _GAP_MS and one.times[-1] > other.times[0] - 2 * _GAP_MS
