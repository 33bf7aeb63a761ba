"""A stand-in for a recorder: cuts the clips into segments as if they had been recorded at a given time.

Packets are copied, never re-encoded. Each segment carries its camera and start as metadata, as
recorders do, so that no two of them are the same file.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

MEDIA = Path(__file__).parent / "media"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
TICK = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class Gop:
    """A keyframe and what depends on it; times in seconds from the start of the clip."""

    start_s: float
    packets: tuple[tuple[bytes, float, float, bool], ...]  # data, pts, dts, keyframe


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in memory, by groups of pictures."""

    template: Any  # the stream that segments copy their parameters from
    rate: Any
    length_s: float
    gops: tuple[Gop, ...]


@cache
def clip(name: str) -> Clip:
    """Read a clip of the demonstration once."""
    container = av.open(str(MEDIA / f"{name}.mp4"))  # stays open: the template stream lives in it
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.pts is not None]
    first = min(_seconds(packet, packet.pts) for packet in packets)
    gops: list[Gop] = []
    group: list[tuple[bytes, float, float, bool]] = []
    for packet in packets:
        pts, dts = _seconds(packet, packet.pts) - first, _seconds(packet, packet.dts) - first
        if packet.is_keyframe and group:
            gops.append(Gop(group[0][1], tuple(group)))
            group = []
        group.append((bytes(packet), pts, dts, packet.is_keyframe))
    gops.append(Gop(group[0][1], tuple(group)))
    rate = stream.average_rate
    return Clip(stream, rate, len(packets) / float(rate or 1), tuple(gops))


def _seconds(packet: Any, value: int | None) -> float:
    return float((value or 0) * (packet.time_base or 0))


def segment(name: str, camera: str, start: datetime, *, seconds: float = 10.0) -> tuple[bytes, float]:
    """An MP4 file of about `seconds` and its true length in seconds, as recorded by `camera` at `start`.

    Which part of the clip it shows follows from the time, so consecutive segments go on where the last
    one ended, and the clip repeats.
    """
    source = clip(name)
    offset = (start - EPOCH).total_seconds() % source.length_s
    at = min(range(len(source.gops)), key=lambda index: abs(source.gops[index].start_s - offset))
    output = io.BytesIO()
    length = 0.0
    with av.open(output, "w", format="mp4") as container:
        stream = container.add_stream_from_template(source.template)
        container.metadata["comment"] = f"{camera} {start:%Y-%m-%dT%H:%M:%SZ}"
        while length < seconds - 0.5:
            gop = source.gops[at % len(source.gops)]
            for data, pts, dts, key in gop.packets:
                container.mux(
                    _packet(data, pts - gop.start_s + length, dts - gop.start_s + length, key, stream)
                )
            length += len(gop.packets) / float(source.rate)
            at += 1
    return output.getvalue(), length


def _packet(data: bytes, pts_s: float, dts_s: float, key: bool, stream: Any) -> Any:
    packet = Packet(data)
    packet.stream = stream
    packet.time_base = TICK
    packet.pts, packet.dts = round(pts_s / TICK), round(dts_s / TICK)
    packet.is_keyframe = key
    return packet


def starts(begin: datetime, end: datetime, *, seconds: float = 10.0) -> list[datetime]:
    """When the segments of a stretch begin."""
    count = int((end - begin).total_seconds() // seconds)
    return [begin + timedelta(seconds=seconds * index) for index in range(count)]
