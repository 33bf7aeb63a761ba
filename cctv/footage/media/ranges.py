"""Reading byte ranges: adapters between file-like readers, range functions and the demuxer.

A *range function* `read(offset, size) -> bytes` returns exactly `size` bytes or raises; it is the smallest
thing a sealed object, a file in memory and an object store have in common.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

from cctv.footage.media.errors import broken

ReadRange = Callable[[int, int], bytes | memoryview]
WINDOW_BYTES = 32 * 1024


class Reader(Protocol):
    """A seekable binary reader: a sealed reader of the vault, an open file, a BytesIO."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def read(self, size: int = -1, /) -> bytes | None: ...


class Sink(Protocol):
    """Where clear bytes go: the vault's sealing writer, a BytesIO."""

    def write(self, data: bytes, /) -> Any: ...


def range_of(reader: Reader) -> ReadRange:
    """A range function over a reader. Not safe to share between threads: the reader has one position."""

    def read(offset: int, size: int) -> bytes:
        reader.seek(offset)
        first = reader.read(size) or b""
        if len(first) == size:
            return first
        pieces = [first]
        missing = size - len(first)
        while missing and pieces[-1]:
            pieces.append(reader.read(missing) or b"")
            missing -= len(pieces[-1])
        if missing:
            raise broken(f"{missing} bytes are missing at byte {offset + size - missing}")
        return b"".join(pieces)

    return read


def range_of_bytes(data: bytes | memoryview) -> ReadRange:
    """A range function over bytes in memory."""
    view = memoryview(data)

    def read(offset: int, size: int) -> memoryview:
        piece = view[offset : offset + size]
        if len(piece) != size or offset < 0:
            raise broken(f"{size - len(piece)} bytes are missing at byte {offset + len(piece)}")
        return piece

    return read


class Window:
    """Small reads through one window of WINDOW_BYTES, so that parsing headers costs few reads of the
    store."""

    __slots__ = ("_data", "_read", "_start", "size")

    def __init__(self, read: ReadRange, size: int) -> None:
        self._read = read
        self.size = size
        self._start = 0
        self._data: bytes | memoryview = b""

    def at(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; raises MediaError when they lie outside the file."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise broken(f"{size} bytes at {offset} lie outside the file of {self.size}")
        begin = offset - self._start
        if begin < 0 or begin + size > len(self._data):
            self._start, begin = offset, 0
            self._data = self._read(offset, min(max(size, WINDOW_BYTES), self.size - offset))
        return bytes(self._data[begin : begin + size])


class BoundedFile(io.RawIOBase):
    """A file for the demuxer over a range function, with a budget.

    A hostile file can send a demuxer back and forth for ever; here it may read at most `budget` bytes and
    seek `SEEKS` times. An error of the range function is kept in `failure`, because demuxers turn it into
    "end of file".
    """

    SEEKS = 2_000_000

    def __init__(self, read: ReadRange, size: int, *, budget: int | None = None) -> None:
        self._range = read
        self._position = 0
        self._seeks = 0
        self._left = 4 * size + (64 << 20) if budget is None else budget
        self.size = size
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._seeks += 1
        if self._seeks > self.SEEKS:
            self.failure = broken("its index leads in circles")
            raise self.failure
        base = {0: 0, 1: self._position, 2: self.size}.get(whence, 0)
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self.size - self._position)
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        self._left -= wanted
        try:
            if self._left < 0:
                raise broken("its index leads in circles")
            data = bytes(self._range(self._position, wanted))
        except BaseException as error:
            self.failure = error
            raise
        self._position += len(data)
        return data
