"""Which boxes of one frame are covered, given the tracks and who is hidden: for `hide`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cctv.redaction.tracks.boxes import Box, How, Kind, Track, clipped, padded


@dataclass(frozen=True)
class Padding:
    """How much wider than its box a cover is, in portions of the box, by how well the box is known; `least`
    in
    portions of the picture's width or height."""

    seen: float = 0.10
    filled: float = 0.15
    guessed: float = 0.20
    moving: float = 0.03
    above: float = 0.05  # more than that above, where the head is
    least: float = 0.003


def cover(track: Track, frame: int, padding: Padding | None = None) -> Box | None:
    """What covers that track in that frame, cut at the picture's edge; None where there is nothing of it."""
    box = track.box(frame)
    if box is None:
        return None
    padding = padding or Padding()
    how = track.how[frame - track.first]
    if track.kind == Kind.MOTION:
        # Its regions were widened where they were seen.
        return clipped(padded(box, padding.moving, least=padding.least / 2))
    if how == How.HAND:
        return clipped(box)  # drawn as a person drew it
    share = {How.SEEN: padding.seen, How.FILLED: padding.filled}.get(How(how), padding.guessed)
    return clipped(padded(box, share, share + padding.above, least=padding.least))


def covers(tracks: Iterable[Track], frame: int, padding: Padding | None = None) -> list[Box]:
    """The covers of all these tracks in that frame. A frame that is `whole` is the caller's to cover."""
    found = (cover(track, frame, padding) for track in tracks)
    return [box for box in found if box is not None]
