"""Stored facts: what goes in comes out, and hostile bytes are refused."""

import struct
import zlib

import numpy as np
import pytest

from cctv.redaction.looking import facts as facts_of
from cctv.redaction.looking.errors import FactsDamaged
from cctv.redaction.looking.facts import LOOK, FrameFacts, Sample, decode, encode


def made(frame: int) -> FrameFacts:
    random = np.random.default_rng(frame)
    count, moving = int(random.integers(0, 9)), int(random.integers(0, 9))
    rgb = random.integers(0, 256, (36, 64, 3)).astype(np.uint8)
    return FrameFacts(
        at_ms=frame * 40.0 + 0.125,
        boxes=random.uniform(-0.4, 1.4, (count, 4)).astype(np.float32),
        scores=np.sort(random.uniform(0, 1, count).astype(np.float32))[::-1],
        kinds=random.integers(0, 6, count).astype(np.uint8),
        looks=random.integers(0, 256, (count, LOOK)).astype(np.uint8),
        moving=random.uniform(0, 1, (moving, 4)).astype(np.float32),
        whole=bool(frame % 3 == 1),
        poor=bool(frame % 4 == 1),
        detected=bool(frame % 2),
        shift=(0.01 * frame, -0.02),
        sample=Sample(rgb, random.random((36, 64)) > 0.5) if frame % 5 == 0 else None,
    )


def test_what_was_seen_comes_back() -> None:
    given = [made(frame) for frame in range(12)]
    for one, back in zip(given, decode(encode(given)), strict=True):
        assert back.at_ms == one.at_ms
        np.testing.assert_allclose(back.boxes, one.boxes, atol=2e-5)
        np.testing.assert_allclose(back.scores, one.scores, atol=0.003)
        np.testing.assert_array_equal(back.kinds, one.kinds)
        np.testing.assert_array_equal(back.looks, one.looks)
        np.testing.assert_allclose(back.moving, one.moving, atol=2e-5)
        assert (back.whole, back.poor, back.detected) == (one.whole, one.poor, one.detected)
        assert back.shift == pytest.approx(one.shift, abs=4e-5)
        assert (back.sample is None) == (one.sample is None)
        if one.sample is not None and back.sample is not None:
            np.testing.assert_array_equal(back.sample.rgb, one.sample.rgb)
            np.testing.assert_array_equal(back.sample.covered, one.sample.covered)


def test_nothing_is_something_too() -> None:
    assert decode(encode([])) == []


def test_a_frame_takes_little() -> None:
    quiet = [FrameFacts(frame * 40.0, detected=frame % 3 == 0) for frame in range(250)]
    assert len(encode(quiet)) / len(quiet) < 20


def test_more_regions_than_can_be_said_cover_everything() -> None:
    crowd = FrameFacts(0.0, moving=np.full((300, 4), 0.1, np.float32))
    (back,) = decode(encode([crowd]))
    assert back.whole


def test_broken_bytes_are_refused_and_nothing_else_happens() -> None:
    data = encode([made(frame) for frame in range(6)])
    random = np.random.default_rng(3)
    for stop in range(0, len(data), 97):
        with pytest.raises(FactsDamaged):
            decode(data[:stop])
    for _ in range(300):
        broken = bytearray(data)
        for place in random.integers(0, len(data), 3):
            broken[place] = int(random.integers(0, 256))
        try:
            decode(bytes(broken))
        except FactsDamaged:
            continue


def packed(body: bytes, frames: int, size: int | None = None) -> bytes:
    header = struct.pack("<4sBBHII", b"LTHF", 1, LOOK, 0, frames, len(body) if size is None else size)
    return header + zlib.compress(body)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"LTHF",
        packed(b"", 1),
        packed(b"\0" * 17, 4_000_000_000, 17),
        packed(b"\0" * 17, 2),
        packed(b"\0" * 18, 1),
        packed(struct.pack("<dBhhBB", float("nan"), 0, 0, 0, 0, 0), 1),
        packed(struct.pack("<dBhhBB", 0.0, 128, 0, 0, 0, 0), 1),
        packed(struct.pack("<dBhhBB", 0.0, 0, 0, 0, 200, 200), 1),
        packed(struct.pack("<dBhhBB", 0.0, 0, 0, 0, 1, 0) + bytes(9) + b"\x09" + bytes(LOOK), 1),
        packed(b"\0" * 50_000_000, 1, 1000),
    ],
)
def test_lies_about_sizes_are_refused(data: bytes) -> None:
    with pytest.raises(FactsDamaged):
        decode(data)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_of, "_MOST_BYTES", 1000)
    with pytest.raises(FactsDamaged):
        decode(packed(b"\0" * 2000, 1))
