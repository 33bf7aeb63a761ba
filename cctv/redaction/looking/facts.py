"""What was seen in each picture, and its stored form.

Stored: a header (magic, version, counts, length), then zlib over the frames one after the other. Boxes take
16 bits a number, scores 8. A person costs about 50 bytes each time they are detected. Decoding believes
nothing: lengths are checked before anything is read, and anything left over is damage.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .errors import FactsDamaged

# Colours of one detection: three stripes (head, body, legs) of 12 numbers, see `looks.py`.
LOOK = 36
SAMPLE_WIDTH, SAMPLE_HEIGHT = 64, 36

_MAGIC = b"LTHF"
_VERSION = 1
_HEADER = struct.Struct("<4sBBHII")  # magic, version, LOOK, nothing, frames, bytes before zlib
_FRAME = struct.Struct("<dBhhBB")  # at_ms, flags, shift x, shift y, detections, moving regions
_WHOLE, _DETECTED, _SAMPLE, _POOR = 1, 2, 4, 8
_SPAN = 2.0  # boxes are stored from -0.5 to 1.5 of the picture
_MOST_FRAMES = 200_000
_MOST_BYTES = 256 * 1024 * 1024
_MOST_EACH = 255
_RGB = SAMPLE_WIDTH * SAMPLE_HEIGHT * 3
_BITS = SAMPLE_WIDTH * SAMPLE_HEIGHT // 8


def _boxes() -> NDArray[np.float32]:
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Sample:
    """A tiny picture for the plate of the empty scene, and where something stands in it that does not belong.

    `rgb` is uint8 (36, 64, 3); `covered` bool (36, 64): true where something was detected or moved.
    """

    rgb: NDArray[np.uint8]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class FrameFacts:
    """What was seen in one picture.

    `at_ms`: milliseconds from the start of the redaction's span. `boxes` float32 (n, 4): x, y, w, h of the
    picture; `scores` float32 (n) in 0..1, low ones too (linking has two thresholds); `kinds` uint8 (n) of
    `tracks.boxes.Kind`; `looks` uint8 (n, LOOK): their colours. `moving` float32 (m, 4): regions that differ
    from the scene without people. `whole`: nothing seen in this picture can be relied on (light, shake, a
    broken picture): all of it is covered. `detected`: the detector ran on it (else boxes, scores, kinds and
    looks are empty). `shift`: how far the whole picture moved against the one before it, as x, y of the
    picture. `poor`: so dark or noisy that less is believed and more is covered. `sample`: every few seconds.
    """

    at_ms: float
    boxes: NDArray[np.float32] = field(default_factory=_boxes)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    kinds: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    looks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, LOOK), np.uint8))
    moving: NDArray[np.float32] = field(default_factory=_boxes)
    whole: bool = False
    detected: bool = True
    poor: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    sample: Sample | None = None


def encode(facts: Sequence[FrameFacts]) -> bytes:
    """The frames as bytes, in the order given."""
    body = b"".join(_frame(one) for one in facts)
    header = _HEADER.pack(_MAGIC, _VERSION, LOOK, 0, len(facts), len(body))
    return header + zlib.compress(body, 6)


def decode(data: bytes) -> list[FrameFacts]:
    """The frames again. Raises `FactsDamaged`."""
    if len(data) < _HEADER.size:
        raise FactsDamaged("cut off")
    magic, version, look, _nothing, frames, size = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != _VERSION or look != LOOK:
        raise FactsDamaged("not facts of this version")
    if frames > _MOST_FRAMES or size > _MOST_BYTES or frames * _FRAME.size > size:
        raise FactsDamaged("sizes beyond belief")
    body = _inflate(data[_HEADER.size :], size)
    out: list[FrameFacts] = []
    place = 0
    for _ in range(frames):
        one, place = _read(body, place)
        out.append(one)
    if place != len(body):
        raise FactsDamaged("more than was announced")
    return out


def _inflate(data: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise FactsDamaged(str(error)) from error
    if len(body) != size or not stream.eof or stream.unused_data:
        raise FactsDamaged("another length than announced")
    return body


def _frame(one: FrameFacts) -> bytes:
    count, moving = min(len(one.boxes), _MOST_EACH), min(len(one.moving), _MOST_EACH)
    order = np.argsort(-one.scores, kind="stable")[:count]
    # More regions than can be said means that all of the picture moves.
    whole = one.whole or len(one.moving) > _MOST_EACH
    flags = _WHOLE * whole | _DETECTED * one.detected | _SAMPLE * (one.sample is not None)
    flags |= _POOR * one.poor
    shift = [int(np.clip(round(value * 32767), -32767, 32767)) for value in one.shift]
    out = [_FRAME.pack(one.at_ms, flags, shift[0], shift[1], count, moving)]
    if count:
        out.append(_packed(one.boxes[order]))
        out.append(np.clip(np.rint(one.scores[order] * 255), 0, 255).astype(np.uint8).tobytes())
        out.append(one.kinds[order].astype(np.uint8).tobytes())
        out.append(one.looks[order].astype(np.uint8).tobytes())
    if moving:
        out.append(_packed(one.moving[:moving]))
    if one.sample is not None:
        out.append(np.ascontiguousarray(one.sample.rgb, np.uint8).tobytes())
        out.append(np.packbits(one.sample.covered).tobytes())
    return b"".join(out)


def _read(body: bytes, place: int) -> tuple[FrameFacts, int]:
    if place + _FRAME.size > len(body):
        raise FactsDamaged("cut off")
    at_ms, flags, across, down, count, moving = _FRAME.unpack_from(body, place)
    place += _FRAME.size
    sample = _RGB + _BITS if flags & _SAMPLE else 0
    need = count * (8 + 2 + LOOK) + moving * 8 + sample
    if place + need > len(body) or not np.isfinite(at_ms) or flags > 15:
        raise FactsDamaged("cut off")

    def take(size: int) -> bytes:
        nonlocal place
        place += size
        return body[place - size : place]

    one = FrameFacts(
        at_ms=at_ms,
        boxes=_unpacked(take(count * 8)),
        scores=(np.frombuffer(take(count), np.uint8) / 255).astype(np.float32),
        kinds=np.frombuffer(take(count), np.uint8),
        looks=np.frombuffer(take(count * LOOK), np.uint8).reshape(count, LOOK),
        moving=_unpacked(take(moving * 8)),
        whole=bool(flags & _WHOLE),
        detected=bool(flags & _DETECTED),
        poor=bool(flags & _POOR),
        shift=(across / 32767, down / 32767),
        sample=_sample(take(sample)) if sample else None,
    )
    if count and one.kinds.max() > 5:
        raise FactsDamaged("a kind that does not exist")
    return one, place


def _sample(data: bytes) -> Sample:
    rgb = np.frombuffer(data, np.uint8, _RGB).reshape(SAMPLE_HEIGHT, SAMPLE_WIDTH, 3)
    bits = np.unpackbits(np.frombuffer(data, np.uint8, _BITS, _RGB))
    return Sample(rgb=rgb, covered=bits.reshape(SAMPLE_HEIGHT, SAMPLE_WIDTH).astype(np.bool_))


def _packed(boxes: NDArray[np.float32]) -> bytes:
    values = np.rint((boxes.astype(np.float64) + 0.5) / _SPAN * 65535)
    return np.clip(values, 0, 65535).astype("<u2").tobytes()


def _unpacked(data: bytes) -> NDArray[np.float32]:
    values = np.frombuffer(data, "<u2").reshape(-1, 4).astype(np.float64)
    return (values / 65535 * _SPAN - 0.5).astype(np.float32)
