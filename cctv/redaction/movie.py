"""Encoded pictures as fragmented MP4: an init segment, and a fragment for each stretch. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cctv.footage.media.fmp4 import NOT_SYNC, SYNC, fragment
from cctv.footage.media.fmp4_init import init_segment
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.parameter_sets import record_of

TIMESCALE = 90_000
CODEC = "h264"


@dataclass(frozen=True)
class _Stream:
    """What an init segment says."""

    codec: str
    extradata: bytes
    timescale: int
    width: int
    height: int


def head(encoder: Any) -> bytes:
    """The init segment of whatever this open encoder makes; its size and aspect decide it."""
    record = record_of(CODEC, bytes(encoder.extradata))
    return init_segment(_Stream(CODEC, record, _timescale(encoder), encoder.width, encoder.height))


def fragments(
    packets: Iterable[tuple[Any, float]], encoder: Any, *, end_ms: float, cuts: Sequence[float] = ()
) -> Iterator[bytes]:
    """`moof` + `mdat` for what lies between the cuts (ms), each of which begins with a keyframe.

    The last picture is shown until `end_ms`, every other one until the next: so a gap in a recording is a
    picture that stands, and times stay those of the recording.
    """
    scale, waiting = _timescale(encoder), sorted(cuts)
    pictures: list[tuple[int, bytes]] = []
    sequence = 1
    for packet, at_ms in packets:
        if waiting and at_ms >= waiting[0]:
            waiting = [cut for cut in waiting if cut > at_ms]
            if pictures:
                yield fragment_of(pictures, packet.pts, sequence)
                sequence, pictures = sequence + 1, []
        if not pictures and not packet.is_keyframe:
            raise ValueError("a fragment does not begin with a keyframe")
        pictures.append((packet.pts, to_lengths(bytes(packet))))
    if pictures:
        yield fragment_of(pictures, max(round(end_ms * scale / 1000), pictures[-1][0] + 1), sequence)


def fragment_of(pictures: Sequence[tuple[int, bytes]], end: int, sequence: int) -> bytes:
    """`moof` + `mdat` of pictures (ticks, data with its length), from a keyframe on; the last until `end`."""
    times = np.array([at for at, _data in pictures], np.int64)
    sizes = np.array([len(data) for _at, data in pictures], np.int64)
    flags = np.full(len(times), NOT_SYNC, np.int64)
    flags[0] = SYNC
    late = np.zeros(len(times), np.int64)
    start = fragment(sizes, np.diff(times, append=end), flags, late, sequence, int(times[0]))
    return b"".join([start, *(data for _at, data in pictures)])


def _timescale(encoder: Any) -> int:
    return int(1 / encoder.time_base)
