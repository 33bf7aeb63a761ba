"""From a stored file to its facts: which video it holds, and the index of its packets.

An MP4, fragmented or not, is read by its own tables (`mp4`, `mp4_fragments`): a few reads, nothing decoded.
All else, and an MP4 that is sound but out of the ordinary, goes through the demuxer (`demux`); a damaged one
is refused here, because demuxers spend long on those. Either way the result is checked against the bytes:
sample ranges lie in the file and do not overlap, the packets looked at have the framing that their codec asks
for, and what the header claims is really there.
"""

from __future__ import annotations

import numpy as np

from cctv.footage.media import demux, framing
from cctv.footage.media.boxes import Box, top_level
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.facts import CUT_TAIL, LATE_KEYFRAME, MediaFacts
from cctv.footage.media.index import MAX_SIDE, PacketIndex, make_index
from cctv.footage.media.mp4 import Samples, Track, samples, tracks
from cctv.footage.media.mp4 import Unusual as Unusual
from cctv.footage.media.mp4_fragments import Fragments, declared_duration, track_defaults
from cctv.footage.media.ranges import Reader, ReadRange, Window, range_of
from cctv.footage.media.sniff import container_of

MAX_HEADER_BYTES = 64 << 20
TOLERANCE_MS, TOLERANCE_PART = 500, 0.02


def scan(reader: Reader, size: int) -> MediaFacts:
    """Facts and index of the file of `size` bytes behind `reader`; raises MediaError when it cannot be
    admitted.

    Reads headers only where it can. Errors of the reader itself come through as they are.
    """
    return scan_ranges(range_of(reader), size)


def scan_ranges(read: ReadRange, size: int) -> MediaFacts:
    """`scan` over a range function."""
    window = Window(read, size)
    container = container_of(window)
    if container == "mp4":
        try:
            return _verified(_fast(window), read)
        except Unusual:
            pass
    return _verified(demux.scan(read, size, container), read)


def _fast(window: Window) -> MediaFacts:
    moov, moofs, cut, media_seen = b"", list[Box](), False, False
    for box in top_level(window):
        media_seen |= box.kind == "mdat"
        if box.kind in ("moov", "moof") and box.end <= window.size:
            if box.end - box.start > MAX_HEADER_BYTES:
                raise broken(f"a header of {box.end - box.start} bytes")
            if box.kind == "moof":
                moofs.append(box)
            else:
                moov = moov or window.at(box.body, box.end - box.body)
        cut |= box.end > window.size
    if not moov:
        raise MediaError("truncated/unfinished") if media_seen or cut else broken("no header in it")
    every = tracks(moov)
    video = next((track for track in every if track.kind == "vide" and track.timescale), None)
    if video is None:
        raise MediaError("no_video_stream")
    table, next_dts = samples(moov, video), 0
    fragments = Fragments(video.number, track_defaults(moov, video.number), next_dts)
    if len(table.size):
        fragments.groups.append(table)
    for box in moofs:
        fragments.add(window.at(box.start, box.end - box.start), box.start)
    declared = video.declared * 1000 / video.timescale
    if moofs:
        ticks, timescale = declared_duration(moov)
        declared = max(declared, ticks * 1000 / (timescale or 1))
    joined = Samples.joined(fragments.groups)
    return _facts(every, video, joined, round(declared), window.size, bool(moofs), cut)


def _facts(
    every: list[Track], video: Track, table: Samples, declared_ms: int, size: int, fragmented: bool, cut: bool
) -> MediaFacts:
    if not len(table.size):
        raise MediaError("truncated/unfinished") if cut else broken("no pictures in it")
    inside = (table.offset >= 0) & (table.size > 0) & (table.offset + table.size <= size)
    if not inside.all() and not (fragmented and cut):
        whole = int(np.argmin(inside))
        _refuse_cut(int(table.duration[:whole].sum()), int(table.duration.sum()), video.timescale)
    if fragmented and not inside.all():
        table = Samples(*[getattr(table, name)[inside] for name in Samples.__slots__])
    if not len(table.size) or int(table.size.sum()) > size:
        raise broken("its table names more bytes than the file has")
    index = _index(video, table, size, fragmented)
    notes = (CUT_TAIL,) * (fragmented and cut) + (LATE_KEYFRAME,) * (len(index) < len(table.size))
    others = [track for track in every if track is not video]
    audio = next((track.codec for track in others if track.kind == "soun"), None)
    return MediaFacts(
        container=index.container,
        codec=index.codec,
        width=index.width,
        height=index.height,
        audio_codec=audio,
        declared_ms=declared_ms or None,
        counted_ms=index.duration_ms,
        frames=len(index),
        index=index,
        other_streams=tuple(track.codec or track.kind for track in others if track.codec != audio),
        notes=notes,
    )


def _index(video: Track, table: Samples, size: int, fragmented: bool) -> PacketIndex:
    if not 0 < video.width <= MAX_SIDE or not 0 < video.height <= MAX_SIDE:
        raise Unusual(f"a picture of {video.width} x {video.height}")
    if int(table.duration.max()) > video.timescale * 86_400 or (np.diff(table.dts) < 0).any():
        raise Unusual("times that run backwards")
    extradata = video.extradata
    return make_index(
        container="fmp4" if fragmented else "mp4",
        codec=video.codec,
        framing=video.framing,
        extradata=extradata,
        timescale=video.timescale,
        width=video.width,
        height=video.height,
        stored_size=size,
        contiguous=True,
        offset=table.offset,
        size=table.size,
        pts=table.dts + table.lateness,
        dts=table.dts,
        duration=table.duration,
        key=table.key.astype(np.bool_),
    )


def _verified(facts: MediaFacts, read: ReadRange) -> MediaFacts:
    """Look at packets all over the file, and compare what the header claims with what was counted."""
    index = facts.index
    if index.contiguous:
        for place in framing.probes(index):
            data = read(int(index.offset[place]), int(index.size[place]))
            framing.check(index, data, key=bool(index.key[place]), place=place)
    if facts.declared_ms is not None and facts.container in ("mp4", "fmp4"):
        missing = facts.declared_ms - facts.counted_ms
        if (
            missing > max(TOLERANCE_MS, facts.declared_ms * TOLERANCE_PART)
            and LATE_KEYFRAME not in facts.notes
        ):
            _refuse_cut(facts.counted_ms, facts.declared_ms, 1000)
    return facts


def _refuse_cut(counted: int, declared: int, timescale: int) -> None:
    raise MediaError(
        "truncated", counted=f"{counted / timescale:.2f} s", declared=f"{declared / timescale:.2f} s"
    )
