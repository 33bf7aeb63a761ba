"""People's decisions about tracks, applied in the order they were made; no Django, no state.

Kind -> body (frames from 0, inclusive ranges; portions of the picture 0..1; a box is [x, y, w, h]):

    subject       {"frame", "box"} or {"track"}: this is whoever is shown, and nobody else; {} takes it back.
                  A box without width and height is a click. {"frame", "box", "also": true} corrects where
                  the subject is in that frame, and {"track", "also": true} says that this is the subject, too
    role          {"track", "role": "hide" | "show" | "manual"}   manual: only its boxes set by hand are drawn
    box           {"track", "frame", "box"}     a box set by hand; boxes between two such are interpolated
    split         {"track", "frame"}            what comes from `frame` on becomes a track of its own
    merge         {"into", "track"}
    assign        {"track", "first", "last", "to"}   that stretch belongs to track `to`
    cover         {"id", "shape": "box" | "polygon", "keys": [{"frame", "shape"}], "first", "last"}   new or
                  changed
    uncover       {"id"}
    mask          {"id", "polygon": [[x, y], ...]}   covered throughout
    unmask        {"id"}
    settle        {"doubt"} or {"doubt", "settled": false}
    mode, style, subject_kind   {"mode"}, {"style"}, {"kind"}
    sharp, coarse               {}  the scene behind the subject: the job draws it, once somebody approved it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from cctv.redaction.drawing.drawing import Polygon
from cctv.redaction.tracks import cutting
from cctv.redaction.tracks.bodies import Body, EditRefused
from cctv.redaction.tracks.boxes import Box, How, Kind, Track, iou
from cctv.redaction.tracks.doubts import parts_of, same
from cctv.redaction.tracks.keyframes import (
    HandCover,
    Times,
    box_at,
    by_hand_alone,
    canvas,
    corrected,
    cover_of,
    present,
    shape_of,
    trimmed,
)

Role = Literal["hide", "show", "manual"]
MOST_COVERS = 300
MOST_MASKS = 100
# How well a box has to fit a track's for meaning it.
_HIT = 0.4


@dataclass(frozen=True)
class Edit:
    """One decision that stands, its body checked (`bodies.checked`); undone ones do not come here."""

    number: int
    kind: str
    body: Mapping[str, Any]


@dataclass
class Decided:
    """What people decided, and the tracks as they are after it.

    `roles` has only what somebody chose. `subject_tracks` are the subject's by what people said; `anchors`
    (frame, box; a click has no size) are facts about where the subject is, later ones count; `blanks`
    (first, last) are stretches in which what was taken for it is somebody else. `settled` has keys of doubts.
    `mode`, `style` and `subject_kind` are None where nobody changed them.
    """

    tracks: dict[int, Track]
    keys: cutting.AllKeys = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    subject_tracks: list[int] = field(default_factory=list)
    anchors: list[tuple[int, Box]] = field(default_factory=list)
    blanks: list[tuple[int, int]] = field(default_factory=list)
    covers: dict[str, HandCover] = field(default_factory=dict)
    masks: dict[str, Polygon] = field(default_factory=dict)
    settled: dict[str, None] = field(default_factory=dict)
    mode: str | None = None
    style: str | None = None
    subject_kind: str | None = None

    def drawn(self, number: int, times: Times, *, by_hand: bool = False) -> Track | None:
        """The track as it is drawn: with its boxes set by hand, or only these (`by_hand`, or its role)."""
        keys = self.keys.get(number, {})
        if by_hand or self.roles.get(number) == "manual":
            return by_hand_alone(self.tracks[number], keys)
        return corrected(self.tracks[number], keys, times)

    def hand(self, number: int) -> list[int]:
        """The frames in which somebody set its box."""
        return sorted(self.keys.get(number, {}))


def apply(tracks: Sequence[Track], edits: Iterable[Edit], times: Times) -> Decided:
    """All decisions in their order. One that no longer means anything (its track is gone) changes nothing."""
    decided = Decided(tracks={track.number: track for track in tracks})
    for edit in edits:
        try:
            add(decided, edit, times)
        except EditRefused:
            continue
    return decided


def add(decided: Decided, edit: Edit, times: Times) -> None:
    """One more decision. Raises EditRefused, and then has changed nothing."""
    act = _ACTS.get(edit.kind)
    if act is None:
        raise EditRefused("kind")
    body = dict(edit.body)
    if any(body[name] not in decided.tracks for name in _NAMED[edit.kind] if name in body):
        raise EditRefused("track")
    act(decided, body, times)


def _subject(decided: Decided, body: Body, _times: Times) -> None:
    if not body.get("also"):
        _forget(decided)
        _unsettle(decided, lambda kind, tracks: kind in ("crossing", "start") or not tracks)
    if "track" in body:
        _is_subject(decided, body["track"])
        decided.anchors.append(_surest(decided.tracks[body["track"]]))
    elif body:
        x, y, w, h = body["box"]
        decided.anchors.append((body["frame"], (x, y, w, h)))
        hit = _hit(decided, body["frame"], (x, y, w, h))
        if hit is not None:
            _is_subject(decided, hit)


def _forget(decided: Decided) -> None:
    decided.subject_tracks.clear()
    decided.anchors.clear()
    decided.blanks.clear()


def _is_subject(decided: Decided, number: int) -> None:
    if number not in decided.subject_tracks:
        decided.subject_tracks.append(number)


def _surest(track: Track) -> tuple[int, Box]:
    """The frame that tells best who a track is: seen well, and not at its ends."""
    middle = 1 - np.abs(np.linspace(-1, 1, len(track.boxes), dtype=np.float32)) * 0.2
    seen = np.isin(track.how, (How.SEEN, How.HAND)) + 0.01
    frame = track.first + int(np.argmax(present(track) * (track.scores + 0.01) * middle * seen))
    return frame, _box_in(track, frame)


def _box_in(track: Track, frame: int) -> Box:
    box = track.box(frame)
    assert box is not None
    return box


def _hit(decided: Decided, frame: int, box: Box) -> int | None:
    """The track that a click or a box means."""
    best: tuple[float, int] | None = None
    for number, track in decided.tracks.items():
        there = box_at(track, frame)
        if there is None or track.kind in (Kind.MOTION, Kind.FACE, Kind.PLATE):
            continue
        alike = _alike(box, there)
        if alike >= _HIT and (best is None or alike > best[0]):
            best = alike, number
    return best and best[1]


def _alike(said: Box, box: Box) -> float:
    if said[2] > 0 and said[3] > 0:
        return float(iou(np.asarray([said], np.float32), np.asarray([box], np.float32))[0, 0])
    across, down = (said[0] - box[0]) / box[2], (said[1] - box[1]) / box[3]
    inside = 0 <= across <= 1 and 0 <= down <= 1
    return 1 - abs(across - 0.5) - 0.2 * abs(down - 0.5) if inside else 0.0


def _role(decided: Decided, body: Body, _times: Times) -> None:
    decided.roles[body["track"]] = body["role"]
    _unsettle(decided, lambda kind, tracks: body["track"] in tracks or kind == "motion")


def _box(decided: Decided, body: Body, _times: Times) -> None:
    x, y, w, h = body["box"]
    decided.keys.setdefault(body["track"], {})[body["frame"]] = (x, y, w, h)
    if body.get("subject") or body["track"] in decided.subject_tracks:
        decided.anchors.append((body["frame"], (x, y, w, h)))


def _split(decided: Decided, body: Body, _times: Times) -> None:
    cutting.split(decided.tracks, decided.keys, body["track"], body["frame"])


def _merge(decided: Decided, body: Body, times: Times) -> None:
    into, number = body["into"], body["track"]
    frame, box = _surest(decided.tracks[number])
    if cutting.merge(decided.tracks, decided.keys, into, number, times):
        _gone(decided, number, into)
    if into in decided.subject_tracks:
        decided.anchors.append((frame, box))


def _assign(decided: Decided, body: Body, times: Times) -> None:
    number, to, span = body["track"], body["to"], (body["first"], body["last"])
    ours = [each in decided.subject_tracks for each in (number, to)]
    gone = cutting.assign(decided.tracks, decided.keys, number, span, to, times)
    if ours == [True, False]:  # what was taken for the subject there is somebody else
        _deny(decided, span)
        _confirm(decided, number, span)
    elif ours == [False, True]:
        _deny(decided, span)
        _confirm(decided, to, span)
    if gone:
        _gone(decided, number, to)


def _deny(decided: Decided, span: tuple[int, int]) -> None:
    """What was said of the subject in these frames does not hold any more."""
    decided.anchors[:] = [each for each in decided.anchors if not span[0] <= each[0] <= span[1]]
    decided.blanks.append(span)


def _confirm(decided: Decided, number: int, span: tuple[int, int]) -> None:
    """The subject is the track there, if that is there at all."""
    track = decided.tracks.get(number)
    part = track and trimmed(canvas(track, span[0], span[1] + 1))
    if part:
        decided.blanks.remove(span)
        decided.anchors.append(_surest(part))


def _gone(decided: Decided, number: int, into: int) -> None:
    """`number` is `into` now: the subject goes along, its role does not."""
    decided.roles.pop(number, None)
    renamed = [into if each == number else each for each in decided.subject_tracks]
    decided.subject_tracks[:] = list(dict.fromkeys(renamed))


def _cover(decided: Decided, body: Body, _times: Times) -> None:
    if body["id"] not in decided.covers and len(decided.covers) >= MOST_COVERS:
        raise EditRefused("many")
    decided.covers[body["id"]] = cover_of(body)


def _uncover(decided: Decided, body: Body, _times: Times) -> None:
    if decided.covers.pop(body["id"], None) is None:
        raise EditRefused("nothing")


def _mask(decided: Decided, body: Body, _times: Times) -> None:
    if body["id"] not in decided.masks and len(decided.masks) >= MOST_MASKS:
        raise EditRefused("many")
    polygon = shape_of(body["polygon"])
    assert not isinstance(polygon, tuple)
    decided.masks[body["id"]] = polygon


def _unmask(decided: Decided, body: Body, _times: Times) -> None:
    if decided.masks.pop(body["id"], None) is None:
        raise EditRefused("nothing")


def _settle(decided: Decided, body: Body, _times: Times) -> None:
    key = body["doubt"]
    if body["settled"]:
        decided.settled[key] = None
        return
    meant = [each for each in decided.settled if same(key, each) or same(each, key)]
    if not meant:
        raise EditRefused("nothing")
    for each in meant:
        del decided.settled[each]


def _mode(decided: Decided, body: Body, _times: Times) -> None:
    decided.mode = body["mode"]
    decided.settled.clear()  # what was looked at may be shown now


def _style(decided: Decided, body: Body, _times: Times) -> None:
    decided.style = body["style"]


def _subject_kind(decided: Decided, body: Body, _times: Times) -> None:
    decided.subject_kind = body["kind"]
    if body["kind"] == "nobody":
        _forget(decided)


def _scene(_decided: Decided, _body: Body, _times: Times) -> None:
    """Changes no drawing: the rows tell which scene is wanted, and whether it may be used."""


def _unsettle(decided: Decided, is_meant: Callable[[str, tuple[int, ...]], bool]) -> None:
    """What was settled about something else than is there now is open again."""
    for key in list(decided.settled):
        kind, tracks, _first, _last = parts_of(key)
        if is_meant(kind, tracks):
            del decided.settled[key]


_ACTS: dict[str, Callable[[Decided, Body, Times], None]] = {
    "subject": _subject,
    "role": _role,
    "box": _box,
    "split": _split,
    "merge": _merge,
    "assign": _assign,
    "cover": _cover,
    "uncover": _uncover,
    "mask": _mask,
    "unmask": _unmask,
    "settle": _settle,
    "mode": _mode,
    "style": _style,
    "subject_kind": _subject_kind,
    "sharp": _scene,
    "coarse": _scene,
}
_TRACK = ("track",)
# What of a body names a track that has to be there.
_NAMED: dict[str, tuple[str, ...]] = dict.fromkeys(_ACTS, ()) | {
    "subject": _TRACK,
    "role": _TRACK,
    "box": _TRACK,
    "split": _TRACK,
    "merge": ("into", "track"),
    "assign": ("track", "to"),
}
