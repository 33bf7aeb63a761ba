"""Motion that no track explains, as tracks of its own: what the detector has no name for is covered too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.looking.regions import regions, without_dots
from cctv.redaction.tracks.boxes import Boxes, How, Kind, Track, areas, corners, overlaps

_PADDED = 0.1  # of a track's box, on each side, that it explains motion in
# Cells across and down by which that is told; what is narrower than two is the rim of a body.
_GRID = 192
_REACH = 0.01  # of the picture, by which a region may have moved between two pictures without overlap
_LOST_MS, _BRIEF_MS = 400.0, 90.0
_AROUND_MS, _SMALL_AROUND_MS = 250.0, 100.0
# Nobody knows the scene when a clip begins: what moves this soon may have stood there.
_BEGINNING_MS = 1500.0
_SMALL = 0.003  # of the picture; something as small and as brief is noise


@dataclass(eq=False)
class _Wanderer:
    frames: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)


def motion_tracks(facts: Sequence[FrameFacts], tracks: Sequence[Track], number: int) -> list[Track]:
    """Tracks of kind MOTION, numbered from `number` on."""
    live: list[_Wanderer] = []
    done: list[_Wanderer] = []
    explained = _by_frame(tracks, len(facts))
    for frame, one in enumerate(facts):
        still = [each for each in live if one.at_ms - facts[each.frames[-1]].at_ms <= _LOST_MS]
        done += [each for each in live if each not in still]
        live = still
        groups = _unexplained(one.moving, explained[frame])
        live += _given(live, groups, frame)
    kept = [each for each in done + live if _lasts(each, facts)]
    kept.sort(key=lambda each: (each.frames[0], tuple(each.boxes[0])))
    times = np.array([one.at_ms for one in facts])
    return [_track(each, number + place, times) for place, each in enumerate(kept)]


def _by_frame(tracks: Sequence[Track], frames: int) -> list[Boxes]:
    """The boxes of all tracks in each frame, padded."""
    found: list[list[NDArray[np.float32]]] = [[] for _ in range(frames)]
    for track in tracks:
        wide = track.boxes.copy()
        wide[:, :2] -= wide[:, 2:] * _PADDED
        wide[:, 2:] *= 1 + 2 * _PADDED
        for place, box in enumerate(wide):
            found[track.first + place].append(box)
    return [np.asarray(each, np.float32).reshape(-1, 4) for each in found]


def _unexplained(moving: Boxes, boxes: Boxes) -> Boxes:
    """What of the regions lies outside of all the boxes, without slivers at their edges: boxes around it."""
    if not len(moving) or not len(boxes):
        return moving
    left_over = _drawn(moving, outward=True)
    left_over[_drawn(boxes, outward=False) > 0] = 0
    return regions(without_dots(left_over))


def _drawn(boxes: Boxes, outward: bool) -> NDArray[np.uint8]:
    """The cells of the grid in which boxes lie: all that they touch, or those they fill by half."""
    canvas = np.zeros((_GRID, _GRID), np.uint8)
    edges = _edges(boxes)
    low, high = (np.floor(edges), np.ceil(edges)) if outward else (np.rint(edges), np.rint(edges))
    for (left, top), (right, bottom) in zip(low[:, :2].astype(int), high[:, 2:].astype(int), strict=True):
        canvas[top:bottom, left:right] = 1
    return canvas


def _edges(boxes: Boxes) -> Boxes:
    """Left, top, right, bottom in cells of the grid, cut at its edge."""
    return np.asarray(np.clip(corners(boxes), 0, 1) * _GRID, np.float32)


def _given(live: list[_Wanderer], groups: Boxes, frame: int) -> list[_Wanderer]:
    """Gives each wanderer the group that it shares most with; the ones that begin."""
    free = list(range(len(groups)))
    if live and free:
        last = np.asarray([each.boxes[-1] for each in live], np.float32)
        wide = last.copy()
        wide[:, :2] -= _REACH
        wide[:, 2:] += 2 * _REACH
        shared = overlaps(wide, groups)
        for place in np.argsort(-shared, axis=None, kind="stable"):
            row, column = divmod(int(place), len(groups))
            if shared[row, column] <= 0:
                break
            if column in free and live[row].frames[-1] != frame:
                live[row].frames.append(frame)
                live[row].boxes.append(groups[column])
                free.remove(column)
    return [_Wanderer([frame], [groups[column]]) for column in free]


def _lasts(wanderer: _Wanderer, facts: Sequence[FrameFacts]) -> bool:
    """Anything large counts at once; what is small, once it is there in more than one picture."""
    if _size(wanderer) >= _SMALL:
        return True
    gone = facts[wanderer.frames[-1]].at_ms - facts[wanderer.frames[0]].at_ms
    return len(wanderer.frames) >= 2 and gone >= _BRIEF_MS


def _size(wanderer: _Wanderer) -> float:
    return float(areas(np.asarray(wanderer.boxes, np.float32)).max())


def _track(wanderer: _Wanderer, number: int, times: NDArray[np.float64]) -> Track:
    around = _AROUND_MS if _size(wanderer) >= _SMALL else _SMALL_AROUND_MS
    first_ms, last_ms = times[wanderer.frames[0]] - around, times[wanderer.frames[-1]] + around
    if _size(wanderer) >= _SMALL and first_ms - times[0] < _BEGINNING_MS:
        first_ms = times[0]
    first = int(np.searchsorted(times, first_ms))
    stop = int(np.searchsorted(times, last_ms, side="right"))
    known = np.asarray(wanderer.boxes, np.float64)
    at = times[wanderer.frames]
    boxes = np.stack([np.interp(times[first:stop], at, known[:, side]) for side in range(4)], axis=1)
    how = np.full(stop - first, How.MOVED, np.uint8)
    scores = np.zeros(stop - first, np.float32)
    return Track(number, Kind.MOTION, first, boxes.astype(np.float32), scores, how)
