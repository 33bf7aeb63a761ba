"""The tables of a progressive MP4 with one video track, gathered while its packets are written.

ISO/IEC 14496-12. A day of 25 pictures a second is 2.2 million packets: 12 bytes are kept of each, and the
tables are made from these columns at the end. There is no edit list: the clip's time 0 is its first picture.
Decode times are the showing times in order, so the length of each picture stands in `stts`; pictures shown
before their decode time get a negative offset (`ctts` version 1, and the `cslg` that says how far they go).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.fmp4_init import MATRIX, Described, box, full_box, sample_entry
from cctv.footage.media.index import Ticks

FTYP = box(b"ftyp", b"isom" + struct.pack(">I", 0x200) + b"isomiso2iso4mp41")
# Seconds from 1904 to 1970.
EPOCH_1904 = 2_082_844_800
SLICE_BYTES = 1 << 20

Buffer = bytes | NDArray[np.generic]
Boxes = list[Buffer]


class Tables:
    """What the header has to say of packets: sizes, times, keyframes, places. Times in ticks of the clip."""

    def __init__(self) -> None:
        self._sizes: list[NDArray[np.generic]] = []
        self._lengths: list[NDArray[np.generic]] = []
        self._late: list[NDArray[np.generic]] = []
        self._keys: list[NDArray[np.generic]] = []
        self._places: list[int] = []
        self._counts: list[int] = []
        self.packets = 0
        # When the last picture so far is shown, and when it ends.
        self.last = -1
        self.end = 0

    def add_times(self, shown: Ticks, length: int, key: NDArray[np.bool_]) -> None:
        """Packets in decode order, shown at these times, all after those so far; the last for `length`."""
        decoded = np.sort(shown)
        if self.last >= 0:
            self._lengths.append(np.array([int(decoded[0]) - self.last], np.uint32))
        self._lengths.append(np.diff(decoded).astype(np.uint32))
        self._late.append((shown - decoded).astype(np.int32))
        self._keys.append((np.flatnonzero(key) + self.packets + 1).astype(">u4"))
        self.packets += len(shown)
        self.last = int(decoded[-1])
        self.end = self.last + length

    def add_chunk(self, at: int, sizes: list[int] | Ticks) -> None:
        """These packets lie together at byte `at` of the clip."""
        self._sizes.append(np.asarray(sizes).astype(">u4"))
        self._places.append(at)
        self._counts.append(len(sizes))

    def moov(self, stream: Described, first_us: int) -> Iterator[memoryview]:
        """The header in pieces of SLICE_BYTES at most. `first_us`: when the first picture was."""
        made = EPOCH_1904 + first_us // 1_000_000
        times = struct.pack(">QQIQ", made, made, stream.timescale, self.end)
        mvhd = struct.pack(">IH10x", 0x10000, 0x100) + MATRIX + bytes(24) + struct.pack(">I", 2)
        moov = boxed(b"moov", [full_box(b"mvhd", 1, 0, times + mvhd), *self._track(stream, made, times)])
        for buffer in moov:
            data = buffer.view(np.uint8).ravel() if isinstance(buffer, np.ndarray) else buffer
            view = memoryview(cast(bytes, data))
            for start in range(0, len(view), SLICE_BYTES):
                yield view[start : start + SLICE_BYTES]

    def _track(self, stream: Described, made: int, times: bytes) -> Boxes:
        size = struct.pack(">II", stream.width << 16, stream.height << 16)
        head = struct.pack(">QQI4xQ8xHHHH", made, made, 1, self.end, 0, 0, 0, 0) + MATRIX + size
        hdlr = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"vide") + b"video\0")
        dref = full_box(b"dref", 0, 0, struct.pack(">I", 1) + full_box(b"url ", 0, 1))
        media = full_box(b"mdhd", 1, 0, times + struct.pack(">HH", 0x55C4, 0))
        minf = [full_box(b"vmhd", 0, 1, bytes(8)), box(b"dinf", dref), *boxed(b"stbl", self._stbl(stream))]
        mdia = boxed(b"mdia", [media, hdlr, *boxed(b"minf", minf)])
        return boxed(b"trak", [full_box(b"tkhd", 1, 3, head), *mdia])

    def _stbl(self, stream: Described) -> Boxes:
        stsd = full_box(b"stsd", 0, 0, struct.pack(">I", 1) + sample_entry(stream))
        last = np.array([self.end - self.last], np.uint32)
        found = [stsd, *table(b"stts", 0, runs(_joined([*self._lengths, last])))]
        found += self._offsets()
        keys = _joined(self._keys)
        if len(keys) < self.packets:
            found += table(b"stss", 0, keys)
        found += table(b"stsc", 0, _chunks(self._counts))
        sizes = _joined(self._sizes)
        found += boxed(b"stsz", [struct.pack(">III", 0, 0, len(sizes)), sizes])
        return found + table(b"co64", 0, np.array(self._places, ">u8"))

    def _offsets(self) -> Boxes:
        late = _joined(self._late)
        if not late.any():
            return []
        low, high = int(late.min()), int(late.max())
        cslg = full_box(b"cslg", 1, 0, struct.pack(">qqqqq", max(0, -low), low, high, 0, self.end))
        return [*table(b"ctts", 1, runs(late)), cslg]


def boxed(kind: bytes, parts: Boxes) -> Boxes:
    """A box of these parts, which are not put together."""
    size = 8 + sum(part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts)
    return [struct.pack(">I4s", size, kind), *parts]


def table(kind: bytes, version: int, rows: NDArray[np.generic]) -> Boxes:
    """A full box of a count and rows."""
    return boxed(kind, [struct.pack(">II", version << 24, len(rows)), rows])


def runs(column: NDArray[np.generic]) -> NDArray[np.generic]:
    """(count, value) for each stretch of equal values, big-endian; negative ones as two's complement."""
    starts = np.flatnonzero(column[1:] != column[:-1]) + 1
    starts = np.concatenate(([0], starts))
    rows = np.empty((len(starts), 2), ">u4")
    rows[:, 0] = np.diff(starts, append=len(column))
    rows[:, 1] = column[starts].view(np.uint32)
    return rows


def _chunks(counts: list[int]) -> NDArray[np.generic]:
    """`stsc`: (first chunk, packets in each, description) wherever the number changes."""
    column = np.array(counts, np.uint32)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1))
    rows = np.ones((len(starts), 3), ">u4")
    rows[:, 0] = starts + 1
    rows[:, 1] = column[starts]
    return rows


def _joined(parts: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    """One column of its parts, which are let go meanwhile."""
    column = np.concatenate(parts, dtype=parts[0].dtype)  # a byte order is lost otherwise
    parts.clear()
    return column
