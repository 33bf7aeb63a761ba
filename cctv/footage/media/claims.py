"""What a file says of its own length, read where each container keeps it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.ranges import Window

SEGMENT_ID = 0x18538067
SLACK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """As the demuxer read it: frames and ticks of the stream, microseconds of the file; 0 or None: not
    said."""

    base: Fraction
    frames: int
    ticks: int | None
    file_us: int | None


def declared_ms(window: Window, container: str, claim: Claim, index: PacketIndex) -> tuple[int | None, bool]:
    """(milliseconds claimed or None, whether it was left unfinished). Raises `truncated` when the structure
    itself says that bytes are missing."""
    if container == "ts":
        return None, window.size % 188 != 0
    if container == "avi":
        claimed = round(claim.frames * index.duration_ms / len(index)) if claim.frames else None
        end = struct.unpack("<I", window.at(4, 4))[0] + 8
        _compare(end, window.size, claimed, index)
        return claimed, claim.frames == 0
    if container == "mkv":
        claimed = round(claim.file_us / 1000) if claim.file_us else None
        segment = _segment_end(window)
        if segment is not None:
            _compare(segment, window.size, claimed, index)
            return claimed, False
        return claimed, True
    return (round(claim.ticks * claim.base * 1000) if claim.ticks else None), False


def _compare(end: int, size: int, claimed: int | None, index: PacketIndex) -> None:
    if end > size + SLACK_BYTES:
        counted = f"{index.duration_ms / 1000:.2f} s"
        declared = f"{claimed / 1000:.2f} s" if claimed else f"{end} bytes"
        raise MediaError("truncated", counted=counted, declared=declared)


def _segment_end(window: Window) -> int | None:
    """Where the Matroska segment says it ends (RFC 8794 §4, RFC 9559 §5); None when it leaves that open."""
    position = 0
    for _ in range(8):
        if position + 12 > window.size:
            return None
        identity, position = _vint(window, position, keep_marker=True)
        length, position = _vint(window, position, keep_marker=False)
        if identity == SEGMENT_ID:
            return None if length is None or not length else position + length
        if length is None:
            return None
        position += length
    return None


def _vint(window: Window, position: int, *, keep_marker: bool) -> tuple[int | None, int]:
    first = window.at(position, 1)[0]
    width = 9 - first.bit_length()
    if width > 8 or position + width > window.size:
        return None, position + 1
    value = int.from_bytes(window.at(position, width), "big")
    mask = (1 << 7 * width) - 1
    if keep_marker:
        return value, position + width
    return (None if value & mask == mask else value & mask), position + width
