"""Which parts of a picture show somebody, and which hide the others: shapes from boxes.

People are taller than wide and narrow at the head, so a person's shape leaves a box's upper corners out.
Where others' boxes reach into the subject's: of who stands nearer (whose feet are lower) all is hidden, of
who stands farther the head, since the subject stands before the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cctv.redaction.drawing.drawing import Shape
from cctv.redaction.tracks.boxes import Box, Boxes, Kind, iou, padded, within

# A person's outline in portions of the box: x against the middle, y from the top. Left side, downward.
# Detectors are off by a tenth of the height above heads, and heads lean to either side of a box.
_OUTLINE = ((0.30, -0.10), (0.44, -0.04), (0.46, 0.20), (0.52, 0.26), (0.52, 0.76), (0.44, 1.02))
# Where the head of somebody farther may be, generously.
_LEVEL = 0.03  # of a height: closer feet do not tell who stands before whom
_NEAR = 0.3  # portions of a box around it
_ALIKE, _PART, _THING = 0.3, 0.6, 0.5  # overlap with somebody known, part of them, overlap with a thing
# The same where nothing was detected: then nobody else says who is there, and more has to speak for it.
_ALIKE_GUESSED, _PART_GUESSED = 0.45, 0.75
_HEAD_ACROSS, _HEAD_ABOVE, _HEAD_DOWN = 0.42, 0.06, 0.27


@dataclass(frozen=True)
class Other:
    """Somebody or something to be hidden in one picture: its box, and what covers it on the scene."""

    kind: Kind
    box: Box
    cover: Box
    by_hand: bool = False
    guessed: bool = False  # nothing was detected there: it went on as it did before, or with what moves
    again: bool = False  # the subject once more: all of it but the subject is hidden


def person(box: Box, grown: float = 0.0) -> Shape:
    """The outline of whoever fills the box, `grown` by portions of its width and height."""
    x, y, w, h = padded(box, grown) if grown else box
    left = [(x + w * (0.5 - across), y + h * down) for across, down in _OUTLINE]
    right = [(x + w * (0.5 + across), y + h * down) for across, down in reversed(_OUTLINE)]
    return np.asarray(left + right, np.float32)


def head(box: Box) -> Box:
    """Where the head of whoever fills the box may be."""
    x, y, w, h = box
    return (
        x + w * (0.5 - _HEAD_ACROSS),
        y - h * _HEAD_ABOVE,
        w * 2 * _HEAD_ACROSS,
        h * (_HEAD_ABOVE + _HEAD_DOWN),
    )


def shown_part(box: Box, kind: str) -> Shape:
    """What of the picture shows the subject: a person's outline, or the box of anything else."""
    return person(box, 0.03) if kind == "person" else padded(box, 0.02)


def parts_in(subject: Box, kind: str, other: Other) -> Iterator[Shape]:
    """What of somebody else has to be hidden where the subject is shown."""
    if not meet(subject, padded(other.box, 0.1)):
        return
    if other.by_hand:
        yield other.box
    elif other.kind == Kind.PERSON:
        if kind == "vehicle" or (kind == "person" and is_nearer(other.box, subject, _LEVEL)):
            yield person(other.box, 0.06)
        else:
            yield head(other.box)
    elif other.kind in (Kind.FACE, Kind.PLATE):
        if not _is_its_own(subject, kind, other):
            yield padded(other.box, 0.25)
    elif other.kind != Kind.MOTION and (kind == "vehicle" or is_nearer(other.box, subject)):
        yield other.box  # plates are low on a vehicle as well as high


def beside(
    subject: Box,
    kind: Kind,
    others: Iterable[Other],
    known: Sequence[Box],
    things: Boxes,
    *,
    scene: bool = False,
) -> list[Other]:
    """The others with those of the subject's kind near it as they are `known`: the tracks there often are the
    subject once more (also as something that it carries), or are a thing it passes. Whoever is none of these
    stays hidden as the track says, detected or not.

    `scene`: all of the picture is shown. Then nobody is left out: of the subject once more, what lies beside
    the subject stays covered, and everybody else as if nobody had been chosen.
    """
    here = np.array([subject], np.float32)
    people = np.array(known, np.float32).reshape(-1, 4)
    out = []
    for other in others:
        if (
            other.by_hand
            or other.kind not in (kind, Kind.OTHER)
            or not meet(subject, padded(other.box, _NEAR))
        ):
            out.append(other)
            continue
        box = np.array([other.box], np.float32)
        again = _is_one(box, here, guessed=other.guessed)
        if scene:
            out.append(replace(other, again=again))
        elif not again and not _is_one(box, people) and not (iou(box, things) > _THING).any():
            out.append(other)
    found = (box for box in known if meet(subject, padded(box, _NEAR)))
    return out + [Other(kind, box, padded(box, 0.1)) for box in found]


def is_one_of(box: Box, shown: Sequence[Box]) -> bool:
    """Whether a box is one of those who are shown, too."""
    return bool(shown) and bool((iou(np.array([box], np.float32), np.array(shown, np.float32)) > 0.5).any())


def _is_one(box: Boxes, known: Boxes, *, guessed: bool = False) -> bool:
    alike, part = (_ALIKE_GUESSED, _PART_GUESSED) if guessed else (_ALIKE, _PART)
    return bool((iou(box, known) > alike).any() or (within(box, known) > part).any())


def covers_beside(subject: Box | None, kind: str, others: Iterable[Other]) -> Iterator[Shape]:
    """Covers of everybody else on the scene; what of the subject they need not hide is left out of them."""
    for other in others:
        if subject is None or other.by_hand or not meet(other.cover, subject):
            yield other.cover
        elif not _is_its_own(subject, kind, other):
            yield from without(other.cover, subject)
            if not other.again:
                yield from parts_in(subject, kind, other)


def is_nearer(one: Box, other: Box, level: float = 0.0) -> bool:
    """Whether one stands before the other, its feet lower in the picture, or level with it."""
    return one[1] + one[3] + level * one[3] > other[1] + other[3]


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes share anything."""
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def without(box: Box, hole: Box) -> Iterator[Box]:
    """What is left of a box around a hole: up to four boxes."""
    x, y, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    left_h, top_h, right_h, bottom_h = hole[0], hole[1], hole[0] + hole[2], hole[1] + hole[3]
    top, low = max(y, top_h), min(bottom, bottom_h)
    if y < top:
        yield x, y, right - x, top - y
    if low < bottom:
        yield x, low, right - x, bottom - low
    if x < left_h:
        yield x, top, left_h - x, low - top
    if right_h < right:
        yield right_h, top, right - right_h, low - top


def _is_its_own(subject: Box, kind: str, other: Other) -> bool:
    """A face in the subject's upper part, a plate on the subject's car."""
    x, y = other.box[0] + other.box[2] / 2, other.box[1] + other.box[3] / 2
    inside = subject[0] <= x <= subject[0] + subject[2] and subject[1] <= y <= subject[1] + subject[3]
    if other.kind == Kind.FACE:
        return kind == "person" and inside and y <= subject[1] + 0.3 * subject[3]
    return other.kind == Kind.PLATE and kind == "vehicle" and inside
