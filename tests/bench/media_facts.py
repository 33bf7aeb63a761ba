"""What a segment's small picture and motion facts cost, and how quick a camera's day is told and searched.

The pictures are decoded in this process on one thread, so the processor's time is the cost of one core. A
segment is 10 s of 1080p25 H.264 with a keyframe every 2 s and two B-frames between others: a generated one
in which a square walks through a camera's noise, or the files given in LETHE_BENCH_FOOTAGE (a folder).
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from cctv.footage.media.errors import MediaError
from cctv.footage.media.motion import UsualView, watch
from cctv.footage.media.ranges import ReadRange, range_of_bytes
from cctv.footage.media.sampling import COLUMNS, ROWS
from cctv.footage.media.scan import scan
from cctv.footage.media.stills import small_picture, thumbnail
from cctv.footage.motion import facts
from cctv.vault.sealing import sealed_size
from tests.bench import harness
from tests.media.moving import noisy, wall, with_square

SECONDS, FPS, SIZE = 10, 25, (1920, 1080)
DAY_SEGMENTS, QUICK_SEGMENTS = 8640, 864
# A person in a region for some minutes a day.
BUSY_SHARE = 0.1
FOOTAGE = "LETHE_BENCH_FOOTAGE"


def run(quick: bool) -> dict[str, Any]:
    """Figures of the contract `media_facts`."""
    harness.prepare_django()
    count = harness.rounds(quick)
    segments = _segments()
    costs = [_costs(name, data, count) for name, data in segments]
    segments_a_day = QUICK_SEGMENTS if quick else DAY_SEGMENTS
    day = _day(segments_a_day, count)
    for cost in costs:
        print("{file:>24}: picture {thumbnail_ms} ms, facts {motion_ms} ms, both {both_ms} ms; {mib} MiB, "
              "facts of {fact_bytes} bytes".format(**cost))  # fmt: skip
    print("a day of {segments}: strip {strip_ms} ms, again {strip_again_ms} ms, search {search_ms} ms; "
          "{open_us} us a segment".format(**day))  # fmt: skip
    full = [cost for cost in costs if cost["like_the_contract"]] or costs
    return {
        "thumbnail_ms": max(cost["thumbnail_ms"] for cost in full),
        "motion_ms": max(cost["motion_ms"] for cost in full),
        "both_ms": max(cost["both_ms"] for cost in full),
        "fact_bytes": max(cost["fact_bytes"] for cost in full),
        "quiet_fact_bytes": sealed_size(len(_encoded(0))),
        "day": day,
        "files": costs,
        "rounds": count,
        "load": {"segment": "10 s of 1920 x 1080 at 25, H.264", "segments_a_day": segments_a_day},
    }


def _segments() -> list[tuple[str, bytes]]:
    folder = os.environ.get(FOOTAGE)
    if folder:
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        return [(path.name, path.read_bytes()) for path in files]
    return [("generated", _generated())]


def _generated() -> bytes:
    """A square walks before a wall, through a sensor's noise; about 5 MB."""
    still, sink = wall(*SIZE), io.BytesIO()
    grains = [noisy(np.full(SIZE[::-1], 128, np.uint8), 4, seed).astype(np.int16) - 128 for seed in range(8)]
    with av.open(sink, "w", format="mp4") as output:
        stream: Any = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *SIZE, "yuv420p", 4_200_000
        stream.options = {"preset": "veryfast", "bf": "2", "g": str(2 * FPS), "sc_threshold": "0"}
        stream.options |= {"b-pyramid": "none", "x264-params": "b-adapt=0:keyint=50:min-keyint=50"}
        for number in range(SECONDS * FPS):
            left = number / (SECONDS * FPS) * 0.9
            picture = with_square(still, (left, 0.4, left + 0.06, 0.75)).astype(np.int16)
            picture = np.clip(picture + grains[number % len(grains)], 0, 255)
            frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return sink.getvalue()


def _costs(name: str, data: bytes, count: int) -> dict[str, Any]:
    """Median processor time of the small picture, of the facts, and of both as the job makes them."""
    try:
        index, read = scan(io.BytesIO(data), len(data)).index, range_of_bytes(data)
    except MediaError as error:
        return {"file": name, "refused": error.code, "like_the_contract": False, **_NOTHING}
    pictures: list[bytes] = []

    def facts_of(first: Callable[[Any, Any], None] | None = None, read: ReadRange = read) -> bytes:
        moved = watch(index, read, UsualView(), first=first)
        return facts.encode(moved.levels, moved.intensity, moved.known)

    def both() -> bytes:
        return facts_of(lambda context, frame: pictures.append(small_picture(context, frame)))

    both()  # imports and caches, for all
    times = harness.interleave(
        {
            "thumbnail_ms": lambda: _core_ms(lambda: thumbnail(index, read)),
            "motion_ms": lambda: _core_ms(facts_of),
            "both_ms": lambda: _core_ms(both),
        },
        count=count,
    )
    like = (index.codec, index.width, index.height) == ("h264", *SIZE) and index.contiguous
    return {
        "file": name,
        "codec": index.codec,
        "picture": f"{index.width}x{index.height}",
        "seconds": round(index.duration_ms / 1000, 1),
        "like_the_contract": like and 9 <= index.duration_ms / 1000 <= 11,
        **{side: round(harness.median(values), 1) for side, values in times.items()},
        "spread": round(harness.spread(times["both_ms"]), 2),
        "mib": round(len(data) / 2**20, 1),
        "fact_bytes": sealed_size(len(both())),
    }


_NOTHING = {"thumbnail_ms": 0.0, "motion_ms": 0.0, "both_ms": 0.0, "mib": 0.0, "fact_bytes": 0}


def _core_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def _encoded(seed: int) -> bytes:
    """Facts of 10 s; quiet for 0, otherwise somebody who walks through."""
    levels = np.zeros((SECONDS, ROWS, COLUMNS), np.uint8)
    chance = np.random.default_rng(seed)
    if seed:
        column, row = chance.integers(0, 12), chance.integers(0, 6)
        for second in range(SECONDS):
            levels[second, row : row + 3, (column + second // 3) % 15 :][:, :2] = chance.integers(
                1, 4, (3, 1)
            )
    intensity = np.where(levels.any(axis=(1, 2)), 90, 0).astype(np.uint8)
    return facts.encode(levels, intensity, np.ones(SECONDS, np.bool_))


def _day(segments: int, count: int) -> dict[str, Any]:
    """Strip and search over a camera's day of sealed facts, entry and opening included."""
    from cctv.footage import viewing
    from cctv.footage.motion import services
    from tests.bench._motion import camera_day
    from tests.bench._viewing import TERMINAL, Office

    office = Office()
    camera, start = camera_day(office, segments, _encoded, busy_share=BUSY_SHARE)
    end = start + timedelta(seconds=SECONDS * segments)
    region = facts.region_of_cells([[column, row] for column in range(4, 9) for row in range(3, 7)])
    asked: dict[str, Any] = {"camera": camera, "start": start, "end": end}
    taken: dict[str, list[float]] = {"strip_ms": [], "strip_again_ms": [], "search_ms": []}
    found = None
    for number in range(count + 1):
        session = viewing.open_viewing(
            actor=office.operator, terminal=TERMINAL, cameras=[camera], purpose=office.purpose,
            starts_at=start, ends_at=end, minutes=60,
        )  # fmt: skip
        strip = partial(services.strip, session, pixels=1200, **asked)
        search = partial(services.search, session, region=region, **asked)
        for side, work in (("strip_ms", strip), ("strip_again_ms", strip), ("search_ms", search)):
            elapsed = harness.seconds(work) * 1000
            if number:  # the first round warms caches
                taken[side].append(elapsed)
        found = search()
    assert found is not None
    assert found.missing_ms == 0
    medians = {side: round(harness.median(values)) for side, values in taken.items()}
    return {
        "segments": segments,
        "found": len(found.found),
        **medians,
        "open_us": round(medians["search_ms"] * 1000 / segments, 1),
    }
