"""How a packet's NAL units are separated, and what any packet of a codec must look like.

MP4 and MKV put a length before each NAL unit, TS and AVI a start code (Rec. ITU-T H.264 Annex B). Going from
one to the other changes no byte of a NAL unit: padding zeros and start codes belong to the transport, not to
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.index import PacketIndex

START_CODE = re.compile(rb"\x00\x00\x01")
PROBES = 16
MAX_NAL_UNITS = 4096


def probes(index: PacketIndex) -> list[int]:
    """Positions of packets to look at: the first, the last, and keyframes spread over the file."""
    keys = index.keyframes
    chosen = keys[np.linspace(0, len(keys) - 1, min(PROBES, len(keys))).astype(np.int64)]
    return sorted({0, len(index) - 1, *(int(place) for place in chosen)})


def check(index: PacketIndex, data: bytes | memoryview, *, key: bool, place: int) -> None:
    """Raise MediaError unless a packet looks like its codec: all of it is framed, a keyframe holds a
    keyframe."""
    where = f"picture {place} is not {index.codec}"
    if index.codec == "mjpeg":
        if bytes(data[:2]) != b"\xff\xd8":
            raise broken(where)
    elif index.codec == "mpeg4":
        if bytes(data[:3]) != b"\0\0\1":
            raise broken(where)
    else:
        kinds = {nal_type(index.codec, unit) for unit in nal_units(index, data)}
        pictures = range(1, 6) if index.codec == "h264" else range(32)
        if not any(kind in pictures for kind in kinds):
            raise broken(where)
        if key and place == 0 and index.codec == "h264" and not kinds & {5, 6, 7}:
            raise MediaError("no_keyframe")


def nal_type(codec: str, unit: bytes | memoryview) -> int:
    """nal_unit_type of a NAL unit."""
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def nal_units(index: PacketIndex, data: bytes | memoryview) -> list[memoryview]:
    """NAL units of a packet of `index`; raises MediaError when they do not fill it."""
    if index.framing == "annexb":
        return list(split(data))
    return list(prefixed(data, length_bytes(index.codec, index.extradata)))


def length_bytes(codec: str, extradata: bytes) -> int:
    """Size of the length before each NAL unit, as the avcC or hvcC record says."""
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at else 4


def prefixed(data: bytes | memoryview, width: int) -> Iterator[memoryview]:
    """NAL units of a length-prefixed packet."""
    view, position = memoryview(data), 0
    for _ in range(MAX_NAL_UNITS):
        start = position + width
        position = start + int.from_bytes(view[position:start], "big")
        if start > len(view) or position > len(view) or position == start:
            raise broken("a picture whose parts do not fill it")
        yield view[start:position]
        if position == len(view):
            return
    raise broken("a picture of too many parts")


def split(data: bytes | memoryview) -> Iterator[memoryview]:
    """NAL units of an Annex B packet."""
    view = memoryview(data)
    starts = [match.start() for match in START_CODE.finditer(view)]
    if not starts or any(view[: starts[0]]):
        raise broken("a picture without a start code")
    if len(starts) > MAX_NAL_UNITS:
        raise broken("a picture of too many parts")
    for start, end in zip(starts, [*starts[1:], len(view)], strict=True):
        while end > start + 3 and view[end - 1] == 0:
            end -= 1
        if end > start + 3:
            yield view[start + 3 : end]


def to_lengths(data: bytes | memoryview) -> bytes:
    """An Annex B packet with a four-byte length before each NAL unit instead."""
    return b"".join(piece for unit in split(data) for piece in (len(unit).to_bytes(4, "big"), bytes(unit)))
