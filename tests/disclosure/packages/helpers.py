"""Recordings of one camera, made on the spot, as the sources of a clip."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

import av

from cctv.disclosure.packages.clips import ClipFacts, Source, plan, write_clip
from tests.footage.media.helpers import WriteOnly, made

NOON_US = 1_794_736_800_000_000
SECOND = 1_000_000
# Four seconds in 40 pictures with two keyframes: quick to make and to decode.
SHORT: dict[str, Any] = {"fps": 10, "gop": 20}


def recording(number: int, starts_s: float, **what: Any) -> tuple[Source, bytes]:
    """A recording whose frames show 1000 * `number` and on, and its stored file."""
    data, index, read = made(**{**SHORT, "first_number": 1000 * number, **what})
    index = index.with_hash(hashlib.sha256(data).digest())
    return Source(f"segment-{number}", NOON_US + round(starts_s * SECOND), index, read, len(data)), data


def hour(count: int = 3, **what: Any) -> tuple[list[Source], list[bytes]]:
    """Recordings of four seconds that follow each other."""
    both = [recording(number, 4 * number, **what) for number in range(count)]
    return [source for source, _ in both], [data for _, data in both]


def clips_of(sources: list[Source], from_s: float, to_s: float) -> list[tuple[ClipFacts, bytes]]:
    """Every clip of the span, in seconds from noon."""
    found = []
    for run in plan(sources, NOON_US + round(from_s * SECOND), NOON_US + round(to_s * SECOND)):
        sink = WriteOnly()
        facts = write_clip(run, sink)
        assert facts.size_bytes == len(sink.data)
        found.append((facts, bytes(sink.data)))
    return found


def clip_of(sources: list[Source], from_s: float, to_s: float) -> tuple[ClipFacts, bytes]:
    """The one clip of the span."""
    (found,) = clips_of(sources, from_s, to_s)
    return found


def pictures(data: bytes) -> list[str]:
    """The SHA-256 of each decoded picture, in the order of showing."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [
            hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in container.decode(video=0)
        ]


def times(data: bytes) -> list[float]:
    """When each picture is shown, in seconds of the clip."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [frame.time for frame in container.decode(video=0)]


def moved(source: Source, by_us: int) -> Source:
    """The same recording at another time."""
    return replace(source, starts_us=source.starts_us + by_us)
