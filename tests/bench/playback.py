"""What a part of video costs, logging included, beside a bare PyAV remux of the clear file.

Two loads: 10 s segments, one file each, and a recording of one hour in fragments. Both sides give the same
seconds of the same pictures to a caller in the same process. Ours is the viewing service (`_viewing`); beside
it stand the media library alone, over sealed objects, and the whole HTTP request, by Django's test client.
"""

from __future__ import annotations

import io
import os
import random
import secrets
import struct
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
from tests.bench._viewing import PARTS_A_VIEWING, Office, Watched
from tests.media.clips import clip

SEGMENTS, SEGMENT_SECONDS = 12, 10
HOUR_SECONDS, QUICK_HOUR_SECONDS = 3600, 300
PARTS_A_ROUND = 20
CONTEXT = b"lethe/1/bench/media"

SERVICE, VIEW, LIBRARY, FLOOR = "service", "view", "library", "floor"


@dataclass(frozen=True, slots=True)
class Recording:
    """A clear file on disk, what the scan found in it, and its parts."""

    path: Path
    facts: MediaFacts
    parts: tuple[Part, ...]


def run(quick: bool) -> dict[str, Any]:
    """Figures of the contract `playback`: the service's, on the load where its ratio is worse."""
    harness.prepare_django()
    count, office = harness.rounds(quick), Office()
    with harness.work_folder("playback") as folder:
        segments, hour = _recordings(folder, QUICK_HOUR_SECONDS if quick else HOUR_SECONDS)
        loads = [
            _measured("10 s segments", segments, office, count),
            _measured(f"fragmented MP4 of {hour.facts.counted_ms // 1000} s", [hour], office, count),
        ]
        scans = _scans(segments[0], count)
        size = segments[0].path.stat().st_size
    worst = max(loads, key=lambda load: float(load["ratio"]))
    for load in loads:
        print("{load:>28}: p50 {part_ms_p50} ms, p95 {part_ms_p95} ms (library {library_ms_p95}, "
              "view {view_ms_p95}); remux p95 {floor_ms_p95} ms; ratio {ratio}; reads {read_ratio} x"
              .format(**load))  # fmt: skip
    print(f"scan of a segment: {scans['scan_ms']} ms, by the demuxer {scans['scan_demuxer_ms']} ms")
    keys = ("part_ms_p50", "part_ms_p95", "floor_ms_p95", "ratio")
    return {
        **{key: worst[key] for key in keys},
        "read_ratio": max(float(load["read_ratio"]) for load in loads),
        "logging": "included",
        "loads": loads,
        **scans,
        "rounds": count,
        "load": {
            "parts_a_round": PARTS_A_ROUND,
            "segment_mib": round(size / 2**20, 1),
            "picture": "1920x1080 at 25",
            "a_new_viewing_each": f"{PARTS_A_VIEWING} parts",
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
        # A box that every reader skips makes each file another one.
        path.write_bytes(data + struct.pack(">I4sQ", 16, b"free", number))
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


def _sealed_session(recording: Recording) -> Callable[[Part], bytes]:
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


def _measured(name: str, recordings: list[Recording], office: Office, count: int) -> dict[str, Any]:
    """Times of all sides on the same parts, taken at random, and how much was read for them."""
    watched = [Watched(office, recording.path, next(office.starts)) for recording in recordings]
    viewed = [each.again() for each in watched]
    library = [_sealed_session(recording) for recording in recordings]
    chance = random.Random(7)
    taken: dict[str, list[float]] = {SERVICE: [], VIEW: [], LIBRARY: [], FLOOR: []}
    for number in range(count + 1):
        for _ in range(PARTS_A_ROUND):
            place = chance.randrange(len(recordings))
            part = chance.choice(recordings[place].parts)
            contenders = {
                SERVICE: partial(watched[place].service, part),
                VIEW: partial(viewed[place].view, part),
                LIBRARY: partial(library[place], part),
                FLOOR: partial(_remuxed, recordings[place], part),
            }
            for each in (watched[place], viewed[place]):
                each.before(part)
            timed = {side: partial(harness.seconds, work) for side, work in contenders.items()}
            times = harness.interleave(timed, count=1)
            if number:  # the first round warms caches and imports for all
                for side in taken:
                    taken[side] += times[side]
    p95 = {side: harness.percentile(values, 95) * 1000 for side, values in taken.items()}
    read = [asked / sent for asked, sent in map(watched[0].bytes_read, recordings[0].parts[:50])]
    return {
        "load": name,
        "parts": len(taken[SERVICE]),
        "part_ms_p50": round(harness.median(taken[SERVICE]) * 1000, 2),
        "part_ms_p95": round(p95[SERVICE], 2),
        "view_ms_p50": round(harness.median(taken[VIEW]) * 1000, 2),
        "view_ms_p95": round(p95[VIEW], 2),
        "library_ms_p95": round(p95[LIBRARY], 2),
        "floor_ms_p50": round(harness.median(taken[FLOOR]) * 1000, 2),
        "floor_ms_p95": round(p95[FLOOR], 2),
        "ratio": round(p95[SERVICE] / p95[FLOOR], 3),
        "read_ratio": round(max(read), 3),
    }


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
