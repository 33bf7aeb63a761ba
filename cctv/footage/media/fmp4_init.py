"""The init segment of a fragmented MP4: `ftyp` and `moov` with one video track and no edit list.

Colour, range and aspect stand in the parameter sets, and browsers read them there.
"""

from __future__ import annotations

import struct
from typing import Protocol

from cctv.footage.media.errors import MediaError

MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
OBJECTS = {"mpeg4": 0x20, "mjpeg": 0x6C}


class Described(Protocol):
    """What the init segment says of a stream: PacketIndex and the transcoder's output have it."""

    @property
    def codec(self) -> str: ...
    @property
    def extradata(self) -> bytes: ...
    @property
    def timescale(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def box(kind: bytes, body: bytes) -> bytes:
    """An ISO box."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, body: bytes = b"") -> bytes:
    """An ISO box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags) + body)


def init_segment(stream: Described) -> bytes:
    """`ftyp` and `moov`: equal bytes for streams that one decoder set-up can play."""
    ftyp = box(b"ftyp", b"iso6" + struct.pack(">I", 1) + b"iso6mp41hlsf")
    mvhd = full_box(
        b"mvhd", 0, 0,
        struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x100) + MATRIX + bytes(24) + struct.pack(">I", 2),
    )  # fmt: skip
    trex = full_box(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, 0, 0, 0x01010000))
    return ftyp + box(b"moov", mvhd + _track(stream) + box(b"mvex", trex))


def _track(stream: Described) -> bytes:
    size = struct.pack(">II", stream.width << 16, stream.height << 16)
    tkhd = full_box(b"tkhd", 0, 3, struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, 0, 0, 0, 0, 0) + MATRIX + size)
    mdhd = full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, stream.timescale, 0, 0x55C4, 0))
    hdlr = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"vide") + b"video\0")
    dref = full_box(b"dref", 0, 0, struct.pack(">I", 1) + full_box(b"url ", 0, 1))
    stsd = full_box(b"stsd", 0, 0, struct.pack(">I", 1) + sample_entry(stream))
    empty = b"".join(full_box(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco"))
    stbl = box(b"stbl", stsd + empty + full_box(b"stsz", 0, 0, bytes(8)))
    minf = box(b"minf", full_box(b"vmhd", 0, 1, bytes(8)) + box(b"dinf", dref) + stbl)
    return box(b"trak", tkhd + box(b"mdia", mdhd + hdlr + minf))


def sample_entry(stream: Described) -> bytes:
    """The sample entry: codec, size, and what a decoder starts with."""
    visual = struct.pack(
        ">6xH16xHHIIIH32xHh", 1, stream.width, stream.height, 0x480000, 0x480000, 0, 1, 0x18, -1
    )
    if stream.codec == "h264":
        return box(b"avc1", visual + box(b"avcC", stream.extradata))
    if stream.codec == "hevc":
        return box(b"hvc1", visual + box(b"hvcC", stream.extradata))
    return box(b"mp4v", visual + _esds(OBJECTS[stream.codec], stream.extradata))


def _esds(kind: int, extradata: bytes) -> bytes:
    config = _descriptor(0x04, struct.pack(">BB3xII", kind, 0x11, 0, 0) + _specific(extradata))
    return full_box(
        b"esds", 0, 0, _descriptor(0x03, struct.pack(">HB", 1, 0) + config + _descriptor(0x06, b"\2"))
    )


def _specific(extradata: bytes) -> bytes:
    return _descriptor(0x05, extradata) if extradata else b""


def _descriptor(tag: int, body: bytes) -> bytes:
    size = len(body)
    return (
        bytes([tag, 0x80 | size >> 21 & 0x7F, 0x80 | size >> 14 & 0x7F, 0x80 | size >> 7 & 0x7F, size & 0x7F])
        + body
    )


def codec_string(stream: Described) -> str:
    """The RFC 6381 name that a browser is asked about (`avc1.64001f`, `hvc1.1.6.L93.B0`)."""
    data = stream.extradata
    if stream.codec == "h264" and len(data) >= 4:
        return f"avc1.{data[1:4].hex()}"
    if stream.codec == "hevc" and len(data) >= 13:
        space = ("", "A", "B", "C")[data[1] >> 6]
        compatible = int(f"{int.from_bytes(data[2:6], 'big'):032b}"[::-1], 2)
        limits = data[6:12].rstrip(b"\0")
        tier = "H" if data[1] & 0x20 else "L"
        parts = [
            f"{space}{data[1] & 31}",
            f"{compatible:X}",
            f"{tier}{data[12]}",
            *(f"{byte:X}" for byte in limits),
        ]
        return "hvc1." + ".".join(parts)
    raise MediaError("not_playable", codec=stream.codec)
