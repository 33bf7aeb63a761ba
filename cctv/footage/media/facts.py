"""What the scan of a file found."""

from __future__ import annotations

from dataclasses import dataclass

from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex

__all__ = ["CUT_TAIL", "LATE_KEYFRAME", "MediaError", "MediaFacts"]

CUT_TAIL = "cut_tail"
LATE_KEYFRAME = "late_keyframe"


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """A file that can be admitted: what it is, and where its pictures are.

    `declared_ms` is what its header claims (None when it claims nothing), `counted_ms` what its packets
    cover, `frames` how many there are. `audio_codec` is None when there is no sound; `other_streams` names
    what else is in it (subtitles, metadata tracks). `notes`: `cut_tail` (written in fragments without a
    claimed length and cut off in the last one: all whole pictures are indexed), `late_keyframe` (packets
    before the first keyframe are not indexed, as nothing can be decoded from them).
    """

    container: str
    codec: str
    width: int
    height: int
    audio_codec: str | None
    declared_ms: int | None
    counted_ms: int
    frames: int
    index: PacketIndex
    other_streams: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
