"""What goes through the pipes between the parent and a transcoding child. Standard library only.

To the child: a header (u32 length, JSON), then packets (u32 size, i64 pts, i64 dts, u8 key, bytes), then a
size of 0. From the child: messages of a kind (u8), u32 size, i64 pts, u8 key, and bytes: `M` the version of
the masks that it draws, `X` the encoder's parameter sets, `P` an encoded picture, `D` done, `E` an error in
words. No picture before `M`.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

PACKET = struct.Struct(">IqqB")
MESSAGE = struct.Struct(">cIqB")
MASKS, EXTRADATA, PICTURE, DONE, ERROR = b"M", b"X", b"P", b"D", b"E"
MAX_HEADER, MAX_PACKET = 1 << 22, 64 << 20


def write_header(pipe: IO[bytes], header: dict[str, Any]) -> None:
    """Send the job's header."""
    data = json.dumps(header).encode()
    pipe.write(struct.pack(">I", len(data)) + data)


def read_header(pipe: IO[bytes]) -> dict[str, Any]:
    """Receive the job's header."""
    size = struct.unpack(">I", exactly(pipe, 4))[0]
    if size > MAX_HEADER:
        raise ValueError("a header that is too long")
    header: dict[str, Any] = json.loads(exactly(pipe, size))
    return header


def exactly(pipe: IO[bytes], size: int) -> bytes:
    """`size` bytes, or EOFError."""
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data
