"""A day of footage, or one of gigabytes, is a clip like any other, and takes little memory."""

import numpy as np

from cctv.disclosure.packages.clips import Source, plan, write_clip
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.mp4 import samples, tracks
from tests.disclosure.packages.helpers import NOON_US, SECOND


class Day:
    """Hours of pictures without their bytes: one index for all recordings, and zeros."""

    def __init__(self, count: int, frames: int, size: int = 20) -> None:
        self.loaded = self.done = 0
        self.count, self.frames, self.size = count, frames, size
        self.zeros = bytes(1 << 20)
        self.made = self.make()

    def index(self) -> PacketIndex:
        """The index of any of them."""
        self.loaded += 1
        return self.made

    def make(self) -> PacketIndex:
        """A recording of `frames` pictures of `size` bytes in groups of IBBP."""
        shown = np.arange(self.frames)
        order = np.concatenate(([0], *([n + 3, n + 1, n + 2] for n in range(0, self.frames - 3, 3))))
        return PacketIndex(
            container="mp4", codec="h264", framing="length", extradata=b"\1\x64\0\x1f\xff\xe0\0",
            timescale=12800, width=1920, height=1080, stored_size=self.size * self.frames, contiguous=True,
            offset=self.size * shown, size=np.full(self.frames, self.size), pts=512 * order, dts=512 * shown,
            duration=np.full(self.frames, 512), key=shown % 49 == 0,
        )  # fmt: skip

    def read(self, _offset: int, size: int) -> bytes:
        return self.zeros[:size]

    def ended(self) -> None:
        self.done += 1

    def sources(self) -> list[Source]:
        """All recordings of the day."""
        step = self.frames * 40_000
        return [
            Source(str(n), NOON_US + n * step, self.index, self.read, self.size * self.frames, self.ended)
            for n in range(self.count)
        ]


def test_a_day_of_one_camera_needs_little_memory():
    import tracemalloc

    day = Day(count=1440, frames=1501)  # a minute each
    sink = Nowhere()
    tracemalloc.start()
    (run,) = plan(day.sources(), NOON_US, NOON_US + 86_400 * SECOND)
    facts = write_clip(run, sink)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.frames >= 24 * 3600 * 25
    assert sink.largest <= 1 << 20
    assert peak < 100 << 20
    assert (day.loaded, day.done) == (2 * len(run.pieces), len(run.pieces))


def test_a_clip_may_be_larger_than_four_gigabytes():
    day = Day(count=11, frames=451, size=1 << 20)
    sink = Nowhere(keep=True)
    (run,) = plan(day.sources(), NOON_US, NOON_US + 86_400 * SECOND)
    facts = write_clip(run, sink)
    assert facts.size_bytes > facts.parts[-1].at > 1 << 32
    moov = bytes(sink.tail)[sink.tail.index(b"moov") + 4 :]
    offsets = samples(moov, tracks(moov)[0]).offset
    assert offsets.tolist() == [facts.parts[0].at + (number << 20) for number in range(4961)]
    assert int(offsets[451 * 10]) == facts.parts[-1].at


class Nowhere:
    """A sink that keeps nothing, or small writes alone."""

    def __init__(self, *, keep: bool = False) -> None:
        self.largest, self.keep = 0, keep
        self.tail = bytearray()

    def write(self, data: bytes, /) -> None:
        """Take bytes."""
        self.largest = max(self.largest, len(data))
        if self.keep and len(data) < 1 << 20:
            self.tail += data
