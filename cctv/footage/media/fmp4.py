"""Fragmented MP4 written straight from the index: an init segment, and media parts (ISO/IEC 14496-12 §8.8).

The decode timeline of a part starts where its segment stands on the playlist's timeline, and pictures shown
before their decode time get a negative composition offset (`trun` version 1). So the first picture of a
segment is shown exactly at its start, without an edit list, and consecutive parts join without a seam.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.fmp4_init import box, full_box
from cctv.footage.media.fmp4_init import init_segment as init_segment
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import Payload, runs
from cctv.footage.media.ranges import ReadRange

SYNC, NOT_SYNC = 0x02000000, 0x01010000
RUN_FLAGS = 0x1 | 0x100 | 0x200 | 0x400 | 0x800
DEFAULT_BASE_IS_MOOF = 0x20000


def ticks_of(index: PacketIndex, ms: float) -> int:
    """Milliseconds in ticks of the index."""
    return round(ms * index.timescale / 1000)


def media_part(
    index: PacketIndex,
    read: ReadRange,
    first: int,
    stop: int,
    *,
    sequence: int = 1,
    base_decode_time: int = 0,
) -> bytes:
    """`moof` + `mdat` of packets `first` to `stop` (half-open; `first` a keyframe).

    `base_decode_time` is where the *segment* starts on the playlist's timeline, in ticks of the index, the
    same for each of its parts. Raises MediaError `wrong_span`; errors of `read` come through.
    """
    return b"".join(
        media_part_pieces(index, read, first, stop, sequence=sequence, base_decode_time=base_decode_time)
    )


def media_part_pieces(
    index: PacketIndex,
    read: ReadRange,
    first: int,
    stop: int,
    *,
    sequence: int = 1,
    base_decode_time: int = 0,
) -> list[Payload]:
    """`media_part` as pieces that share memory with what was read, for a streamed answer."""
    if index.framing == "annexb":
        pieces: list[Payload] = [
            to_lengths(data) for data in runs(index, read, first, stop, whole_runs=False)
        ]
        sizes = np.array([len(piece) for piece in pieces], np.int64)
    else:
        pieces = runs(index, read, first, stop, whole_runs=True)
        sizes = index.size[first:stop]
    head = fragment_head(index, sizes, first, stop, sequence=sequence, base_decode_time=base_decode_time)
    return [head, *pieces]


def fragment_head(
    index: PacketIndex,
    sizes: NDArray[np.int64],
    first: int,
    stop: int,
    *,
    sequence: int,
    base_decode_time: int,
) -> bytes:
    """The `moof` and the header of its `mdat`, for packets of these sizes in bytes."""
    decoded = index.dts[first:stop] - index.dts[0]
    duration = np.append(np.diff(decoded), index.duration[stop - 1])
    if stop < len(index):
        duration[-1] = index.dts[stop] - index.dts[stop - 1]
    late = index.pts[first:stop] - decoded
    flags = np.where(index.key[first:stop], SYNC, NOT_SYNC)
    return fragment(sizes, duration, flags, late, sequence, base_decode_time + int(decoded[0]))


def fragment(
    sizes: NDArray[np.int64],
    duration: NDArray[np.int64],
    flags: NDArray[np.int64],
    late: NDArray[np.int64],
    sequence: int,
    decode_time: int,
) -> bytes:
    """`moof` and `mdat` header of one run of packets; times in ticks of the init segment's timescale."""
    rows = np.empty((len(sizes), 4), ">i4")
    for column, values in enumerate((duration, sizes, flags, late)):
        rows[:, column] = values
    mfhd = full_box(b"mfhd", 0, 0, struct.pack(">I", sequence))
    tfhd = full_box(b"tfhd", 0, DEFAULT_BASE_IS_MOOF, struct.pack(">I", 1))
    tfdt = full_box(b"tfdt", 1, 0, struct.pack(">Q", max(0, decode_time)))
    moof_size = 8 + len(mfhd) + 8 + len(tfhd) + len(tfdt) + 20 + rows.nbytes
    head = struct.pack(">Ii", len(sizes), moof_size + 8)
    trun = full_box(b"trun", 1, RUN_FLAGS, head + rows.tobytes())
    moof = box(b"moof", mfhd + box(b"traf", tfhd + tfdt + trun))
    return moof + struct.pack(">I4s", 8 + int(sizes.sum()), b"mdat")
