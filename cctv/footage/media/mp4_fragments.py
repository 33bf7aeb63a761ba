"""Packets of a fragmented MP4: its `moof` boxes, one by one (ISO/IEC 14496-12 §8.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cctv.footage.media.boxes import Box, child, children, number, table
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.index_codec import MAX_PACKETS
from cctv.footage.media.mp4 import Samples, Unusual

NOT_SYNC = 0x10000


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a fragment's samples are unless it says otherwise."""

    duration: int = 0
    size: int = 0
    flags: int = 0


def track_defaults(moov: bytes, track: int) -> Defaults:
    """The `trex` of a track (all zero when there is none)."""
    whole = Box("moov", 0, 0, len(moov))
    extends = child(moov, whole, "mvex")
    for box in children(moov, extends.body, extends.end) if extends else ():
        if box.kind == "trex" and number(moov, "I", box.body + 4, box.end) == track:
            return Defaults(*[number(moov, "I", box.body + at, box.end) for at in (12, 16, 20)])
    return Defaults()


def declared_duration(moov: bytes) -> tuple[int, int]:
    """(ticks, timescale) that `mehd`, or else `mvhd`, claims for the whole file; 0 ticks when it says
    nothing."""
    whole = Box("moov", 0, 0, len(moov))
    movie, extends = child(moov, whole, "mvhd"), child(moov, whole, "mvex", "mehd")
    if movie is None:
        return 0, 1
    wide = number(moov, "B", movie.body, movie.end) == 1
    at = movie.body + (20 if wide else 12)
    timescale = number(moov, "I", at, movie.end)
    if extends is not None:
        form = "Q" if number(moov, "B", extends.body, extends.end) == 1 else "I"
        return number(moov, form, extends.body + 4, extends.end), timescale
    declared = number(moov, "Q" if wide else "I", at + 4, movie.end)
    return (0 if declared in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else declared), timescale


class Fragments:
    """Collects one track's samples over the fragments of a file."""

    def __init__(self, track: int, defaults: Defaults, next_dts: int) -> None:
        self.track = track
        self.defaults = defaults
        self.groups: list[Samples] = []
        self.count = 0
        self._next_dts = next_dts

    def add(self, data: bytes, start: int) -> None:
        """One `moof` box, whole, that lies at byte `start` of the file."""
        head = next(children(data), None)
        if head is None or head.kind != "moof":
            raise broken("a fragment that is cut off")
        tracks = [box for box in children(data, head.body, head.end) if box.kind == "traf"]
        for place, box in enumerate(tracks):
            self._track_fragment(data, box, start, place)

    def _track_fragment(self, data: bytes, box: Box, start: int, place: int) -> None:
        head = child(data, box, "tfhd")
        if head is None:
            raise broken("a fragment without a header")
        if number(data, "I", head.body + 4, head.end) != self.track:
            return
        base, defaults = self._header(data, head, start, place)
        when = child(data, box, "tfdt")
        if when is not None:
            form = "Q" if number(data, "B", when.body, when.end) == 1 else "I"
            self._next_dts = _sane(number(data, form, when.body + 4, when.end))
        position = base
        for run in children(data, box.body, box.end):
            if run.kind == "trun":
                position = self._run(data, run, base, position, defaults)

    def _header(self, data: bytes, head: Box, start: int, place: int) -> tuple[int, Defaults]:
        flags = number(data, "I", head.body, head.end) & 0xFFFFFF
        at, base = head.body + 8, start
        if flags & 0x1:
            base, at = _sane(number(data, "Q", at, head.end)), at + 8
        elif not flags & 0x20000 and place:
            raise Unusual("data offsets that run on from the track before")
        at += 4 * bool(flags & 0x2)
        values = [self.defaults.duration, self.defaults.size, self.defaults.flags]
        for place, bit in enumerate((0x8, 0x10, 0x20)):
            if flags & bit:
                values[place], at = number(data, "I", at, head.end), at + 4
        return base, Defaults(*values)

    def _run(self, data: bytes, run: Box, base: int, position: int, defaults: Defaults) -> int:
        """Add a `trun`; returns where the next one's data starts."""
        flags = number(data, "I", run.body, run.end) & 0xFFFFFF
        count, at = number(data, "I", run.body + 4, run.end), run.body + 8
        self.count += count
        if self.count > MAX_PACKETS:
            raise MediaError("too_many_packets", limit=MAX_PACKETS)
        if flags & 0x1:
            position, at = base + number(data, "i", at, run.end), at + 4
        first_flags = None
        if flags & 0x4:
            first_flags, at = number(data, "I", at, run.end), at + 4
        present = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
        rows = table(data, at, run.end, count, sum(present))
        taken = iter(range(sum(present)))
        plain = (defaults.duration, defaults.size, defaults.flags, 0)
        columns = [
            rows[:, next(taken)] if there else np.full(count, value, np.int64)
            for there, value in zip(present, plain, strict=True)
        ]
        duration, size, sample_flags, late = columns
        if present[3]:  # signed in version 1; version 0 writers that need a sign write it all the same
            late = late.astype(np.uint32).view(np.int32).astype(np.int64)
        if first_flags is not None and count:
            sample_flags = np.concatenate(([first_flags], sample_flags[1:]))
        key = (sample_flags & NOT_SYNC == 0).astype(np.int64)
        before = np.cumsum(size) - size
        steps = np.cumsum(duration) - duration
        self.groups.append(Samples(position + before, size, self._next_dts + steps, late, duration, key))
        self._next_dts += int(duration.sum())
        return position + int(size.sum())


def _sane(value: int) -> int:
    """A time or offset that sums can be built on without leaving 64 bits."""
    if value > 1 << 60:
        raise broken(f"a time or place of {value}")
    return value
