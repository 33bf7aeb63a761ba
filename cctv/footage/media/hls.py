"""HLS media playlists (RFC 8216), from plain facts: no file is read here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

VOD, EVENT = "VOD", "EVENT"
JOIN_MS = 500
CONTENT_TYPE = "application/vnd.apple.mpegurl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One part in a playlist: where its bytes and its init segment are, when it was recorded (aware), how
    long it is shown. `stream` names the stream configuration: parts of one share a decoder set-up."""

    uri: str
    init_uri: str
    stream: str
    starts_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry on the playlist's media timeline: it begins at `base_ms`; `breaks` after a gap or another
    stream."""

    entry: Entry
    base_ms: float
    breaks: bool


def placed(entries: Sequence[Entry], *, join_ms: float = JOIN_MS) -> list[Placed]:
    """Put parts one after another: the media timeline has no holes, a gap in the recording (or a jump
    back) of `join_ms` and more is a discontinuity instead."""
    result: list[Placed] = []
    base, expected, stream = 0.0, None, None
    for entry in entries:
        apart = expected is None or abs((entry.starts_at - expected) / timedelta(milliseconds=1)) >= join_ms
        result.append(Placed(entry, base, bool(result) and (apart or entry.stream != stream)))
        base += entry.duration_ms
        expected, stream = entry.starts_at + timedelta(milliseconds=entry.duration_ms), entry.stream
    return result


def playlist(
    entries: Sequence[Entry],
    *,
    kind: str = VOD,
    ended: bool = True,
    join_ms: float = JOIN_MS,
    comments: Sequence[str] = (),
) -> str:
    """The playlist of these parts in order. `kind` VOD or EVENT; an EVENT that has not `ended` will grow.

    Players pass over `comments`.
    """
    longest = max((entry.duration_ms for entry in entries), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, math.floor(longest / 1000 + 0.5))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{kind}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    lines += [f"# {comment}" for comment in comments]
    stream = None
    for place in placed(entries, join_ms=join_ms):
        entry = place.entry
        if place.breaks:
            lines.append("#EXT-X-DISCONTINUITY")
        if entry.stream != stream:
            lines.append(f'#EXT-X-MAP:URI="{_quoted(entry.init_uri)}"')
            stream = entry.stream
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_moment(entry.starts_at)}")
        lines += [f"#EXTINF:{entry.duration_ms / 1000:.5f},", entry.uri]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(uri: str) -> str:
    if any(character in uri for character in '"\r\n'):
        raise ValueError("a URI of a playlist holds no quotes and no line ends")
    return uri
