"""From what was seen in single pictures to tracks with a box in every frame.

In favour of covering: gaps are filled, a track begins before its first detection and goes on after its last
one (longer where something moves or somebody stood still), and motion that no track explains is a track of
its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.tracks.boxes import How, Track, iou, overlaps, within
from cctv.redaction.tracks.chains import (
    Chain,
    LinkSettings,
    Vector,
    as_boxes,
    chained,
    fit,
    onward,
    scene_offsets,
)
from cctv.redaction.tracks.wandering import motion_tracks

__all__ = ["LinkSettings", "link"]

_REJOIN_MS = 3000.0
_SLOW = 0.0004  # box widths per ms; slower is standing
# Between two pictures further apart than this the recording has a hole: nobody is taken across it.
_HOLE_MS = 5000.0


def link(facts: Sequence[FrameFacts], settings: LinkSettings | None = None) -> list[Track]:
    """All tracks, numbered from 1 in order of their first frame, as people read them; MOTION comes last."""
    settings = settings or LinkSettings()
    if not facts:
        return []
    times = np.array([one.at_ms for one in facts])
    offsets = scene_offsets(facts)
    chains = _rejoined(chained(facts, settings), times, settings)
    filled = [_Filled(chain, times) for chain in chains]
    clip = _Clip(facts, times, offsets, _by_frame(filled, len(facts)), settings)
    tracks = [_drawn_out(each, number, clip) for number, each in enumerate(filled, 1)]
    return tracks + motion_tracks(facts, tracks, len(tracks) + 1)


class _Filled:
    """A chain with a box for every frame between its first and its last detection, in the scene."""

    def __init__(self, chain: Chain, times: Vector) -> None:
        self.chain = chain
        self.first, self.stop = chain.frames[0], chain.frames[-1] + 1
        here = times[self.first : self.stop]
        known = np.array(chain.boxes)
        self.boxes = np.stack([np.interp(here, chain.times, known[:, side]) for side in range(4)], axis=1)
        self.scores = np.interp(here, chain.times, chain.scores)
        self.how = np.full(len(here), How.FILLED, np.uint8)
        self.how[np.array(chain.frames) - self.first] = How.SEEN


def _rejoined(chains: list[Chain], times: Vector, settings: LinkSettings) -> list[Chain]:
    """Chains that end and begin as one and the same would, made one."""
    pairs: list[tuple[float, int, int]] = []
    starts = [chain.times[0] for chain in chains]  # in order
    for a, ended in enumerate(chains):
        last = ended.times[-1]
        for b in range(bisect_right(starts, last), bisect_right(starts, last + settings.rest_ms)):
            cost = _gap(ended, chains[b], times, settings)
            if cost is not None:
                pairs.append((cost, a, b))
    after: dict[int, int] = {}
    taken: set[int] = set()
    for _cost, a, b in sorted(pairs):
        if a not in after and b not in taken:
            after[a] = b
            taken.add(b)
    out: list[Chain] = []
    for a, chain in enumerate(chains):
        if a in taken:
            continue
        while a in after:
            a = after[a]
            chain = _joined(chain, chains[a])
        out.append(chain)
    return out


def _gap(ended: Chain, begun: Chain, times: Vector, settings: LinkSettings) -> float | None:
    """What it costs to believe that one goes on as the other; None if it is not to be believed."""
    gone = begun.times[0] - ended.times[-1]
    if begun.kind != ended.kind or not 0 < gone <= settings.rest_ms:
        return None
    frames = times[ended.frames[-1] : begun.frames[0] + 1]
    if np.diff(frames).max() > _HOLE_MS:
        return None
    last, first = ended.boxes[-1][None], begun.boxes[0][None]
    if gone <= _REJOIN_MS:
        ahead = fit(ended.expected(begun.times[0])[None], first, gone / 1000)[0, 0]
        back = fit(onward(begun.boxes[0], begun.speed, -gone)[None], last, gone / 1000)[0, 0]
        cost = max(float(ahead), float(back)) / 1.5 + gone / _REJOIN_MS * 0.3
        if cost < 0.8:
            return cost
    if iou(as_boxes([last[0]]), as_boxes([first[0]]))[0, 0] > 0.45:
        return 1.0 + gone / settings.rest_ms
    return None


def _joined(one: Chain, other: Chain) -> Chain:
    return Chain(
        kind=one.kind,
        frames=one.frames + other.frames,
        times=one.times + other.times,
        boxes=one.boxes + other.boxes,
        scores=one.scores + other.scores,
        look=other.look,
        speed=other.speed,
        moved=one.moved + other.moved,
        sure=True,
    )


@dataclass(frozen=True)
class _Clip:
    """What drawing a track out looks at."""

    facts: Sequence[FrameFacts]
    times: Vector
    offsets: Vector
    here: list[list[_Filled]]  # in each frame
    settings: LinkSettings


def _by_frame(filled: list[_Filled], frames: int) -> list[list[_Filled]]:
    here: list[list[_Filled]] = [[] for _ in range(frames)]
    for each in filled:
        for frame in range(each.first, each.stop):
            here[frame].append(each)
    return here


def _drawn_out(filled: _Filled, number: int, clip: _Clip) -> Track:
    """The track: what is filled, with what lies ahead and behind, in the coordinates of each picture."""
    head = _beyond(filled, -1, clip)[::-1]
    tail = _beyond(filled, 1, clip)
    first = filled.first - len(head)
    boxes = np.array([box for box, _ in head] + list(filled.boxes) + [box for box, _ in tail])
    frames = slice(first, first + len(boxes))
    boxes[:, :2] += clip.offsets[frames]
    poor, wider = np.array([one.poor for one in clip.facts[frames]]), clip.settings.wider
    boxes[poor, :2] -= boxes[poor, 2:] * wider
    boxes[poor, 2:] *= 1 + 2 * wider
    scores = np.concatenate([np.zeros(len(head)), filled.scores, np.zeros(len(tail))])
    how = np.concatenate([[how for _, how in head], filled.how, [how for _, how in tail]])
    return Track(
        number,
        filled.chain.kind,
        first,
        boxes.astype(np.float32),
        scores.astype(np.float32),
        how.astype(np.uint8),
    )


def _beyond(filled: _Filled, way: int, clip: _Clip) -> list[tuple[Vector, How]]:
    """Boxes of the frames before (`way` -1) or after (1) what was detected, outward."""
    edge = filled.first if way < 0 else filled.stop - 1
    box, speed = _end(filled, way)
    still = float(np.abs(speed).max()) < _SLOW * float(box[2])
    settings, times = clip.settings, clip.times
    out: list[tuple[Vector, How]] = []
    nudge = np.zeros(2)
    frame = edge + way
    while 0 <= frame < len(times):
        gone = float(times[frame] - times[edge])
        if abs(times[frame] - times[frame - way]) > _HOLE_MS or abs(gone) > settings.moving_ms:
            break
        here = onward(box, speed, gone)
        here[:2] += nudge
        if _outside(here):
            break
        pull = None
        if abs(gone) > settings.ahead_ms / 2:
            pull = _pull(here + np.array([*clip.offsets[frame], 0, 0]), clip.facts[frame].moving)
            if pull is not None and abs(gone) > settings.ahead_ms and _explained(here, frame, filled, clip):
                break
        if pull is not None:
            nudge = nudge + pull
            here[:2] += pull
        elif abs(gone) > (settings.hold_ms if still else settings.ahead_ms):
            break
        out.append((here, How.AHEAD if pull is None else How.MOVED))
        frame += way
    return out


def _end(filled: _Filled, way: int) -> tuple[Vector, Vector]:
    """The last box on that side, and the speed there, per ms."""
    chain = filled.chain
    count = min(4, len(chain.frames))
    boxes, times = (
        (chain.boxes[:count], chain.times[:count])
        if way < 0
        else (
            chain.boxes[-count:],
            chain.times[-count:],
        )
    )
    centres = np.array([box[:2] + box[2:] / 2 for box in boxes])
    gone = times[-1] - times[0]
    speed = (centres[-1] - centres[0]) / gone if gone > 0 else np.zeros(2)
    return (boxes[0] if way < 0 else boxes[-1]), speed


def _outside(box: Vector) -> bool:
    x, y, w, h = box
    return bool(x + w < 0.0 or y + h < 0.0 or x > 1.0 or y > 1.0)


def _pull(box: Vector, moving: NDArray[np.float32]) -> Vector | None:
    """How far what moves in a box lies from its middle (a part of that way); None if little moves there."""
    if not len(moving):
        return None
    mine = as_boxes([box])
    shared = overlaps(mine, moving)[0]
    if shared.sum() < 0.25 * box[2] * box[3]:
        return None
    left = np.maximum(moving[:, :2], mine[:, :2])
    right = np.minimum(moving[:, :2] + moving[:, 2:], mine[:, :2] + mine[:, 2:])
    middle = ((left + right) / 2 * shared[:, None]).sum(axis=0) / shared.sum()
    return np.asarray((middle - box[:2] - box[2:] / 2) * np.array([0.3, 0.15]), np.float64)


def _explained(box: Vector, frame: int, mine: _Filled, clip: _Clip) -> bool:
    """Whether another track's own box holds most of this one."""
    here = [each.boxes[frame - each.first] for each in clip.here[frame] if each is not mine]
    return bool(here) and bool((within(as_boxes([box]), as_boxes(here)) > 0.5).any())
