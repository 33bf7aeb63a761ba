"""Decoder configuration records from parameter sets: avcC and hvcC (ISO/IEC 14496-15 §5.3.3, §8.3.3).

Streams from TS and AVI carry their parameter sets in band; MP4 wants them in a record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from cctv.footage.media.errors import broken
from cctv.footage.media.framing import nal_type, split

SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
Unit = bytes | memoryview


def record_of(codec: str, data: Unit) -> bytes:
    """The avcC or hvcC record of Annex B bytes that hold the parameter sets; raises MediaError without
    them."""
    return record(codec, split(data))


def record(codec: str, units: Iterable[Unit]) -> bytes:
    """The avcC or hvcC record of these NAL units (others than parameter sets are passed over)."""
    found: dict[int, list[bytes]] = {kind: [] for kind in SETS[codec]}
    for unit in units:
        kind = nal_type(codec, unit)
        if kind in found and bytes(unit) not in found[kind]:
            found[kind].append(bytes(unit))
    if not all(found.values()) or len(found[SETS[codec][-2]][0]) < 8:
        raise broken("no parameter sets that a decoder could start with")
    return _avcc(found) if codec == "h264" else _hvcc(found)


def _avcc(sets: dict[int, list[bytes]]) -> bytes:
    sps, pps = sets[7][:31], sets[8][:255]
    head = bytes([1, sps[0][1], sps[0][2], sps[0][3], 0xFF, 0xE0 | len(sps)])
    body = head + _listed(sps) + bytes([len(pps)]) + _listed(pps)
    if sps[0][1] in (100, 110, 122, 144):
        chroma, luma_depth, chroma_depth = _h264_formats(sps[0])
        body += bytes([0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0])
    return body


def _hvcc(sets: dict[int, list[bytes]]) -> bytes:
    clean = unescaped(sets[33][0])
    if len(clean) < 15:
        raise broken("no parameter sets that a decoder could start with")
    layers = clean[2] >> 1 & 7
    chroma, luma_depth, chroma_depth = _hevc_formats(clean, layers)
    head = bytes([1]) + clean[3:15]
    head += struct.pack(">HBBBB", 0xF000, 0xFC, 0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth)
    head += struct.pack(">HBB", 0, (layers + 1) << 3 | (clean[2] & 1) << 2 | 3, len(sets))
    arrays = (
        bytes([0x80 | kind]) + struct.pack(">H", len(units)) + _listed(units) for kind, units in sets.items()
    )
    return head + b"".join(arrays)


def _listed(units: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


def unescaped(unit: bytes) -> bytes:
    """A NAL unit without its emulation prevention bytes."""
    return unit.replace(b"\0\0\3", b"\0\0")


class Bits:
    """Exp-Golomb reader (Rec. ITU-T H.264 §9.1)."""

    def __init__(self, data: bytes, at: int) -> None:
        self._bits = int.from_bytes(data, "big")
        self._left = len(data) * 8 - at

    def take(self, count: int) -> int:
        """`count` bits as an unsigned number."""
        self._left -= count
        if self._left < 0:
            raise broken("a parameter set that is cut off")
        return self._bits >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def _h264_formats(sps: bytes) -> tuple[int, int, int]:
    bits = Bits(unescaped(sps), 32)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    return chroma & 3, bits.golomb() & 7, bits.golomb() & 7


def _hevc_formats(sps: bytes, layers: int) -> tuple[int, int, int]:
    """chroma_format_idc and bit depths minus 8 (Rec. ITU-T H.265 §7.3.2.2)."""
    bits = Bits(sps, 8 * 15)
    if layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.take(2 * (8 - layers))
        for profile, level in present:
            bits.take(88 * profile)
            bits.take(8 * level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    if bits.take(1):
        for _ in range(4):
            bits.golomb()
    return chroma & 3, bits.golomb() & 7, bits.golomb() & 7
