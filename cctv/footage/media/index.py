"""The packet index: where each video packet of a stored file lies and when it is shown.

With it, a part of an hour-long recording costs one range read and no demuxer. Times are integers in ticks of
1/`timescale` second; the first picture shown is at 0 (a decode time may lie before it). Packets stand in
decode order. The index is stored sealed beside its segment: it says nothing about the picture, but a lot
about motion.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cctv.footage.media import index_codec
from cctv.footage.media.errors import MediaError, broken
from cctv.footage.media.index_codec import CODECS, CONTAINERS, FRAMINGS, MAX_PACKETS

Ticks = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_SIDE = 16_384
MAX_EXTRADATA = 1 << 20
UNHASHED = b""


@dataclass(frozen=True, slots=True, eq=False)
class PacketIndex:
    """Packets of one video stream in decode order, as parallel arrays of the same length (at least one).

    `framing`: `length` (NAL units with the length prefix that the avcC/hvcC record names), `annexb` (start
    codes) or `plain`. `contiguous`: each packet is one run of bytes at `offset` in the stored file; otherwise
    `offset` is where a demuxer may start reading it. `clear_sha256` is of the whole stored file before
    sealing (32 bytes, or empty while unknown). `motion` is an opaque optional section.
    """

    container: str
    codec: str
    framing: str
    extradata: bytes
    timescale: int
    width: int
    height: int
    stored_size: int
    contiguous: bool
    offset: Ticks
    size: Ticks
    pts: Ticks
    dts: Ticks
    duration: Ticks
    key: Flags
    clear_sha256: bytes = UNHASHED
    motion: bytes = b""
    ends: Ticks = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "ends", self.offset + self.size)

    def __len__(self) -> int:
        return len(self.size)

    @property
    def end_ticks(self) -> int:
        """When the last picture shown ends."""
        return int((self.pts + self.duration).max())

    @property
    def duration_ms(self) -> int:
        """From the first picture shown to the end of the last, in milliseconds."""
        return round(self.end_ticks * 1000 / self.timescale)

    @property
    def keyframes(self) -> Ticks:
        """Positions of the keyframes."""
        return np.flatnonzero(self.key)

    def ms(self, ticks: int) -> float:
        """Ticks as milliseconds."""
        return ticks * 1000 / self.timescale

    def keyframe_at(self, at_ms: float) -> int:
        """Position of the last keyframe shown at or before `at_ms` (the first one when there is none)."""
        keys = self.keyframes
        before = keys[self.pts[keys] * 1000 <= at_ms * self.timescale]
        return int(before[-1] if len(before) else keys[0])

    def with_hash(self, clear_sha256: bytes) -> PacketIndex:
        """The same index with the hash of the clear file."""
        return replace(self, clear_sha256=clear_sha256)

    def to_bytes(self) -> bytes:
        """The stored form, about 5 bytes a packet."""
        return index_codec.encode(self)

    @staticmethod
    def from_bytes(data: bytes | memoryview) -> PacketIndex:
        """Read the stored form; raises MediaError `broken_index` for anything else."""
        try:
            return PacketIndex(**index_codec.decode(data))
        except index_codec.BadIndex as error:
            raise MediaError("broken_index", detail=str(error)) from None

    def same_as(self, other: PacketIndex) -> bool:
        """Whether two indexes say the same."""
        return self.to_bytes() == other.to_bytes()

    def _check(self) -> None:
        count = len(self.size)
        columns = (self.offset, self.pts, self.dts, self.duration, self.key)
        if not 0 < count <= MAX_PACKETS or any(len(column) != count for column in columns):
            raise MediaError("broken_index", detail=f"columns of unequal length, {count} packets")
        if self.container not in CONTAINERS or self.codec not in CODECS or self.framing not in FRAMINGS:
            raise MediaError("broken_index", detail="an unknown container, codec or framing")
        if not 0 < self.timescale < 1 << 32 or len(self.extradata) > MAX_EXTRADATA:
            raise MediaError("broken_index", detail=f"a timescale of {self.timescale}")
        if int(self.size.min()) <= 0 or int(self.offset.min()) < 0 or int(self.duration.min()) < 0:
            raise MediaError("broken_index", detail="a negative size, offset or duration")
        if self.contiguous and int((self.offset + self.size).max()) > self.stored_size:
            raise MediaError("broken_index", detail="a packet that ends after the file")
        if not self.key.any():
            raise MediaError("no_keyframe")


def make_index(*, pts: Ticks, dts: Ticks, **fields: Any) -> PacketIndex:
    """A PacketIndex with its times moved so that the first picture shown is at 0.

    Leading packets that no keyframe precedes are left out: nothing can be decoded from them.
    """
    key = fields["key"]
    first = int(np.argmax(key)) if key.any() else 0
    columns = ("offset", "size", "duration", "key")
    fields |= {name: fields[name][first:] for name in columns}
    pts, dts = pts[first:], dts[first:]
    start = int(pts.min()) if len(pts) else 0
    try:
        return PacketIndex(pts=pts - start, dts=dts - start, **fields)
    except MediaError as error:
        if error.code == "broken_index":  # it was made of what the file says
            raise broken(str(error.params["detail"])) from None
        raise
