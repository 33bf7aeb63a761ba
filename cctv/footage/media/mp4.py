"""The fast path: packet tables of an MP4 read straight from its boxes, without a demuxer and without
decoding.

Opening a file with a demuxer costs about 30 ms, because it decodes a picture to learn what the header already
says. The tables themselves are a few kilobytes (ISO/IEC 14496-12 §8.5-8.7; sample entries 14496-15 §5, §8).
`Unusual` means "valid perhaps, but not read here": the caller then asks the demuxer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.boxes import Box, child, children, number, table
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.index_codec import MAX_PACKETS

VISUAL_ENTRY_BYTES = 78
AUDIO_NAMES = {
    "mp4a": "aac", "alaw": "pcm_alaw", "ulaw": "pcm_mulaw", "Opus": "opus", "ac-3": "ac3", "ec-3": "eac3",
    "sowt": "pcm_s16le", "twos": "pcm_s16be", ".mp3": "mp3", "fLaC": "flac",
}  # fmt: skip
MP4V_OBJECTS = {0x20: "mpeg4", 0x6C: "mjpeg"}
VIDEO_NAMES = {"av01": "AV1", "vp09": "VP9", "vp08": "VP8", "s263": "H.263", "encv": "encrypted video"}
Column = NDArray[np.int64]


class Unusual(Exception):
    """This file needs the demuxer."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Packets of a track: parallel int64 columns in decode order (`key` as 0/1)."""

    offset: Column
    size: Column
    dts: Column
    lateness: Column
    duration: Column
    key: Column

    @staticmethod
    def joined(groups: list[Samples]) -> Samples:
        """One table out of several, in order."""
        if not groups:
            nothing = np.zeros(0, np.int64)
            return Samples(*[nothing] * 6)
        names = ("offset", "size", "dts", "lateness", "duration", "key")
        return Samples(*[np.concatenate([getattr(group, name) for group in groups]) for name in names])


@dataclass(frozen=True, slots=True)
class Track:
    """A track as its header describes it; `declared` in ticks (0: not said), `box` for its tables."""

    number: int
    kind: str
    codec: str
    framing: str
    extradata: bytes
    timescale: int
    declared: int
    width: int
    height: int
    box: Box


def tracks(moov: bytes) -> list[Track]:
    """All tracks of a `moov` (its content, without the box header)."""
    whole = Box("moov", 0, 0, len(moov))
    found = [box for box in children(moov) if box.kind == "trak"]
    if len(found) > 64:
        raise broken(f"{len(found)} tracks")
    return [_track(moov, box) for box in found if child(moov, whole, "trak")]


def _track(moov: bytes, box: Box) -> Track:
    head = _needed(moov, box, "tkhd")
    media = _needed(moov, box, "mdia", "mdhd")
    handler = _needed(moov, box, "mdia", "hdlr")
    long_head, long_media = number(moov, "B", head.body, head.end), number(moov, "B", media.body, media.end)
    form, at = ("Q", media.body + 20) if long_media == 1 else ("I", media.body + 12)
    timescale = number(moov, "I", at, media.end)
    declared = number(moov, form, at + 4, media.end)
    if declared == (1 << (64 if form == "Q" else 32)) - 1:
        declared = 0
    kind = moov[handler.body + 8 : handler.body + 12].decode("latin-1")
    entry = _sample_entry(moov, box)
    codec, framing, extradata, width, height = "", "plain", b"", 0, 0
    if kind == "vide":
        codec, framing, extradata, width, height = _visual(moov, entry)
    elif kind == "soun":
        codec = AUDIO_NAMES.get(entry.kind, entry.kind.strip())
    else:
        codec = entry.kind.strip()
    identity = number(moov, "I", head.body + (20 if long_head == 1 else 12), head.end)
    return Track(identity, kind, codec, framing, extradata, timescale, declared, width, height, box)


def _needed(moov: bytes, box: Box, *path: str) -> Box:
    found = child(moov, box, *path)
    if found is None:
        raise broken(f"no {'/'.join(path)} in its header")
    return found


def _sample_entry(moov: bytes, box: Box) -> Box:
    table_box = _needed(moov, box, "mdia", "minf", "stbl", "stsd")
    if number(moov, "I", table_box.body + 4, table_box.end) != 1:
        raise Unusual("several sample descriptions")
    for entry in children(moov, table_box.body + 8, table_box.end):
        return entry
    raise broken("no description of its pictures")


def _visual(moov: bytes, entry: Box) -> tuple[str, str, bytes, int, int]:
    width = number(moov, "H", entry.body + 24, entry.end)
    height = number(moov, "H", entry.body + 26, entry.end)
    inside = Box(entry.kind, entry.start, entry.body + VISUAL_ENTRY_BYTES, entry.end)
    for kinds, record, codec in ((("avc1", "avc3"), "avcC", "h264"), (("hvc1", "hev1"), "hvcC", "hevc")):
        if entry.kind in kinds:
            found = child(moov, inside, record)
            if found is None or found.end - found.body < 7:
                raise Unusual(f"no {record}")
            return codec, "length", moov[found.body : found.end], width, height
    if entry.kind == "jpeg":
        return "mjpeg", "plain", b"", width, height
    if entry.kind == "mp4v":
        found = child(moov, inside, "esds")
        if found is None:
            raise Unusual("no esds")
        kind, extradata = elementary_stream(moov[found.body + 4 : found.end])
        if kind in MP4V_OBJECTS:
            return MP4V_OBJECTS[kind], "plain", extradata, width, height
        raise MediaError("unsupported_codec", codec=f"MPEG-4 object type {kind:#x}")
    raise MediaError("unsupported_codec", codec=VIDEO_NAMES.get(entry.kind, entry.kind.strip()))


def elementary_stream(data: bytes) -> tuple[int, bytes]:
    """(object type, decoder configuration) of an ES descriptor (ISO/IEC 14496-1 §7.2.6.5)."""
    kind, extradata, position, end = 0, b"", 0, len(data)
    while position < end:
        tag, position = data[position], position + 1
        length = 0
        for _ in range(4):
            byte = number(data, "B", position, end)
            position, length = position + 1, length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 0x03:
            flags = number(data, "B", position + 2, end)
            position += 3 + 2 * bool(flags & 0x80) + 2 * bool(flags & 0x20)
            if flags & 0x40:
                position += 1 + number(data, "B", position, end)
        elif tag == 0x04:
            kind, position = number(data, "B", position, end), position + 13
        else:
            if tag == 0x05:
                extradata = data[position : position + length]
            position += length
    return kind, extradata


def samples(moov: bytes, track: Track) -> Samples:
    """The packets that the track's own tables list (none in a purely fragmented file)."""
    tables = _needed(moov, track.box, "mdia", "minf", "stbl")
    parts = {box.kind: box for box in children(moov, tables.body, tables.end)}
    if not {"stts", "stsc"} <= parts.keys() or not ({"stco", "co64"} & parts.keys()):
        raise broken("no table of its pictures")
    size = _sizes(moov, parts)
    if len(size) == 0:
        return Samples.joined([])
    duration = _runs(moov, parts["stts"], len(size))
    late = _runs(moov, parts["ctts"], len(size), ">i4") if "ctts" in parts else np.zeros(len(size), np.int64)
    key = np.ones(len(size), np.int64)
    if "stss" in parts:
        key[:] = 0
        rows = _rows(moov, parts["stss"], 1)[:, 0] - 1
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(size):
            raise broken("a keyframe outside the table")
        key[rows] = 1
    return Samples(_offsets(moov, parts, size), size, np.cumsum(duration) - duration, late, duration, key)


def _rows(moov: bytes, box: Box, columns: int, kind: str = ">u4") -> Column:
    count = number(moov, "I", box.body + 4, box.end)
    return table(moov, box.body + 8, box.end, count, columns, kind)


def _sizes(moov: bytes, parts: dict[str, Box]) -> Column:
    box = parts.get("stsz")
    if box is None:
        raise Unusual("compact sizes")
    same, count = (number(moov, "I", box.body + at, box.end) for at in (4, 8))
    if count > MAX_PACKETS:
        raise MediaError("too_many_packets", limit=MAX_PACKETS)
    if same:
        return np.full(count, same, np.int64)
    size: Column = table(moov, box.body + 12, box.end, count, 1)[:, 0]
    return size


def _runs(moov: bytes, box: Box, count: int, kind: str = ">u4") -> Column:
    """A run-length table (count, value) as one value per sample."""
    rows = _rows(moov, box, 2)
    values = rows[:, 1].astype(np.uint32).view(np.int32).astype(np.int64) if kind == ">i4" else rows[:, 1]
    if int(rows[:, 0].sum()) != count:
        raise Unusual(f"{box.kind} does not cover the samples")
    column: Column = np.repeat(values, rows[:, 0])
    return column


def _offsets(moov: bytes, parts: dict[str, Box], size: Column) -> Column:
    wide = "co64" in parts
    chunks = _rows(moov, parts["co64" if wide else "stco"], 1, ">u8" if wide else ">u4")[:, 0]
    runs = _rows(moov, parts["stsc"], 3)
    first = runs[:, 0] - 1
    if not len(runs) or first[0] != 0 or (np.diff(first) <= 0).any() or first[-1] >= max(1, len(chunks)):
        raise Unusual("stsc out of order")
    lengths = np.diff(first, append=len(chunks))
    per_chunk = runs[:, 1]
    if int((lengths * per_chunk).sum()) != len(size) or (per_chunk <= 0).any():
        raise Unusual("chunks do not cover the samples")
    counts = np.repeat(per_chunk, lengths)
    before = np.cumsum(size) - size
    starts = np.cumsum(counts) - counts
    offsets: Column = np.repeat(chunks - before[starts], counts) + before
    return offsets
