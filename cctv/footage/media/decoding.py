"""A decoder for the packets of an index, held to one thread and a largest picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av

MAX_PIXELS = 1 << 26


def decoder(codec: str, extradata: bytes, **options: str) -> Any:
    """A decoder of `codec`; its frames carry the times of their packets. `options` are the codec's own."""
    context: Any = av.CodecContext.create(codec, "r")
    context.extradata = extradata or None
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_PIXELS), **options}
    return context


def packet_of(data: bytes | memoryview, pts: int, dts: int, *, key: bool) -> Any:
    """A packet for a decoder."""
    packet: Any = av.Packet(bytes(data))
    packet.pts, packet.dts, packet.is_keyframe = pts, dts, key
    return packet


def frames(context: Any, packet: Any) -> Iterator[Any]:
    """Frames that a packet (None: the end) brings out; damaged packets bring none."""
    try:
        yield from context.decode(packet)
    except av.error.FFmpegError:
        return
