"""The others near the subject, also while nobody detects them: they are hidden, and the subject is not.

Tracks made for covering take what they can get: near the subject they often are the subject once more. Here
the pieces that are not the subject's are joined among themselves, and filled in where they pass it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.tracks.boxes import Box, Boxes, area_shared, areas, iou
from cctv.redaction.tracks.joining import Joiner
from cctv.redaction.tracks.pieces import Piece

_NEAR_MS, _NEAR = 2500.0, 1.0  # how long before or after, and how many box sizes away, somebody is near
_AGAIN, _PART, _PART_WEAK, _AROUND = 0.45, 0.75, 0.45, 0.8  # the subject once more: overlap, portions
_FLICKER, _WEAK, _MOSTLY, _ALWAYS = 5, 0.3, 0.6, 0.9
_BRIEF, _WELL = 3, 0.35  # so few detections are somebody, if told well
_AHEAD_MS, _GAP_MS = 600.0, 4000.0
# Somebody lost stays where they were as long as so much of what can be seen of their box moves, on a grid of
# so many cells, and no less than so much of it can be seen.
_MOVES, _GRID, _IN_VIEW, _TOLD = 0.6, 12, 0.2, 0.3
# How far, in widths, they may have gone otherwise than expected, and how much more has to speak for that.
_STEPS, _WORTH = (-0.05, 0.05, -0.1, 0.1), 0.01
# What never moves and is hardly taken for somebody is a thing, before which the subject may pass.
_STILL_MS, _STILL, _DOUBTFUL, _SAME_PLACE = 3000.0, 0.08, 0.4, 0.5

Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beside:
    """Who and what is near the subject: `boxes` of others by frame; `things` (k, 4) that stand there all the
    time and only look like somebody."""

    boxes: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    things: Boxes = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))


def others(
    everything: Sequence[Piece],
    path: Iterable[Piece],
    subject: Boxes,
    facts: Sequence[FrameFacts],
    aspect: float,
    *,
    upright: bool = True,
) -> Beside:
    """The others where they may be near the subject; `subject` (n, 4) has nan where it is not shown.

    `everything`: all pieces of the subject's kind, `path` those that are the subject's; `upright`: others are
    higher than wide.
    """
    mine = {id(piece) for piece in path}
    places = [_typical(piece) for piece in everything if id(piece) not in mine and _is_thing(piece, facts)]
    things = np.array(places, dtype=np.float32).reshape(-1, 4)
    times = np.array([one.at_ms for one in facts])
    rest = [
        piece
        for piece in everything
        if id(piece) not in mine
        and not _is_subject(piece, subject)
        and not _stands_for(piece, things)
        and not (upright and _lies(piece, aspect))
    ]
    near = [piece for piece in rest if _is_near(piece, subject, times)]
    return Beside(_told(near, Joiner(rest, aspect), subject, facts, times), things)


def _told(
    near: Sequence[Piece], joiner: Joiner, subject: Boxes, facts: Sequence[FrameFacts], times: Times
) -> dict[int, list[Box]]:
    """Where each of them is by frame, from piece to piece and beyond."""
    after = {id(piece): joiner.after(piece) for piece in near}
    reached = {id(piece) for piece in after.values() if piece is not None}
    out: dict[int, list[Box]] = {}
    for piece in near:
        known = _filled(piece, after[id(piece)], id(piece) not in reached, times)
        if _is_somebody(piece):
            if after[id(piece)] is None:
                _stay(known, max(known), 1, float(piece.fit(start=False)[2]), subject, facts)
            if id(piece) not in reached:
                _stay(known, min(known), -1, float(piece.fit(start=True)[2]), subject, facts)
        for frame, box in known.items():
            out.setdefault(frame, []).append(box)
    return out


def _filled(piece: Piece, after: Piece | None, first: bool, times: Times) -> dict[int, Box]:
    """A box for each frame of the piece, on to the next or a little ahead, and if `first` a little before."""
    known = dict(zip(piece.frames, piece.boxes, strict=True))
    if after is not None and 0 <= after.times[0] - piece.times[-1] <= _GAP_MS:
        known[after.frames[0]] = after.boxes[0]
    frames = sorted(known)
    here = np.arange(frames[0], frames[-1] + 1)
    rows = np.array([known[frame] for frame in frames])
    columns = [np.interp(times[here], times[frames], rows[:, column]) for column in range(4)]
    out = {int(frame): _box(row) for frame, row in zip(here, np.stack(columns, axis=1), strict=True)}
    if len(piece.frames) < 2:
        return out
    if after is None:
        for frame in range(
            frames[-1] + 1, int(np.searchsorted(times, times[frames[-1]] + _AHEAD_MS, "right"))
        ):
            out[frame] = _box(piece.expected(float(times[frame])))
    if first:
        for frame in range(int(np.searchsorted(times, times[frames[0]] - _AHEAD_MS)), frames[0]):
            out[frame] = _box(piece.expected(float(times[frame])))
    return out


def _is_somebody(piece: Piece) -> bool:
    """Whether it was more than a flicker, or part of somebody else for a moment."""
    least = float(np.mean(piece.scores))
    return least >= _WEAK and len(piece.frames) >= (_BRIEF if least >= _WELL else _FLICKER)


def _stay(
    known: dict[int, Box], last: int, step: int, pace: float, subject: Boxes, facts: Sequence[FrameFacts]
) -> None:
    """They are also about where they were, from frame `last` on or back, while what is seen of that place
    moves and nobody else is told there: the detector has lost them beside the subject or behind it. They go
    on at their `pace` (across, a ms), or as what moves there does, or to where they would not be seen. Where
    too little of the place is seen they stay for a while."""
    box, frame, told = known[last], last + step, facts[last].at_ms
    before = told
    while 0 <= frame < len(facts) and np.isfinite(subject[frame]).all():
        one = facts[frame]
        if one.detected:
            box, moves = _placed(box, pace * (one.at_ms - before), subject[frame], one)
            before = one.at_ms
            if moves:
                told = one.at_ms
            elif moves is not None:
                return
        if abs(one.at_ms - told) > _GAP_MS:
            return
        known[frame] = box
        frame += step


def _placed(box: Box, ahead: float, subject: NDArray[np.float32], one: FrameFacts) -> tuple[Box, bool | None]:
    """Where somebody who is lost would be a moment later, and whether what is seen of that place moves; None
    where too little of it is seen."""
    x, y, w, h = box
    cells = (np.arange(_GRID) + 0.5) / _GRID
    told = np.concatenate([one.boxes[one.scores >= _TOLD], subject[None]])
    best: tuple[float, Box, bool | None] | None = None
    for by in (ahead, 0.0, *(w * step for step in _STEPS)):
        across, down = np.meshgrid(x + by + w * cells, y + h * cells)
        seen = ~_in_any(across, down, told, 0.1)
        moving = seen & _in_any(across, down, one.moving, 0.0)
        still = float((seen & ~moving).mean())
        worth = float(moving.mean()) - still
        if best is None or worth > best[0] + _WORTH:
            enough = seen.mean() >= _IN_VIEW
            best = worth, (x + by, y, w, h), bool(moving.sum() >= _MOVES * seen.sum()) if enough else None
    assert best is not None
    return best[1:]


def _in_any(
    across: NDArray[np.floating], down: NDArray[np.floating], boxes: Boxes, grown: float
) -> NDArray[np.bool_]:
    """Which places lie in any of the boxes, each grown by portions of itself."""
    x, y, w, h = (boxes[:, column, None, None] for column in range(4))
    inside = (across >= x - grown * w) & (across <= x + w + grown * w)
    inside &= (down >= y - grown * h) & (down <= y + h + grown * h)
    return np.asarray(inside.any(axis=0))


def _box(row: NDArray[np.floating]) -> Box:
    x, y, w, h = (float(value) for value in row)
    return x, y, w, h


def _is_subject(piece: Piece, subject: Boxes) -> bool:
    """Whether it is nothing but the subject once more: part of it, or it with a shadow."""
    theirs = subject[piece.frames]
    known = np.isfinite(theirs).all(axis=1)
    weak = float(np.mean(piece.scores)) < _WEAK
    brief = len(piece.frames) < _FLICKER
    if not known.any() or not (brief or weak):
        return False
    ours, theirs = np.array(piece.boxes, dtype=np.float32)[known], theirs[known]
    shared = area_shared(ours, theirs)
    our_area, their_area = (np.maximum(areas(boxes), 1e-9) for boxes in (ours, theirs))
    same = (
        (shared / our_area > (_PART_WEAK if weak else _PART))
        | (shared / np.maximum(our_area + their_area - shared, 1e-9) > _AGAIN)
        | (shared / their_area > _AROUND)
    )
    share = float(np.mean(same)) * float(known.mean())
    if brief:
        return share >= _MOSTLY
    return weak and share >= _ALWAYS


def _lies(piece: Piece, aspect: float) -> bool:
    """Whether it is wider than high and hardly taken for a person: part of the scene or of somebody."""
    wide, high = np.median(piece.boxes, axis=0)[2:]
    return bool(wide * aspect > high) and float(np.mean(piece.scores)) < _WEAK


def _is_near(piece: Piece, subject: Boxes, times: Times) -> bool:
    """Whether it comes near the subject, or could have just before it began or after it ended."""
    start = int(np.searchsorted(times, piece.times[0] - _NEAR_MS))
    stop = int(np.searchsorted(times, piece.times[-1] + _NEAR_MS, "right"))
    theirs = subject[start:stop]
    known = np.isfinite(theirs).all(axis=1)
    if not known.any():
        return False
    row = np.interp(np.arange(start, stop)[known], piece.frames, np.arange(len(piece.frames)))
    ours = np.array(piece.boxes, dtype=np.float32)[np.rint(row).astype(np.intp)]
    reach = _NEAR * (ours[:, 2:] + theirs[known][:, 2:]) / 2
    apart = np.abs(ours[:, :2] + ours[:, 2:] / 2 - theirs[known][:, :2] - theirs[known][:, 2:] / 2)
    return bool((apart < reach + (ours[:, 2:] + theirs[known][:, 2:]) / 2).all(axis=1).any())


def _is_thing(piece: Piece, facts: Sequence[FrameFacts]) -> bool:
    if piece.times[-1] - piece.times[0] < _STILL_MS or float(np.mean(piece.scores)) >= _DOUBTFUL:
        return False
    if any(facts[frame].poor for frame in piece.frames):
        return False
    rows = np.array(piece.boxes, dtype=np.float64)
    middle = rows[:, :2] + rows[:, 2:] / 2
    size = np.median(rows[:, 2:], axis=0)
    drift = np.abs(np.median(middle[:5], axis=0) - np.median(middle[-5:], axis=0))
    return bool((middle.std(axis=0) < _STILL * size).all() and (drift < _STILL * size).all())


def _stands_for(piece: Piece, things: Boxes) -> bool:
    """Whether it is one of the things, perhaps one that was lost while somebody passed before it."""
    if not len(things) or float(np.mean(piece.scores)) >= _DOUBTFUL:
        return False
    alike = iou(np.array(piece.boxes, dtype=np.float32), things)
    return bool(alike.min(axis=0).max() > _SAME_PLACE)


def _typical(piece: Piece) -> NDArray[np.float32]:
    return np.asarray(np.median(np.array(piece.boxes), axis=0), dtype=np.float32)
