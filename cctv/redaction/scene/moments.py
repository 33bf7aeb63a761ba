"""Which pictures the sharp scene is made of, and where in each something stands that is not it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cctv.redaction.drawing.drawing import Drawing, Shape
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.resolve import Resolved
from cctv.redaction.tracks.boxes import Box, clipped, padded
from cctv.redaction.tracks.covering import cover

MOST = 24
# Fewer tell nothing of what stays and what passes.
FEWEST = 5
# A pixel that is free in less than a third of the pictures stays coarse.
SHARE = 3
# Of the pictures that are in memory at once, with what is covered in them.
_MOST_BYTES = 400 << 20


def most_of(width: int, height: int) -> int:
    """How many pictures of this size are looked at."""
    return max(FEWEST + 2, min(MOST, _MOST_BYTES // (width * height * 4)))


def least_of(pictures: int) -> int:
    """In how many of them a pixel has to be free."""
    return max(3, -(-pictures // SHARE))


def chosen(resolved: Resolved, most: int) -> list[int]:
    """Frames spread evenly over the span, none of those that cannot be relied on.

    The middle of each stretch, whoever stands there: to prefer empty ones would be to prefer those in which
    somebody was missed.
    """
    good = np.flatnonzero(~resolved.whole)
    stretches = np.array_split(good, min(most, len(good))) if len(good) else []
    return [int(stretch[len(stretch) // 2]) for stretch in stretches]


def stands(resolved: Resolved, facts: Sequence[FrameFacts], frame: int) -> Drawing:
    """Where somebody or something is in that frame, as the covers of a drawing: all tracks, the subject's
    own and those that are shown too; what was seen without becoming a track; what moves; what was drawn by
    hand."""
    padding, linking = resolved.settings.padding, resolved.settings.linking
    found: list[Shape | None] = [cover(track, frame, padding) for track in resolved.tracks]
    subject = None if resolved.subject is None else resolved.subject.box(frame)
    seen = facts[frame]
    sure = [_box(row) for row in seen.boxes[seen.scores >= linking.start]]
    found += [clipped(padded(box, padding.guessed, least=padding.least)) for box in sure]
    if subject is not None:
        found.append(clipped(padded(subject, padding.guessed, least=padding.least)))
    found += [clipped(padded(_box(row), padding.moving, least=padding.least)) for row in seen.moving]
    found += [each.at(frame) for each in resolved.decided.covers.values()]
    return Drawing(covers=tuple(shape for shape in found if shape is not None))


def _box(row: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Box:
    x, y, w, h = (float(value) for value in row)
    return x, y, w, h
