"""The subject's own track: from a click or boxes set by hand, through crossings, and nowhere on a guess.

Each anchor is a fact. From its piece the path goes on both ways as long as the joints are sure; where they
are not, the subject stays hidden until another anchor. Where two anchors' paths disagree, nothing is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import LOOK, FrameFacts
from cctv.redaction.tracks.beside import Beside, others
from cctv.redaction.tracks.boxes import Box, Boxes, Kind, iou
from cctv.redaction.tracks.joining import SURE, Joiner
from cctv.redaction.tracks.pieces import Piece, pieces, seen

KINDS: dict[str, tuple[Kind, ...]] = {
    "person": (Kind.PERSON,),
    "vehicle": (Kind.VEHICLE,),
    "belonging": (Kind.OTHER,),
}
# What moves and is so large, in portions of the picture, may be the subject, too.
_MOVING = {"vehicle": 0.01, "belonging": 0.002}
SHOWN = 0.5  # `sure` from which the subject is shown
_LONGEST_GAP_MS = 2000.0
_ANCHOR_MS = 400.0
_LIKE_ANCHOR, _LIKE_FLICKER, _LASTING = 0.3, 0.5, 5
_AGREE = 0.3


@dataclass(frozen=True)
class Anchor:
    """Where the subject is, said by a person; a click has no size."""

    frame: int
    box: Box


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
    joiner = Joiner(everything, aspect)
    paths = [_path(joiner, everything, facts, said[frame]) for frame in sorted(said)]
    found = _agreed(paths, facts)
    path = {id(piece): piece for each in paths for piece in each.chain if _is_in(piece, found)}
    around = others(everything, path.values(), _shown(found), facts, aspect, upright=kind == "person")
    return replace(found, beside=around)


def _is_in(piece: Piece, found: Followed) -> bool:
    """Whether a piece of some anchor's path is in the track that came of all."""
    rows = np.array(piece.boxes, dtype=np.float32)
    return float(np.mean(_overlap(rows, found.boxes[piece.frames]) > 0.5)) >= 0.5


def _shown(found: Followed) -> Boxes:
    return np.where((found.sure >= SHOWN)[:, None], found.boxes, np.nan).astype(np.float32)


def _path(joiner: Joiner, everything: Sequence[Piece], facts: Sequence[FrameFacts], anchor: Anchor) -> _Path:
    piece = _piece_of(everything, facts, anchor)
    before = joiner.chain(piece, forward=False)[::-1]
    after = joiner.chain(piece, forward=True)
    chain = [joint.piece for joint in before] + [piece] + [joint.piece for joint in after]
    margins = [joint.margin for joint in before] + [joint.margin for joint in after]
    path = _Path(anchor, *_dense(chain, margins, facts), chain)
    if anchor.box[2] > 0 and anchor.box[3] > 0:
        path.boxes[anchor.frame] = anchor.box
    path.sure[anchor.frame] = 1.0
    return path


def _piece_of(everything: Sequence[Piece], facts: Sequence[FrameFacts], anchor: Anchor) -> Piece:
    """The piece that an anchor means; a new one where nothing was detected."""
    at_ms = facts[anchor.frame].at_ms
    best: tuple[float, Piece] | None = None
    for piece in everything:
        near = int(np.abs(np.array(piece.times) - at_ms).argmin())
        if abs(piece.times[near] - at_ms) > _ANCHOR_MS:
            continue
        alike = _means(anchor.box, piece.boxes[near]) - abs(piece.times[near] - at_ms) / 10_000
        if alike <= (_LIKE_ANCHOR if len(piece.frames) >= _LASTING else _LIKE_FLICKER):
            continue
        alike += 0.15 * min(1.0, len(piece.frames) / 10)
        if best is None or alike > best[0]:
            best = alike, piece
    if best is not None:
        return best[1]
    box = np.array(anchor.box, dtype=np.float32)
    return Piece([anchor.frame], [at_ms], [box], [np.zeros(LOOK, dtype=np.float32)], [0.0])


def _means(said: Box, box: NDArray[np.float32]) -> float:
    """How well a detection fits what a person drew or clicked, 0..1."""
    x, y, w, h = said
    if w > 0 and h > 0:
        return float(iou(np.array([said], dtype=np.float32), box[None])[0, 0])
    across, down = (x - float(box[0])) / float(box[2]), (y - float(box[1])) / float(box[3])
    if not (-0.05 <= across <= 1.05 and -0.05 <= down <= 1.05):
        return 0.0
    return 1.0 - abs(across - 0.5) - 0.2 * abs(down - 0.5)


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


def _agreed(paths: Sequence[_Path], facts: Sequence[FrameFacts]) -> Followed:
    """One track of all paths: outside of the anchors theirs, between two of them what both say."""
    boxes = np.full((len(facts), 4), np.nan, dtype=np.float32)
    sure = np.zeros(len(facts), dtype=np.float32)
    first, last = paths[0], paths[-1]
    head, tail = slice(0, first.anchor.frame + 1), slice(last.anchor.frame, len(facts))
    boxes[head], sure[head] = first.boxes[head], first.sure[head]
    boxes[tail], sure[tail] = last.boxes[tail], last.sure[tail]
    for one, other in pairwise(paths):
        inside = slice(one.anchor.frame, other.anchor.frame + 1)
        boxes[inside], sure[inside] = _between(one, other, facts)
    return Followed(boxes, sure, _unsure(sure))


def _between(one: _Path, other: _Path, facts: Sequence[FrameFacts]) -> tuple[Boxes, NDArray[np.float32]]:
    """From one anchor to the next: what both paths say or only one does; nothing where they contradict."""
    start, stop = one.anchor.frame, other.anchor.frame + 1
    ours, our_sure = one.boxes[start:stop].copy(), one.sure[start:stop].copy()
    theirs, their_sure = other.boxes[start:stop].copy(), other.sure[start:stop].copy()
    _trim(ours, our_sure, theirs[-1])
    _trim(theirs[::-1], their_sure[::-1], ours[0])
    both = (our_sure > 0) & (their_sure > 0)
    apart = both & (_overlap(ours, theirs) < _AGREE)
    boxes = np.where((our_sure >= their_sure)[:, None], ours, theirs)
    sure = np.where(apart, 0, np.maximum(our_sure, their_sure)).astype(np.float32)
    boxes[-1], boxes[0] = other.boxes[stop - 1], one.boxes[start]
    sure[0] = sure[-1] = 1.0
    _bridge(boxes, sure, np.array([each.at_ms for each in facts[start:stop]]), avoid=apart)
    return boxes.astype(np.float32), sure


def _trim(boxes: Boxes, sure: NDArray[np.float32], end: NDArray[np.float32]) -> None:
    """A path that leads elsewhere than the next anchor says left the subject somewhere: at its least sure
    place, or else nobody knows where, and only the nearer third of it is believed."""
    if sure[-1] <= 0 or _overlap(boxes[-1:], end[None])[0] >= _AGREE:
        return
    weak = np.flatnonzero(sure < 1.0)
    cut = int(weak[sure[weak].argmin()]) if len(weak) else len(sure) // 3
    sure[cut:] = 0
    boxes[cut:] = np.nan


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
