"""The subject's own track: from a click or boxes set by hand, through crossings, and nowhere on a guess.

Each anchor is a fact. From its piece the path goes on both ways as long as the joints are sure; where they
are not, the subject stays hidden until another anchor. What one anchor led to stays the subject's unless
another denies it: one that is set elsewhere adds to it (`binding.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.tracks.beside import Beside, others
from cctv.redaction.tracks.binding import Anchor, Parted, bind, contradicts, parted, rows_of
from cctv.redaction.tracks.boxes import Box, Boxes, Kind
from cctv.redaction.tracks.joining import SURE, Joiner
from cctv.redaction.tracks.pieces import Piece, pieces, seen

__all__ = ["KINDS", "SHOWN", "Anchor", "Followed", "follow", "pieces_of"]

KINDS: dict[str, tuple[Kind, ...]] = {
    "person": (Kind.PERSON,),
    "vehicle": (Kind.VEHICLE,),
    "belonging": (Kind.OTHER,),
}
# What moves and is so large, in portions of the picture, may be the subject, too.
_MOVING = {"vehicle": 0.01, "belonging": 0.002}
SHOWN = 0.5  # `sure` from which the subject is shown
_TOLD = 0.35  # the score from which somebody is well told in poor pictures
_LONGEST_GAP_MS = 2000.0


@dataclass(frozen=True, eq=False)
class Followed:
    """The subject's box in every frame: float32 (n, 4), nan where it is not known; `sure` float32 (n), 0..1.

    `unsure`: frames (first, last) in which it is hidden between two in which it is shown. `beside`: others of
    its kind who may be near it.
    """

    boxes: Boxes
    sure: NDArray[np.float32]
    unsure: tuple[tuple[int, int], ...] = field(default=())
    beside: Beside = field(default_factory=Beside)

    def box(self, frame: int) -> Box | None:
        """Where the subject is shown, or None: hidden."""
        if not 0 <= frame < len(self.sure) or self.sure[frame] < SHOWN:
            return None
        x, y, w, h = (float(value) for value in self.boxes[frame])
        return x, y, w, h


@dataclass(eq=False)
class _Path:
    """What one anchor leads to."""

    anchor: Anchor
    boxes: Boxes
    sure: NDArray[np.float32]
    chain: Sequence[Piece]


def pieces_of(facts: Sequence[FrameFacts], kind: str = "person") -> list[Piece]:
    """What following begins with: the same for all anchors, and most of the time it takes."""
    return pieces(seen(facts, KINDS.get(kind, (Kind.PERSON,)), moving=_MOVING.get(kind)))


def follow(
    facts: Sequence[FrameFacts],
    anchors: Sequence[Anchor],
    *,
    kind: str = "person",
    aspect: float = 16 / 9,
    everything: Sequence[Piece] | None = None,
) -> Followed:
    """The subject through the clip, by the anchors (of which the latest for a frame counts).

    `everything`: `pieces_of` the facts and kind, where they are known already.
    """
    count = len(facts)
    said = {anchor.frame: anchor for anchor in anchors if 0 <= anchor.frame < count}
    empty = np.full((count, 4), np.nan, dtype=np.float32)
    if not said:
        return Followed(empty, np.zeros(count, dtype=np.float32))
    everything = pieces_of(facts, kind) if everything is None else everything
    known = parted(everything, list(said.values()), np.array([one.at_ms for one in facts]))
    everything = known.pieces
    paths = _paths(Joiner(everything, aspect), known, facts, list(said.values()))
    found = _agreed(paths, facts, known.between)
    path = {id(piece): piece for each in paths for piece in each.chain if _is_in(piece, found)}
    around = others(everything, path.values(), _shown(found), facts, aspect, upright=kind == "person")
    return replace(found, beside=around)


def _is_in(piece: Piece, found: Followed) -> bool:
    """Whether a piece of some anchor's path is in the track that came of all."""
    rows = np.array(piece.boxes, dtype=np.float32)
    return float(np.mean(_overlap(rows, found.boxes[piece.frames]) > 0.5)) >= 0.5


def _shown(found: Followed) -> Boxes:
    return np.where((found.sure >= SHOWN)[:, None], found.boxes, np.nan).astype(np.float32)


def _paths(joiner: Joiner, known: Parted, facts: Sequence[FrameFacts], said: Sequence[Anchor]) -> list[_Path]:
    """What each anchor leads to, in the order in which they were said: what is the subject by one of them
    stays it, so that the next one may add but not take away."""
    paths: list[_Path] = []
    mine: list[Piece] = []
    joiner.denied = known.denied
    for anchor in said:
        rows = rows_of(mine)
        barred = known.denied | {id(one) for one in known.pieces if rows and contradicts(one, rows)}
        is_other = partial(_is_other, joiner, barred)
        piece, clear = bind(anchor, known, mine, facts, is_other)
        paths.append(_path(joiner, facts, anchor, piece, barred if clear else None))
        mine += paths[-1].chain
        joiner.mine = {id(one) for one in mine}
    joiner.mine = set()  # as it would be without what was said: there nobody knows
    for end in (path.chain[place] for path in paths for place in (0, -1)):
        for other in joiner.leads_to(end, known.denied):
            known.between.update(range(end.frames[-1] + 1, other.frames[0] + 1))
            known.between.update(range(other.frames[-1], end.frames[0]))
    return paths


def _is_other(joiner: Joiner, barred: set[int], piece: Piece) -> bool:
    """Whether a piece surely goes on as somebody who is not the subject."""
    return bool(joiner.leads_to(piece, barred))


def _path(
    joiner: Joiner, facts: Sequence[FrameFacts], anchor: Anchor, piece: Piece, barred: set[int] | None
) -> _Path:
    """From one piece on, both ways; nowhere (`barred` None) if it is not clear who it is."""
    before = [] if barred is None else joiner.chain(piece, forward=False, barred=barred)[::-1]
    after = [] if barred is None else joiner.chain(piece, forward=True, barred=barred)
    chain = [joint.piece for joint in before] + [piece] + [joint.piece for joint in after]
    margins = [joint.margin for joint in before] + [joint.margin for joint in after]
    return _Path(anchor, *_dense(chain, margins, facts), chain)


def _dense(
    chain: Sequence[Piece], margins: Sequence[float], facts: Sequence[FrameFacts]
) -> tuple[Boxes, NDArray[np.float32]]:
    """A box for every frame between the chain's ends, and how sure it is."""
    boxes = np.full((len(facts), 4), np.nan, dtype=np.float32)
    sure = np.zeros(len(facts), dtype=np.float32)
    times = np.array([one.at_ms for one in facts])
    known: dict[int, NDArray[np.float32]] = {}
    for piece in chain:
        known.update(zip(piece.frames, _steady(piece), strict=True))
        sure[piece.frames[0] : piece.frames[-1] + 1] = 1.0
        for first, last in _hardly_seen(piece, facts):
            sure[first : last + 1] = 0.0
    frames = np.array(sorted(known))
    rows = np.array([known[frame] for frame in frames])
    inside = slice(int(frames[0]), int(frames[-1]) + 1)
    for column in range(4):
        boxes[inside, column] = np.interp(times[inside], times[frames], rows[:, column])
    for (one, other), margin in zip(pairwise(chain), margins, strict=True):
        between = slice(one.frames[-1] + 1, other.frames[0])
        if between.stop > between.start:
            short = other.times[0] - one.times[-1] <= _LONGEST_GAP_MS
            sure[between] = min(1.0, margin / (2 * SURE)) if short else 0.0
    return boxes, sure


def _hardly_seen(piece: Piece, facts: Sequence[FrameFacts]) -> Iterator[tuple[int, int]]:
    """Stretches of poor pictures in which it was told so weakly that the box may be of two people, or of
    somebody else: there the subject is hidden until a person says where it is."""
    scores = np.pad(np.array(piece.scores, dtype=np.float32), 2, mode="edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(scores, 5), axis=1)
    for place, (frame, score) in enumerate(zip(piece.frames, around, strict=True)):
        if facts[frame].poor and score < _TOLD:
            before, after = piece.frames[max(0, place - 1)], piece.frames[min(len(scores) - 5, place + 1)]
            yield before + (before < frame), after - (after > frame)


def _steady(piece: Piece) -> Boxes:
    """Its boxes without the detector's jitter: sizes by the median around, the middle as it is."""
    rows = np.array(piece.boxes, dtype=np.float32)
    if len(rows) < 3:
        return rows
    edge = np.pad(rows, ((3, 3), (0, 0)), mode="edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(edge, 7, axis=0), axis=2)
    out = rows.copy()
    out[:, 2:] = around[:, 2:]
    middle = rows[:, 0] + rows[:, 2] / 2
    out[:, 0] = middle - out[:, 2] / 2
    foot = rows[:, 1] + rows[:, 3] / 2
    out[:, 1] = foot - out[:, 3] / 2
    return out


def _agreed(paths: Sequence[_Path], facts: Sequence[FrameFacts], between: set[int]) -> Followed:
    """One track of all paths: of two that know a place the surer one, of two as sure the one said before."""
    boxes = np.full((len(facts), 4), np.nan, dtype=np.float32)
    sure = np.zeros(len(facts), dtype=np.float32)
    for path in paths:
        better = path.sure > sure
        boxes[better], sure[better] = path.boxes[better], path.sure[better]
    for path in paths:
        if path.anchor.box[2] > 0 and path.anchor.box[3] > 0:
            boxes[path.anchor.frame] = path.anchor.box
        sure[path.anchor.frame] = 1.0
    frames = [path.anchor.frame for path in paths]
    inside = slice(min(frames), max(frames) + 1)
    avoid = np.array([frame in between for frame in range(len(facts))])
    times = np.array([each.at_ms for each in facts])
    _bridge(boxes[inside], sure[inside], times[inside], avoid=avoid[inside])
    return Followed(boxes, sure, _unsure(sure))


def _bridge(
    boxes: Boxes, sure: NDArray[np.float32], times: NDArray[np.float64], avoid: NDArray[np.bool_]
) -> None:
    """Across short gaps between two anchors the subject went straight on."""
    known = np.flatnonzero(sure > 0)
    for before, after in pairwise(known):
        gap = slice(before + 1, after)
        if after - before < 2 or times[after] - times[before] > _LONGEST_GAP_MS or avoid[gap].any():
            continue
        for column in range(4):
            ends = times[[before, after]], boxes[[before, after], column]
            boxes[gap, column] = np.interp(times[gap], *ends)
        sure[gap] = SHOWN


def _overlap(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """Intersection over union of rows with rows; 0 where one is not known."""
    with np.errstate(invalid="ignore"):
        low = np.maximum(ours[:, :2], theirs[:, :2])
        high = np.minimum(ours[:, :2] + ours[:, 2:], theirs[:, :2] + theirs[:, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        union = ours[:, 2] * ours[:, 3] + theirs[:, 2] * theirs[:, 3] - shared
        return np.asarray(np.nan_to_num(shared / np.maximum(union, 1e-9)), dtype=np.float32)


def _unsure(sure: NDArray[np.float32]) -> tuple[tuple[int, int], ...]:
    """Stretches in which the subject is hidden, between two in which it is shown."""
    shown = np.flatnonzero(sure >= SHOWN)
    return tuple((int(a) + 1, int(b) - 1) for a, b in pairwise(shown) if b - a > 1)
