"""How whoever has a clip makes the recorder's stored file again, bit for bit.

The evidence that footage is what came in (docs/formats-evidence.md) is about the stored file; a clip holds
that file's packets and nothing else of it. A recipe says what stood between them. There is none where packets
do not stand in the file as they do in the clip (start codes, transport streams), where the clip lacks some of
them, and where the rest of the file is too large to be called a rest: then the stored file itself is handed
out, or the package says that only the organisation can show it.

A recipe, big-endian; those of a clip stand one after the other in one file:

    "lethe/1/recipe" and a line feed
    u64  bytes that follow this number, to the end of the recipe
    u8   n, then n bytes of ASCII: the recording's id
    u64  bytes of the stored file
    32   its SHA-256
    then, until the end:
        0x00  u32 n, n bytes           these bytes
        0x01  u64 offset, u64 length   this much of the clip
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cctv.disclosure.packages.clips import Placed, Source
from cctv.disclosure.packages.errors import RecipeBroken
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.ranges import ReadRange, Sink

HEADER = b"lethe/1/recipe\n"
LITERAL, COPY = 0, 1
# A rest of the file that is larger than this part of it is no rest: sound, or a second picture.
MOST_LITERAL = 0.25
PIECE_BYTES = 1 << 20
LITERAL_OP, COPY_OP = struct.Struct(">BI"), struct.Struct(">BQQ")
# (bytes of the file itself, then: offset in the clip, bytes of the clip)
Op = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What was written: bytes of the recipe, of it those of the file itself, and of the file."""

    segment: str
    size_bytes: int
    literal_bytes: int
    stored_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe as read: which file it makes, and its steps."""

    segment: str
    size: int
    sha256: bytes
    steps: memoryview


def write_recipe(source: Source, placed: Placed, sink: Sink) -> RecipeFacts | None:
    """Write what makes the stored file of `source` again from the clip; None where that is not possible."""
    index = source.load()
    if not placed.whole or not index.contiguous or index.framing == "annexb" or len(index.clear_sha256) != 32:
        return None
    ops = _ops(index, placed.at, source.size)
    if ops is None:
        return None
    literal = source.size - int(index.size.sum())
    name = placed.segment.encode("ascii")
    body = sum(_op_bytes(op) for op in ops) + 1 + len(name) + 8 + 32
    if body > MOST_LITERAL * source.size:
        return None
    sink.write(HEADER + struct.pack(">QB", body, len(name)) + name)
    sink.write(struct.pack(">Q", source.size) + index.clear_sha256)
    position = 0
    for before, at, length in ops:
        for start in range(position, position + before, PIECE_BYTES):
            data = bytes(source.read(start, min(PIECE_BYTES, position + before - start)))
            sink.write(LITERAL_OP.pack(LITERAL, len(data)) + data)
        if length:
            sink.write(COPY_OP.pack(COPY, at, length))
        position += before + length
    source.done()
    return RecipeFacts(placed.segment, len(HEADER) + 8 + body, literal, source.size, index.clear_sha256)


def _ops(index: PacketIndex, at: int, size: int) -> list[Op] | None:
    """The steps in the order of the stored file; None where packets overlap or lie outside."""
    order = np.argsort(index.offset, kind="stable")
    start, length = index.offset[order], index.size[order]
    clip = (at + np.cumsum(index.size) - index.size)[order]
    end = start + length
    if (start[1:] < end[:-1]).any() or int(end[-1]) > size:
        return None
    breaks = np.flatnonzero((start[1:] != end[:-1]) | (clip[1:] != clip[:-1] + length[:-1])) + 1
    firsts, lasts = np.concatenate(([0], breaks)), np.concatenate((breaks, [len(start)])) - 1
    found: list[Op] = []
    position = 0
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        stop = int(end[last])
        found.append((int(start[first]) - position, int(clip[first]), stop - int(start[first])))
        position = stop
    return [*found, (size - position, 0, 0)]


def _op_bytes(op: Op) -> int:
    before, _at, length = op
    literals = -(-before // PIECE_BYTES)
    return literals * LITERAL_OP.size + before + (COPY_OP.size if length else 0)


def recipes(data: bytes | memoryview) -> Iterator[Recipe]:
    """The recipes in a file of them. RecipeBroken."""
    view = memoryview(data)
    while view:
        head = len(HEADER) + 9
        if view[: len(HEADER)] != HEADER or len(view) < head:
            raise RecipeBroken
        body, named = struct.unpack_from(">QB", view, len(HEADER))
        end = len(HEADER) + 8 + body
        if end > len(view) or body < 1 + named + 8 + 32:
            raise RecipeBroken
        at = head + named
        try:
            segment = str(view[head:at], "ascii")
        except UnicodeDecodeError:
            raise RecipeBroken from None
        size, sha256 = struct.unpack_from(">Q32s", view, at)
        yield Recipe(segment, size, sha256, view[at + 40 : end])
        view = view[end:]


def rebuild(read_clip: ReadRange, recipe: Recipe | bytes) -> Iterator[bytes | memoryview]:
    """The stored file in pieces of PIECE_BYTES at most; the caller compares its hash. RecipeBroken.

    `recipe` is one of `recipes`, or the bytes of a single one.
    """
    if not isinstance(recipe, Recipe):
        found = list(recipes(recipe))
        if len(found) != 1:
            raise RecipeBroken
        recipe = found[0]
    left = recipe.size
    for length, pieces in _steps(read_clip, recipe.steps):
        if length > left:
            raise RecipeBroken
        left -= length
        yield from pieces
    if left:
        raise RecipeBroken


def _steps(read_clip: ReadRange, steps: memoryview) -> Iterator[tuple[int, Iterator[bytes | memoryview]]]:
    """How many bytes each step makes, and these."""
    position = 0
    while position < len(steps):
        try:
            if steps[position] == LITERAL:
                length = LITERAL_OP.unpack_from(steps, position)[1]
                position += LITERAL_OP.size
                if position + length > len(steps):
                    raise RecipeBroken
                yield length, iter((steps[position : position + length],))
                position += length
                continue
            kind, at, length = COPY_OP.unpack_from(steps, position)
        except struct.error:
            raise RecipeBroken from None
        if kind != COPY:
            raise RecipeBroken
        position += COPY_OP.size
        yield length, _copied(read_clip, at, at + length)


def _copied(read_clip: ReadRange, start: int, end: int) -> Iterator[bytes | memoryview]:
    while start < end:
        size = min(PIECE_BYTES, end - start)
        yield read_clip(start, size)
        start += size
