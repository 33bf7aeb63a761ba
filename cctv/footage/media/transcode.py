"""Footage that cannot leave as it is, as H.264 parts: HEVC, MJPEG and MPEG-4 part 2, and all that is masked.

The work is done by a child process (`worker`) that gets packets through a pipe and gives encoded pictures
back; nothing touches a disk, and killing the child at any moment costs one part. The fragmented MP4 is put
together here, on the same timeline as remuxed parts: same start, same length, keyframe first, one init
segment a size.
"""

from __future__ import annotations

import base64
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from cctv.footage.media.child import Child
from cctv.footage.media.encoder import encoder, output_size
from cctv.footage.media.errors import TranscodeBusy, TranscodeFailed
from cctv.footage.media.fmp4 import NOT_SYNC, SYNC, fragment
from cctv.footage.media.fmp4_init import init_segment
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import check_span, payloads
from cctv.footage.media.parameter_sets import record_of
from cctv.footage.media.parts import partition
from cctv.footage.media.ranges import ReadRange
from cctv.sites.masks.polygons import Masks, plain, version

PART_SECONDS = 60.0
FEED_PACKETS = 64


@dataclass(frozen=True, slots=True)
class Output:
    """The stream that a transcode of an index gives, as its init segment describes it."""

    codec: str
    extradata: bytes
    timescale: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Job:
    """Packets `first` to `stop` to decode, of which pictures shown in [begin, end) (ticks) are kept, with a
    keyframe (and a new fragment) at each of `cuts`; `masks` are drawn into each."""

    index: PacketIndex
    read: ReadRange
    first: int
    stop: int
    begin: int
    end: int
    cuts: tuple[int, ...]
    masks: Masks = ()


def output_of(index: PacketIndex) -> Output:
    """What transcoded parts of this index are."""
    width, height = output_size(index.width, index.height)
    return Output("h264", _record(width, height, index.timescale), index.timescale, width, height)


@lru_cache(maxsize=64)
def _record(width: int, height: int, timescale: int) -> bytes:
    return record_of("h264", bytes(encoder(width, height, timescale).extradata))


class TranscodePool:
    """At most `max_jobs` children at a time, and at most `max_waiting` callers waiting for one, each for
    at most `wait_seconds`; beyond that TranscodeBusy."""

    def __init__(self, max_jobs: int, *, max_waiting: int = 4, wait_seconds: float = 10.0) -> None:
        self._free = threading.BoundedSemaphore(max_jobs)
        self._places = threading.BoundedSemaphore(max_jobs + max_waiting)
        self._wait_seconds = wait_seconds

    def init_segment(self, index: PacketIndex) -> bytes:
        """The init segment of all transcoded parts of this index (no child is started)."""
        return init_segment(output_of(index))

    def part(
        self,
        index: PacketIndex,
        read: ReadRange,
        first: int,
        stop: int,
        *,
        sequence: int = 1,
        base_decode_time: int = 0,
        masks: Masks = (),
        seconds: float = PART_SECONDS,
        cancelled: Callable[[], bool] | None = None,
    ) -> bytes:
        """`moof` + `mdat` with the pictures of packets `first` to `stop` (half-open; as `fmp4.media_part`).

        Raises TranscodeBusy, TranscodeFailed (also after `seconds`), TranscodeCancelled; errors of `read`
        come through.
        """
        check_span(index, first, stop)
        job = _part_job(index, read, first, stop, masks)
        with self._place():
            made = list(_fragments(job, sequence, base_decode_time, seconds, cancelled))
        return b"".join(made)

    def stream(
        self,
        index: PacketIndex,
        read: ReadRange,
        *,
        masks: Masks = (),
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        seconds: float = 6 * 3600.0,
    ) -> Generator[bytes, None, None]:
        """The whole segment as a fragmented MP4: its init segment, then a fragment for each part, as they
        come.

        `progress` is called with the portion done (0..1) after each. Closing the iterator kills the child.
        """
        starts = tuple(round(part.start_ms * index.timescale / 1000) for part in partition(index))
        job = Job(index, read, 0, len(index), 0, index.end_ticks, starts, masks)
        with self._place():
            yield init_segment(output_of(index))
            for number, piece in enumerate(_fragments(job, 1, 0, seconds, cancelled), start=1):
                yield piece
                if progress is not None:
                    progress(min(1.0, number / len(starts)))

    def _place(self) -> _Place:
        return _Place(self._free, self._places, self._wait_seconds)


class _Place:
    """One caller's turn: a place to wait in, then a job slot."""

    def __init__(
        self, free: threading.BoundedSemaphore, places: threading.BoundedSemaphore, wait_seconds: float
    ) -> None:
        self._free, self._places, self._wait_seconds = free, places, wait_seconds

    def __enter__(self) -> None:
        if not self._places.acquire(blocking=False):
            raise TranscodeBusy
        if not self._free.acquire(timeout=self._wait_seconds):
            self._places.release()
            raise TranscodeBusy

    def __exit__(self, *exc: object) -> None:
        self._free.release()
        self._places.release()


def _part_job(index: PacketIndex, read: ReadRange, first: int, stop: int, masks: Masks) -> Job:
    """Pictures shown before the first keyframe of the part (open GOP) need the group before it to decode."""
    begin = int(index.pts[first:stop].min())
    end = index.end_ticks if stop == len(index) else int(index.pts[stop:].min())
    start = first
    if begin < int(index.pts[first]):
        earlier = index.keyframes[index.keyframes < first]
        start = int(earlier[-1]) if len(earlier) else first
    return Job(index, read, start, stop, begin, end, (begin,), masks)


def _fragments(
    job: Job, sequence: int, base: int, seconds: float, cancelled: Callable[[], bool] | None
) -> Iterator[bytes]:
    """Fragments of a job, one for each of its cuts that has pictures."""
    output = output_of(job.index)
    pictures: list[tuple[int, bytes]] = []
    cuts = list(job.cuts[1:])
    with Child(_command(), _environment(), time.monotonic() + seconds, cancelled) as child:
        child.feed(_header(job, output), _packets(job))
        for pts, key, data in child.pictures(output.extradata, version(job.masks)):
            if cuts and pts >= cuts[0]:
                if pictures:
                    yield _fragment(pictures, pts, sequence, base)
                    sequence, pictures = sequence + 1, []
                while cuts and pts >= cuts[0]:
                    del cuts[0]
            if not pictures and not key:
                raise TranscodeFailed("a part does not start with a keyframe")
            pictures.append((pts, to_lengths(data)))
    if not pictures:
        raise TranscodeFailed("no picture could be decoded")
    yield _fragment(pictures, max(job.end, pictures[-1][0] + 1), sequence, base)


def _fragment(pictures: Sequence[tuple[int, bytes]], end: int, sequence: int, base: int) -> bytes:
    times = np.array([pts for pts, _ in pictures], np.int64)
    sizes = np.array([len(data) for _, data in pictures], np.int64)
    flags = np.full(len(times), NOT_SYNC, np.int64)
    flags[0] = SYNC
    head = fragment(
        sizes,
        np.diff(times, append=end),
        flags,
        np.zeros(len(times), np.int64),
        sequence,
        base + int(times[0]),
    )
    return b"".join([head, *(data for _, data in pictures)])


def _header(job: Job, output: Output) -> dict[str, Any]:
    return {
        "codec": job.index.codec,
        "extradata": base64.b64encode(job.index.extradata).decode(),
        "timescale": output.timescale,
        "width": output.width,
        "height": output.height,
        "from": job.begin,
        "until": job.end,
        "cuts": list(job.cuts),
        "masks": plain(job.masks),
    }


def _packets(job: Job) -> Iterator[tuple[int, int, bool, bytes | memoryview]]:
    """(pts, dts, key, bytes) of the job's packets, read a group at a time."""
    index = job.index
    if index.contiguous:
        starts = list(range(job.first, job.stop, FEED_PACKETS))
    else:
        keys = index.keyframes
        starts = keys[(keys >= job.first) & (keys < job.stop)].tolist()
    for first, stop in zip(starts, [*starts[1:], job.stop], strict=True):
        for place, data in enumerate(payloads(index, job.read, first, stop, any_start=True), start=first):
            yield int(index.pts[place]), int(index.dts[place]), bool(index.key[place]), data


def _command() -> list[str]:
    return [sys.executable, "-m", "cctv.footage.media.worker"]


def _environment() -> dict[str, str]:
    """Nothing of the parent's environment, where settings and secrets are, but what Python needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    root = str(Path(__file__).resolve().parents[3])
    return kept | {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
