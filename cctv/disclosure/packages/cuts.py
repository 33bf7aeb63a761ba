"""Where a recording is cut so that what is left can be decoded, and nothing that is shown is missing within.

A cut begins at a keyframe and lets out that keyframe's leading pictures: they are shown before it and lean on
pictures that are not there (an open group of pictures). It ends after the last wanted picture, at the first
place where every picture decoded so far is shown before every later one: none in the middle is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.index import PacketIndex

Number = TypeVar("Number", bound=np.generic)
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets [first, stop) of an index but for `left_out` of them, which follow `first`."""

    first: int
    stop: int
    left_out: int

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The packets as half-open spans: one, or two around what is left out."""
        if not self.left_out:
            return ((self.first, self.stop),)
        spans = ((self.first, self.first + 1), (self.first + 1 + self.left_out, self.stop))
        return tuple(span for span in spans if span[0] < span[1])

    def taken(self, column: NDArray[Number]) -> NDArray[Number]:
        """The chosen packets' values of a column of the index."""
        return np.concatenate([column[first:stop] for first, stop in self.spans])


def cut(index: PacketIndex, from_us: int, to_us: int) -> Cut | None:
    """What to take for [from_us, to_us), in µs from the recording's first picture; None for nothing."""
    end_us = us_of(index.end_ticks, index.timescale)
    if from_us >= to_us or to_us <= 0 or from_us >= end_us:
        return None
    first = _begin(index, from_us * index.timescale // SECOND_US)
    stop = _end(index, -(-to_us * index.timescale // SECOND_US))
    return Cut(first, stop, min(_leading(index, first), stop - first - 1)) if first < stop else None


def us_of(ticks: int, timescale: int) -> int:
    """Ticks in µs, rounded."""
    return (ticks * SECOND_US * 2 + timescale) // (2 * timescale)


def _begin(index: PacketIndex, at: int) -> int:
    """The last keyframe that is shown at `at` ticks or before; the first one where there is none."""
    keys = index.keyframes
    before = keys[index.pts[keys] <= at]
    return int(before[np.argmax(index.pts[before])] if len(before) else keys[0])


def _leading(index: PacketIndex, first: int) -> int:
    """Packets right after the keyframe, shown before it; a recording's own beginning stays as it is."""
    if first == 0:
        return 0
    later = np.flatnonzero(index.pts[first + 1 :] > index.pts[first])
    return int(later[0]) if len(later) else len(index) - first - 1


def _end(index: PacketIndex, at: int) -> int:
    """Behind the last packet shown before `at` ticks, and behind those that are mixed with it in time."""
    wanted = np.flatnonzero(index.pts < at)
    if not len(wanted):
        return 0
    last = int(wanted[-1])
    shown = np.maximum.accumulate(index.pts)[last:-1]
    to_come = np.minimum.accumulate(index.pts[::-1])[::-1][last + 1 :]
    apart = np.flatnonzero(shown < to_come)
    return last + 1 + int(apart[0]) if len(apart) else len(index)
