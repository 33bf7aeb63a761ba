"""What a part of video costs: index, sealed read and fragmented MP4, beside a bare PyAV remux of the clear
file.

Two loads: 10 s segments, one file each, and a recording of one hour in fragments. Both sides give the same
seconds of the same pictures. `run(open_session=...)` measures another path than the library alone, for
instance the real viewing service with its log entry: it is called once for each recording and returns what
plays a part.
"""

from __future__ import annotations

import io
import os
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av

from cctv.footage.media.facts import MediaFacts
from cctv.footage.media.fmp4 import init_segment, media_part
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.parts import Part, partition
from cctv.footage.media.ranges import range_of_bytes
from cctv.footage.media.scan import scan
from cctv.vault.sealing import SealedReader, SealWriter
from tests.bench import harness
from tests.media.clips import clip

SEGMENTS, SEGMENT_SECONDS = 12, 10
HOUR_SECONDS, QUICK_HOUR_SECONDS = 3600, 300
PARTS_A_ROUND = 20
CONTEXT = b"lethe/1/bench/media"

Player = Callable[[Part], bytes]


@dataclass(frozen=True, slots=True)
class Recording:
    """A clear file on disk, what the scan found in it, and its parts."""

    path: Path
    facts: MediaFacts
    parts: tuple[Part, ...]


OpenSession = Callable[[Recording], Player]


def run(quick: bool, open_session: OpenSession | None = None) -> dict[str, Any]:
    """Figures of the contract `playback`; see the module."""
    count = harness.rounds(quick)
    with harness.work_folder("playback") as folder:
        segments, hour = _recordings(folder, QUICK_HOUR_SECONDS if quick else HOUR_SECONDS)
        opening = open_session or _sealed_session
        loads = [
            _measured("10 s segments", segments, opening, count),
            _measured(f"fragmented MP4 of {hour.facts.counted_ms // 1000} s", [hour], opening, count),
        ]
        scans = _scans(segments[0], count)
        size = segments[0].path.stat().st_size
    worst = max(loads, key=lambda load: float(load["ratio"]))
    for load in loads:
        print("{load:>28}: p50 {part_ms_p50} ms, p95 {part_ms_p95} ms; remux p95 {floor_ms_p95} ms; "
              "ratio {ratio}; {read_ratio} bytes read for each sent".format(**load))  # fmt: skip
    print(f"scan of a segment: {scans['scan_ms']} ms, by the demuxer {scans['scan_demuxer_ms']} ms")
    keys = ("part_ms_p50", "part_ms_p95", "floor_ms_p95", "ratio")
    return {
        **{key: worst[key] for key in keys},
        "read_ratio": max(float(load["read_ratio"]) for load in loads),
        "path": "media library over sealed objects" if open_session is None else "viewing service",
        "loads": loads,
        **scans,
        "rounds": count,
        "load": {
            "parts_a_round": PARTS_A_ROUND,
            "segment_mib": round(size / 2**20, 1),
            "picture": "1920x1080 at 25",
        },
    }


def _recordings(folder: Path, hour_seconds: int) -> tuple[list[Recording], Recording]:
    """Segments of 10 s and one long recording, both of the same noisy 1080p pictures."""
    data = clip(
        container="mp4", seconds=SEGMENT_SECONDS, width=1920, height=1080, noise=12, preset="veryfast"
    )
    index, read = scan(io.BytesIO(data), len(data)).index, range_of_bytes(data)
    segments = []
    for number in range(SEGMENTS):
        path = folder / f"{number:02}.mp4"
        path.write_bytes(data)
        segments.append(_recording(path))
    path = folder / "hour.mp4"
    with path.open("wb") as file:
        file.write(init_segment(index))
        for number in range(hour_seconds // SEGMENT_SECONDS):
            base = number * index.end_ticks
            file.write(media_part(index, read, 0, len(index), sequence=number + 1, base_decode_time=base))
    return segments, _recording(path)


def _recording(path: Path) -> Recording:
    with path.open("rb") as file:
        facts = scan(file, path.stat().st_size)
    return Recording(path, facts, partition(facts.index))


def _sealed_session(recording: Recording) -> Player:
    """The library over the vault's sealing: media and index sealed on disk, opened anew for each part."""
    key = secrets.token_bytes(32)
    media, index = recording.path.with_suffix(".sealed"), recording.path.with_suffix(".index")
    with media.open("wb") as sink, recording.path.open("rb") as source:
        writer = SealWriter(sink, key, CONTEXT)
        while piece := source.read(1 << 20):
            writer.write(piece)
        writer.close()
    with index.open("wb") as sink:
        writer = SealWriter(sink, key, CONTEXT)
        writer.write(recording.facts.index.to_bytes())
        writer.close()

    def play(part: Part) -> bytes:
        with media.open("rb") as sealed_media, index.open("rb") as sealed_index:
            facts = PacketIndex.from_bytes(_opened(sealed_index.fileno(), key).read())
            reader = _opened(sealed_media.fileno(), key)
            return media_part(facts, reader.read_range, part.first, part.stop, sequence=part.number + 1)

    return play


def _opened(descriptor: int, key: bytes) -> SealedReader:
    return SealedReader(
        lambda at, size: os.pread(descriptor, size, at), os.fstat(descriptor).st_size, key, CONTEXT
    )


def _remuxed(recording: Recording, part: Part) -> bytes:
    """The floor: seek, demux and mux the same span of the clear file with PyAV."""
    sink = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    source: Any
    with av.open(str(recording.path)) as source, av.open(sink, "w", format="mp4", options=options) as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        first, end = (round(ms / 1000 / stream.time_base) for ms in (part.start_ms, part.end_ms))
        if first > 0:
            source.seek(first, stream=stream)
        for packet in source.demux(stream):
            if packet.pts is None or packet.pts < first:
                continue
            if packet.is_keyframe and packet.pts >= end:
                break
            packet.stream = copy
            output.mux(packet)
    return sink.getvalue()


def _measured(
    name: str, recordings: list[Recording], open_session: OpenSession, count: int
) -> dict[str, Any]:
    """Times of both sides on the same parts, taken at random, and how much was read for them."""
    players = [open_session(recording) for recording in recordings]
    chance = random.Random(7)
    ours: list[float] = []
    floor: list[float] = []
    for number in range(count + 1):
        for _ in range(PARTS_A_ROUND):
            place = chance.randrange(len(recordings))
            part = chance.choice(recordings[place].parts)
            contenders = {
                "ours": partial(players[place], part),
                "floor": partial(_remuxed, recordings[place], part),
            }
            timed = {side: partial(harness.seconds, work) for side, work in contenders.items()}
            times = harness.interleave(timed, count=1)
            if number:  # the first round warms caches and imports for both
                ours += times["ours"]
                floor += times["floor"]
    p95, floor_p95 = harness.percentile(ours, 95) * 1000, harness.percentile(floor, 95) * 1000
    return {
        "load": name,
        "parts": len(ours),
        "part_ms_p50": round(harness.median(ours) * 1000, 2),
        "part_ms_p95": round(p95, 2),
        "floor_ms_p50": round(harness.median(floor) * 1000, 2),
        "floor_ms_p95": round(floor_p95, 2),
        "ratio": round(p95 / floor_p95, 3),
        "read_ratio": round(_read_ratio(recordings[0]), 3),
    }


def _read_ratio(recording: Recording) -> float:
    """The most bytes read for a byte of a part, its share of the index included in full."""
    stored = len(recording.facts.index.to_bytes())
    worst = 0.0
    with recording.path.open("rb") as file:
        for part in recording.parts[:50]:
            asked: list[int] = []

            def read(offset: int, size: int, asked: list[int] = asked) -> bytes:
                asked.append(size)
                return os.pread(file.fileno(), size, offset)

            sent = len(media_part(recording.facts.index, read, part.first, part.stop))
            worst = max(worst, (sum(asked) + stored) / sent)
    return worst


def _scans(segment: Recording, count: int) -> dict[str, float]:
    """Median milliseconds of our scan of a segment, and of PyAV reading all its packets."""
    data = segment.path.read_bytes()

    def demuxed() -> int:
        source: Any
        with av.open(io.BytesIO(data)) as source:
            return sum(packet.size for packet in source.demux(video=0))

    times = harness.interleave(
        {
            "ours": lambda: harness.seconds(lambda: scan(io.BytesIO(data), len(data))),
            "demuxer": lambda: harness.seconds(demuxed),
        },
        count=count * 4,
    )
    return {
        "scan_ms": round(harness.median(times["ours"]) * 1000, 3),
        "scan_demuxer_ms": round(harness.median(times["demuxer"]) * 1000, 2),
    }
