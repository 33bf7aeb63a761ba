"""ISO base media file format boxes (ISO/IEC 14496-12 §4.2): walking, bounds first.

Every number in a box is an attacker's until it has been compared with what is there, so sizes are checked
against the parent and counts against the bytes that would hold them before anything is allocated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media.errors import broken
from cctv.footage.media.ranges import Window

MAX_BOXES = 4_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its four-character type; `start` of the header, `body` of the content, `end` (all
    absolute)."""

    kind: str
    start: int
    body: int
    end: int


def top_level(window: Window) -> Iterator[Box]:
    """The boxes of a file, in order. The last one may claim to end after the file does: that is for the
    caller."""
    position, count = 0, 0
    while position + 8 <= window.size:
        size, name = struct.unpack(">I4s", window.at(position, 8))
        body = position + 8
        if size == 1:
            if position + 16 > window.size:
                break
            size, body = struct.unpack(">Q", window.at(position + 8, 8))[0], position + 16
        end = window.size if size == 0 else position + size
        count += 1
        if count > MAX_BOXES:
            raise broken(f"more than {MAX_BOXES} boxes")
        if end < body:
            return  # what follows is no box: some recorders leave rubbish after the last one
        yield Box(name.decode("latin-1"), position, body, end)
        position = end


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes inside `data[start:end]`, each within it."""
    stop = len(data) if end is None else end
    position = start
    while position + 8 <= stop:
        size, name = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1 and position + 16 <= stop:
            size, body = struct.unpack_from(">Q", data, position + 8)[0], position + 16
        last = stop if size == 0 else position + size
        if last < body or last > stop:
            raise broken(f"a box {name!r} that reaches out of its parent")
        yield Box(name.decode("latin-1"), position, body, last)
        position = last


def child(data: bytes, parent: Box, *path: str) -> Box | None:
    """The first box at this path below `parent`, or None."""
    found: Box | None = parent
    for name in path:
        if found is None:
            return None
        found = next((box for box in children(data, found.body, found.end) if box.kind == name), None)
    return found


def number(data: bytes, form: str, at: int, end: int) -> int:
    """One big-endian number (`B`, `H`, `I`, `i`, `Q`) at `at`, which must end by `end`."""
    if at < 0 or at + struct.calcsize(form) > end:
        raise broken("a box that ends too early")
    return int(struct.unpack_from(">" + form, data, at)[0])


def table(data: bytes, at: int, end: int, count: int, columns: int, kind: str = ">u4") -> NDArray[np.int64]:
    """`count` rows of big-endian numbers from `at` as int64 of shape (count, columns); they must end by
    `end`."""
    item = np.dtype(kind)
    if count < 0 or at + count * columns * item.itemsize > end:
        raise broken(f"a table of {count} entries in {max(0, end - at)} bytes")
    return np.frombuffer(data, item, count * columns, at).astype(np.int64).reshape(count, columns)
