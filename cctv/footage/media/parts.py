"""Cutting an index into the parts that a player asks for.

A part starts on a keyframe and is 6 to 10 s long where keyframes allow; a keyframe whose pictures do not lean
on what was before it (closed GOP) is preferred, because a player that jumps there shows everything at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.index import PacketIndex

SHORT_MS, TARGET_MS, LONG_MS = 6_000, 8_000, 10_000
Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """Packets `first` to `stop` (half-open), shown from `start_ms` to `end_ms` of the segment;
    `size_bytes` of media."""

    number: int
    first: int
    stop: int
    start_ms: float
    end_ms: float
    size_bytes: int

    @property
    def duration_ms(self) -> float:
        """How long it is shown."""
        return self.end_ms - self.start_ms


def partition(index: PacketIndex) -> tuple[Part, ...]:
    """All parts of a segment, in order; together they hold every packet of the index."""
    keys = index.keyframes
    starts_ms = np.minimum.reduceat(index.pts, keys) * 1000 / index.timescale
    closed = np.minimum.reduceat(index.pts, keys) == index.pts[keys]
    end_ms = index.end_ticks * 1000 / index.timescale
    chosen = _cuts(starts_ms.tolist(), closed.tolist(), end_ms)
    firsts = [int(keys[place]) for place in chosen]
    times = [*(float(starts_ms[place]) for place in chosen), end_ms]
    sizes = np.add.reduceat(index.size, firsts)
    return tuple(
        Part(number, first, stop, times[number], times[number + 1], int(sizes[number]))
        for number, (first, stop) in enumerate(zip(firsts, [*firsts[1:], len(index)], strict=True))
    )


def parts_for_span(parts: Sequence[Part], from_ms: float, until_ms: float) -> tuple[Part, ...]:
    """The parts that show something of the half-open span [from_ms, until_ms) of the segment."""
    return tuple(part for part in parts if part.start_ms < until_ms and from_ms < part.end_ms)


def _cuts(starts: list[float], closed: list[bool], end: float) -> list[int]:
    """Positions among the keyframes (shown from `starts`) where parts begin.

    Plain lists: the windows hold a handful of keyframes, and an hour has hundreds of windows.
    """
    cuts = [0]
    while True:
        here = starts[cuts[-1]]
        left = end - here
        if left <= LONG_MS:
            return cuts
        wish = here + (left / 2 if left < SHORT_MS + LONG_MS else TARGET_MS)
        following = cuts[-1] + 1
        beyond = bisect_right(starts, here + LONG_MS)
        window = range(following, min(max(beyond, following + 1), len(starts)))
        if not window:
            return cuts
        good = [place for place in window if closed[place]]
        distances = [(abs(starts[place] - wish), place) for place in good or window]
        cuts.append(min(distances)[1])
