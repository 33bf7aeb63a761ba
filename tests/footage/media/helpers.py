"""What the tests of the media library share."""

from __future__ import annotations

import io
from typing import Any

from cctv.footage.media.facts import MediaFacts
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.ranges import ReadRange, range_of_bytes
from cctv.footage.media.scan import scan
from tests.media.clips import clip

VARIANTS = [
    *((container, codec) for container in ("mp4", "faststart", "fmp4", "mkv")
      for codec in ("h264", "hevc", "mjpeg", "mpeg4")),
    *(("ts", codec) for codec in ("h264", "hevc", "mpeg4")),
    *(("avi", codec) for codec in ("h264", "mjpeg", "mpeg4")),
]  # fmt: skip
# Twenty seconds in three parts, with few pictures, so that tests stay quick.
LONG: dict[str, Any] = {"seconds": 20, "fps": 10, "gop": 20}


def facts_of(data: bytes) -> MediaFacts:
    """Scan bytes in memory."""
    return scan(io.BytesIO(data), len(data))


def made(**what: Any) -> tuple[bytes, PacketIndex, ReadRange]:
    """A clip (see tests.media.clips.clip), its index and a range function over it."""
    data = clip(**what)
    return data, facts_of(data).index, range_of_bytes(data)


class Counting:
    """A range function that counts the bytes it gave."""

    def __init__(self, data: bytes) -> None:
        self._read = range_of_bytes(data)
        self.bytes = 0
        self.calls = 0

    def __call__(self, offset: int, size: int) -> bytes | memoryview:
        self.bytes += size
        self.calls += 1
        return self._read(offset, size)


class WriteOnly:
    """A sink that can do nothing but take bytes, as the vault's sealing writer."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.largest = 0

    def write(self, data: bytes, /) -> None:
        """Take bytes."""
        self.data += data
        self.largest = max(self.largest, len(data))
