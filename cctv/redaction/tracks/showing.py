"""Who is shown and who is hidden: the subject against the tracks, and what to look at in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.drawing import Polygon
from cctv.redaction.tracks.boxes import Box, Boxes, Kind, Track, area_shared
from cctv.redaction.tracks.doubts import Scene
from cctv.redaction.tracks.edits import Decided, Role
from cctv.redaction.tracks.keyframes import FADES_MS, HandCover, Times, box_at, canvas, present
from cctv.redaction.tracks.subject import SHOWN, Followed

Owned = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A track is the subject's in a frame where they share this much (intersection over union) …
_SAME = 0.5
# … if it does so in this part of the frames in which both are there.
_OFTEN = 0.3
# Where of a box a cover has to lie for hiding whoever is in it.
_TELLING = ((0.5, 0.1), (0.5, 0.5), (0.2, 0.3), (0.8, 0.3))
_AGREE = 0.3
_NEVER = (Kind.MOTION, Kind.FACE, Kind.PLATE)


def blanked(subject: Followed, blanks: Sequence[tuple[int, int]]) -> Followed:
    """Less the stretches in which people said that it is somebody else."""
    if not blanks:
        return subject
    sure = subject.sure.copy()
    for first, last in blanks:
        sure[first : last + 1] = 0
    return replace(subject, sure=sure)


def softened(subject: Followed, anchors: Sequence[tuple[int, Box]], times: Times) -> Followed:
    """With boxes set by hand giving way, within half a second, to where the subject was followed to.

    Only where that is about the same place: else one of the two is somebody else.
    """
    keys = {frame: box for frame, box in anchors if box[2] > 0 and box[3] > 0}
    boxes, known = subject.boxes.copy(), _is_known(subject)
    for frame, box in keys.items():
        said = np.asarray(box, np.float32)
        for step in (-1, 1):
            at = frame + step
            if not 0 <= at < len(times) or not known[at] or at in keys:
                continue
            if _alike(said[None], subject.boxes[at][None])[0] < _AGREE:
                continue
            change = said - subject.boxes[at]
            while 0 <= at < len(times) and known[at] and at not in keys:
                left = 1 - abs(times[at] - times[frame]) / FADES_MS
                if left <= 0:
                    break
                boxes[at] += np.float32(left) * change
                at += step
    return replace(subject, boxes=boxes)


def owned(
    subject: Followed | None, tracks: Sequence[Track], decided: Decided, frames: int
) -> tuple[Followed | None, Owned]:
    """The track that is the subject in each frame, -1 where none is; and the subject less the frames in which
    somebody said that this track is hidden."""
    own = np.full(frames, -1, np.int64)
    if subject is None:
        return None, own
    shown = _is_known(subject) & (subject.sure >= SHOWN)
    boxes, best = np.where(shown[:, None], subject.boxes, 0).astype(np.float32), np.zeros(frames)
    for track in tracks:
        if track.kind in _NEVER:
            continue
        full = canvas(track, 0, frames)
        alike = _alike(boxes, full.boxes)
        both = shown & present(full)
        same = both & (alike >= _SAME)
        if track.number in decided.subject_tracks or same.sum() >= _OFTEN * max(1, both.sum()):
            better = same & (alike > best)
            own[better], best[better] = track.number, alike[better]
    against = np.isin(own, [number for number, role in decided.roles.items() if role == "hide"])
    if against.any():
        sure = np.where(against, 0, subject.sure).astype(np.float32)
        return replace(subject, sure=sure), np.where(against, -1, own)
    return subject, own


def roles_of(tracks: Sequence[Track], chosen: Mapping[int, Role], own: Owned) -> dict[int, Role]:
    """What people chose; else whoever is mostly the subject is shown, and everybody else hidden."""
    numbers, counts = np.unique(own[own >= 0], return_counts=True)
    frames = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    roles: dict[int, Role] = {}
    for track in tracks:
        is_subject = 2 * frames.get(track.number, 0) > len(track.boxes)
        roles[track.number] = chosen.get(track.number, "show" if is_subject else "hide")
    return roles


def scene(
    times: Times,
    whole: Flags,
    poor: Flags,
    tracks: Sequence[Track],
    subject: Followed | None,
    own: Owned,
    decided: Decided,
    mode: str,
) -> Scene:
    """What is looked through for doubts."""
    others = [track for track in tracks if decided.roles.get(track.number) != "show"]
    others = [_but(track, own == track.number) for track in others]
    by_hand = mode == "manual"
    boxes = sure = None
    if subject is not None and not by_hand:
        known = _is_known(subject) & (subject.sure > 0)
        boxes, sure = np.where(known[:, None], subject.boxes, 0).astype(np.float32), subject.sure
    return Scene(
        times=times,
        whole=whole,
        hidden=[] if by_hand else others,
        bare=_bare(decided) if by_hand else [],
        subject=boxes,
        sure=sure,
        hides=mode == "hide",
        beside={} if subject is None or by_hand else subject.beside.boxes,
        poor=None if by_hand else poor,
    )


def _but(track: Track, away: Flags) -> Track:
    """The track without the frames in which it is the subject."""
    here = away[max(0, track.first) : track.stop]
    if not here.any():
        return track
    out = canvas(track, track.first, track.stop)
    out.boxes[: len(here)][here] = 0
    return out


def _bare(decided: Decided) -> list[Track]:
    """What was seen and no cover drawn by hand lies over: the tracks, less the frames in which one does."""
    out = []
    covers, masks = list(decided.covers.values()), list(decided.masks.values())
    for number in sorted(decided.tracks):
        track = decided.tracks[number]
        if decided.roles.get(number) != "show":
            drawn = decided.drawn(number, np.zeros(0), by_hand=True)
            out.append(_uncovered(track, drawn, covers, masks))
    return out


def _uncovered(
    track: Track, drawn: Track | None, covers: Sequence[HandCover], masks: Sequence[Polygon]
) -> Track:
    hidden = np.zeros(len(track.boxes), np.bool_)
    for place, frame in enumerate(range(track.first, track.stop)):
        if drawn is not None and box_at(drawn, frame) is not None:
            hidden[place] = True
            continue
        shapes = [shape for cover in covers if (shape := cover.at(frame)) is not None]
        hidden[place] = _is_under(track.boxes[place], [*shapes, *masks])
    out = canvas(track, track.first, track.stop)
    out.boxes[hidden] = 0
    return out


def _is_under(box: NDArray[np.float32], shapes: Sequence[object]) -> bool:
    """Whether the head, the middle and the sides of a box all lie under shapes."""
    x, y, w, h = (float(each) for each in box)
    places = [(x + w * across, y + h * down) for across, down in _TELLING]
    return all(any(_holds(shape, place) for shape in shapes) for place in places)


def _holds(shape: object, place: tuple[float, float]) -> bool:
    points = np.asarray(shape, np.float32)
    if points.ndim == 1:
        x, y, w, h = (float(each) for each in points)
        return x <= place[0] <= x + w and y <= place[1] <= y + h
    return cv2.pointPolygonTest(points, place, measureDist=False) >= 0


def _is_known(subject: Followed) -> Flags:
    return np.asarray(np.isfinite(subject.boxes).all(axis=1), np.bool_)


def _alike(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union, row by row."""
    shared = area_shared(a, b)
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
    return (shared / np.maximum(union, 1e-9)).astype(np.float32)
