"""Matroska files that the muxer at hand does not write: G.711 sound, and packets with their first bytes
stripped."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def element(identity: int, body: bytes) -> bytes:
    """One EBML element with an eight-byte length."""
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def unsigned(identity: int, value: int) -> bytes:
    """An element that holds an unsigned number."""
    return element(identity, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def matroska(
    packets: Sequence[tuple[int, bool, bytes]],
    record: bytes,
    size: tuple[int, int],
    *,
    g711: bool = True,
    stripped: bytes = b"",
    duration_ms: float | None = None,
) -> bytes:
    """H.264 packets (ms, key, bytes) with an avcC record, and A-law silence beside them; `stripped` is
    taken off the front of each packet, as header compression does."""
    head = element(0x1A45DFA3, element(0x4282, b"matroska") + unsigned(0x4287, 4) + unsigned(0x4285, 2))
    duration = element(0x4489, struct.pack(">d", duration_ms)) if duration_ms else b""
    info = element(0x1549A966, unsigned(0x2AD7B1, 1_000_000) + duration)
    tracks = _video(record, size, stripped) + (_sound() if g711 else b"")
    clusters = b"".join(_cluster(packet, g711, len(stripped)) for packet in packets)
    return head + element(0x18538067, info + element(0x1654AE6B, tracks) + clusters)


def _video(record: bytes, size: tuple[int, int], stripped: bytes) -> bytes:
    picture = element(0xE0, unsigned(0xB0, size[0]) + unsigned(0xBA, size[1]))
    body = unsigned(0xD7, 1) + unsigned(0x73C5, 1) + unsigned(0x83, 1) + element(0x86, b"V_MPEG4/ISO/AVC")
    body += element(0x63A2, record) + picture
    if stripped:
        compression = element(0x5034, unsigned(0x4254, 3) + element(0x4255, stripped))
        body += element(0x6D80, element(0x6240, compression))
    return element(0xAE, body)


def _sound() -> bytes:
    wave = struct.pack("<HHIIHHH", 6, 1, 8000, 8000, 1, 8, 0)
    sound = element(0xE1, element(0xB5, struct.pack(">d", 8000.0)) + unsigned(0x9F, 1))
    body = unsigned(0xD7, 2) + unsigned(0x73C5, 2) + unsigned(0x83, 2) + element(0x86, b"A_MS/ACM")
    return element(0xAE, body + element(0x63A2, wave) + sound)


def _cluster(packet: tuple[int, bool, bytes], g711: bool, strip: int) -> bytes:
    when, key, data = packet
    blocks = element(0xA3, struct.pack(">BhB", 0x81, 0, 0x80 * key) + data[strip:])
    if g711:
        blocks += element(0xA3, struct.pack(">BhB", 0x82, 0, 0x80) + b"\xd5" * 320)
    return element(0x1F43B675, unsigned(0xE7, when) + blocks)
