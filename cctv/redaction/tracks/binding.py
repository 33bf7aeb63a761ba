"""Which pieces a person's word makes the subject's, and which it makes somebody else's.

One person cannot be in two places: what an anchor denies is somebody else all along, unless another anchor
confirms it, and then it is parted between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.tracks.appearance import apart
from cctv.redaction.tracks.boxes import Box, area_shared, areas, iou
from cctv.redaction.tracks.pieces import Piece

_ANCHOR_MS, _AT_ONCE_MS = 400.0, 150.0
_LIKE_ANCHOR, _LIKE_FLICKER, _LASTING = 0.3, 0.5, 5
_ELSEWHERE, _PART = 0.1, 0.5  # what shares no more than this (of both, of the smaller one) is elsewhere
_CLEARLY, _LOOKS_CLEARLY = 0.15, 0.1  # by how much one candidate has to fit better than the next
_MEETS, _GUARD_MS = 0.15, 300.0  # where a piece may have changed person, and what is not believed before
_TOGETHER, _MOSTLY = 3, 0.5  # frames in which two pieces are compared, and the portion that tells

Row = NDArray[np.float32]
Rows = Mapping[int, Row]


@dataclass(frozen=True)
class Anchor:
    """Where the subject is, said by a person; a click has no size."""

    frame: int
    box: Box


@dataclass(frozen=True, eq=False)
class Parted:
    """The pieces with those parted that anchors contradict.

    `denied`: ids of those that are somebody else by what was said; `between`: frames in which nobody knows
    where the subject left such a piece.
    """

    pieces: list[Piece]
    denied: set[int] = field(default_factory=set)
    between: set[int] = field(default_factory=set)


def parted(everything: Sequence[Piece], anchors: Sequence[Anchor], times: NDArray[np.float64]) -> Parted:
    """Each piece held against each anchor."""
    out = Parted([])
    for piece in everything:
        agreed, denied = [], []
        for anchor in anchors:
            box = _box_at(piece, anchor.frame, float(times[anchor.frame]))
            if box is not None and fits(anchor.box, box) > _LIKE_ANCHOR:
                agreed.append(anchor.frame)
            elif box is not None and _is_elsewhere(anchor.box, box):
                denied.append(anchor.frame)
        if agreed and denied:
            _part(out, piece, agreed, denied, everything)
            continue
        out.pieces.append(piece)
        if denied:
            out.denied.add(id(piece))
    return out


def _part(
    out: Parted, piece: Piece, agreed: Sequence[int], denied: Sequence[int], everything: Sequence[Piece]
) -> None:
    """From an agreed frame to the next denied one it is the subject, up to where that may have left it."""
    mine: set[int] = set()
    for frame in agreed:
        low = max((each for each in denied if each < frame), default=None)
        high = min((each for each in denied if each > frame), default=None)
        start = piece.frames[0] if low is None else _leaves(piece, frame, low, everything)
        stop = piece.frames[-1] if high is None else _leaves(piece, frame, high, everything)
        mine |= {each for each in piece.frames if start <= each <= stop}
        out.between.update(range(low, start) if low is not None else ())
        out.between.update(range(stop + 1, high + 1) if high is not None else ())
    for frames, is_mine in _runs(piece, mine):
        part = _slice(piece, frames)
        out.pieces.append(part)
        if not is_mine:
            out.denied.add(id(part))


def _runs(piece: Piece, mine: set[int]) -> Iterator[tuple[list[int], bool]]:
    """Places in the piece, by whether they are the subject's."""
    run: list[int] = []
    for place, frame in enumerate(piece.frames):
        if run and (frame in mine) != (piece.frames[run[-1]] in mine):
            yield run, piece.frames[run[-1]] in mine
            run = []
        run.append(place)
    yield run, piece.frames[run[-1]] in mine


def _slice(piece: Piece, places: Sequence[int]) -> Piece:
    return Piece(
        [piece.frames[place] for place in places],
        [piece.times[place] for place in places],
        [piece.boxes[place] for place in places],
        [piece.looks[place] for place in places],
        [piece.scores[place] for place in places],
    )


def _leaves(piece: Piece, frame: int, denied: int, everything: Sequence[Piece]) -> int:
    """The last frame, on the way to where it is denied, up to which the piece is who it was: before it first
    meets somebody, or a third of the way."""
    step = 1 if denied > frame else -1
    way = [
        place for place, at in enumerate(piece.frames) if 0 < (at - frame) * step < (denied - frame) * step
    ]
    way = way[::step]
    others = [rows_of([one]) for one in everything if one is not piece and len(one.frames) >= _LASTING]
    for number, place in enumerate(way):
        near = [rows[piece.frames[place]] for rows in others if piece.frames[place] in rows]
        if near and float(iou(piece.boxes[place][None], np.array(near, np.float32)).max()) > _MEETS:
            met_ms = piece.times[place]
            before = [at for at in way[:number] if abs(piece.times[at] - met_ms) > _GUARD_MS]
            return piece.frames[before[-1]] if before else frame
    return piece.frames[way[len(way) // 3]] if way else frame


def bind(
    anchor: Anchor,
    known: Parted,
    mine: Sequence[Piece],
    facts: Sequence[FrameFacts],
    is_other: Callable[[Piece], bool],
) -> tuple[Piece, bool]:
    """The piece that an anchor means, and whether that is clear enough to go on from it.

    `mine`: the pieces that are the subject's already; `is_other`: whether a piece that is not goes on as
    somebody else. A new piece where nothing was detected.
    """
    at_ms = facts[anchor.frame].at_ms
    rows = rows_of(mine)
    found = []
    for piece in known.pieces:
        if id(piece) in known.denied or contradicts(piece, rows):
            continue
        near = int(np.abs(np.array(piece.times) - at_ms).argmin())
        if abs(piece.times[near] - at_ms) > _ANCHOR_MS:
            continue
        alike = fits(anchor.box, _there(piece, near, at_ms)) - abs(piece.times[near] - at_ms) / 10_000
        if alike > (_LIKE_ANCHOR if len(piece.frames) >= _LASTING else _LIKE_FLICKER):
            found.append((alike + 0.15 * min(1.0, len(piece.frames) / 10), piece))
    if not found:
        box = np.array(anchor.box, dtype=np.float32)
        return Piece([anchor.frame], [at_ms], [box], [np.zeros(LOOK, dtype=np.float32)], [0.0]), True
    found.sort(key=lambda each: -each[0])
    ids = {id(piece) for piece in mine}
    clear = [each for each in found if id(each[1]) in ids or not is_other(each[1])] if mine else found
    return _chosen(clear, mine, at_ms) if clear else (_about(found[0][1], at_ms), False)


def _there(piece: Piece, near: int, at_ms: float) -> Row:
    """Where a piece is at a time for which it was not detected: on the way between its boxes."""
    other = near + (1 if at_ms > piece.times[near] else -1)
    if at_ms == piece.times[near] or not 0 <= other < len(piece.times):
        return piece.boxes[near]
    portion = np.float32((at_ms - piece.times[near]) / (piece.times[other] - piece.times[near]))
    return np.asarray(piece.boxes[near] * (1 - portion) + piece.boxes[other] * portion, np.float32)


def _chosen(found: Sequence[tuple[float, Piece]], mine: Sequence[Piece], at_ms: float) -> tuple[Piece, bool]:
    best = found[0][1]
    ids = {id(piece) for piece in mine}
    rivals = [piece for alike, piece in found if found[0][0] - alike < _CLEARLY]
    ours = [piece for piece in rivals if id(piece) in ids]
    if ours:
        return ours[0], True
    rivals = [best] + [piece for piece in rivals[1:] if _are_two(best, piece)]
    if len(rivals) == 1 or not mine:
        return best, True
    looks = [piece.look() for piece in mine if any(look.any() for look in piece.looks)]
    if looks:
        unlike = apart(np.array([piece.look() for piece in rivals]), np.array(looks)).min(axis=1)
        order = np.argsort(unlike, kind="stable")
        if unlike[order[1]] - unlike[order[0]] > _LOOKS_CLEARLY:
            return rivals[int(order[0])], True
    return _about(best, at_ms), False


def _about(piece: Piece, at_ms: float) -> Piece:
    """Only what of it is close to that time."""
    return _slice(piece, [place for place, each in enumerate(piece.times) if abs(each - at_ms) <= _ANCHOR_MS])


def _are_two(one: Piece, other: Piece) -> bool:
    """Whether two pieces are two people: both last, and are apart somewhere at one time."""
    if min(len(one.frames), len(other.frames)) < _LASTING:
        return False
    return contradicts(one, rows_of([other]), least=1, mostly=0.0)


def contradicts(piece: Piece, rows: Rows, *, least: int = _TOGETHER, mostly: float = _MOSTLY) -> bool:
    """Whether a piece is elsewhere while the subject is where `rows` (by frame) say."""
    both = [(box, rows[frame]) for frame, box in zip(piece.frames, piece.boxes, strict=True) if frame in rows]
    if len(both) < min(least, len(piece.frames)) or not both:
        return False
    ours, theirs = (np.array(each, np.float32) for each in zip(*both, strict=True))
    shared = area_shared(ours, theirs)
    a, b = areas(ours), areas(theirs)
    alike = shared / np.maximum(a + b - shared, 1e-9)
    away = (alike < 0.2) & (shared < _PART * np.minimum(a, b))
    return float(away.mean()) > mostly


def rows_of(mine: Iterable[Piece]) -> dict[int, Row]:
    """Where the subject was detected, by frame; the first piece that says so counts."""
    out: dict[int, Row] = {}
    for piece in mine:
        for frame, box in zip(piece.frames, piece.boxes, strict=True):
            out.setdefault(frame, box)
    return out


def _box_at(piece: Piece, frame: int, at_ms: float) -> Row | None:
    """Where a piece is in a frame, if it was detected about then."""
    if not piece.times[0] - _AT_ONCE_MS <= at_ms <= piece.times[-1] + _AT_ONCE_MS:
        return None
    times = np.array(piece.times)
    after = int(np.searchsorted(times, at_ms))
    low, high = max(after - 1, 0), min(after, len(times) - 1)
    if min(abs(times[low] - at_ms), abs(times[high] - at_ms)) > _ANCHOR_MS:
        return None
    if low == high:
        return piece.boxes[low]
    portion = np.float32(np.clip((at_ms - times[low]) / max(times[high] - times[low], 1e-6), 0, 1))
    return np.asarray(piece.boxes[low] * (1 - portion) + piece.boxes[high] * portion, np.float32)


def fits(said: Box, box: Row) -> float:
    """How well a detection fits what a person drew or clicked, 0..1."""
    x, y, w, h = said
    if w > 0 and h > 0:
        return float(iou(np.array([said], dtype=np.float32), box[None])[0, 0])
    across, down = (x - float(box[0])) / float(box[2]), (y - float(box[1])) / float(box[3])
    if not (-0.05 <= across <= 1.05 and -0.05 <= down <= 1.05):
        return 0.0
    return 1.0 - abs(across - 0.5) - 0.2 * abs(down - 0.5)


def _is_elsewhere(said: Box, box: Row) -> bool:
    x, y, w, h = said
    if w > 0 and h > 0:
        row = np.array([said], np.float32)
        shared = float(area_shared(row, box[None])[0])
        least = float(min(areas(row)[0], areas(box[None])[0]))
        return fits(said, box) < _ELSEWHERE and shared < _PART * least
    return not (-0.5 <= (x - box[0]) / box[2] <= 1.5 and -0.25 <= (y - box[1]) / box[3] <= 1.25)
