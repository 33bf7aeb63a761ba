"""Cutting tracks and putting them together. Nothing that was seen is lost by it: it is some track's box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.tracks.bodies import EditRefused
from cctv.redaction.tracks.boxes import Box, How, Track, iou
from cctv.redaction.tracks.keyframes import Times, canvas, closed, present, trimmed

Keys = dict[int, Box]
Tracks = dict[int, Track]
AllKeys = dict[int, Keys]

# Two boxes of the same moment that share less than this are of two things.
_SAME = 0.3


def split(tracks: Tracks, keys: AllKeys, number: int, frame: int) -> int:
    """What comes from `frame` on becomes a new track; its number. EditRefused if one side would be empty."""
    track = tracks[number]
    before = trimmed(canvas(track, track.first, max(track.first, frame)))
    after = trimmed(canvas(track, min(track.stop, max(track.first, frame)), track.stop))
    ours = keys.get(number, {})
    if before is None or after is None:
        raise EditRefused("nothing")
    new = max(tracks) + 1
    tracks[number] = before
    tracks[new] = _numbered(after, new)
    keys[new] = {at: box for at, box in ours.items() if at >= frame}
    keys[number] = {at: box for at, box in ours.items() if at < frame}
    return new


def merge(tracks: Tracks, keys: AllKeys, into: int, number: int, times: Times) -> bool:
    """Make `number` a part of `into`; whether it is gone.

    What both were seen as at the same moments in different places stays a track of its own.
    """
    first = min(tracks[into].first, tracks[number].first)
    stop = max(tracks[into].stop, tracks[number].stop)
    ours, theirs = canvas(tracks[into], first, stop), canvas(tracks[number], first, stop)
    here, there = present(ours), present(theirs)
    we_saw, they_saw = here & _observed(ours), there & _observed(theirs)
    apart = np.zeros(stop - first, np.bool_)
    both = np.flatnonzero(we_saw & they_saw)
    if len(both):
        apart[both] = np.diagonal(iou(ours.boxes[both], theirs.boxes[both])) < _SAME
    _copy(theirs, ours, there & (~here | (they_saw & ~we_saw)) & ~apart)
    tracks[into] = closed(ours, times)
    moved = keys.pop(number, {})
    left = np.flatnonzero(apart)
    if len(left):
        tracks[number] = canvas(theirs, first + int(left[0]), first + int(left[-1]) + 1)
        keys[number] = {at: box for at, box in moved.items() if tracks[number].has(at)}
        moved = {at: box for at, box in moved.items() if at not in keys[number]}
    else:
        del tracks[number]
    keys[into] = {**moved, **keys.get(into, {})}
    return not len(left)


def assign(tracks: Tracks, keys: AllKeys, number: int, span: tuple[int, int], to: int, times: Times) -> bool:
    """Frames span[0] to span[1] of `number` belong to `to`, and what `to` was there is `number`'s.

    Whether `number` is gone. EditRefused when it has nothing there.
    """
    low, high = span
    first = min(tracks[number].first, tracks[to].first)
    stop = max(tracks[number].stop, tracks[to].stop)
    ours, theirs = canvas(tracks[number], first, stop), canvas(tracks[to], first, stop)
    given = present(ours)
    given[: max(0, low - first)] = False
    given[max(0, high + 1 - first) :] = False
    if not given.any():
        raise EditRefused("nothing")
    mine = canvas(ours, first, stop)
    mine.boxes[given] = 0
    back = given & present(theirs)
    if _observed(theirs)[back].any():  # else they were only guessed there
        _copy(theirs, mine, back)
    _copy(ours, theirs, given)
    rest = trimmed(mine)
    tracks[to] = closed(trimmed(theirs) or theirs, times)
    _swap_keys(keys, number, to, span)
    if rest is None:
        del tracks[number]
        keys.pop(number, None)
        return True
    tracks[number] = closed(rest, times)
    return False


def _swap_keys(keys: AllKeys, number: int, to: int, span: tuple[int, int]) -> None:
    def parts(of: int) -> tuple[Keys, Keys]:
        all_of = keys.get(of, {})
        inside = {at: box for at, box in all_of.items() if span[0] <= at <= span[1]}
        return inside, {at: box for at, box in all_of.items() if at not in inside}

    (mine, my_rest), (theirs, their_rest) = parts(number), parts(to)
    keys[number], keys[to] = {**my_rest, **theirs}, {**their_rest, **mine}


def _observed(track: Track) -> NDArray[np.bool_]:
    """Where its box was not only guessed from the frames around."""
    return np.isin(track.how, (How.SEEN, How.MOVED))


def _copy(source: Track, target: Track, where: NDArray[np.bool_]) -> None:
    target.boxes[where] = source.boxes[where]
    target.scores[where] = source.scores[where]
    target.how[where] = source.how[where]


def _numbered(track: Track, number: int) -> Track:
    return Track(number, track.kind, track.first, track.boxes, track.scores, track.how)
