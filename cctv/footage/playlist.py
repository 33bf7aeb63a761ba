"""A session's playlist of one camera, written from the catalogue's rows alone.

The media timeline is continuous: each part begins where the one before it ended, and gaps in the
recording take no time. EXT-X-PROGRAM-DATE-TIME says when each part was recorded.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cctv.footage import selectors
from cctv.footage.media import hls
from cctv.footage.media.fmp4 import init_segment
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.parts import partition
from cctv.footage.models import Segment, ViewingSession
from cctv.sites.models import Camera

ENTRY = struct.Struct("<II")
STREAM_ID_CHARS = 16
# What each browser plays; the others are converted.
ALWAYS_PLAYED = frozenset({"h264"})


def playback_facts(index: PacketIndex) -> tuple[str, bytes]:
    """What a segment's row keeps for playlists: its stream configuration and its table of parts.

    The table holds pairs of uint32 milliseconds (start, end) from the segment's start.
    """
    stream_id = hashlib.sha256(init_segment(index)).hexdigest()[:STREAM_ID_CHARS]
    return stream_id, b"".join(
        ENTRY.pack(round(part.start_ms), round(part.end_ms)) for part in partition(index)
    )


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of a segment as its row tells it: number and milliseconds from the segment's start."""

    number: int
    start_ms: int
    end_ms: int


def part_rows(segment: Segment) -> list[PartRow]:
    """The parts of a segment, without opening its index."""
    return [
        PartRow(number, start, end)
        for number, (start, end) in enumerate(ENTRY.iter_unpack(bytes(segment.parts)))
    ]


def needs_converting(codec: str, *, plays_hevc: bool) -> bool:
    """Whether the browser cannot play the codec as it is (decided by codec, never by trying the muxer)."""
    return codec not in ALWAYS_PLAYED and not (codec == "hevc" and plays_hevc)


def session_playlist(session: ViewingSession, camera: Camera, *, plays_hevc: bool) -> str:
    """The HLS playlist of what the session may see of the camera; empty of parts when nothing is there."""
    return hls.playlist(list(_entries(session, camera, plays_hevc=plays_hevc)))


def _entries(session: ViewingSession, camera: Camera, *, plays_hevc: bool) -> Iterator[hls.Entry]:
    segments = selectors.segments_of(session, camera_id=camera.pk).only(
        "id", "starts_at", "codec", "stream_id", "parts"
    )
    timeline_ms: float | None = None
    for segment in segments:
        converted = needs_converting(segment.codec, plays_hevc=plays_hevc)
        kind = f"&from={segment.codec}" if converted else ""
        stream = f"h264-{segment.stream_id}" if converted else segment.stream_id
        for part in part_rows(segment):
            starts_at = segment.starts_at + timedelta(milliseconds=part.start_ms)
            ends_at = segment.starts_at + timedelta(milliseconds=part.end_ms)
            if ends_at <= session.starts_at or starts_at >= session.ends_at:
                continue
            if timeline_ms is None:
                timeline_ms = part.start_ms
            yield hls.Entry(
                uri=f"{segment.pk}/{part.number}.m4s?t={timeline_ms - part.start_ms:.0f}{kind}",
                init_uri=f"{segment.pk}/init.mp4?v={stream}{kind}",
                stream=stream,
                starts_at=starts_at,
                duration_ms=part.end_ms - part.start_ms,
            )
            timeline_ms += part.end_ms - part.start_ms
