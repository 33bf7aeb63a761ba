"""The large parts of what the editor is told, tracks and the subject frame by frame: all of them, or what a
decision changed of them.

An hour is many megabytes of boxes, of which a decision changes a few. What a browser has is named by its
`basis`, a digest of all of it: changes are told on top of that and of nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.resolve import Resolved
from cctv.redaction.tracks.boxes import Boxes, How, Track
from cctv.redaction.tracks.subject import SHOWN

Range = list[int]
BASIS_CHARS = 24


class Drawn:
    """How a clip stands, ready to be told."""

    def __init__(self, resolved: Resolved) -> None:
        """`resolved` is not changed, and is not to be."""
        self._resolved = resolved
        self._tracks = {track.number: track for track in resolved.tracks}
        self._heads = _heads(resolved)

    def all(self) -> dict[str, Any]:
        """Everything; `views` says what each field means."""
        tracks = [self._told(number) for number in self._tracks]
        subject = None if self._subject is None else self._told_subject(0, self._resolved.frames)
        return {"basis": self.basis, "tracks": tracks, "subject": subject}

    def since(self, before: Drawn) -> dict[str, Any]:
        """What is not as it was `before`, of the same clip."""
        changed = [number for number in self._tracks if not self._same(before, number)]
        return {
            "basis": self.basis,
            "of": before.basis,
            "tracks": [self._told(number) for number in changed],
            "gone": [number for number in before._tracks if number not in self._tracks],
            "subject": self._changed_subject(before),
        }

    @cached_property
    def basis(self) -> str:
        """The same for what is told alike."""
        seen = hashlib.sha256(self._resolved.times.tobytes())
        for number, head in self._heads.items():
            seen.update(json.dumps(head).encode())
            seen.update(self._tracks[number].boxes.tobytes())
        seen.update(str(self._resolved.subject_track).encode())
        for values in self._subject or ():
            seen.update(values.tobytes())
        return seen.hexdigest()[:BASIS_CHARS]

    @cached_property
    def _subject(self) -> tuple[NDArray[np.uint16], NDArray[np.uint8]] | None:
        """Boxes of the subject in all frames, and how sure they are."""
        followed = self._resolved.subject
        if followed is None:
            return None
        shown = np.isfinite(followed.boxes).all(axis=1) & (followed.sure >= SHOWN)
        boxes = np.where(shown[:, None], followed.boxes, 0).astype(np.float32)
        return _boxes(boxes), np.rint(np.clip(followed.sure, 0, 1) * 255).astype(np.uint8)

    def _told(self, number: int) -> dict[str, Any]:
        return {**self._heads[number], "boxes": text(_boxes(self._tracks[number].boxes))}

    def _same(self, before: Drawn, number: int) -> bool:
        was, now = before._tracks.get(number), self._tracks[number]
        if was is None or before._heads[number] != self._heads[number]:
            return False
        return was is now or np.array_equal(was.boxes, now.boxes)

    def _told_subject(self, first: int, stop: int) -> dict[str, Any]:
        assert self._subject is not None
        boxes, sure = self._subject
        told = {"boxes": text(boxes[first:stop]), "sure": text(sure[first:stop])}
        return {"track": self._resolved.subject_track, "first": first, **told}

    def _changed_subject(self, before: Drawn) -> dict[str, Any] | None:
        """From the first to the last frame that is not as it was; all of a subject that was none."""
        if self._subject is None:
            return None
        if before._subject is None:
            return self._told_subject(0, self._resolved.frames)
        (was, was_sure), (now, now_sure) = before._subject, self._subject
        other = np.flatnonzero((was != now).any(axis=1) | (was_sure != now_sure))
        first, stop = (int(other[0]), int(other[-1]) + 1) if len(other) else (0, 0)
        return {**self._told_subject(first, stop), "patch": True}


def ranges(flags: NDArray[np.bool_], at: int = 0) -> list[Range]:
    """Stretches of true as [first, last], counted from `at`."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return [[at + int(first), at + int(stop) - 1] for first, stop in edges.reshape(-1, 2)]


def text(values: NDArray[Any]) -> str:
    """Numbers as JSON carries them: base64 of their bytes."""
    return base64.b64encode(values.tobytes()).decode()


def _heads(resolved: Resolved) -> dict[int, dict[str, Any]]:
    """What is told of each track besides its boxes."""
    doubtful: dict[int, list[Range]] = defaultdict(list)
    for doubt in resolved.doubts:
        for number in set(() if doubt.settled else doubt.tracks):
            doubtful[number].append([doubt.first, doubt.last])
    subject = resolved.subject_track
    return {
        track.number: {
            "number": track.number,
            "kind": track.kind.name.lower(),
            "first": track.first,
            "count": len(track.boxes),
            "role": resolved.roles[track.number],
            "subject": track.number == subject,
            "hand": ranges(track.how == How.HAND, track.first),
            "doubtful": _within(doubtful[track.number], track),
        }
        for track in resolved.tracks
    }


def _within(spans: list[Range], track: Track) -> list[Range]:
    cut = ([max(track.first, first), min(track.stop - 1, last)] for first, last in spans)
    return sorted(each for each in cut if each[0] <= each[1])


def _boxes(boxes: Boxes) -> NDArray[np.uint16]:
    """Clipped to the picture, 65535 = 1.0; what lies outside of it, or is away, has no width."""
    low = np.clip(boxes[:, :2], 0, 1)
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, 1)
    inside = np.concatenate([low, np.clip(high - low, 0, 1)], axis=1)
    return np.asarray(np.rint(inside * 65535), "<u2")
