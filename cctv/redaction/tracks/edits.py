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
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cctv.redaction.drawing.drawing import Polygon
from cctv.redaction.tracks import cutting
from cctv.redaction.tracks.bodies import Body, EditRefused
from cctv.redaction.tracks.boxes import Box, Track
from cctv.redaction.tracks.doubts import parts_of, same
from cctv.redaction.tracks.keyframes import HandCover, Times, by_hand_alone, corrected, cover_of, shape_of

Role = Literal["hide", "show", "manual"]
MOST_COVERS = 300
MOST_MASKS = 100


@dataclass(frozen=True)
class Edit:
    """One decision that stands, its body checked (`bodies.checked`); undone ones do not come here."""

    number: int
    kind: str
    body: Mapping[str, Any]


@dataclass
class Decided:
    """What people decided, and the tracks as they are after it.

    `roles` has only what somebody chose. `subject_tracks` and `anchors` (frame, box) are where the subject is
    by what people said, in the order of saying; a box without width is a click that hit no track. `settled`
    has keys of doubts. `mode`, `style` and `subject_kind` are None where nobody changed them.
    """

    tracks: dict[int, Track]
    keys: cutting.AllKeys = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    subject_tracks: list[int] = field(default_factory=list)
    anchors: list[tuple[int, Box]] = field(default_factory=list)
    covers: dict[str, HandCover] = field(default_factory=dict)
    masks: dict[str, Polygon] = field(default_factory=dict)
    settled: dict[str, None] = field(default_factory=dict)
    mode: str | None = None
    style: str | None = None
    subject_kind: str | None = None

    def drawn(self, number: int, times: Times) -> Track | None:
        """The track as it is drawn: with its boxes set by hand, or only these if its role is manual."""
        keys = self.keys.get(number, {})
        if self.roles.get(number) == "manual":
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
        decided.subject_tracks.clear()
        decided.anchors.clear()
        _unsettle(decided, lambda kind, tracks: kind in ("crossing", "start") or not tracks)
    if "track" in body:
        if body["track"] not in decided.subject_tracks:
            decided.subject_tracks.append(body["track"])
    elif body:
        x, y, w, h = body["box"]
        decided.anchors.append((body["frame"], (x, y, w, h)))


def _role(decided: Decided, body: Body, _times: Times) -> None:
    decided.roles[body["track"]] = body["role"]
    _unsettle(decided, lambda kind, tracks: body["track"] in tracks or kind == "motion")


def _box(decided: Decided, body: Body, _times: Times) -> None:
    x, y, w, h = body["box"]
    decided.keys.setdefault(body["track"], {})[body["frame"]] = (x, y, w, h)


def _split(decided: Decided, body: Body, _times: Times) -> None:
    cutting.split(decided.tracks, decided.keys, body["track"], body["frame"])


def _merge(decided: Decided, body: Body, times: Times) -> None:
    into, number = body["into"], body["track"]
    if cutting.merge(decided.tracks, decided.keys, into, number, times):
        _gone(decided, number, into)


def _assign(decided: Decided, body: Body, times: Times) -> None:
    number, to = body["track"], body["to"]
    if cutting.assign(decided.tracks, decided.keys, number, (body["first"], body["last"]), to, times):
        _gone(decided, number, to)


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
        decided.subject_tracks.clear()
        decided.anchors.clear()


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
