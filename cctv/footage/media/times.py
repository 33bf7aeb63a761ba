"""Mending the times of packets."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.errors import broken
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.ranges import ReadRange

Column = NDArray[np.int64]


def decode_times(shown: Column, given: list[int | None]) -> Column:
    """Decode times for packets shown at `shown`, in decode order.

    The given ones are kept where they all stand, rise and precede the showing. Otherwise the n-th packet gets
    the n-th showing time, moved back until no packet is shown before it is decoded: what a muxer would have
    written.
    """
    known = [value for value in given if value is not None]
    if len(known) == len(given):
        times = np.array(known, np.int64)
        if (np.diff(times) >= 0).all() and (times <= shown).all():
            return times
    ordered = np.sort(shown)
    return np.asarray(ordered - int((ordered - shown).max()), np.int64)


def display_order(decoder: tuple[str, bytes, str], read: ReadRange, offsets: Column, sizes: Column) -> Column:
    """For packets in decode order without showing times: the place of each among the pictures shown.

    Only the decoder knows, so it decodes them all; needed for AVI files with B-frames alone. `decoder` is
    (codec, extradata, framing). A picture that cannot be decoded keeps its place.
    """
    codec, extradata, framing = decoder
    context: Any = av.CodecContext.create(codec, "r")
    context.extradata = extradata or None
    context.thread_count = 1
    shown: list[int] = []
    for place in range(len(offsets)):
        data = bytes(read(int(offsets[place]), int(sizes[place])))
        packet = av.Packet(to_lengths(data) if framing == "annexb" else data)
        packet.pts = packet.dts = place
        shown += _decoded(context, packet)
    shown += _decoded(context, None)
    order = np.full(len(offsets), -1, np.int64)
    order[[place for place in shown if 0 <= place < len(offsets)]] = np.arange(len(shown))
    if (order < 0).any() or len(set(shown)) != len(offsets):
        raise broken("the order of its pictures cannot be found")
    return order


def _decoded(context: Any, packet: av.Packet[Any] | None) -> list[int]:
    try:
        return [frame.pts for frame in context.decode(packet) if frame.pts is not None]
    except av.error.FFmpegError:
        return []
