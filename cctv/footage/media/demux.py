"""The scan by the demuxer: TS, MKV, AVI and every MP4 that the fast path does not read.

Times are mended here, because every container spoils them in its own way: MKV gives no decode time to its
first packets, AVI knows decode order only, TS may start anywhere and jump.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from cctv.footage.media import claims
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.facts import CUT_TAIL, LATE_KEYFRAME, MediaFacts
from cctv.footage.media.framing import split
from cctv.footage.media.index import MAX_SIDE, PacketIndex, make_index
from cctv.footage.media.index_codec import CODECS, MAX_PACKETS
from cctv.footage.media.parameter_sets import record_of
from cctv.footage.media.ranges import BoundedFile, ReadRange, Window
from cctv.footage.media.times import decode_times, display_order

FORMATS = {"mp4": "mov", "ts": "mpegts", "mkv": "matroska", "avi": "avi"}
NAMES = {"msmpeg4": "MPEG-4 (Microsoft)", "mpeg2video": "MPEG-2", "mpeg1video": "MPEG-1", "vp9": "VP9"}
SEARCH_BYTES = 64
Column = NDArray[np.int64]


@contextmanager
def opened(read: ReadRange, size: int, container: str, **options: str) -> Iterator[Any]:
    """The file in the demuxer; its errors become MediaError, the range function's own come through."""
    file = BoundedFile(read, size)
    try:
        with av.open(
            file, format=FORMATS[container], buffer_size=1 << 16, options=options, metadata_errors="replace"
        ) as opened_file:
            yield opened_file
    except av.error.FFmpegError as error:
        if file.failure is not None:
            raise file.failure from None
        raise broken(f"the demuxer says: {error.strerror}") from error
    if file.failure is not None:
        raise file.failure


def scan(read: ReadRange, size: int, container: str) -> MediaFacts:
    """Facts and index of a file (see `scan.scan`), by reading every packet."""
    options = {"ignore_editlist": "1"} if container == "mp4" else {}
    with opened(read, size, container, **options) as source:
        stream = video_stream(source)
        name = stream.codec_context.name
        rows, first = _rows(source, stream)
        kinds = _others(source, stream)
        extradata = bytes(stream.codec_context.extradata or b"")
        reordered = stream.codec_context.has_b_frames > 0
        width, height = stream.codec_context.width, stream.codec_context.height
        base, frames, ticks = stream.time_base, stream.frames, stream.duration
        claimed_us = source.duration
    columns = dict(
        zip(("offset", "size", "key"), np.array([row[:3] for row in rows], np.int64).T, strict=True)
    )
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        raise MediaError("picture_too_large", width=width, height=height)
    framing, extradata = _framing(name, extradata, first)
    pts, dts, steps = _times(rows, base, container, reordered, (name, extradata, framing), (read, columns))
    contiguous = container != "ts" and _place(read, size, rows, columns["offset"])
    index = make_index(
        container=container,
        codec=name,
        framing=framing,
        extradata=extradata,
        timescale=base.denominator,
        width=width,
        height=height,
        stored_size=size,
        contiguous=contiguous,
        offset=columns["offset"],
        size=columns["size"],
        pts=pts,
        dts=dts,
        duration=steps,
        key=columns["key"].astype(np.bool_),
    )
    audio = next((codec for kind, codec in kinds if kind == "audio"), None)
    claim = claims.Claim(base, frames, ticks, claimed_us)
    return _facts(index, rows, audio, kinds, claims.declared_ms(Window(read, size), container, claim, index))


def _facts(
    index: PacketIndex,
    rows: list[tuple[Any, ...]],
    audio: str | None,
    kinds: list[tuple[str, str]],
    claimed: tuple[int | None, bool],
) -> MediaFacts:
    notes = (CUT_TAIL,) * claimed[1] + (LATE_KEYFRAME,) * (len(index) < len(rows))
    return MediaFacts(
        container=index.container,
        codec=index.codec,
        width=index.width,
        height=index.height,
        audio_codec=audio,
        declared_ms=claimed[0],
        counted_ms=index.duration_ms,
        frames=len(index),
        index=index,
        other_streams=tuple(codec for kind, codec in kinds if kind != "audio"),
        notes=notes,
    )


def _others(source: Any, video: Any) -> list[tuple[str, str]]:
    """(type, codec) of each other stream."""
    others = [stream for stream in source.streams if stream is not video]
    return [(each.type, each.codec_context.name if each.codec_context else each.type) for each in others]


def video_stream(source: Any) -> Any:
    """The stream that is scanned: the first of a codec known here; raises MediaError."""
    streams = [stream for stream in source.streams.video if stream.codec_context is not None]
    for stream in streams:
        if stream.codec_context.name in CODECS:
            return stream
    if streams:
        name = streams[0].codec_context.name
        raise MediaError("unsupported_codec", codec=NAMES.get(name, name))
    if source.streams.video:
        raise MediaError("unsupported_codec", codec="unknown")
    raise MediaError("no_video_stream")


def packets(source: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream that hold something.

    PyAV trips over a packet of a stream that appeared after the file was opened; such packets are not ours.
    """
    for _ in range(MAX_PACKETS):
        try:
            yield from (packet for packet in source.demux(stream) if packet.size)
            return
        except IndexError:
            continue


def _rows(source: Any, stream: Any) -> tuple[list[tuple[Any, ...]], bytes]:
    """(offset, size, key, pts, dts, duration, head, hash) of each packet, and the first keyframe's bytes."""
    rows: list[tuple[Any, ...]] = []
    first = b""
    try:
        for packet in packets(source, stream):
            data = bytes(packet)
            offset = -1 if packet.pos is None else packet.pos
            fingerprint = hash(data)
            rows.append((offset, packet.size, packet.is_keyframe, packet.pts, packet.dts, packet.duration,
                         data[:16], fingerprint))  # fmt: skip
            if packet.is_keyframe and not first:
                first = data
            if len(rows) > MAX_PACKETS:
                raise MediaError("too_many_packets", limit=MAX_PACKETS)
    except av.error.InvalidDataError:
        if not rows:
            raise
    if not rows:
        raise broken("no pictures in it")
    if not first:
        raise MediaError("no_keyframe")
    return rows, first


def _framing(codec: str, extradata: bytes, first: bytes) -> tuple[str, bytes]:
    """(framing, normal extradata): an avcC/hvcC record, or what a decoder of the codec wants."""
    if codec == "mjpeg":
        return "plain", b""
    if codec == "mpeg4":
        return "plain", extradata or first[: max(0, first.find(b"\0\0\1\xb6"))]
    if extradata[:1] == b"\x01":
        return "length", extradata
    try:
        return "annexb", record_of(codec, extradata)
    except MediaError:
        return "annexb", record_of(codec, b"".join(b"\0\0\1" + bytes(unit) for unit in split(first)))


def _times(
    rows: list[tuple[Any, ...]],
    base: Any,
    container: str,
    reordered: bool,
    decoder: tuple[str, bytes, str],
    packets: tuple[ReadRange, dict[str, Column]],
) -> tuple[Column, Column, Column]:
    """(pts, dts, duration) in ticks of 1/denominator of `base`."""
    pts = [row[3] if row[3] is not None else row[4] for row in rows]
    if any(value is None for value in pts):
        pts = list(range(len(rows))) if container == "avi" else _filled(pts)
    shown = np.array(pts, np.int64)
    order_unknown = bool((np.diff(shown) > 0).all()) and container == "avi" and decoder[0] != "mjpeg"
    if order_unknown and reordered:
        shown = np.sort(shown)[display_order(decoder, packets[0], packets[1]["offset"], packets[1]["size"])]
    shown *= base.numerator
    decoded = decode_times(shown, [None if row[4] is None else row[4] * base.numerator for row in rows])
    steps = np.diff(decoded)
    last = int(np.median(steps)) if len(steps) else (rows[0][5] or 1) * base.numerator
    if len(steps) and int(steps.max()) > base.denominator * 86_400:
        raise broken("its times jump by more than a day")
    return shown, decoded, np.append(steps, last)


def _filled(pts: list[int | None]) -> list[int]:
    known = [value for value in pts if value is not None]
    if not known:
        raise broken("its packets carry no times")
    filled, last = [], known[0] - 1
    for value in pts:
        last = value if value is not None else last + 1
        filled.append(last)
    return filled


def _place(read: ReadRange, size: int, rows: list[tuple[Any, ...]], offsets: Column) -> bool:
    """Move each offset to where the packet's bytes really lie; False when one of them is not in the file
    as such."""
    for place, row in enumerate(rows):
        start, length = row[0], row[1]
        if start < 0 or start >= size:
            return False
        around = bytes(read(start, min(length + SEARCH_BYTES, size - start)))
        lead = around.find(row[6])
        while 0 <= lead <= SEARCH_BYTES and hash(around[lead : lead + length]) != row[7]:
            lead = around.find(row[6], lead + 1)
        if lead < 0 or lead > SEARCH_BYTES:
            return False
        offsets[place] = start + lead
    return True
