"""The bytes of packets, by the index: one range read for a part, whatever the container."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cctv.footage.media import demux
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.ranges import ReadRange

Payload = bytes | memoryview
GAP_BYTES = 64 * 1024
MAX_PART_BYTES = 256 << 20
TS_PACKET = 188
TS_HEAD_BYTES = 64 * TS_PACKET


def payloads(
    index: PacketIndex, read: ReadRange, first: int, stop: int, *, any_start: bool = False
) -> list[Payload]:
    """Packets `first` to `stop` (half-open), length-prefixed where the codec has NAL units."""
    raw = runs(index, read, first, stop, whole_runs=False, any_start=any_start)
    return [to_lengths(data) for data in raw] if index.framing == "annexb" else raw


def runs(
    index: PacketIndex, read: ReadRange, first: int, stop: int, *, whole_runs: bool, any_start: bool = False
) -> list[Payload]:
    """Packets as they are stored, one piece each, or with `whole_runs` one piece for packets that lie
    together. `any_start`: need not begin with a keyframe."""
    check_span(index, first, stop, any_start=any_start)
    if not index.contiguous:
        return list(_demuxed(index, read, first, stop))
    starts, ends = index.offset[first:stop], index.ends[first:stop]
    if int(index.size[first:stop].sum()) > MAX_PART_BYTES:
        raise MediaError("part_too_large", limit=MAX_PART_BYTES >> 20)
    low, high = int(starts.min()), int(ends.max())
    if whole_runs:
        breaks = np.flatnonzero(starts[1:] != ends[:-1])
        starts, ends = starts[np.append(0, breaks + 1)], ends[np.append(breaks, len(ends) - 1)]
    if high - low <= 2 * int(index.size[first:stop].sum()) + GAP_BYTES:
        view = memoryview(read(low, high - low))
        if len(view) != high - low:
            raise broken(f"{high - low - len(view)} bytes are missing at byte {low + len(view)}")
        spans = zip((starts - low).tolist(), (ends - low).tolist(), strict=True)
        return [view[start:end] for start, end in spans]
    return [read(start, end - start) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def check_span(index: PacketIndex, first: int, stop: int, *, any_start: bool = False) -> None:
    """Raise MediaError `wrong_span` unless packets `first` to `stop` exist and start on a keyframe."""
    if not 0 <= first < stop <= len(index) or not (any_start or index.key[first]):
        raise MediaError("wrong_span", first=first, last=stop - 1)


def _demuxed(index: PacketIndex, read: ReadRange, first: int, stop: int) -> Iterator[bytes]:
    """Packets of a TS: the bytes from one keyframe to the next, with the file's tables put before them."""
    if index.container != "ts":
        raise MediaError("unsupported_container", container=f"{index.container} (compressed packets)")
    low = int(index.offset[first])
    high = int(index.offset[stop]) + TS_PACKET if stop < len(index) else index.stored_size
    if not 0 <= low < high <= index.stored_size:
        raise MediaError("wrong_span", first=first, last=stop - 1)
    head = bytes(read(0, min(int(index.offset[0]), TS_HEAD_BYTES)))
    data = memoryview(head + bytes(read(low, high - low)))
    wanted = index.size[first:stop].tolist()
    with demux.opened(lambda at, size: data[at : at + size], len(data), "ts", probesize="8192") as source:
        stream = next((each for each in source.streams if each.type == "video"), None)
        found = (bytes(packet) for packet in demux.packets(source, stream)) if stream else iter(())
        for size in wanted:
            packet = next(found, b"")
            if len(packet) != size:
                raise broken("its packets are not where the index says")
            yield packet
