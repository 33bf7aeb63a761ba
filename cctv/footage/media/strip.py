"""Dropping the sound, and everything else that is not the picture, by packet copy into a fragmented MP4.

Packets keep their bytes, user data (SEI) included; only what stands between NAL units changes when the source
used start codes (TS, AVI). What is written can be read back by the index alone. Memory stays flat: one
fragment of at most a few MiB at a time, and the sink only has to take bytes in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cctv.footage.media import demux
from cctv.footage.media.errors import broken
from cctv.footage.media.facts import MediaFacts
from cctv.footage.media.fmp4 import fragment_head, init_segment
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import Payload, runs
from cctv.footage.media.ranges import Reader, ReadRange, Sink, range_of

FRAGMENT_MS = 8_000
FRAGMENT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Stripped:
    """The facts of what was written, its size, and the codecs of the streams left out."""

    facts: MediaFacts
    size_bytes: int
    dropped: tuple[str, ...]


def needs_rewrite(facts: MediaFacts, *, keep_audio: bool) -> bool:
    """Whether ingest has to write the file anew: sound that may not be kept, or packets in pieces (TS).

    With `keep_audio` a TS stays as it is and its parts are cut by the demuxer, which costs more per part.
    """
    if facts.audio_codec is not None:
        return not keep_audio
    return not facts.index.contiguous


def strip_audio(reader: Reader, sink: Sink, facts: MediaFacts) -> Stripped:
    """Write the video of `reader` (scanned as `facts`) to `sink`, and nothing else.

    Raises MediaError when the file no longer is what was scanned; errors of reader and sink come through.
    """
    source, read = facts.index, range_of(reader)
    head = init_segment(source)
    sink.write(head)
    position, sizes, offsets = len(head), list[int](), list[int]()
    packets = _packets(source, read)
    for sequence, (first, stop) in enumerate(fragments(source), start=1):
        pieces = next(packets) if source.contiguous else [next(packets)[0] for _ in range(first, stop)]
        own = [len(piece) for piece in pieces]
        packed = np.array(own, np.int64)
        moof = fragment_head(source, packed, first, stop, sequence=sequence, base_decode_time=0)
        sink.write(moof)
        position += len(moof)
        offsets += (position + np.cumsum(packed) - packed).tolist()
        sink.write(b"".join(pieces))
        position += sum(own)
        sizes += own
    decoded = source.dts - source.dts[0]
    written = replace(
        source,
        container="fmp4",
        framing="plain" if source.framing == "plain" else "length",
        stored_size=position,
        contiguous=True,
        offset=np.array(offsets, np.int64),
        size=np.array(sizes, np.int64),
        dts=decoded,
        duration=np.append(np.diff(decoded), source.duration[-1]),
        clear_sha256=b"",
    )
    dropped = tuple(name for name in (facts.audio_codec, *facts.other_streams) if name)
    clean = replace(
        facts, container="fmp4", audio_codec=None, other_streams=(), declared_ms=None, index=written
    )
    return Stripped(clean, position, dropped)


def fragments(index: PacketIndex) -> Iterator[tuple[int, int]]:
    """Spans of packets to write as one fragment each: from a keyframe, 8 s or 4 MiB long where keyframes
    allow; twice that size ends one anywhere."""
    first, total = 0, 0
    sizes, keys, times = index.size.tolist(), index.key.tolist(), index.dts.tolist()
    long = FRAGMENT_MS * index.timescale // 1000
    for place, size in enumerate(sizes):
        full = total >= FRAGMENT_BYTES or times[place] - times[first] >= long
        if place > first and (total + size > 2 * FRAGMENT_BYTES or (full and keys[place])):
            yield first, place
            first, total = place, 0
        total += size
    yield first, len(sizes)


def _packets(index: PacketIndex, read: ReadRange) -> Iterator[list[Payload]]:
    """Lists of packets in order: a fragment's at a time, or one at a time from the demuxer."""
    if not index.contiguous:
        for packet in demuxed(index, read):
            yield [packet]
        return
    for first, stop in fragments(index):
        raw = runs(index, read, first, stop, whole_runs=False, any_start=True)
        yield [to_lengths(data) for data in raw] if index.framing == "annexb" else raw


def demuxed(index: PacketIndex, read: ReadRange) -> Iterator[bytes]:
    """Every packet of a file in order, length-prefixed where the codec has NAL units; reads it all."""
    with demux.opened(read, index.stored_size, index.container) as source:
        stream = demux.video_stream(source)
        packets = demux.packets(source, stream)
        started = False
        for size in index.size.tolist():
            packet = next(packets, None)
            while packet is not None and not started and not packet.is_keyframe:
                packet = next(packets, None)
            started = True
            if packet is None or packet.size != size:
                raise broken("it changed while it was read")
            data = bytes(packet)
            yield to_lengths(data) if index.framing == "annexb" else data
