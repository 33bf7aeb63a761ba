"""Which picture of the source each picture of an output stands for.

By their order where there are as many. Otherwise by their times, and whatever an output has besides has to be
plain: time in which nothing was recorded, shown as one colour. Anything else could show somebody unjudged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.scene import Samples, Scene

Pairs = NDArray[np.int64]
NOBODY = -1
# Two pictures are of one time when they are no further apart than this share of the least pause between two.
NEAR = 0.25
# Leading plain pictures after which the recording may begin.
MOST_BEFORE = 16


def pairs_of(output: Samples, source: Scene, span: tuple[int, int]) -> Pairs:
    """Of each picture of the output the source's number, NOBODY for plain ones besides; `span`: the numbers
    that have to be there.

    Raises:
        ScoreError: `frames_differ`.
    """
    first, last = span
    if output.count == source.count:
        return np.arange(output.count)
    if output.count == last - first + 1:
        return np.arange(output.count) + first
    for start in sorted({0, first}):
        for before in range(min(MOST_BEFORE, output.count)):
            found = _by_time(output, source, output.times[before] - source.times[start])
            if _is_whole(found, output, span):
                return found
            if not output.plain[before]:
                break
    raise ScoreError("frames_differ", output=output.count, source=source.count)


def _by_time(output: Samples, source: Scene, later: float) -> Pairs:
    """The output's times are the source's, `later` ms."""
    found = np.full(output.count, NOBODY)
    times, wanted = output.times, source.times + later
    if len(times) < 2 or len(wanted) < 1 or not np.isfinite(times).all() or not np.isfinite(wanted).all():
        return found
    near = NEAR * float(np.diff(np.sort(wanted)).min(initial=np.inf))
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    nearest = np.where(wanted - times[after - 1] <= times[after] - wanted, after - 1, after)
    fits = np.abs(times[nearest] - wanted) <= near
    found[nearest[fits]] = np.flatnonzero(fits)
    return found


def _is_whole(found: Pairs, output: Samples, span: tuple[int, int]) -> bool:
    wanted = np.arange(span[0], span[1] + 1)
    return bool(np.isin(wanted, found).all() and output.plain[found == NOBODY].all())
