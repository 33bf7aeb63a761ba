"""The packet index survives storage exactly, is small, loads at once, and rejects what it did not write."""

import contextlib
import struct
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest

from cctv.footage.media import index_codec
from cctv.footage.media.errors import MediaError
from cctv.footage.media.index import PacketIndex
from tests.footage.media.helpers import VARIANTS, made


def hour(jitter: int = 0) -> PacketIndex:
    """The index of an hour of 25 frames a second."""
    count = 90_000
    rng = np.random.default_rng(1)
    size = rng.integers(200, 20_000, count)
    step = 3600 + (rng.integers(-jitter, jitter + 1, count) if jitter else np.zeros(count, np.int64))
    dts = np.cumsum(step) - step[0]
    gap = np.where(np.arange(count) % 50 == 0, 1200, 0)
    offset = np.cumsum(size + gap) - size
    late = np.tile([0, 7200, -3600, 0, 3600], count // 5)
    return PacketIndex(
        container="fmp4", codec="h264", framing="length", extradata=b"\1" * 40, timescale=90_000, width=1920,
        height=1080, stored_size=int(offset[-1] + size[-1]), contiguous=True, offset=offset, size=size,
        pts=dts + late, dts=dts, duration=step, key=np.arange(count) % 50 == 0,
    )  # fmt: skip


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_an_index_reads_back_as_it_was(container, codec):
    _, index, _ = made(container=container, codec=codec)
    index = replace(index, clear_sha256=bytes(range(32)), motion=b"later")
    back = PacketIndex.from_bytes(index.to_bytes())
    for name in ("offset", "size", "pts", "dts", "duration", "key"):
        assert (getattr(back, name) == getattr(index, name)).all()
    assert (back.clear_sha256, back.motion, back.extradata) == (bytes(range(32)), b"later", index.extradata)
    assert back.same_as(index)


@pytest.mark.parametrize("jitter", [0, 400])
def test_the_index_of_an_hour_is_small_and_loads_in_milliseconds(jitter):
    data = hour(jitter).to_bytes()
    assert len(data) < 90_000 * 12
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(PacketIndex.from_bytes(data)) == 90_000
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.05


def test_every_flipped_byte_and_every_cut_is_noticed():
    _, index, _ = made(seconds=1)
    data = index.to_bytes()
    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x41
        with pytest.raises(MediaError, match="broken_index"):
            PacketIndex.from_bytes(bytes(spoilt))
        with pytest.raises(MediaError, match="broken_index"):
            PacketIndex.from_bytes(data[:place])


def test_garbage_with_a_true_checksum_is_rejected_too():
    rng = np.random.default_rng(7)
    for _ in range(500):
        data = index_codec.MAGIC + struct.pack(">H", 1) + rng.bytes(int(rng.integers(0, 400)))
        with pytest.raises(MediaError):
            PacketIndex.from_bytes(data + struct.pack(">I", zlib.crc32(data)))


def test_columns_spoilt_under_a_true_checksum_are_errors_or_other_valid_columns():
    rng = np.random.default_rng(8)
    _, index, _ = made(seconds=1)
    good = index.to_bytes()[:-4]
    for _ in range(500):
        data = bytearray(good)
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
        with contextlib.suppress(MediaError):
            PacketIndex.from_bytes(bytes(data) + struct.pack(">I", zlib.crc32(data)))


def test_columns_read_back_as_they_were():
    rng = np.random.default_rng(9)
    for bits in (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 62):
        for low in (0, -(1 << bits)):
            for repeats in (1, 5, 200):
                column = np.repeat(rng.integers(low, 1 << bits, 30), repeats)
                assert (index_codec.unpack(index_codec.pack(column), len(column)) == column).all()


def test_optional_sections_of_a_later_version_are_skipped():
    _, index, _ = made(seconds=1)
    data = index.to_bytes()[:-4] + index_codec.SECTION.pack(0x1FF, 3) + b"new"
    assert PacketIndex.from_bytes(data + struct.pack(">I", zlib.crc32(data))).same_as(index)


def test_a_keyframe_is_found_by_time():
    _, index, _ = made(seconds=4, gop=25)
    assert [index.keyframe_at(ms) for ms in (-5, 0, 999, 1000, 2500, 99_000)] == [0, 0, 0, 25, 50, 75]
