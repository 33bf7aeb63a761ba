"""Clips for a package: the recorder's own packets, bit for bit, in a progressive MP4 that plays anywhere.

`plan` says which clips a span of one camera makes: one for each stretch that plays through. `write_clip`
writes one. Nothing is encoded, hidden or made up. A packet keeps all its NAL units, parameter sets and SEI
signatures included; only start codes become lengths, where the source had start codes. There is no edit list:
what lies before the asked span, from the keyframe on, is shown and told (`pre_roll_us`). The clip's time 0 is
its first picture; every picture stands where its real time puts it (`moved_us` is the most by which one does
not). Where a recording is missing the clip ends and another begins.

The sink is only appended to, and memory stays flat: about 1 MiB of packets at a time, 12 bytes of table a
packet. Times are µs since 1970, spans half-open. No Django.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from cctv.disclosure.packages.cuts import SECOND_US, Cut, cut, us_of
from cctv.disclosure.packages.errors import SourceChanged
from cctv.disclosure.packages.mp4_tables import FTYP, Tables
from cctv.footage.media.framing import to_lengths
from cctv.footage.media.index import PacketIndex, Ticks
from cctv.footage.media.packets import Payload, runs
from cctv.footage.media.ranges import ReadRange, Sink
from cctv.footage.media.strip import demuxed

# Recordings whose end and beginning differ by less play through, as in the console.
JOIN_US = 500_000
BLOCK_BYTES = 1 << 20
LEAST_TIMESCALE, USUAL_TIMESCALE, MOST_TIMESCALE = 10_000, 1_000_000, 10_000_000
COARSE_TIMESCALE = 1_000
MOST_TICKS = (1 << 31) - 1


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Source:
    """One recording: its id, when its first picture was, its packet index, its stored file of `size` bytes.

    `index` may be a function, asked once by `plan` and once by `write_clip` and kept by neither: a day has
    thousands. `done` is called when the recording's bytes were read; `read` may be called again after it.
    """

    segment: str
    starts_us: int
    index: PacketIndex | Callable[[], PacketIndex]
    read: ReadRange
    size: int
    done: Callable[[], None] = _nothing

    def load(self) -> PacketIndex:
        """The packet index."""
        return self.index if isinstance(self.index, PacketIndex) else self.index()


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be the same for pictures to play through."""

    codec: str
    width: int
    height: int
    extradata: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stream(Shape):
    """What the header of a clip says of its pictures."""

    timescale: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What of one recording is in a clip.

    `longest_us`: the longest time that one picture stands; `widest_us`: that, or how far pictures are out of
    order.
    """

    source: Source
    cut: Cut
    packets: int
    shape: Shape
    timescale: int
    framed: bool
    first_us: int
    end_us: int
    longest_us: int
    widest_us: int
    size_bytes: int

    @property
    def whole(self) -> bool:
        """Whether all packets of the recording are in it."""
        return self.cut == Cut(0, self.packets, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """One clip to be: `pieces` in order, of the asked span [from_us, to_us)."""

    pieces: tuple[Piece, ...]
    from_us: int
    to_us: int

    @property
    def first_us(self) -> int:
        """When its first picture is."""
        return self.pieces[0].first_us

    @property
    def end_us(self) -> int:
        """When its last picture ends."""
        return self.pieces[-1].end_us

    @property
    def size_bytes(self) -> int:
        """About how large the clip will be."""
        return sum(piece.size_bytes for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Placed:
    """Packets [first, stop) of a recording, which lie together in the clip from byte `at` on.

    `whole`: they are all of the recording's.
    """

    segment: str
    first: int
    stop: int
    whole: bool
    at: int


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a clip holds.

    `pre_roll_us` is shown before the asked span, `post_roll_us` after it. `longest_us`: the longest time that
    one picture stands. `moved_us`: how far a picture stands from its real time at most (recordings that
    overlap a little follow each other).
    """

    codec: str
    width: int
    height: int
    frames: int
    first_us: int
    end_us: int
    pre_roll_us: int
    post_roll_us: int
    longest_us: int
    moved_us: int
    size_bytes: int
    timescale: int
    parts: tuple[Placed, ...]


def plan(sources: Iterable[Source], from_us: int, to_us: int) -> list[Run]:
    """The clips that [from_us, to_us) of these recordings of one camera makes, in order of time.

    Each plays through: the same codec, parameters and size, no gap and no step back of JOIN_US or more. It
    begins at the last keyframe at or before its first wanted picture and ends after the last.
    """
    found: list[Run] = []
    pieces: list[Piece] = []
    for source in sorted(sources, key=lambda each: (each.starts_us, each.segment)):
        piece = _piece(source, source.load(), from_us, to_us, pieces[-1].shape if pieces else None)
        if piece is None:
            continue
        if pieces and not _plays_through(pieces[-1], piece):
            found.append(Run(tuple(pieces), from_us, to_us))
            pieces = []
        pieces.append(piece)
    return [*found, Run(tuple(pieces), from_us, to_us)] if pieces else found


def write_clip(run: Run, sink: Sink) -> ClipFacts:
    """Write the clip to `sink`. SourceChanged, MediaError, and what the sources' readers raise."""
    return _Writer(run, sink).write()


def _piece(source: Source, index: PacketIndex, from_us: int, to_us: int, shape: Shape | None) -> Piece | None:
    chosen = cut(index, from_us - source.starts_us, to_us - source.starts_us)
    if chosen is None:
        return None
    shown, length = chosen.taken(index.pts), chosen.taken(index.duration)
    ordered = np.sort(shown)
    steps = np.diff(ordered)
    longest = max(int(steps.max()) if len(steps) else 0, int(length[np.argmax(shown)]))
    own = Shape(index.codec, index.width, index.height, index.extradata)
    return Piece(
        source=source,
        cut=chosen,
        packets=len(index),
        shape=shape if shape == own else own,  # one copy for all that are alike
        timescale=index.timescale,
        framed=index.framing != "annexb",
        first_us=source.starts_us + us_of(int(shown.min()), index.timescale),
        end_us=source.starts_us + us_of(int((shown + length).max()), index.timescale),
        longest_us=us_of(longest, index.timescale),
        widest_us=us_of(max(longest, int(np.abs(shown - ordered).max())), index.timescale),
        size_bytes=int(chosen.taken(index.size).sum()),
    )


def _plays_through(before: Piece, after: Piece) -> bool:
    if before.shape != after.shape or before.cut.stop != before.packets or after.cut.first:
        return False
    return abs(after.first_us - before.end_us) < JOIN_US


def timescale_of(pieces: Sequence[Piece]) -> int:
    """Ticks a second in which all times of the pieces are whole numbers, if that is possible at all."""
    scale = math.lcm(*{piece.timescale for piece in pieces})
    scale *= -(-LEAST_TIMESCALE // scale)
    if scale > MOST_TIMESCALE:
        scale = USUAL_TIMESCALE
    widest = max(piece.widest_us for piece in pieces) + JOIN_US
    return scale if widest * scale < MOST_TICKS * SECOND_US else COARSE_TIMESCALE


def rescaled(ticks: Ticks, timescale: int, wanted: int) -> Ticks:
    """Ticks of one time scale in another, rounded; whole seconds apart, so that nothing overflows."""
    seconds, rest = np.divmod(ticks, timescale)
    return np.asarray(seconds * wanted + (rest * wanted + timescale // 2) // timescale, np.int64)


class _Writer:
    """One clip on its way into the sink."""

    def __init__(self, run: Run, sink: Sink) -> None:
        self._run, self._sink = run, sink
        self._timescale = timescale_of(run.pieces)
        self._tables = Tables()
        self._placed: list[Placed] = []
        self._position = 0
        self._moved = 0
        # Where every size is known beforehand the packets lie in one `mdat`, else in several.
        self._one = all(piece.framed for piece in run.pieces)

    def write(self) -> ClipFacts:
        run = self._run
        self._put(FTYP)
        if self._one:
            self._open_mdat(run.size_bytes)
        for piece in run.pieces:
            index = piece.source.load()
            self._require(len(index) == piece.packets and _shape_of(index) == piece.shape)
            self._time(piece, index)
            self._copy(piece, index)
            piece.source.done()
        shape = run.pieces[0].shape
        stream = Stream(shape.codec, shape.width, shape.height, shape.extradata, self._timescale)
        for part in self._tables.moov(stream, run.first_us):
            self._put(part)
        return self._facts(shape)

    def _facts(self, shape: Shape) -> ClipFacts:
        run = self._run
        return ClipFacts(
            codec=shape.codec,
            width=shape.width,
            height=shape.height,
            frames=self._tables.packets,
            first_us=run.first_us,
            end_us=run.end_us,
            pre_roll_us=max(0, run.from_us - run.first_us),
            post_roll_us=max(0, run.end_us - run.to_us),
            longest_us=max(piece.longest_us for piece in run.pieces),
            moved_us=self._moved,
            size_bytes=self._position,
            timescale=self._timescale,
            parts=tuple(self._placed),
        )

    def _time(self, piece: Piece, index: PacketIndex) -> None:
        """Put the piece's pictures where their real time is, or right behind the last one."""
        shown = rescaled(piece.cut.taken(index.pts), index.timescale, self._timescale)
        shown -= shown.min()
        tables = self._tables
        wanted = round((piece.first_us - self._run.first_us) * self._timescale / SECOND_US)
        place = wanted if wanted > tables.last else tables.end
        self._moved = max(self._moved, us_of(abs(place - wanted), self._timescale))
        lengths = rescaled(piece.cut.taken(index.duration), index.timescale, self._timescale)
        tables.add_times(place + shown, max(1, int(lengths[np.argmax(shown)])), piece.cut.taken(index.key))

    def _copy(self, piece: Piece, index: PacketIndex) -> None:
        """The packets of the piece, and where they came to lie."""
        for first, stop in piece.cut.spans:
            if piece.framed and not self._one:
                self._open_mdat(int(index.size[first:stop].sum()))
            at, before = 0, self._position
            for number, (sizes, payloads) in enumerate(blocks(piece.source, index, first, stop)):
                if not piece.framed:
                    self._put(struct.pack(">I4s", 8 + int(sum(sizes)), b"mdat"))
                at = at if number else self._position
                self._tables.add_chunk(self._position, sizes)
                for payload in payloads:
                    self._put(payload)
            if piece.framed:
                self._require(self._position - before == int(index.size[first:stop].sum()))
            self._placed.append(Placed(piece.source.segment, first, stop, piece.whole, at))

    def _open_mdat(self, size: int) -> None:
        self._put(struct.pack(">I4sQ", 1, b"mdat", 16 + size))

    def _put(self, data: Payload) -> None:
        self._sink.write(data)  # type: ignore[arg-type] # the vault's writer takes any buffer
        self._position += len(data)

    @staticmethod
    def _require(holds: bool) -> None:
        if not holds:
            raise SourceChanged


def _shape_of(index: PacketIndex) -> Shape:
    return Shape(index.codec, index.width, index.height, index.extradata)


def blocks(
    source: Source, index: PacketIndex, first: int, stop: int
) -> Iterator[tuple[list[int] | Ticks, Sequence[Payload]]]:
    """Packets [first, stop) as a clip has them, about BLOCK_BYTES at a time: their sizes, and their bytes."""
    if not index.contiguous:
        yield from _demuxed_blocks(source, index, first, stop)
        return
    for begin, end in spans_of(index.size, first, stop):
        whole = index.framing != "annexb"
        stored = runs(index, source.read, begin, end, whole_runs=whole, any_start=True)
        if whole:
            yield index.size[begin:end], stored
        else:
            packets = [to_lengths(packet) for packet in stored]
            yield [len(packet) for packet in packets], packets


def spans_of(sizes: Ticks, first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Half-open spans of packets of BLOCK_BYTES at most, or of one packet that is larger."""
    ends = np.cumsum(sizes[first:stop])
    begin, before = 0, 0
    while begin < stop - first:
        end = max(begin + 1, int(np.searchsorted(ends, before + BLOCK_BYTES, side="right")))
        yield first + begin, first + end
        begin, before = end, int(ends[end - 1])


def _demuxed_blocks(
    source: Source, index: PacketIndex, first: int, stop: int
) -> Iterator[tuple[list[int], list[bytes]]]:
    """The same for packets that do not lie in one piece: the demuxer reads the file from its beginning."""
    packets: list[bytes] = []
    for packet in islice(demuxed(index, source.read), first, stop):
        packets.append(packet)
        if sum(map(len, packets)) >= BLOCK_BYTES:
            yield [len(each) for each in packets], packets
            packets = []
    if packets:
        yield [len(each) for each in packets], packets
