"""The keyframes of a part alone, each shown until the next: for playing many times as fast as life."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import check_span


def keyframes_of(index: PacketIndex, first: int, stop: int) -> tuple[PacketIndex, int] | None:
    """An index of the keyframes among packets `first` to `stop` (half-open), and the tick at which its first
    picture is shown; together they fill the part's time.

    None where the packets cannot be read one by one (a TS as it came). Raises MediaError `wrong_span`.
    """
    check_span(index, first, stop)
    if not index.contiguous:
        return None
    keys = first + np.flatnonzero(index.key[first:stop])
    begin = int(index.pts[first:stop].min())
    end = int(index.pts[stop:].min()) if stop < len(index) else index.end_ticks
    shown = index.pts[keys] - begin
    # Pictures of an open group are shown before its keyframe: it stands in for them.
    shown[0] = 0
    length = np.diff(shown, append=max(end - begin, int(shown[-1]) + 1))
    reduced = replace(
        index,
        offset=index.offset[keys],
        size=index.size[keys],
        pts=shown,
        dts=shown,
        duration=length,
        key=index.key[keys],
    )
    return reduced, begin
