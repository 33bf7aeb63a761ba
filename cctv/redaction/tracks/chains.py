"""Detections of one thing, put one after the other: the first step of linking.

Boxes are compared in the coordinates of the scene (the camera's shake taken back), with where a chain is
expected by how it went so far. Sure chains choose first among sure detections, then among weak ones; what is
left begins chains of its own, which count only if one of their detections is sure, or if something moves
where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.tracks.appearance import apart, roots
from cctv.redaction.tracks.boxes import Boxes, Kind, within

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class LinkSettings:
    """Thresholds of linking: scores in 0..1, times in milliseconds.

    `start`: a chain needs one detection of this score; `go_on`: the least that is looked at at all; both are
    times `poor` in pictures that are dark or noisy, and boxes there are wider by `wider` on each side.
    `lost_ms`: how long a chain waits for its next detection. `rest_ms`: how long somebody may stand in one
    place undetected. `ahead_ms`: how far a track is drawn out before its first and after its last detection,
    and `moving_ms`: how far while something moves there. `hold_ms`: the same for who stood still. `still`:
    the one sure score that is asked of what never moves at all, as stones and bins do not.
    """

    start: float = 0.3
    go_on: float = 0.1
    lost_ms: float = 1200.0
    rest_ms: float = 20_000.0
    ahead_ms: float = 500.0
    moving_ms: float = 4000.0
    hold_ms: float = 2000.0
    still: float = 0.36
    poor: float = 0.6
    wider: float = 0.12


@dataclass(eq=False)
class Chain:
    """Detections of one thing: frames, times, boxes (in the scene), scores; how fast it goes, per ms."""

    kind: Kind
    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    boxes: list[Vector] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    look: NDArray[np.float32] | None = None
    speed: Vector = field(default_factory=lambda: np.zeros(2))
    moved: int = 0  # how many of its detections were where something moved
    sure: bool = False
    poor: bool = False  # seen in poor pictures too

    def add(self, frame: int, at_ms: float, box: Vector, score: float, look: NDArray[np.float32]) -> None:
        """Its next detection."""
        if self.boxes:
            gone = max(at_ms - self.times[-1], 1.0)
            step = (box[:2] + box[2:] / 2 - self.boxes[-1][:2] - self.boxes[-1][2:] / 2) / gone
            share = 0.4 if len(self.boxes) > 1 else 1.0
            self.speed = self.speed * (1 - share) + step * share
        self.look = look if self.look is None else self.look * np.float32(0.8) + look * np.float32(0.2)
        self.frames.append(frame)
        self.times.append(at_ms)
        self.boxes.append(box)
        self.scores.append(score)

    def expected(self, at_ms: float) -> Vector:
        """Where its box would be at that moment, if it went on as it did; slowing down in doubt."""
        gone = at_ms - self.times[-1]
        return onward(self.boxes[-1], self.speed, gone)


def onward(box: Vector, speed: Vector, gone: float) -> Vector:
    """The box after `gone` ms (or before, if negative) at that speed, which ebbs away in about a second."""
    way = np.sign(gone) * 1000 * (1 - np.exp(-abs(gone) / 1000))
    out = box.copy()
    out[:2] += speed * way
    return out


def scene_offsets(facts: Sequence[FrameFacts]) -> Vector:
    """Where the camera pointed in each frame against the scene: (n, 2), to be taken from a box."""
    if not facts:
        return np.zeros((0, 2))
    return np.cumsum(np.array([one.shift for one in facts], np.float64), axis=0)


def chained(facts: Sequence[FrameFacts], settings: LinkSettings) -> list[Chain]:
    """All chains that count, in order of their first frame."""
    offsets = scene_offsets(facts)
    live: list[Chain] = []
    done: list[Chain] = []
    for frame, one in enumerate(facts):
        if not one.detected:
            continue
        ended = [chain for chain in live if one.at_ms - chain.times[-1] > settings.lost_ms]
        done += ended
        live = [chain for chain in live if one.at_ms - chain.times[-1] <= settings.lost_ms]
        live += _step(live, frame, one, offsets[frame], settings)
    kept = [chain for chain in done + live if _counts(chain, settings)]
    return sorted(kept, key=lambda chain: (chain.frames[0], chain.kind, tuple(chain.boxes[0])))


def _counts(chain: Chain, settings: LinkSettings) -> bool:
    if chain.sure:
        return not _never_moved(chain) or max(chain.scores) >= settings.still
    weak = len(chain.scores) >= 4 and float(np.mean(chain.scores)) >= 0.5 * (settings.start + settings.go_on)
    return weak and chain.moved >= 0.6 * len(chain.scores)


def _never_moved(chain: Chain) -> bool:
    """Seen often, always in one place, with nothing moving there."""
    if len(chain.boxes) < 12 or chain.moved > 0.2 * len(chain.boxes) or chain.poor:
        return False
    boxes = np.array(chain.boxes)
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    return bool((np.ptp(centres, axis=0) < 0.5 * boxes[:, 2:].mean(axis=0)).all())


def _step(
    live: list[Chain], frame: int, one: FrameFacts, offset: Vector, settings: LinkSettings
) -> list[Chain]:
    """Gives the chains their detections of one frame; the chains that begin with what is left."""
    boxes = one.boxes.astype(np.float64)
    boxes[:, :2] -= offset
    moving = within(one.boxes, one.moving).sum(axis=1) > 0.3 if len(one.boxes) else np.zeros(0, np.bool_)
    look = roots(one.looks)
    start, go_on = (each * (settings.poor if one.poor else 1.0) for each in (settings.start, settings.go_on))
    free = set(np.flatnonzero(one.scores >= go_on - 0.002).tolist())  # scores are stored in steps

    def give(chain: Chain, place: int) -> None:
        score = float(one.scores[place])
        chain.add(frame, one.at_ms, boxes[place], score, look[place])
        chain.moved += bool(moving[place])
        chain.sure |= score >= start
        chain.poor |= one.poor
        free.discard(place)

    waiting = list(live)
    for sure, least in ((True, start), (True, go_on - 0.002), (False, go_on - 0.002)):
        ours = [chain for chain in waiting if chain.sure == sure]
        theirs = sorted(place for place in free if one.scores[place] >= least)
        costs = _costs(ours, theirs, boxes, one, look)
        for row, column in nearest(costs, 1.0):
            give(ours[row], theirs[column])
            waiting.remove(ours[row])
    begun: list[Chain] = []
    for place in sorted(free):
        begun.append(Chain(Kind(int(one.kinds[place]))))
        give(begun[-1], place)
    return begun


def _costs(
    ours: list[Chain], theirs: list[int], boxes: Vector, one: FrameFacts, look: NDArray[np.float32]
) -> Vector:
    """How badly each detection fits each chain (n, m): 0 perfectly, above 1 not at all."""
    if not ours or not theirs:
        return np.zeros((len(ours), len(theirs)))
    expected = np.array([chain.expected(one.at_ms) for chain in ours])
    gone = np.array([one.at_ms - chain.times[-1] for chain in ours])[:, None] / 1000
    found = boxes[theirs]
    costs = fit(expected, found, gone)
    kinds = np.array([chain.kind for chain in ours])[:, None] == one.kinds[theirs][None, :]
    worn = np.array([chain.look for chain in ours], np.float32)
    costs += 0.25 * apart(worn, look[theirs])
    return np.where(kinds, costs, np.inf)


def fit(expected: Vector, found: Vector, gone: Vector | float) -> Vector:
    """How far boxes (m, 4) are from where others (n, 4) were expected `gone` seconds on: (n, m), by size."""
    sizes = np.maximum(expected[:, None, 2:], found[None, :, 2:])
    centres = (expected[:, :2] + expected[:, 2:] / 2)[:, None] - (found[:, :2] + found[:, 2:] / 2)[None]
    apart_by = np.abs(centres) / np.maximum(sizes, 1e-6)
    ratio = np.abs(np.log(np.maximum(expected[:, None, 3], 1e-6) / np.maximum(found[None, :, 3], 1e-6)))
    across = apart_by[..., 0] / (0.75 + 0.8 * gone)
    down = apart_by[..., 1] / (0.35 + 0.3 * gone)
    return np.asarray(across**2 + down**2 + (ratio / 0.7) ** 2, np.float64)


def nearest(costs: Vector, most: float) -> list[tuple[int, int]]:
    """Pairs of row and column, cheapest first, each used once, none that costs more than `most`."""
    pairs: list[tuple[int, int]] = []
    rows: set[int] = set()
    columns: set[int] = set()
    if not costs.size:
        return pairs
    for place in np.argsort(costs, axis=None, kind="stable"):
        row, column = divmod(int(place), costs.shape[1])
        if costs[row, column] > most:
            break
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def as_boxes(boxes: Sequence[Vector]) -> Boxes:
    """The boxes as one array (n, 4)."""
    return np.asarray(boxes, np.float32).reshape(-1, 4)
