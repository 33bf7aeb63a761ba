"""A session's playlist of one camera, written from the catalogue's rows alone.

Media time is recorded time: it counts from `origin` of the session, so gaps in the recording are holes in it,
and several cameras share one axis. EXT-X-PROGRAM-DATE-TIME says when each part was recorded.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cctv.core import clock
from cctv.footage import selectors
from cctv.footage.catalogue import Span
from cctv.footage.errors import WindowRefused
from cctv.footage.media import hls
from cctv.footage.media.fmp4 import init_segment
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.parts import partition
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.restrictions.selectors import restricted_spans
from cctv.sites.models import Camera

ENTRY = struct.Struct("<II")
STREAM_ID_CHARS = 16
MILLISECOND = timedelta(milliseconds=1)
# A window of a long session; an hour of ten-second segments is about 70 kB of playlist.
WINDOW = timedelta(hours=6)
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


def origin(session: ViewingSession) -> datetime:
    """The recorded time at which media time is 0: before the start of every segment that it may show."""
    return session.starts_at - selectors.LONGEST_SEGMENT


def session_playlist(
    session: ViewingSession,
    camera: Camera,
    *,
    plays_hevc: bool,
    mask: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> str:
    """The HLS playlist of what the session may see of the camera from `start` to `end`, kept inside the
    session and at most WINDOW long; empty of parts when nothing is there. Restricted parts are left out.

    `mask` is the version of the camera's masks; then each part is converted, and its address says `masked=1`.
    Its comments say where footage lies beside the window (`previous`, `next`). Raises WindowRefused.
    """
    window = _window(session, start, end)
    before, after = selectors.footage_beside(session, camera_id=camera.pk, window=window)
    named = (("from", window[0]), ("to", window[1]), ("previous", before), ("next", after))
    comments = [f"{name} {clock.rfc3339(moment)}" for name, moment in named if moment]
    entries = list(_entries(session, camera, window, plays_hevc=plays_hevc, mask=mask))
    return hls.playlist(entries, comments=comments)


def _window(session: ViewingSession, start: datetime | None, end: datetime | None) -> Span:
    first = max(start or session.starts_at, session.starts_at)
    if first >= session.ends_at:
        raise WindowRefused
    last = min(end or session.ends_at, session.ends_at, first + WINDOW)
    if last <= first:
        raise WindowRefused
    return first, last


def _entries(
    session: ViewingSession, camera: Camera, window: Span, *, plays_hevc: bool, mask: str
) -> Iterator[hls.Entry]:
    segments = selectors.segments_of(session, camera_id=camera.pk, window=window).only(
        "id", "starts_at", "codec", "stream_id", "parts"
    )
    zero, restricted = origin(session), _restricted(camera, window)
    for segment in segments:
        converted = bool(mask) or needs_converting(segment.codec, plays_hevc=plays_hevc)
        kind = f"&from={segment.codec}" if converted else ""
        kind += f"&masked=1&mask={mask}" if mask else ""
        stream = f"h264-{segment.stream_id}" if converted else segment.stream_id
        base = f"{(segment.starts_at - zero) / MILLISECOND:.3f}".rstrip("0").rstrip(".")
        for part in part_rows(segment):
            starts_at = segment.starts_at + timedelta(milliseconds=part.start_ms)
            ends_at = segment.starts_at + timedelta(milliseconds=part.end_ms)
            if ends_at <= window[0] or starts_at >= window[1]:
                continue
            if any(first < ends_at and starts_at < last for first, last in restricted):
                continue
            yield hls.Entry(
                uri=f"{segment.pk}/{part.number}.m4s?t={base}{kind}",
                init_uri=f"{segment.pk}/init.mp4?v={stream}{kind}",
                stream=stream,
                starts_at=starts_at,
                duration_ms=part.end_ms - part.start_ms,
            )


def _restricted(camera: Camera, window: Span) -> list[Span]:
    """What nobody is shown for now of whatever a window may list: its segments reach out of it."""
    start, end = window[0] - selectors.LONGEST_SEGMENT, window[1] + selectors.LONGEST_SEGMENT
    return restricted_spans(camera_ids=[camera.pk], start=start, end=end).get(camera.pk, [])
