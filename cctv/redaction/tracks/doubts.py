"""Moments that a person should look at before anything leaves; no Django, no state.

What is doubtful depends on what leaves. Where only the subject is shown, it is all about the subject:
somebody crosses, it is lost, found again, or hardly told. Where the scene is shown, it is about what hides
the others: tracks that begin or end in the middle of the picture, hardly seen ones, people half in the
picture, and what moves without being told. Where only what is drawn by hand is covered, it is whatever was
seen beside that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.tracks.boxes import Box, Boxes, How, Kind, Track, area_shared
from cctv.redaction.tracks.keyframes import Times, canvas, present

DoubtKind = Literal["crossing", "break", "low", "motion", "whole", "edge", "start", "poor"]
Flags = NDArray[np.bool_]

# More than a person steps through: then those that are close become one.
MOST = 150
# Doubts of one kind about the same closer than this are one.
CLOSE_MS = 1000.0
# What is shorter is no doubt.
LOW_MS, EDGE_MS, MOTION_MS, POOR_MS = 400.0, 700.0, 600.0, 1000.0
# How long a beginning or an end is shown for.
AROUND_MS = 400.0
_LOW_SCORE, _UNSURE = 0.25, 0.5
_CROSSED = 0.08  # of the smaller one
_AT_EDGE = 0.005
_COVERED = 0.6
_TINY = 2e-4  # of the picture
_MOST_NAMED = 12
_FURTHEST_MS = 600_000.0
_SEEN_AS = (Kind.PERSON, Kind.VEHICLE, Kind.OTHER)


@dataclass(frozen=True)
class Doubt:
    """A stretch of frames, first to last inclusive, where the computer may be wrong.

    `key` (kind.tracks.first-last) stays the same when unrelated things change, so that what a person settled
    stays settled. `tracks` is empty when it is about the subject alone or about the whole picture.
    """

    key: str
    kind: DoubtKind
    first: int
    last: int
    tracks: tuple[int, ...]
    settled: bool = False


@dataclass(frozen=True)
class Scene:
    """What doubts are looked for in; arrays have one row a frame.

    `hidden`: tracks as they are drawn, whose role is to be hidden; `bare`: what was seen and is not covered
    (manual mode). `subject` (n, 4), 0 where unknown, and `sure` (n); both None without a subject. `hides`:
    whether the scene itself is shown, so that the others' covers matter. `beside`: by frame, where others may
    be near the subject that no track may tell. `poor`: pictures in which only an eye may see somebody; None
    where only what is drawn by hand is covered.
    """

    times: Times
    whole: Flags
    hidden: Sequence[Track]
    bare: Sequence[Track]
    subject: Boxes | None
    sure: NDArray[np.float32] | None
    hides: bool
    beside: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    poor: Flags | None = None


def find(scene: Scene, settled: Iterable[str]) -> list[Doubt]:
    """All doubts in the order of time, at most about MOST, settled ones marked."""
    found = _spans("whole", (), scene.whole, scene.times)
    if scene.poor is not None:
        found += _spans("poor", (), scene.poor & ~scene.whole, scene.times, least=POOR_MS)
    if scene.subject is not None and scene.sure is not None:
        found += _of_subject(scene, scene.subject, scene.sure)
    if scene.hides:
        found += [doubt for track in scene.hidden for doubt in _of_hidden(scene, track)]
        moving = [track for track in scene.hidden if track.kind == Kind.MOTION]
        found += _moving(scene, moving)
    found += _moving(scene, scene.bare)
    known = _settled(found, settled)
    done = [doubt for doubt in known if doubt.settled]
    left = _bounded([doubt for doubt in known if not doubt.settled], scene.times)
    return sorted(done + left, key=lambda doubt: (doubt.first, doubt.last, doubt.key))


def key_of(kind: str, tracks: Sequence[int], first: int, last: int) -> str:
    """What a doubt is called."""
    return f"{kind}.{'-'.join(map(str, tracks))}.{first}-{last}"


def parts_of(key: str) -> tuple[str, tuple[int, ...], int, int]:
    """Kind, tracks, first and last frame. ValueError for anything else."""
    kind, tracks, frames = key.split(".")
    first, last = frames.split("-")
    return kind, tuple(int(number) for number in tracks.split("-") if number), int(first), int(last)


def same(one: str, other: str) -> bool:
    """Whether two keys are about the same: the first lies for a good part in the second."""
    kind, tracks, first, last = parts_of(one)
    their_kind, their_tracks, low, high = parts_of(other)
    if kind != their_kind or bool(tracks) != bool(their_tracks) or not set(tracks) <= set(their_tracks):
        return False
    shared = min(last, high) - max(first, low) + 1
    return shared * 2 >= last - first + 1


def _of_subject(scene: Scene, subject: Boxes, sure: NDArray[np.float32]) -> list[Doubt]:
    times, frames = scene.times, len(scene.times)
    known = np.isfinite(subject).all(axis=1) & (subject[:, 2] > 0)
    found = _spans("low", (), known & (sure < _UNSURE), times, least=LOW_MS)
    there = np.flatnonzero(known)
    if not len(there):
        return found
    edge = _at_edge(subject)
    gone = [(a, b) for a, b in pairwise(there) if times[b] - times[a] > CLOSE_MS]
    ends = [a for a, _b in gone] + [at for at in there[-1:] if at < frames - 1]
    found += [_end("break", (), int(at), times) for at in ends if not edge[at]]
    found += [_begin("start", (), int(at), times) for at in [there[0], *(b for _a, b in gone)]]
    told = np.zeros(frames, np.bool_)
    for track in scene.hidden:
        # Only the track's own frames: an hour has thousands of tracks.
        low, here = max(0, track.first), slice(max(0, track.first), min(frames, track.stop))
        if track.kind in _SEEN_AS and known[here].any():
            full = canvas(track, low, here.stop)
            crossed = known[here] & present(full) & (_shared(subject[here], full.boxes) > _CROSSED)
            found += _spans("crossing", (track.number,), crossed, times[here], at=low)
            told[here] |= crossed
    return found + _spans("crossing", (), _lost_in(scene, subject, known) & ~told, times, least=LOW_MS)


def _lost_in(scene: Scene, subject: Boxes, known: Flags) -> Flags:
    """Where somebody may cross the subject whom nobody detects any more."""
    out = np.zeros(len(subject), np.bool_)
    for frame, boxes in scene.beside.items():
        if 0 <= frame < len(out) and known[frame]:
            theirs = np.asarray(boxes, np.float32).reshape(-1, 4)
            out[frame] = bool(
                (_shared(np.repeat(subject[frame : frame + 1], len(theirs), 0), theirs) > _CROSSED).any()
            )
    return out


def _of_hidden(scene: Scene, track: Track) -> list[Doubt]:
    """Where the cover of one thing may not be where it is."""
    if track.kind == Kind.MOTION or not len(track.boxes):
        return []
    times, number, there = scene.times, (track.number,), present(track)
    here = times[track.first : track.stop]
    # Between two looks of the detector a box is filled in, too: only a long stretch of that is a guess.
    guessed, told = track.how == How.FILLED, np.isin(track.how, (How.FILLED, How.SEEN))
    weak = _lasting(there & guessed, here, LOW_MS)
    weak |= _lasting(there & told & (track.scores < _LOW_SCORE), here, LOW_MS)
    found = _spans("low", number, weak, here, at=track.first)
    edge = there & _at_edge(track.boxes)
    half = edge & (track.scores < 2 * _LOW_SCORE) & (track.how != How.HAND)
    found += _spans("edge", number, half, here, least=EDGE_MS, at=track.first)
    if track.kind not in _SEEN_AS:
        return found
    first, last = track.first, track.stop - 1
    if first > 0 and not edge[0] and not _taken_over(scene, track, first):
        found.append(_begin("break", number, first, times))
    if last < len(times) - 1 and not edge[-1] and not _taken_over(scene, track, last):
        found.append(_end("break", number, last, times))
    return found


def _moving(scene: Scene, tracks: Sequence[Track]) -> list[Doubt]:
    """Stretches in which any of the tracks is there, as one; who it is stands beside it."""
    frames = len(scene.times)
    any_of, by_track = np.zeros(frames, np.bool_), dict[int, list[tuple[int, int]]]()
    for track in tracks:
        there = present(track) & (track.boxes[:, 2] * track.boxes[:, 3] >= _TINY)
        for first, last in _runs(there, scene.times[track.first : track.stop], MOTION_MS):
            any_of[track.first + first : track.first + last + 1] = True
            by_track.setdefault(track.number, []).append((track.first + first, track.first + last))
    found = []
    for doubt in _spans("motion", (), any_of, scene.times):
        named = [
            number
            for number, spans in by_track.items()
            if any(first <= doubt.last and doubt.first <= last for first, last in spans)
        ]
        found.append(replace(doubt, tracks=tuple(sorted(named)[:_MOST_NAMED])))
    return found


def _taken_over(scene: Scene, track: Track, frame: int) -> bool:
    """Whether another cover lies over its box in that frame anyway."""
    box = track.boxes[frame - track.first]
    area = float(box[2] * box[3])
    for other in scene.hidden:
        if other is not track and other.has(frame) and area > 0:
            theirs = other.boxes[frame - other.first]
            if area_shared(box[None], theirs[None])[0] >= _COVERED * area:
                # It goes on on this side of the track, too.
                beyond = frame - 1 if frame == track.first else frame + 1
                if other.has(beyond):
                    return True
    return False


def _shared(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Row by row, of the smaller one."""
    least = np.minimum(a[:, 2] * a[:, 3], b[:, 2] * b[:, 3])
    portion: NDArray[np.float32] = area_shared(a, b) / np.maximum(least, 1e-9)
    return portion


def _at_edge(boxes: Boxes) -> Flags:
    x, y, right, bottom = boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    at: Flags = (x <= _AT_EDGE) | (y <= _AT_EDGE) | (right >= 1 - _AT_EDGE) | (bottom >= 1 - _AT_EDGE)
    return at


def _lasting(flags: Flags, times: Times, least: float) -> Flags:
    """Only what is true for `least` ms without a break."""
    out = np.zeros_like(flags)
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8))).reshape(-1, 2)
    for first, stop in edges.tolist():
        if times[stop - 1] - times[first] >= least:
            out[first:stop] = True
    return out


def _runs(flags: Flags, times: Times, least: float) -> list[tuple[int, int]]:
    """Stretches of true, close ones joined, those shorter than `least` ms left out."""
    at = np.flatnonzero(flags)
    if not len(at):
        return []
    breaks = np.flatnonzero(times[at[1:]] - times[at[:-1]] > CLOSE_MS)
    starts, ends = at[np.r_[0, breaks + 1]], at[np.r_[breaks, len(at) - 1]]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if times[b] - times[a] >= least]


def _spans(
    kind: DoubtKind, tracks: tuple[int, ...], flags: Flags, times: Times, *, least: float = 0.0, at: int = 0
) -> list[Doubt]:
    found = []
    for first, last in _runs(flags, times, least):
        key = key_of(kind, tracks, at + first, at + last)
        found.append(Doubt(key, kind, at + first, at + last, tracks))
    return found


def _begin(kind: DoubtKind, tracks: tuple[int, ...], frame: int, times: Times) -> Doubt:
    last = max(frame, int(np.searchsorted(times, times[frame] + AROUND_MS)) - 1)
    return Doubt(key_of(kind, tracks, frame, last), kind, frame, last, tracks)


def _end(kind: DoubtKind, tracks: tuple[int, ...], frame: int, times: Times) -> Doubt:
    first = min(frame, int(np.searchsorted(times, times[frame] - AROUND_MS, side="right")))
    return Doubt(key_of(kind, tracks, first, frame), kind, first, frame, tracks)


def _settled(found: list[Doubt], settled: Iterable[str]) -> list[Doubt]:
    """Those that somebody settled, under the key that they were settled by."""
    by: dict[str, list[str]] = {}
    for key in settled:
        by.setdefault(parts_of(key)[0], []).append(key)
    out, used = [], set()
    for doubt in found:
        match = next((key for key in by.get(doubt.kind, ()) if same(doubt.key, key)), None)
        if match is None:
            out.append(doubt)
            continue
        out.append(replace(doubt, settled=True, key=doubt.key if match in used else match))
        used.add(match)
    return out


def _bounded(found: list[Doubt], times: Times) -> list[Doubt]:
    """About MOST: of one kind, close ones become one that names their tracks. None is left out."""
    close = CLOSE_MS
    while len(found) > MOST and close < _FURTHEST_MS:
        joined: dict[str, list[Doubt]] = {}
        for doubt in sorted(found, key=lambda each: each.first):
            row = joined.setdefault(doubt.kind, [])
            one = _joined(row[-1], doubt) if row and _are_close(row[-1], doubt, times, close) else None
            if one is None:
                row.append(doubt)
            else:
                row[-1] = one
        found = [doubt for row in joined.values() for doubt in row]
        close *= 2
    return found


def _are_close(one: Doubt, other: Doubt, times: Times, close: float) -> bool:
    return bool(times[other.first] - times[one.last] <= close)


def _joined(one: Doubt, other: Doubt) -> Doubt | None:
    """Both as one; None if that would be about more tracks than a person can look for."""
    tracks = tuple(sorted({*one.tracks, *other.tracks}))
    named: tuple[int, ...] = () if one.kind == "motion" else tracks
    if one.kind == "motion":
        tracks = tracks[:_MOST_NAMED]
    if len(named) > _MOST_NAMED or bool(one.tracks) != bool(other.tracks):
        return None
    first, last = min(one.first, other.first), max(one.last, other.last)
    return Doubt(key_of(one.kind, named, first, last), one.kind, first, last, tracks)
