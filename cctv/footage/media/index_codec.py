"""The stored form of a packet index, version 1.

magic "LPIX", version u16, flags u16, container u8, codec u8, framing u8, 0 u8, timescale u32, width u32,
height u32, packets u32, stored size u64, clear SHA-256 (32 bytes), sections (tag u16, length u32, bytes) ...,
CRC-32 of all before (u32).       Big-endian; columns little-endian.

A column is either raw (the narrowest integer that holds it) or run lengths, whichever is smaller: a steady
frame rate, a run of adjacent packets and an equal spacing of keyframes shrink to a few bytes, so an hour of
25 frames a second takes about 400 KiB and loads in about a millisecond. Tags from 0x100 are optional: a
reader that does not know one skips it.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cctv.footage.media.index import PacketIndex

MAGIC, VERSION = b"LPIX", 1
HEADER = struct.Struct(">4sHHBBBBIIIIQ32s")
SECTION = struct.Struct(">HI")
EXTRADATA, SIZES, GAPS, STEPS, DURATIONS, LATENESS, KEYS = range(1, 8)
OPTIONAL, MOTION = 0x100, 0x100
CONTIGUOUS, HASHED = 1, 2
RAW, RUNS = 0, 1
WIDTHS = tuple(np.dtype(kind) for kind in ("<u1", "<i1", "<u2", "<i2", "<u4", "<i4", "<i8"))
MAX_PACKETS = 2_000_000
CONTAINERS = ("mp4", "fmp4", "ts", "mkv", "avi")
CODECS = ("h264", "hevc", "mjpeg", "mpeg4")
FRAMINGS = ("plain", "length", "annexb")

Column = NDArray[np.int64]


class BadIndex(Exception):
    """Bytes that are no index of a version read here."""


def encode(index: PacketIndex) -> bytes:
    """Bytes of an index."""
    flags = CONTIGUOUS * index.contiguous | HASHED * bool(index.clear_sha256)
    head = HEADER.pack(
        MAGIC, VERSION, flags,
        CONTAINERS.index(index.container), CODECS.index(index.codec), FRAMINGS.index(index.framing), 0,
        index.timescale, index.width, index.height, len(index), index.stored_size, index.clear_sha256,
    )  # fmt: skip
    before = np.concatenate(([0], (index.offset + index.size)[:-1]))
    sections = [
        (EXTRADATA, index.extradata),
        (SIZES, pack(index.size)),
        (GAPS, pack(index.offset - before)),
        (STEPS, pack(np.diff(index.dts, prepend=0))),
        (DURATIONS, pack(index.duration)),
        (LATENESS, pack(index.pts - index.dts)),
        (KEYS, pack(np.diff(np.flatnonzero(index.key), prepend=0))),
    ]
    if index.motion:
        sections.append((MOTION, index.motion))
    body = b"".join(SECTION.pack(tag, len(data)) + data for tag, data in sections)
    return head + body + struct.pack(">I", zlib.crc32(head + body))


def decode(data: bytes | memoryview) -> dict[str, Any]:
    """Fields of an index; raises BadIndex."""
    data = bytes(data)
    if len(data) < HEADER.size + 4 or data[:4] != MAGIC:
        raise BadIndex("it does not start as an index does")
    if struct.unpack_from(">I", data, len(data) - 4)[0] != zlib.crc32(memoryview(data)[:-4]):
        raise BadIndex("its checksum does not match")
    fields = HEADER.unpack_from(data)
    version, flags, container, codec, framing = *fields[1:3], *fields[3:6]
    if version != VERSION:
        raise BadIndex(f"version {version} is newer than this program")
    if container >= len(CONTAINERS) or codec >= len(CODECS) or framing >= len(FRAMINGS):
        raise BadIndex("an unknown container, codec or framing")
    count, sections = fields[10], _sections(data)
    if not 0 < count <= MAX_PACKETS:
        raise BadIndex(f"{count} packets")
    return {
        "container": CONTAINERS[container],
        "codec": CODECS[codec],
        "framing": FRAMINGS[framing],
        "timescale": fields[7],
        "width": fields[8],
        "height": fields[9],
        "stored_size": fields[11],
        "contiguous": bool(flags & CONTIGUOUS),
        "clear_sha256": fields[12] if flags & HASHED else b"",
        "extradata": sections[EXTRADATA],
        "motion": sections.get(MOTION, b""),
        **_columns(sections, count),
    }


def _sections(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position, end = HEADER.size, len(data) - 4
    while position < end:
        if position + SECTION.size > end:
            raise BadIndex("a section that is cut off")
        tag, length = SECTION.unpack_from(data, position)
        position += SECTION.size
        if position + length > end:
            raise BadIndex("a section that is cut off")
        if tag > KEYS and tag < OPTIONAL:
            raise BadIndex(f"section {tag} is newer than this program")
        found[tag] = data[position : position + length]
        position += length
    if not all(tag in found for tag in range(EXTRADATA, KEYS + 1)):
        raise BadIndex("a section is missing")
    return found


def _columns(sections: dict[int, bytes], count: int) -> dict[str, Any]:
    size = unpack(sections[SIZES], count)
    gaps = unpack(sections[GAPS], count)
    dts = np.cumsum(unpack(sections[STEPS], count))
    keys = np.cumsum(unpack(sections[KEYS], None))
    if len(keys) > count or (len(keys) and not 0 <= int(keys.min()) <= int(keys.max()) < count):
        raise BadIndex("a keyframe outside the packets")
    key = np.zeros(count, np.bool_)
    key[keys] = True
    return {
        "size": size,
        "offset": np.cumsum(gaps + size) - size,
        "dts": dts,
        "pts": dts + unpack(sections[LATENESS], count),
        "duration": unpack(sections[DURATIONS], count),
        "key": key,
    }


def pack(column: Column) -> bytes:
    """A column of integers in its smaller form."""
    if not len(column):
        return bytes([RAW, 0])
    width = _width(column)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    if len(starts) * (width.itemsize + 4) + 4 < len(column) * width.itemsize:
        counts = np.diff(starts, append=len(column)).astype("<u4")
        values = column[starts].astype(width)
        head = struct.pack("<BBI", RUNS, WIDTHS.index(width), len(starts))
        return head + values.tobytes() + counts.tobytes()
    return bytes([RAW, WIDTHS.index(width)]) + column.astype(width).tobytes()


def unpack(data: bytes, count: int | None) -> Column:
    """A column of `count` integers (None: as many as there are), as int64."""
    if len(data) < 2 or data[1] >= len(WIDTHS):
        raise BadIndex("a column of an unknown form")
    width = WIDTHS[data[1]]
    if data[0] == RAW:
        if (len(data) - 2) % width.itemsize:
            raise BadIndex("a column that is cut off")
        column = np.frombuffer(data, width, offset=2).astype(np.int64)
    elif data[0] == RUNS and len(data) >= 6:
        runs = struct.unpack_from("<I", data, 2)[0]
        if len(data) != 6 + runs * (width.itemsize + 4):
            raise BadIndex("a column that is cut off")
        values = np.frombuffer(data, width, runs, 6)
        counts = np.frombuffer(data, "<u4", runs, 6 + runs * width.itemsize).astype(np.int64)
        if int(counts.sum()) > MAX_PACKETS:
            raise BadIndex("a column that is too long")
        column = np.repeat(values, counts).astype(np.int64)
    else:
        raise BadIndex("a column of an unknown form")
    if count is not None and len(column) != count:
        raise BadIndex(f"a column of {len(column)} entries for {count} packets")
    return column


def _width(column: Column) -> np.dtype[Any]:
    low, high = int(column.min()), int(column.max())
    for width in WIDTHS:
        limits = np.iinfo(width)
        if limits.min <= low and high <= limits.max:
            return width
    raise BadIndex("a number beyond 64 bits")
