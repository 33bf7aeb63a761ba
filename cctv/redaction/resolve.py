"""From what was seen and what people decided to what is drawn on every frame; no Django, no state.

The editor, the job that renders, the reviewer's page and the benchmark all ask here, so that what was
previewed, what was reviewed and what leaves are drawn alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.drawing.drawing import NOTHING, Drawing, Polygon, Style
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.tracks import doubts as doubting
from cctv.redaction.tracks import showing
from cctv.redaction.tracks.boxes import Box, How, Track
from cctv.redaction.tracks.covering import Padding, cover
from cctv.redaction.tracks.doubts import Doubt
from cctv.redaction.tracks.edits import Decided, Edit, Role, apply
from cctv.redaction.tracks.keyframes import Times, box_at
from cctv.redaction.tracks.laying import Other, beside, covers_beside, is_one_of, parts_in, shown_part
from cctv.redaction.tracks.linking import LinkSettings, link
from cctv.redaction.tracks.pieces import Piece
from cctv.redaction.tracks.subject import KINDS, Anchor, Followed, follow, pieces_of

_SCENE_KNOWN_MS = 500.0  # after the clip's beginning

__all__ = ["Doubt", "Edit", "Known", "Resolved", "Settings", "resolve"]

Mode = Literal["reveal", "hide", "manual"]
SubjectKind = Literal["person", "vehicle", "belonging", "nobody"]


@dataclass(frozen=True)
class Settings:
    """What holds for the whole redaction; edits of `mode`, `style` and `subject_kind` come on top.

    `masks`: the camera's own privacy masks, polygons in portions of the picture. `aspect`: width / height of
    the picture. `padding`: how much covers are larger than boxes; `linking`: thresholds for tracks.
    """

    mode: Mode = "reveal"
    style: Style = "fill"
    subject_kind: SubjectKind = "person"
    masks: tuple[Polygon, ...] = field(default=())
    aspect: float = 16 / 9
    padding: Padding = field(default_factory=Padding)
    linking: LinkSettings = field(default_factory=LinkSettings)


@dataclass
class Resolved:
    """All that is decided about a redaction.

    `tracks` as they are drawn; `subject` as it is followed, None without one; `own` (frames) is the track
    that is the subject in each frame, -1 where none is; `settings` with edits on top; `decided` as edits
    left it.
    """

    times: Times
    whole: NDArray[np.bool_]
    tracks: list[Track]
    roles: dict[int, Role]
    subject: Followed | None
    own: NDArray[np.int64]
    settings: Settings
    decided: Decided
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.times)

    @property
    def subject_track(self) -> int | None:
        """The track that is the subject in most frames."""
        known = self.own[self.own >= 0]
        return int(np.bincount(known).argmax()) if len(known) else None

    def drawing(self, frame: int) -> Drawing:
        """How that frame leaves. Beyond the last one nothing of it does."""
        if not 0 <= frame < self.frames or self.whole[frame]:
            return NOTHING
        masks = (*self.settings.masks, *self.decided.masks.values())
        by_hand = (cover.at(frame) for cover in self.decided.covers.values())
        top = tuple(shape for shape in by_hand if shape is not None)
        others, shown = self._around(frame)
        subject = self._subject_at(frame)
        others = self._known_beside(frame, subject, others, shown)
        if self.settings.mode == "manual":
            return Drawing(covers=(*(other.box for other in others), *top), solid=masks)
        kind = self.settings.subject_kind
        if self.settings.mode == "hide":
            return Drawing(covers=(*covers_beside(subject, kind, others), *top), solid=masks)
        boxes = [box for box in (subject, *shown) if box is not None]
        parts = [shown_part(box, kind) for box in boxes]
        holes = [part for box in boxes for other in others for part in parts_in(box, kind, other)]
        return Drawing(shown=tuple(parts), holes=tuple(holes), covers=top, solid=masks)

    def digest(self, first: int, stop: int) -> str:
        """Of all that decides frames first..stop-1: hex, the same for the same pictures."""
        seen = hashlib.sha256(f"{self.settings.style} {stop - first}".encode())
        for frame in range(first, stop):
            seen.update(self.drawing(frame).digest())
        return seen.hexdigest()

    def _known_beside(
        self, frame: int, subject: Box | None, others: list[Other], shown: list[Box]
    ) -> list[Other]:
        """The others, with those near the subject as following it has told them apart."""
        kind = KINDS.get(self.settings.subject_kind)
        if self.subject is None or subject is None or not kind:
            return others
        near = self.subject.beside
        known = [box for box in near.boxes.get(frame, ()) if not is_one_of(box, shown)]
        scene = self.settings.mode != "reveal"
        return beside(subject, kind[0], others, known, near.things, scene=scene)

    def _subject_at(self, frame: int) -> Box | None:
        return None if self.subject is None else self.subject.box(frame)

    def _around(self, frame: int) -> tuple[list[Other], list[Box]]:
        """Who is hidden in that frame, and the boxes of others who are shown."""
        others, shown = [], []
        own = self.own[frame]
        for place in self._here[frame]:
            track = self.tracks[place]
            box = box_at(track, frame)
            if box is None or track.number == own:
                continue
            role = self.decided.roles.get(track.number)
            covered = cover(track, frame, self.settings.padding)
            if role == "show":
                shown.append(box)
            elif covered is not None:
                guessed = bool(track.how[frame - track.first] in (How.AHEAD, How.MOVED))
                others.append(Other(track.kind, box, covered, role == "manual", guessed))
        return others, shown

    @cached_property
    def _here(self) -> list[list[int]]:
        here: list[list[int]] = [[] for _frame in range(self.frames)]
        for place, track in enumerate(self.tracks):
            for frame in range(max(0, track.first), min(track.stop, self.frames)):
                here[frame].append(place)
        return here


class Known:
    """What does not depend on most edits, so that the editor need not find it again after each."""

    def __init__(self, facts: Sequence[FrameFacts], linking: LinkSettings | None = None) -> None:
        """Links what was seen; follows when somebody is asked for."""
        self.facts = facts
        self.times: Times = np.asarray([one.at_ms for one in facts], np.float64)
        self.whole = _from_the_start(self.times, np.asarray([one.whole for one in facts], np.bool_))
        self.poor = np.asarray([one.poor for one in facts], np.bool_)
        self.tracks = link(facts, linking)
        self._followed: tuple[object, Followed] | None = None
        self._pieces: dict[str, list[Piece]] = {}

    def follow(self, anchors: Sequence[Anchor], settings: Settings) -> Followed:
        """The subject by these anchors; the last answer is kept."""
        asked = (tuple(anchors), settings.subject_kind, settings.aspect)
        # Other threads ask of the same clip with other decisions: the attribute may be theirs any moment.
        kept = self._followed
        if kept is not None and kept[0] == asked:
            return kept[1]
        kind = settings.subject_kind
        if kind not in self._pieces:
            self._pieces[kind] = pieces_of(self.facts, kind)
        found = follow(self.facts, anchors, kind=kind, aspect=settings.aspect, everything=self._pieces[kind])
        self._followed = asked, found
        return found


def _from_the_start(times: Times, whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A scene that changes as soon as it begins was not known before that either."""
    early = np.flatnonzero(whole & (times <= times[0] + _SCENE_KNOWN_MS)) if len(times) else np.array([])
    if len(early):
        whole[: early[0]] = True
    return whole


def resolve(facts: Sequence[FrameFacts] | Known, edits: Iterable[Edit], settings: Settings) -> Resolved:
    """All decisions on top of what was seen; `Known` facts are quicker the second time."""
    known = facts if isinstance(facts, Known) else Known(facts, settings.linking)
    decided = apply(known.tracks, edits, known.times)
    settings = replace(
        settings,
        mode=cast(Mode, decided.mode or settings.mode),
        style=cast(Style, decided.style or settings.style),
        subject_kind=cast(SubjectKind, decided.subject_kind or settings.subject_kind),
    )
    by_hand = settings.mode == "manual"
    drawn = [decided.drawn(number, known.times, by_hand=by_hand) for number in sorted(decided.tracks)]
    tracks = [track for track in drawn if track is not None]
    followed = None
    if settings.subject_kind != "nobody" and decided.anchors:
        anchors = [Anchor(frame, box) for frame, box in decided.anchors]
        followed = showing.softened(known.follow(anchors, settings), decided.anchors, known.times)
        followed = showing.blanked(followed, decided.blanks)
    subject, own = showing.owned(followed, tracks, decided, len(known.times))
    roles = showing.roles_of(tracks, decided.roles, own)
    out = Resolved(known.times, known.whole, tracks, roles, subject, own, settings, decided)
    scene = showing.scene(out.times, out.whole, known.poor, tracks, subject, own, decided, settings.mode)
    out.doubts = doubting.find(scene, decided.settled)
    return out
