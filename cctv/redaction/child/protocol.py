"""What goes through the pipes between the parent and the child that works on pictures. Standard library only.

To the child: a header (u32 length, JSON), then items of a kind (u8), u32 size, i64 pts, i64 dts, u8 key and
bytes: `P` begins a part (JSON), `K` is a packet of it (a piece of its file, if it is marked), `E` ends it,
`Z` ends everything. From the child: messages of the same shape: `F` what was seen in a part, `X` the
encoder's parameter sets, `V` an encoded picture (of a marked part its dts is until when it is shown), `J` a
picture as JPEG, `N` a part is done, `Z` all is done, `!` an error in words.
"""

from __future__ import annotations

import struct
from typing import IO, Any, NamedTuple

ITEM = struct.Struct(">cIqqB")
PART, PACKET, END, ALL = b"P", b"K", b"E", b"Z"
FACTS, EXTRADATA, PICTURE, JPEG, DONE, ERROR = b"F", b"X", b"V", b"J", b"N", b"!"
MAX_ITEM = 256 << 20


class Item(NamedTuple):
    """One item of the pipe; times in ticks of the part."""

    kind: bytes
    data: bytes
    pts: int = 0
    dts: int = 0
    key: bool = False


def write(
    pipe: IO[bytes], kind: bytes, data: Any = b"", pts: int = 0, dts: int = 0, key: bool = False
) -> None:
    """Send an item."""
    pipe.write(ITEM.pack(kind, len(data), pts, dts, key))
    if len(data):
        pipe.write(data)


def read(pipe: IO[bytes]) -> Item:
    """Receive an item. EOFError, ValueError for one that is too large."""
    kind, size, pts, dts, key = ITEM.unpack(_exactly(pipe, ITEM.size))
    if size > MAX_ITEM:
        raise ValueError("an item that is too large")
    return Item(kind, _exactly(pipe, size) if size else b"", pts, dts, bool(key))


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data
