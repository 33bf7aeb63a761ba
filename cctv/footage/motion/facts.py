"""Motion facts as they are stored, and the arithmetic on them (numpy, no Django).

Stored form, version 1: `version (1 byte) · seconds n (2 bytes, little endian) · raw deflate of` n bits that
say which seconds are known (the first in the highest bit, filled up to whole bytes), n bytes of intensity,
then for each second the 144 levels of the grid, row by row, four to a byte, the first in the lowest two bits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.motion import FULL, SHARES
from cctv.footage.media.sampling import COLUMNS, ROWS

CELLS = COLUMNS * ROWS
VERSION = 1
MAX_SECONDS = 0xFFFF
HIGHEST_LEVEL = 3
_LETTERS = "ABCDEFGHIJKLMNOP"
_HEAD = struct.Struct("<BH")
_PACKED = CELLS // 4
_SHIFTS = np.array([0, 2, 4, 6], np.uint8)
# The level sum from which a second has the full score, for a region of many cells.
FULL_SUM = 24
# The share of a cell that changed for a level, about: the middle of what the level stands for.
SHOWN = (0.0, *((low + high) / 2 for low, high in pairwise((*SHARES, 1.0))))

Bytes = NDArray[np.uint8]
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]


class BadFacts(ValueError):
    """Not motion facts of a version that this program knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """Seconds of one camera in order: `start` and `end` in epoch ms, `intensity`, and `packed` grids.

    All have the same length n; `packed` is n x 36. A second may be shorter at the end of a segment.
    """

    start: Times
    end: Times
    intensity: Bytes
    packed: Bytes

    def __len__(self) -> int:
        return len(self.start)

    def inside(self, spans: Sequence[tuple[int, int]]) -> Seconds:
        """The seconds that overlap one of the half-open spans (ms, sorted, apart), cut to it."""
        if not spans:
            return NO_SECONDS
        lows, highs = np.array(spans, np.int64).T
        place = np.searchsorted(highs, self.start, side="right").clip(max=len(spans) - 1)
        start, end = np.maximum(self.start, lows[place]), np.minimum(self.end, highs[place])
        return Seconds(start, end, self.intensity, self.packed).where(start < end)

    def where(self, keep: NDArray[np.bool_]) -> Seconds:
        """Those of the seconds."""
        return Seconds(self.start[keep], self.end[keep], self.intensity[keep], self.packed[keep])

    def within(self, mask: Mask) -> Seconds:
        """The seconds as if only the masked cells existed: their intensity is reckoned from those alone."""
        return Seconds(self.start, self.end, _reckoned(self.packed, mask), self.packed)


NO_SECONDS = Seconds(
    np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros((0, _PACKED), np.uint8)
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A found stretch, epoch ms, half-open; `peak` is the start of its second with the highest score."""

    start: int
    end: int
    peak: int
    score: int


# Stored form


def encode(levels: Bytes, intensity: Bytes, known: NDArray[np.bool_]) -> bytes:
    """`levels` n x 9 x 16 of 0..3, `intensity` n of 0..255, `known` n; n at least 1. Else BadFacts."""
    count = len(intensity)
    if not 0 < count <= MAX_SECONDS or levels.shape != (count, ROWS, COLUMNS) or len(known) != count:
        raise BadFacts(f"{levels.shape} levels for {count} seconds")
    if int(levels.max()) > HIGHEST_LEVEL:
        raise BadFacts("a level beyond 3")
    quads = levels.astype(np.uint8).reshape(count, _PACKED, 4) << _SHIFTS
    packed = np.bitwise_or.reduce(quads, axis=2).astype(np.uint8)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    clear = np.packbits(known).tobytes() + intensity.astype(np.uint8).tobytes() + packed.tobytes()
    return _HEAD.pack(VERSION, count) + deflate.compress(clear) + deflate.flush()


def decode(data: bytes) -> tuple[Bytes, Bytes, NDArray[np.bool_]]:
    """(levels n x 9 x 16, intensity n, known n) of the stored form; BadFacts for anything else."""
    count, body = _opened(data)
    flags, rest = np.frombuffer(body, np.uint8), -(-count // 8)
    known = np.unpackbits(flags[:rest], count=count).astype(np.bool_)
    return unpack(flags[rest + count :].reshape(count, _PACKED)), flags[rest : rest + count], known


def join(parts: Iterable[tuple[int, int, bytes]]) -> Seconds:
    """Many stored forms as one; each with its segment's start and end in epoch ms.

    Left out are seconds that are not known, what a segment has beyond its end, and what a newer program
    stored: all of it then counts as not looked at.
    """
    spans, clear = [], []
    for begin, stop, data in parts:
        try:
            count, body = _opened(data)
        except BadFacts:
            continue
        spans.append((begin, stop, count, -(-count // 8)))
        clear.append(body)
    if not spans:
        return NO_SECONDS
    begins, stops, lengths, heads = np.array(spans, np.int64).T
    bodies = list(zip(clear, heads.tolist(), lengths.tolist(), strict=True))
    flags = np.unpackbits(_bytes(body[:head] for body, head, _count in bodies)).astype(np.bool_)
    intensity = _bytes(body[head : head + count] for body, head, count in bodies)
    packed = _bytes(body[head + count :] for body, head, count in bodies).reshape(-1, _PACKED)
    order = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    known = flags[np.repeat(8 * (np.cumsum(heads) - heads), lengths) + order]
    start, limit = np.repeat(begins, lengths) + 1000 * order, np.repeat(stops, lengths)
    return Seconds(start, np.minimum(start + 1000, limit), intensity, packed).where(known & (start < limit))


def _bytes(pieces: Iterable[bytes]) -> Bytes:
    return np.frombuffer(b"".join(pieces), np.uint8)


def together(parts: Sequence[Seconds]) -> Seconds:
    """Seconds of the same camera, one after another."""
    return Seconds(
        np.concatenate([each.start for each in parts]),
        np.concatenate([each.end for each in parts]),
        np.concatenate([each.intensity for each in parts]),
        np.concatenate([each.packed for each in parts]),
    )


def unpack(packed: Bytes) -> Bytes:
    """Levels n x 9 x 16 of packed grids n x 36."""
    levels: Bytes = (packed[:, :, None] >> _SHIFTS & np.uint8(HIGHEST_LEVEL)).astype(np.uint8)
    return levels.reshape(-1, ROWS, COLUMNS)


def _opened(data: bytes) -> tuple[int, bytes]:
    """How many seconds, and the inflated body."""
    if len(data) < _HEAD.size:
        raise BadFacts("cut off")
    version, count = _HEAD.unpack_from(data)
    if version != VERSION or not count:
        raise BadFacts(f"version {version}, {count} seconds")
    size = -(-count // 8) + count * (1 + _PACKED)
    inflate = zlib.decompressobj(-15)
    try:
        body = inflate.decompress(memoryview(data)[_HEAD.size :], size + 1)
    except zlib.error as error:
        raise BadFacts(str(error)) from None
    if len(body) != size or not inflate.eof or inflate.unused_data:
        raise BadFacts(f"{len(body)} bytes for {count} seconds")
    return count, body


# Strip


def strip(seconds: Seconds, *, start: int, end: int, step: int) -> Bytes:
    """For each step of [start, end), in ms, the highest intensity of the seconds that touch it."""
    out = np.zeros(max(0, -(-(end - start) // step)), np.uint8)
    if not len(seconds) or not len(out):
        return out
    first = ((seconds.start - start) // step).clip(0)
    last = ((seconds.end - 1 - start) // step).clip(max=len(out) - 1)
    for offset in range(int((last - first).max(initial=-1)) + 1):
        place = first + offset
        inside = place <= last
        np.maximum.at(out, place[inside], seconds.intensity[inside])
    return out


# Regions and search


def everything() -> Mask:
    """All cells."""
    return np.ones((ROWS, COLUMNS), np.bool_)


def region_of_cells(cells: Iterable[Sequence[int]]) -> Mask:
    """The region of (column, row) cells; BadFacts for cells outside the grid or none."""
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    for column, row in cells:
        if not (0 <= column < COLUMNS and 0 <= row < ROWS):
            raise BadFacts(f"no cell {column}, {row}")
        mask[row, column] = True
    if not mask.any():
        raise BadFacts("a region without cells")
    return mask


def region_of_polygon(points: Sequence[Sequence[float]]) -> Mask:
    """The cells that a polygon (x, y in 0..1 of the picture, at least 3 points) covers by an eighth or more.

    A polygon too small for that has the cell of its middle.
    """
    corners = np.array(points, np.float64)
    if corners.ndim != 2 or corners.shape[0] < 3 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        raise BadFacts("not a polygon")
    if corners.min() < 0 or corners.max() > 1:
        raise BadFacts("a point outside the picture")
    corners = corners.round(9)  # so that no difference is too small to divide by
    fine = 8
    x = (np.arange(COLUMNS * fine) + 0.5) / (COLUMNS * fine)
    y = ((np.arange(ROWS * fine) + 0.5) / (ROWS * fine))[:, None]
    within = np.zeros((ROWS * fine, COLUMNS * fine), np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 != y2:
            within ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    share = within.reshape(ROWS, fine, COLUMNS, fine).mean(axis=(1, 3))
    mask = share >= 1 / 8
    if not mask.any():
        middle = corners.mean(axis=0)
        mask[min(ROWS - 1, int(middle[1] * ROWS)), min(COLUMNS - 1, int(middle[0] * COLUMNS))] = True
    return np.asarray(mask)


def region_of(value: object) -> Mask:
    """The region that somebody asked for, out of JSON: see `views`. BadFacts for anything else."""
    kind = ""
    if isinstance(value, dict) and len(value) == 1:
        kind, value = next(iter(value.items()))
    pairs = _pairs(value)
    if not pairs:
        return everything()
    whole = all(isinstance(each, int) for pair in pairs for each in pair)
    kind = kind or ("cells" if whole else "polygon")
    if kind == "cells" and whole:
        return region_of_cells(pairs)
    if kind == "polygon":
        return region_of_polygon(pairs)
    raise BadFacts("not a region")


def _pairs(value: object) -> list[list[Any]]:
    if not isinstance(value, list) or len(value) > CELLS:
        raise BadFacts("not a list of pairs")
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadFacts("not a list of pairs")
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in pair):
            raise BadFacts("not numbers")
    return value


def cells_of(mask: Mask) -> list[list[int]]:
    """[column, row] of each cell of a region, row by row."""
    rows, columns = np.nonzero(mask)
    return [[int(column), int(row)] for row, column in zip(rows, columns, strict=True)]


def described(mask: Mask) -> str:
    """A region for an entry of the log, as a spreadsheet names cells: `A1–P9` is all of it, `D3–F4, J3` some.

    Columns are lettered from the left, rows numbered from above; a block is named by its corners.
    """
    blocks: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}
    for row in range(ROWS + 1):
        edges = (
            np.flatnonzero(np.diff(np.concatenate([[0], mask[row], [0]]))) if row < ROWS else np.zeros(0, int)
        )
        runs = {(int(left), int(right) - 1) for left, right in edges.reshape(-1, 2)}
        for left, right in [run for run in growing if run not in runs]:
            blocks.append((growing.pop((left, right)), left, row - 1, right))
        for run in runs:
            growing.setdefault(run, row)
    names = []
    for top, left, bottom, right in sorted(blocks):
        first, last = f"{_LETTERS[left]}{top + 1}", f"{_LETTERS[right]}{bottom + 1}"
        names.append(first if first == last else f"{first}–{last}")
    return ", ".join(names)


def scores(packed: Bytes, mask: Mask) -> Bytes:
    """How much moved in the region, by second, 0..255: 0 exactly where no cell of it has a level.

    The sum of the region's levels against what would be much for a region of its size.
    """
    columns = np.flatnonzero(mask.reshape(_PACKED, 4).any(axis=1))
    if not len(packed) or not len(columns):
        return np.zeros(len(packed), np.uint8)
    table = _sums(mask)
    total = np.zeros(len(packed), np.int64)
    for column in columns:
        total += table[column][packed[:, column]]
    full = min(FULL_SUM, HIGHEST_LEVEL * int(mask.sum()))
    return np.asarray(-(-255 * total // full), np.int64).clip(0, 255).astype(np.uint8)


def _reckoned(packed: Bytes, mask: Mask) -> Bytes:
    """The intensity that the levels of the region's cells stand for, by second, whatever the others show."""
    level = np.arange(256, dtype=np.uint8)[:, None] >> _SHIFTS & HIGHEST_LEVEL
    table = (mask.reshape(_PACKED, 1, 4) * np.array(SHOWN)[level][None]).sum(axis=2)
    share = np.zeros(len(packed), np.float64)
    for column in np.flatnonzero(mask.reshape(_PACKED, 4).any(axis=1)):
        share += table[column][packed[:, column]]
    return np.asarray(np.ceil(255 * np.sqrt(share / CELLS / FULL)).clip(0, 255), np.uint8)


def _sums(mask: Mask) -> NDArray[np.uint8]:
    """For each byte of a packed grid, the sum of the levels it holds inside the region: 36 x 256."""
    values = np.arange(256, dtype=np.uint8)[:, None] >> _SHIFTS & HIGHEST_LEVEL
    sums: Bytes = (mask.reshape(_PACKED, 1, 4) * values[None]).sum(axis=2).astype(np.uint8)
    return sums


def stretches(seconds: Seconds, score: Bytes, *, gap_ms: int) -> list[Stretch]:
    """Seconds with a score, joined where they follow each other within `gap_ms`; in order of time."""
    hits = np.flatnonzero(score)
    hits = hits[np.argsort(seconds.start[hits], kind="stable")]
    if not len(hits):
        return []
    start, end, value = seconds.start[hits], np.maximum.accumulate(seconds.end[hits]), score[hits]
    firsts = np.flatnonzero(np.append(True, start[1:] - end[:-1] > gap_ms))
    found = []
    for first, stop in zip(firsts.tolist(), [*firsts[1:].tolist(), len(hits)], strict=True):
        best = first + int(np.argmax(value[first:stop]))
        found.append(Stretch(int(start[first]), int(end[stop - 1]), int(start[best]), int(value[best])))
    return found


def length_of(seconds: Seconds) -> int:
    """How many ms the seconds cover, overlapping ones counted once."""
    if not len(seconds):
        return 0
    order = np.argsort(seconds.start, kind="stable")
    start, end = seconds.start[order], np.maximum.accumulate(seconds.end[order])
    before = np.append(start[0], end[:-1])
    return int((end - np.maximum(start, before)).clip(0).sum())
